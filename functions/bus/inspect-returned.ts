/** What comes back from an event is inspected before it is promised again (REQ-EQP-056). */
import { inspectReturned } from '../../shared/maintenance/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const inspectReturnedEquipment = reaction({
  name: 'inspect-returned-equipment',
  on: ['EquipmentReturnedToWarehouse'],
  handle: (fact, scope) => inspectReturned(scope, fact),
});
