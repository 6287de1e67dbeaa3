/** Keeps events in step with what they refer to: names as they are now, and customers that were merged. */
import * as z from 'zod';
import { homeOf } from '../customers/merged.ts';
import { customers } from '../customers/model.ts';
import type { Actor } from '../platform/actor.ts';
import type { Fact } from '../platform/facts.ts';
import { pagesOf } from '../platform/pages.ts';
import { Refusal, unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { venues } from '../venues/model.ts';
import { stepsFrom } from './life.ts';
import { type EventFact, type EventState, events } from './model.ts';
import { takeStep } from './steps.ts';
import { eventTypes } from './types.model.ts';

type Reference = 'customerId' | 'venueId' | 'typeId';
/** Events of a page are worked on side by side. */
const PAGE = 50;

/**
 * Does something to every living event that refers to this and needs it, page by page; done again after a crash it
 * finds what is left.
 */
async function each(
  scope: Scope,
  path: Reference,
  id: string,
  needs: (event: EventState) => boolean,
  work: (eventId: string) => Promise<void>,
): Promise<void> {
  const referring = { where: [{ path, eq: id }], orderBy: [{ path: 'startsAt' }], limit: PAGE };
  for await (const { items } of pagesOf((from) => scope.of(events).list({ ...referring, ...from }))) {
    await Promise.all(items.map(({ id: eventId, state }) => (needs(state) ? work(eventId) : undefined)));
  }
}

/** Rewrites the copies in all events of a renamed customer, venue or type. */
export async function refreshAllNames(scope: Scope, path: Reference, id: string): Promise<void> {
  const name = await nameNow(scope, path, id);
  const copy = COPIES[path];
  await each(
    scope,
    path,
    id,
    ({ names }) => name !== undefined && names[copy] !== name,
    (eventId) => keepInStep(scope, eventId),
  );
}

const COPIES = { customerId: 'customer', venueId: 'venue', typeId: 'type' } as const;

async function nameNow(scope: Scope, path: Reference, id: string): Promise<string | undefined> {
  if (path === 'customerId') return (await scope.of(customers).find(id))?.state.name;
  if (path === 'venueId') return (await scope.of(venues).find(id))?.state.name;
  return (await scope.of(eventTypes).find(id))?.state.name;
}

const REFERENCES: Readonly<Record<string, Reference>> = {
  CustomerProfileUpdated: 'customerId',
  VenueDetailsUpdated: 'venueId',
  EventTypeUpdated: 'typeId',
};
const Renaming = z.object({ changes: z.looseObject({ name: z.unknown().optional() }).optional() });

/** Whose copies a fact makes stale: all that refer to its subject, perhaps the event it is of, or none. */
export function renamed(fact: Fact): Reference | 'event' | 'nothing' {
  const reference = REFERENCES[fact.type];
  if (!reference) return 'event';
  return Renaming.parse(fact.data).changes?.name === undefined ? 'nothing' : reference;
}

/** Moves the events of a merged customer to the one it was merged into; calls off those of a deleted one. */
export function followCustomers(scope: Scope, customerId: string): Promise<void> {
  return each(
    scope,
    'customerId',
    customerId,
    () => true,
    (eventId) => keepInStep(scope, eventId),
  );
}

/**
 * Looks once more at what one event refers to, which may have changed in the very moment of its booking: copies the
 * names where they differ, follows its customer through a merge, calls it off when the customer was deleted.
 */
export async function keepInStep(scope: Scope, eventId: string): Promise<void> {
  try {
    await inStep(scope, eventId, false);
  } catch (error) {
    if (!(error instanceof Refusal) || error.extra.rule !== 'title-unique') throw error;
    await inStep(scope, eventId, true);
  }
}

/**
 * Read inside the decision, so that an older name never wins. `retitled`: the customer it goes to has an event of this
 * title on that day, so the number is put behind it.
 */
async function inStep(scope: Scope, eventId: string, retitled: boolean): Promise<void> {
  const decide = async (event: EventState): Promise<readonly EventFact[]> => {
    const [customer, venue, type] = await Promise.all([
      homeOf(scope, event.customerId),
      nameNow(scope, 'venueId', event.venueId),
      nameNow(scope, 'typeId', event.eventTypeId),
    ]);
    const before = event.names;
    const names = {
      customer: customer.state?.name ?? before.customer,
      venue: venue ?? before.venue,
      type: type ?? before.type,
    };
    const renamed = names.customer !== before.customer || names.venue !== before.venue || names.type !== before.type;
    const refreshed: readonly EventFact[] = renamed ? [{ type: 'EventNamesRefreshed', data: { names } }] : [];
    if (!customer.state) return [...refreshed, ...orphaned(event, scope.actor, scope.now())];
    if (customer.id === event.customerId) return refreshed;
    // Not through the middle of a character.
    const title = `${event.title.slice(0, 180).replace(/[\ud800-\udbff]$/, '')} (${event.eventNumber})`;
    const changes = {
      customerId: { from: event.customerId, to: customer.id },
      ...(retitled ? { title: { from: event.title, to: title } } : {}),
    };
    return [{ type: 'EventDetailsUpdated', data: { changes, names } }];
  };
  await unlessGone(scope.of(events).execute(eventId, decide));
}

/** A customer with upcoming events is not deleted; one booked in that very moment is called off. */
function orphaned(event: EventState, system: Actor, now: string): readonly EventFact[] {
  const possible = stepsFrom(event.status).includes('cancel');
  return possible ? takeStep(event, 'cancel', system, now, 'Its customer was deleted') : [];
}
