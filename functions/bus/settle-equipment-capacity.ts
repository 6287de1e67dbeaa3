/** The conflict engine follows the stock: the units of an item, none while it is inactive, retired or gone. */

import { settleCapacity } from '../../shared/equipment/stock.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const settleEquipmentCapacity = reaction({
  name: 'settle-equipment-capacity',
  on: [
    'EquipmentItemUpdated',
    'EquipmentItemActivated',
    'EquipmentItemDeactivated',
    'EquipmentItemRemoved',
    'EquipmentRetired',
    'EquipmentUnitsLost',
  ],
  async handle(fact, scope) {
    const { changes } = fact.data;
    const stockStays = typeof changes === 'object' && changes !== null && !('quantity' in changes);
    if (!stockStays) await settleCapacity(scope, fact.subject);
  },
});
