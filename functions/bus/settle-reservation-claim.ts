/**
 * Claims match reservations for certain, whatever crashed between the two commits (ADR 0004). Once units are given back,
 * those who were short of them are looked at. Missing ones are given back by `track-units`, which looks too.
 */
import { placingOf } from '../../shared/equipment/model.ts';
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { clearShort } from '../../shared/reservations/following.ts';
import { placingFacts, settleClaims } from '../../shared/reservations/settling.ts';

export const settleReservationClaim = reaction({
  name: 'settle-reservation-claim',
  on: placingFacts,
  async handle(fact, scope) {
    await settleClaims(scope, fact);
    const { released } = placingOf(fact);
    if (released) await clearShort(scope, released.equipmentId, (id) => settleCapacity(scope, id));
  },
});
