/** Where the units of a reservation are, kept on the item: for the reaction that follows the steps of logistics. */
import { unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { type LogisticsStep, type ReservationState, reservations, stepOf } from '../reservations/model.ts';
import { type ItemFact, type ItemState, items, type Place } from './model.ts';
import { retireOfNoneLeft } from './rules.ts';

const PLACES: Readonly<Record<LogisticsStep, Place | undefined>> = {
  packed: 'setApart',
  loaded: 'setApart',
  dispatched: 'inTransit',
  delivered: 'atVenue',
  setUp: 'atVenue',
  pickedUp: 'inTransit',
  returned: undefined,
};

/** Where the units of a reservation are by now; the shelf is no place. */
function placeOf(reservation: Pick<ReservationState, 'status' | 'steps'>): Place | undefined {
  const step = stepOf(reservation);
  return reservation.status === 'cancelled' || step === undefined ? undefined : PLACES[step];
}

/**
 * Brings an item's books from what they say of a reservation to where its units are now, whatever was told in between,
 * in whatever order. `lost`: units that did not come back leave stock (REQ-EQP-048); with the last one the item is
 * retired `at` that instant, since there is nothing left to reserve, pack or mend.
 */
function tracked(
  item: ItemState,
  reservationId: string,
  reservation: Pick<ReservationState, 'status' | 'steps' | 'quantity'>,
  lost: number,
  at: string,
): readonly ItemFact[] {
  const job = item.jobs?.[reservationId];
  const to = placeOf(reservation);
  const facts: ItemFact[] = [];
  let { place: from, quantity } = job ?? { place: undefined, quantity: 0 };
  if (lost > 0) {
    // The return is told before the steps that led to it: the units are booked out first.
    if (from === undefined || quantity < lost) {
      facts.push({ type: 'EquipmentUnitsMoved', data: { to: 'inTransit', quantity: lost, reservationId } });
      [from, quantity] = ['inTransit', lost];
    }
    facts.push({ type: 'EquipmentUnitsLost', data: { quantity: lost, reservationId, from } });
    quantity -= lost;
    if (lost >= item.quantity) facts.push(...retireOfNoneLeft(item, at));
  }
  if (to === undefined) {
    if (quantity > 0) facts.push({ type: 'EquipmentUnitsMoved', data: { from, quantity, reservationId } });
    return facts;
  }
  if (from === to && quantity > 0) return facts;
  const data = { ...(quantity > 0 ? { from } : {}), to, quantity: reservation.quantity, reservationId };
  return [...facts, { type: 'EquipmentUnitsMoved', data }];
}

/** Does so on the item; nothing for one that was removed. Units are lost once per fact, all else is harmless done again. */
export async function trackUnits(
  scope: Scope,
  equipmentId: string,
  reservationId: string,
  lost: number,
): Promise<void> {
  await unlessGone(
    scope.of(items).execute(equipmentId, async (item) => {
      const { state } = await scope.of(reservations).get(reservationId);
      return tracked(item, reservationId, state, lost, scope.now());
    }),
  );
}
