/**
 * Claims on units match maintenance for certain, whatever crashed between the two commits (ADR 0004). Once units are
 * given back, reservations that were short of them are looked at.
 */
import { placingOf } from '../../shared/equipment/model.ts';
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { placingFacts, settleClaims } from '../../shared/maintenance/settling.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { clearShort } from '../../shared/reservations/following.ts';

export const settleMaintenanceClaim = reaction({
  name: 'settle-maintenance-claim',
  on: placingFacts,
  async handle(fact, scope) {
    await settleClaims(scope, fact);
    const { released } = placingOf(fact);
    if (released) await clearShort(scope, released.equipmentId, (id) => settleCapacity(scope, id));
  },
});
