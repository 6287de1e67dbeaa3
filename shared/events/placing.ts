/** Taking venues for events: every taking is a hold of its own, which the event's commit decides on (ADR 0004). */
import { type Clash, clashesIn } from '../claims/model.ts';
import { type ClaimRef, type TakeClaim, taking } from '../claims/taking.ts';
import { afterLostRace } from '../platform/backoff.ts';
import { isRefusal, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { bookableNow, CLOSING, venueResource } from '../venues/model.ts';
import { events, type Placement } from './model.ts';
import { reaches } from './rows.ts';
import { fits, type Override, type Taken, type VenueFor } from './rules.ts';
import { claimedWindow, type Slot } from './times.ts';

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

/** Runs a command that may take a venue, as `taking` says. */
export async function placing<T>(
  scope: Scope,
  eventId: string,
  work: (take: Take) => Promise<Committed<T>>,
): Promise<T> {
  return taking(scope, { eventId }, async (claim) => {
    const { result, kept, released } = await work((slot, venue, override) =>
      takeVenue(scope, claim, eventId, slot, venue, override),
    );
    return { result, kept: refsOf(kept), released: refsOf(released) };
  });
}

function refsOf(placement: Placement | undefined): readonly ClaimRef[] {
  return placement ? [refOf(placement)] : [];
}

/** The claim that a placement names. */
export function refOf({ venueId, claimId }: Placement): ClaimRef {
  return { resource: venueResource(venueId), claimId };
}

async function takeVenue(
  scope: Scope,
  claim: TakeClaim,
  eventId: string,
  slot: Slot,
  venue: VenueFor,
  override: Override | undefined,
): Promise<Taken> {
  const wanted = () =>
    claim({
      use: { start: slot.startsAt, end: slot.endsAt },
      owner: { type: EVENT_OWNER, id: eventId },
      ...demandOf(slot, venue),
      ...(slot.attendance === undefined ? {} : { size: slot.attendance }),
      ...(override ? { override: { by: scope.actor.userId, reason: override.reason } } : {}),
    });
  try {
    const { claimId, over } = await pastClosings(wanted);
    return { placement: { venueId: venue.id, claimId }, over };
  } catch (error) {
    if (!isRefusal(error, 'conflict')) throw error;
    const clashes = clashesIn(error);
    const large = clashes.find(({ owner }) => owner.type === 'size');
    // The venue's capacity was cut, or is being cut, since the venue was read.
    if (large) fits(slot.attendance, { ...venue, capacity: (slot.attendance ?? 0) - large.short });
    const conflicts = await titled(scope, clashes);
    throw new Refusal('conflict', 'The venue is taken at that time.', { conflicts });
  }
}

/** Tries to take a venue that is being closed. */
const CLOSING_ROUNDS = 10;

/** Takes what nobody has but a venue's closing, which is soon done or refused. */
async function pastClosings<T>(take: () => Promise<T>): Promise<T> {
  for (let round = 1; round < CLOSING_ROUNDS; round += 1) {
    try {
      return await take();
    } catch (error) {
      const others = isRefusal(error, 'conflict') ? clashesIn(error) : [];
      if (others.length === 0 || others.some(({ owner }) => owner.type !== CLOSING)) throw error;
      await afterLostRace(round);
    }
  }
  return take();
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
