/**
 * The conflict engine follows the stock: the units of an item, none while it is inactive, retired or gone. Only then are
 * reservations looked at, so that none is made of the old stock behind the look. Losses are settled by `track-units`.
 */
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { flagShort } from '../../shared/reservations/following.ts';

export const settleEquipmentCapacity = reaction({
  name: 'settle-equipment-capacity',
  on: [
    'EquipmentItemUpdated',
    'EquipmentItemActivated',
    'EquipmentItemDeactivated',
    'EquipmentItemRemoved',
    'EquipmentRetired',
  ],
  async handle(fact, scope) {
    const { changes } = fact.data;
    const stockStays = typeof changes === 'object' && changes !== null && !('quantity' in changes);
    if (!stockStays) await flagShort(scope, fact.subject, await settleCapacity(scope, fact.subject));
  },
});
