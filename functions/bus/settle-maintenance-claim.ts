/**
 * Claims on units match maintenance for certain, whatever crashed between the two commits (ADR 0004). Once units are
 * given back, reservations that were short of them are looked at.
 */
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { givenUpBy, maintenancePlacingFacts, settleMaintenanceClaims } from '../../shared/maintenance/settling.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { clearShort } from '../../shared/reservations/following.ts';

export const settleMaintenanceClaim = reaction({
  name: 'settle-maintenance-claim',
  on: maintenancePlacingFacts,
  async handle(fact, scope) {
    await settleMaintenanceClaims(scope, fact);
    const released = givenUpBy(fact);
    if (released) await clearShort(scope, released.equipmentId, (id) => settleCapacity(scope, id));
  },
});
