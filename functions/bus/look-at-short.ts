/**
 * Whether a reservation is short of units is decided a moment before that is committed: each flag that a reaction set or
 * took away is looked at once more. What people decided stays: an override took the units over whoever has them.
 */
import * as z from 'zod';
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { lookAtShort } from '../../shared/reservations/following.ts';

const Flagging = z.object({ trouble: z.string() });

export const lookAtShortReservation = reaction({
  name: 'look-at-short',
  on: ['EquipmentReservationFlagged', 'EquipmentReservationUnflagged'],
  async handle(fact, scope) {
    const byReaction = fact.actorid === scope.actor.userId;
    if (!byReaction || Flagging.parse(fact.data).trouble !== 'unitsShort') return;
    await lookAtShort(scope, fact.subject, (id) => settleCapacity(scope, id));
  },
});
