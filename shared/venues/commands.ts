/** Commands on a venue that need more than its own state: its claims, its events. */
import { claimsOf } from '../claims/engine.ts';
import { MOST_DAYS, type Owner } from '../claims/model.ts';
import { organizations } from '../identity/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, later, MINUTE } from '../platform/clock.ts';
import type { Revise } from '../platform/merge-patch.ts';
import { isRefusal, Refusal, wrongState } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { NewVenue, VenueContactFields, VenueFields } from './fields.ts';
import { BLOCK, bookableNow, CLOSING, type VenueState, venueResource, venues } from './model.ts';
import * as rules from './rules.ts';
import { EVENT, listed, upcomingEvents } from './upcoming.ts';

type Venue = Entity<VenueState>;

/** As far ahead as one claim reaches. */
const AHEAD = MOST_DAYS * DAY;

/** REQ-VEN-001. */
export async function addVenue(scope: Scope, given: NewVenue): Promise<Venue> {
  const id = scope.newId();
  const contactIds = given.contacts.map(() => scope.newId());
  const country = given.contacts.length === 0 ? undefined : await homeCountry(scope);
  return scope.of(venues).create(id, () => rules.add(given, contactIds, country));
}

/** The organization's country: that of phone numbers which do not say theirs (spec chapter 00). */
async function homeCountry(scope: Scope): Promise<string | undefined> {
  return (await scope.of(organizations).find(scope.orgId))?.state.country;
}

export async function addContact(scope: Scope, venueId: string, contactId: string, fields: VenueContactFields) {
  const country = await homeCountry(scope);
  return scope.of(venues).execute(venueId, (state) => rules.addContact(state, contactId, fields, country));
}

export async function reviseContact(
  scope: Scope,
  venueId: string,
  contactId: string,
  revise: Revise<VenueContactFields>,
): Promise<Venue> {
  const country = await homeCountry(scope);
  return scope.of(venues).execute(venueId, (state) => rules.reviseContact(state, contactId, revise, country));
}

/**
 * PUT and PATCH, and the PUTs of single sides. Capacity does not fall below the guests of an upcoming event, not even of
 * one that is booked or grows in the same instant: from before the look at the events the conflict engine refuses what
 * is larger (ADR 0009).
 */
export async function reviseVenue(scope: Scope, venueId: string, revise: Revise<VenueFields>): Promise<Venue> {
  const cutId = scope.newId();
  let bookable = 0;
  let resized = false;
  try {
    const venue = await scope.of(venues).execute(venueId, async (state) => {
      bookable = state.bookable;
      const next = revise(rules.fieldsOf(state));
      const { max } = next.capacity;
      if (max !== state.capacity.max) resized = true;
      return rules.revise(state, next, max < state.capacity.max ? await tooBig(scope, venueId, cutId, max, state) : []);
    });
    if (resized) await settleLargest(scope, venueId, cutId);
    if (venue.state.bookable !== bookable) await settleCapacity(scope, venueId);
    return venue;
  } catch (error) {
    // Where the outcome is open the cut is left to run out.
    if (resized && error instanceof Refusal) await settleLargest(scope, venueId, cutId);
    throw error;
  }
}

/** The upcoming events with more guests than that, those on their way included; binds all that follow to it. */
async function tooBig(
  scope: Scope,
  venueId: string,
  id: string,
  largest: number,
  venue: VenueState,
): Promise<readonly rules.UpcomingEvent[]> {
  const look = async () => {
    const upcoming = await upcomingEvents(scope, venueId);
    return listed(
      scope,
      upcoming.filter(({ state }) => (state.attendance ?? 0) > largest),
    );
  };
  // The common refusal, before anything is touched.
  const found = await look();
  if (found.length > 0) return found;
  const until = later(scope.now(), MINUTE);
  const cut = { id, largest, until, capacity: bookableNow(venue) };
  const holds = await claimsOf(scope).cut(venueResource(venueId), cut);
  const onTheirWay = holds.map(({ owner, use, size }) => ({
    owner,
    event: { id: owner.id, startsAt: use.start, ...(size === undefined ? {} : { attendance: size }) },
  }));
  return withOnTheirWay(await look(), onTheirWay);
}

/** Upcoming events, and those that have taken the venue and may be committed any moment. */
function withOnTheirWay(
  upcoming: readonly rules.UpcomingEvent[],
  onTheirWay: readonly { readonly owner: Owner; readonly event: rules.UpcomingEvent }[],
): readonly rules.UpcomingEvent[] {
  const known = new Map(upcoming.map((event) => [event.id, event]));
  for (const { owner, event } of onTheirWay) {
    if (owner.type === EVENT && !known.has(event.id)) known.set(event.id, event);
  }
  return [...known.values()];
}

/** Makes the most guests that the conflict engine lets in what the venue says now. Harmless when done again. */
export function settleLargest(scope: Scope, venueId: string, cutId?: string): Promise<void> {
  const look = async () => (await scope.of(venues).find(venueId))?.state.capacity.max;
  return claimsOf(scope).setLargest(venueResource(venueId), look, cutId);
}

/** A request sent once more under its key, whose first try had got as far as the commit. */
function isDone(scope: Scope, { status }: VenueState, wanted: VenueState['status']): boolean {
  return scope.retried === true && status === wanted;
}

export async function activateVenue(scope: Scope, venueId: string, reason: string | undefined): Promise<Venue> {
  const venue = await scope
    .of(venues)
    .execute(venueId, (state) => (isDone(scope, state, 'active') ? [] : rules.activate(state, reason)));
  await settleCapacity(scope, venueId);
  return venue;
}

export async function deactivateVenue(scope: Scope, venueId: string, reason: string): Promise<Venue> {
  const venue = await scope.of(venues).expected(venueId);
  const { state } = venue;
  if (isDone(scope, state, 'inactive')) return venue;
  if (state.status === 'inactive') throw wrongState('inactive', ['activate'], 'deactivate');
  return closing(scope, venueId, state, () =>
    scope.of(venues).execute(venueId, (now) => rules.deactivate(now, reason)),
  );
}

export async function removeVenue(scope: Scope, venueId: string): Promise<void> {
  const { state } = await scope.of(venues).expected(venueId);
  await closing(scope, venueId, state, () =>
    scope.of(venues).execute(venueId, () => [{ type: 'VenueRemoved', data: { name: state.name } }]),
  );
}

/**
 * Commits something that must not be while events are to come. For that moment the whole venue is claimed, over
 * whatever is booked: an event being made just then has either claimed the venue before (and is met here) or is refused
 * by the conflict engine. A crash leaves a hold that runs out within a minute (ADR 0009).
 */
async function closing<T>(
  scope: Scope,
  venueId: string,
  { bookable }: VenueState,
  commit: () => Promise<T>,
): Promise<T> {
  // The common refusal, before anything is touched.
  rules.refuseWhileNeeded(listed(scope, await upcomingEvents(scope, venueId)));
  const claims = claimsOf(scope);
  const resource = venueResource(venueId);
  const now = scope.now();
  const window = { start: now, end: later(now, AHEAD) };
  const { claim, over } = await claims.claim({
    id: scope.newId(),
    resource,
    quantity: bookable,
    windows: [window],
    use: window,
    owner: { type: CLOSING, id: venueId },
    mode: 'held',
    expiresAt: later(now, MINUTE),
    capacity: bookable,
    override: { by: scope.actor.userId, reason: 'The venue is being closed' },
  });
  try {
    const onTheirWay = over.map(({ owner, window: taken }) => ({
      owner,
      event: { id: owner.id, startsAt: taken.start },
    }));
    rules.refuseWhileNeeded(withOnTheirWay(listed(scope, await upcomingEvents(scope, venueId)), onTheirWay));
    const done = await commit();
    await settleCapacity(scope, venueId);
    return done;
  } finally {
    await claims.release(resource, claim.id);
  }
}

/**
 * Makes the conflict engine's capacity what the venue says now, and blocks as wide as the venue: a venue that takes
 * three events at once is closed by three. Harmless when done again; when another process has changed the venue
 * meanwhile, it is done again here.
 */
export function settleCapacity(scope: Scope, venueId: string): Promise<void> {
  return scope.platform.queue.run(`venue-capacity/${scope.orgId}/${venueId}`, async () => {
    const look = async () => (await scope.of(venues).find(venueId))?.state;
    let seen = await look();
    for (;;) {
      if (seen) await widenBlocks(scope, venueId, seen.bookable);
      await claimsOf(scope).setCapacity(venueResource(venueId), seen ? bookableNow(seen) : 0);
      const now = await look();
      if (now?.bookable === seen?.bookable && now?.status === seen?.status) return;
      seen = now;
    }
  });
}

async function widenBlocks(scope: Scope, venueId: string, quantity: number): Promise<void> {
  const claims = claimsOf(scope);
  const resource = venueResource(venueId);
  for (const { id, owner, windows, use, quantity: before } of await claims.upcoming(resource)) {
    if (owner.type !== BLOCK || before === quantity) continue;
    const override = { by: scope.actor.userId, reason: 'The venue takes another number of events at once' };
    await claims.move(resource, id, { windows, use, quantity, override }).catch((error: unknown) => {
      // Opened again, or run out, in this very moment.
      if (!isRefusal(error, 'not_found')) throw error;
    });
  }
}
