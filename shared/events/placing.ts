/** Taking venues for events: every taking is a hold of its own, which the event's commit decides on (ADR 0004). */
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { later, MINUTE } from '../platform/clock.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { bookableNow, venueResource } from '../venues/model.ts';
import { events, type Placement } from './model.ts';
import { reaches } from './rows.ts';
import { fits, type Override, type Taken, type VenueFor } from './rules.ts';
import { claimedWindow, type Slot } from './times.ts';

/** How long a venue stays taken when a crash leaves nobody to decide. */
const HOLD = 15 * MINUTE;
const EVENT_OWNER = 'event';
/** So many owners of clashes are looked up for their titles. */
const MOST_TITLES = 25;

/** Takes the venue for a slot of the event; throws `conflict`. */
export type Take = (slot: Slot, venue: VenueFor, override: Override | undefined) => Promise<Taken>;

export interface Committed<T> {
  readonly result: T;
  /** The claim that the committed event names. */
  readonly kept: Placement | undefined;
  /** The claim it gave up with this. */
  readonly released: Placement | undefined;
}

/**
 * Runs a command that may take a venue. What it took and did not commit is given back; what it committed is made firm,
 * and what it gave up is freed. After a failure that leaves open whether the commit happened nothing is given back:
 * the hold runs out by itself, or the settling reaction makes it firm.
 */
export async function placing<T>(
  scope: Scope,
  eventId: string,
  work: (take: Take) => Promise<Committed<T>>,
): Promise<T> {
  const taken = new Map<string, Taken>();
  const take: Take = async (slot, venue, override) => {
    const window = claimedWindow(slot, venue.turnaroundMinutes);
    const key = JSON.stringify([venue.id, window, slot.attendance ?? 0]);
    // Deciding once more, after a lost race, for the same slot and as many guests: it is held already.
    const held = taken.get(key);
    if (held) return held;
    const claimId = scope.newId();
    const claimed = await claimVenue(scope, eventId, claimId, slot, venue, override);
    const placement = { venueId: venue.id, claimId };
    taken.set(key, { placement, over: claimed });
    return { placement, over: claimed };
  };
  let committed: Committed<T>;
  try {
    committed = await work(take);
  } catch (error) {
    if (error instanceof Refusal) await giveBack(scope, eventId, taken.values());
    throw error;
  }
  const { kept, released, result } = committed;
  try {
    let isTaken = false;
    for (const { placement } of taken.values()) {
      if (placement.claimId === kept?.claimId) isTaken = true;
      else await free(scope, placement);
    }
    if (released) await free(scope, released);
    if (kept && isTaken) await claimsOf(scope).firm(venueResource(kept.venueId), kept.claimId);
  } catch (error) {
    // The event is committed and says which claim is its own; the settling reaction sees to the rest.
    scope.platform.log.warn(
      { eventId, correlationId: scope.correlationId, err: error },
      'a venue claim is left to the settling reaction',
    );
  }
  return result;
}

/** What cannot be given back now runs out by itself. */
async function giveBack(scope: Scope, eventId: string, taken: Iterable<Taken>): Promise<void> {
  try {
    for (const { placement } of taken) await free(scope, placement);
  } catch (error) {
    scope.platform.log.warn({ eventId, correlationId: scope.correlationId, err: error }, 'a hold is left to run out');
  }
}

export async function free(scope: Scope, { venueId, claimId }: Placement): Promise<void> {
  await claimsOf(scope).release(venueResource(venueId), claimId);
}

async function claimVenue(
  scope: Scope,
  eventId: string,
  claimId: string,
  slot: Slot,
  venue: VenueFor,
  override: Override | undefined,
): Promise<readonly Clash[]> {
  try {
    const { over } = await claimsOf(scope).claim({
      ...demandOf(slot, venue),
      id: claimId,
      use: { start: slot.startsAt, end: slot.endsAt },
      owner: { type: EVENT_OWNER, id: eventId },
      mode: 'held',
      expiresAt: later(scope.now(), HOLD),
      besideOwn: true,
      ...(slot.attendance === undefined ? {} : { size: slot.attendance }),
      ...(override ? { override: { by: scope.actor.userId, reason: override.reason } } : {}),
    });
    return over;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'conflict') throw error;
    const clashes = (error.extra.conflicts ?? []) as readonly Clash[];
    const large = clashes.find(({ owner }) => owner.type === 'size');
    // The venue's capacity was cut, or is being cut, since the venue was read.
    if (large) fits(slot.attendance, { ...venue, capacity: (slot.attendance ?? 0) - large.short });
    const conflicts = await titled(scope, clashes);
    throw new Refusal('conflict', 'The venue is taken at that time.', { conflicts });
  }
}

/** What a slot asks of its venue. */
export function demandOf(slot: Slot, venue: Pick<VenueFor, 'id' | 'active' | 'bookable' | 'turnaroundMinutes'>) {
  return {
    resource: venueResource(venue.id),
    quantity: 1,
    windows: [claimedWindow(slot, venue.turnaroundMinutes)],
    capacity: bookableNow({ status: venue.active ? 'active' : 'inactive', bookable: venue.bookable }),
  };
}

/** The clashes with the titles of those events that the actor may read. */
export async function titled(scope: Scope, clashes: readonly Clash[]): Promise<readonly Clash[]> {
  const ids = new Set(clashes.flatMap(({ owner }) => (owner.type === EVENT_OWNER ? [owner.id] : [])));
  const found = await Promise.all([...ids].slice(0, MOST_TITLES).map((id) => scope.of(events).find(id)));
  const titles = new Map(
    found.flatMap((event) => (event && reaches(scope.actor, event.state) ? [[event.id, event.state.title]] : [])),
  );
  return clashes.map((clash) => {
    const title = titles.get(clash.owner.id);
    return title === undefined ? clash : { ...clash, owner: { ...clash.owner, title } };
  });
}
