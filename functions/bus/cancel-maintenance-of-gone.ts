/** Work still to be done on equipment that was retired or removed is called off. */
import { cancelOfGone } from '../../shared/maintenance/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const cancelMaintenanceOfGone = reaction({
  name: 'cancel-maintenance-of-gone',
  on: ['EquipmentRetired', 'EquipmentItemRemoved'],
  handle: (fact, scope) => cancelOfGone(scope, fact.subject),
});
