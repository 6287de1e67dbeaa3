/** Commands on events: load, decide, take the venue, commit, settle. */
import type { Entity } from '../platform/aggregate.ts';
import { allValid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Write } from '../platform/store.ts';
import { customerFor, typeFor, venueFor } from './context.ts';
import { type StepName, stepOf } from './life.ts';
import { type EventFact, type EventState, eventCounter, events, type Placement } from './model.ts';
import { type Committed, placing, type Take } from './placing.ts';
import {
  checkBooking,
  create,
  fieldsOf,
  guardChange,
  guardCustomer,
  guardOverride,
  needsOf,
  type Override,
  revise,
  revised,
} from './rules.ts';
import { checkReinstate, checkReschedule, type PlainStep, reinstate, remove, reschedule, takeStep } from './steps.ts';
import type { EventBody, RescheduleBody } from './views.ts';

type Event = Entity<EventState>;

/** Numbers run per organization and UTC year of creation, without gaps: EVT-2026-000001. */
function eventNumberOf(year: string, number: number): string {
  return `EVT-${year}-${String(number).padStart(6, '0')}`;
}

/** Books a draft: the venue is held first, the event committed, the hold made firm (REQ-EVT-002, 053, 054). */
export async function createEvent(scope: Scope, body: EventBody): Promise<Event> {
  const { override, ...fields } = body;
  guardCustomer(scope.actor, fields.customerId);
  guardOverride(scope.actor, override);
  const id = scope.newId();
  const before = scope.retried ? await scope.of(events).find(id) : undefined;
  if (before) return before;
  const now = scope.now();
  const counter = eventCounter(now);
  const since = await scope.of(events).withdrawals(counter);
  const [customer, venue, type] = await allValid([
    customerFor(scope, fields.customerId),
    venueFor(scope, fields.venueId),
    typeFor(scope, fields.eventTypeId),
  ]);
  checkBooking(fields, { customer, venue, type }, now);
  return placing(scope, id, async (take) => {
    const taken = await take(fields, venue, override);
    const names = { customer: customer.name, venue: venue.name, type: type.name };
    const made = await scope.of(events).create(
      id,
      (number) =>
        create(fields, scope.actor, {
          orgId: scope.orgId,
          eventNumber: eventNumberOf(now.slice(0, 4), number),
          names,
          timeZone: venue.timeZone,
          taken,
          override,
        }),
      { counter, rests: { since, again: () => typeFor(scope, fields.eventTypeId) } },
    );
    return { result: made, kept: made.state.placement, released: undefined };
  });
}

/** Runs a decision that may take a venue on an event that is there. */
async function execute(
  scope: Scope,
  id: string,
  take: Take,
  decide: (event: EventState, take: Take, guard: (write: Write) => void) => Promise<readonly EventFact[]>,
  step?: StepName,
): Promise<Committed<Event>> {
  let before: Placement | undefined;
  let guards: Write[] = [];
  const attempt = async (event: EventState, { meta }: Event) => {
    before = event.placement;
    guards = [];
    // An earlier try of this very request has taken the step; its reply was lost.
    const done = step && scope.retried && event.status === stepOf(step).to && meta.modifiedBy === scope.actor.userId;
    return done ? [] : decide(event, take, (write) => guards.push(write));
  };
  const after = await scope.of(events).execute(id, attempt, { also: () => guards });
  const kept = after.state.placement;
  return { result: after, kept, released: before?.claimId === kept?.claimId ? undefined : before };
}

/** What a growing event holds until it is committed goes over its own claim, and anything else that is there. */
const GROWING: Override = { reason: 'The event has more guests' };

/** Changes what PUT or PATCH name; a new time or venue is taken before the old one is given back (REQ-EVT-004). */
export function changeEvent(scope: Scope, id: string, make: (current: EventBody) => EventBody): Promise<Event> {
  const { actor } = scope;
  return placing(scope, id, (take) =>
    execute(scope, id, take, async (event, _, guard) => {
      guardChange(event, actor);
      const { override, ...fields } = make(fieldsOf(event));
      guardOverride(actor, override);
      // Before anything is looked up: nobody learns whose id is a customer's.
      if (fields.customerId !== event.customerId) guardCustomer(actor, fields.customerId);
      const needs = needsOf(event, fields);
      // A type that is deleted after this look at it makes the batch stale.
      if (needs.type) guard(await scope.of(events).besideCreation(eventCounter(scope.now()), false));
      const [customer, venue, type] = await allValid([
        needs.customer ? customerFor(scope, fields.customerId) : undefined,
        needs.venue ? venueFor(scope, fields.venueId, event.venueId) : undefined,
        needs.type ? typeFor(scope, fields.eventTypeId) : undefined,
      ]);
      const revision = revise(event, fields, { customer, venue, type }, scope.now());
      const taken = revision.moves && venue ? await take(fields, venue, override) : undefined;
      if (revision.grows && venue) await take(fields, venue, GROWING);
      return revised(event, revision, taken, actor, override);
    }),
  );
}

/** Takes a step that needs no venue; one that gives the venue up frees it. */
export function stepEvent(scope: Scope, id: string, step: PlainStep, reason?: string): Promise<Event> {
  return placing(scope, id, (take) =>
    execute(scope, id, take, async (event) => takeStep(event, step, scope.actor, scope.now(), reason), step),
  );
}

/** A postponed event's new time (REQ-EVT-013). */
export function rescheduleEvent(scope: Scope, id: string, body: RescheduleBody): Promise<Event> {
  const { override, ...slot } = body;
  const { actor } = scope;
  guardOverride(actor, override);
  return placing(scope, id, (take) =>
    execute(
      scope,
      id,
      take,
      async (event) => {
        const venue = await venueFor(scope, slot.venueId ?? event.venueId, event.venueId);
        checkReschedule(event, slot, actor, venue, scope.now());
        const taken = await take({ ...event, startsAt: slot.startsAt, endsAt: slot.endsAt }, venue, override);
        return reschedule(event, slot, venue, taken, actor, override);
      },
      'reschedule',
    ),
  );
}

/** Takes a cancellation back, if the venue is still free. */
export function reinstateEvent(scope: Scope, id: string, override: Override | undefined): Promise<Event> {
  const { actor } = scope;
  guardOverride(actor, override);
  return placing(scope, id, (take) =>
    execute(
      scope,
      id,
      take,
      async (event) => {
        const [venue] = await allValid([
          venueFor(scope, event.venueId, event.venueId),
          customerFor(scope, event.customerId, event.customerId),
        ]);
        checkReinstate(event, actor, venue, scope.now());
        return reinstate(await take(event, venue, override), actor, override);
      },
      'reinstate',
    ),
  );
}

/** Soft-deletes, and frees the venue (REQ-EVT-006). */
export async function removeEvent(scope: Scope, id: string): Promise<void> {
  await placing(scope, id, (take) => execute(scope, id, take, async (event) => remove(event, scope.actor)));
}
