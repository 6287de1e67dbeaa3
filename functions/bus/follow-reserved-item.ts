/** Reservations follow their item: flagged when it is retired or has too few units, named like it. */
import { z } from 'zod';
import { reaction } from '../../shared/platform/reaction.ts';
import { followName } from '../../shared/reservations/following.ts';
import { settleUnits } from '../../shared/reservations/units.ts';

const Updated = z.object({ changes: z.looseObject({ name: z.unknown(), quantity: z.unknown() }).partial() });

export const followReservedItem = reaction({
  name: 'follow-reserved-item',
  on: [
    'EquipmentItemUpdated',
    'EquipmentItemActivated',
    'EquipmentItemDeactivated',
    'EquipmentItemRemoved',
    'EquipmentUnitsLost',
    'EquipmentRetired',
  ],
  async handle(fact, scope) {
    if (fact.type !== 'EquipmentItemUpdated') return settleUnits(scope, fact.subject);
    const { changes } = Updated.parse(fact.data);
    if (changes.quantity !== undefined) await settleUnits(scope, fact.subject);
    if (changes.name !== undefined) await followName(scope, fact.subject);
  },
});
