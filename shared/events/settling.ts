/** Makes claims and events agree for certain after whatever crashed between the two commits (ADR 0004). */
import * as z from 'zod';
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { free, settleTaken } from '../claims/taking.ts';
import type { Fact } from '../platform/facts.ts';
import type { Scope } from '../platform/scope.ts';
import { venues } from '../venues/model.ts';
import { type EventFact, type EventState, events, type Placement } from './model.ts';
import { demandOf, refOf } from './placing.ts';

/** The facts that take or give up a venue. */
export const placingFacts = [
  'EventCreated',
  'EventDateChanged',
  'EventVenueChanged',
  'EventRescheduled',
  'EventReinstated',
  'EventPostponed',
  'EventCancelled',
  'EventDeleted',
] as const satisfies readonly EventFact['type'][];

const PlacementData = z.object({ venueId: z.string(), claimId: z.string() });
const Placing = z.object({ taken: PlacementData.optional(), released: PlacementData.optional() });
type Placing = z.output<typeof Placing>;

/** The claims that a fact names. */
export function placingOf(fact: Fact): Placing {
  return Placing.parse(fact.data);
}

const LAPSED = 'Its hold ran out while the system was down, after the booking had been made';

/**
 * What a fact says was given up is freed, and what it says was taken is made firm while the event still names it.
 * Claim ids are never used twice, so either may be done again at any time.
 */
export async function settleClaims(scope: Scope, eventId: string, { taken, released }: Placing): Promise<void> {
  if (released) await free(scope, refOf(released));
  if (!taken) return;
  await settleTaken(scope, refOf(taken), {
    named: () => names(scope, eventId, taken),
    takeBack: () => takeBack(scope, eventId, taken),
  });
}

async function names(scope: Scope, eventId: string, { claimId }: Placement): Promise<boolean> {
  const event = await scope.of(events).find(eventId);
  return event?.state.placement?.claimId === claimId;
}

/** Both bookings were promised: the claim goes over the other one, and a fact says so to those who must sort it out. */
async function takeBack(scope: Scope, eventId: string, { venueId, claimId }: Placement): Promise<void> {
  const { state } = await scope.of(events).get(eventId);
  const over = await claimOver(scope, eventId, state, claimId);
  const after = await scope.of(events).execute(eventId, (event): readonly EventFact[] => {
    if (event.placement?.claimId !== claimId || over.length === 0) return [];
    return [{ type: 'EventDoubleBookingOverridden', data: { by: scope.actor.userId, reason: LAPSED, over } }];
  });
  if (after.state.placement?.claimId !== claimId) await free(scope, refOf({ venueId, claimId }));
}

async function claimOver(scope: Scope, eventId: string, state: EventState, claimId: string): Promise<readonly Clash[]> {
  const venue = await scope.of(venues).find(state.venueId);
  const { bookable = 1, turnaroundMinutes = 0 } = venue?.state ?? {};
  const { over } = await claimsOf(scope).claim({
    ...demandOf(state, { id: state.venueId, active: true, bookable, turnaroundMinutes }),
    id: claimId,
    use: { start: state.startsAt, end: state.endsAt },
    owner: { type: 'event', id: eventId },
    mode: 'firm',
    besideOwn: true,
    override: { by: scope.actor.userId, reason: LAPSED },
  });
  return over;
}
