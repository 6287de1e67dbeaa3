/** Makes claims and reservations agree for certain after whatever crashed between the two commits (ADR 0004). */
import * as z from 'zod';
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { free, settleTaken } from '../claims/taking.ts';
import { items, type Placement, placingOf, RESERVATION, refOf, unitsToTake } from '../equipment/model.ts';
import type { Fact } from '../platform/facts.ts';
import type { Scope } from '../platform/scope.ts';
import { isOut, type ReservationFact, type ReservationState, reservations } from './model.ts';
import { aboutOf } from './rules.ts';

/** The facts that take or give back units, or take them until they are back. */
export const placingFacts = [
  'EquipmentBookingRequested',
  'EquipmentReservationUpdated',
  'EquipmentDoubleBookingOverridden',
  'EquipmentReservationCancelled',
  'EquipmentDispatchedToEvent',
  'EquipmentReturnedToWarehouse',
] as const satisfies readonly ReservationFact['type'][];

const Returned = z.object({ done: z.object({ counts: z.object({ missing: z.int() }).optional() }) });

/** Units that a return says are missing. */
export function missingOf(fact: Fact): number {
  if (fact.type !== 'EquipmentReturnedToWarehouse') return 0;
  return Returned.parse(fact.data).done.counts?.missing ?? 0;
}

const LAPSED = 'Its hold ran out while the system was down, after the reservation had been made';

/**
 * What a fact says was given up is freed, and what it says was taken is made firm while the reservation still names it.
 * What missing units hold is left to `track-units`, which first takes them out of stock.
 */
export async function settleClaims(scope: Scope, fact: Fact): Promise<void> {
  const { taken, released } = placingOf(fact);
  const id = fact.subject;
  if (released && missingOf(fact) === 0) await free(scope, refOf(released));
  if (fact.type === 'EquipmentDispatchedToEvent') await keepWhileOut(scope, id);
  if (!taken) return;
  await settleTaken(scope, refOf(taken), {
    named: () => names(scope, id, taken),
    takeBack: () => takeBack(scope, id, taken),
  });
}

/** Where the dispatch found no claim to keep, since that was being taken back after an outage. */
async function keepWhileOut(scope: Scope, id: string): Promise<void> {
  const { state } = await scope.of(reservations).get(id);
  if (isOut(state) && state.placement) await keepOn(scope, state.placement);
}

/** Units that are out are taken until they are back, however late (spec chapter 05: nothing is in two places at once). */
export async function keepOn(scope: Scope, placement: Placement): Promise<void> {
  const { resource, claimId } = refOf(placement);
  await claimsOf(scope).keepOn(resource, claimId);
}

async function names(scope: Scope, id: string, { claimId }: Placement): Promise<boolean> {
  return (await scope.of(reservations).find(id))?.state.placement?.claimId === claimId;
}

/** Both were promised: the claim goes over the other one, and a fact says so to those who must sort it out. */
async function takeBack(scope: Scope, id: string, placement: Placement): Promise<void> {
  const { state } = await scope.of(reservations).get(id);
  const over = await claimOver(scope, id, state, placement);
  const after = await scope.of(reservations).execute(id, (now): readonly ReservationFact[] => {
    if (now.placement?.claimId !== placement.claimId || over.length === 0) return [];
    const data = { ...aboutOf(now), by: scope.actor.userId, reason: LAPSED, over };
    return [{ type: 'EquipmentDoubleBookingOverridden', data }];
  });
  if (after.state.placement?.claimId !== placement.claimId) await free(scope, refOf(placement));
}

async function claimOver(
  scope: Scope,
  id: string,
  { quantity, window, steps }: ReservationState,
  placement: Placement,
): Promise<readonly Clash[]> {
  const item = await scope.of(items).find(placement.equipmentId);
  const { resource, claimId } = refOf(placement);
  const { over } = await claimsOf(scope).claim({
    id: claimId,
    resource,
    quantity,
    windows: [window],
    use: window,
    owner: { type: RESERVATION, id },
    mode: 'firm',
    besideOwn: true,
    capacity: unitsToTake(item?.state),
    ...(isOut({ steps }) ? { lasting: true } : {}),
    override: { by: scope.actor.userId, reason: LAPSED },
  });
  return over;
}
