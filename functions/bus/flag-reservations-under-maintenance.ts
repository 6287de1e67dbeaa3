/** Reservations whose units maintenance takes over are flagged, and no longer once it takes them no more. */
import { flagReservations } from '../../shared/maintenance/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const flagReservationsUnderMaintenance = reaction({
  name: 'flag-reservations-under-maintenance',
  on: [
    'EquipmentMaintenanceOverridden',
    'EquipmentMaintenanceUpdated',
    'EquipmentMaintenanceStarted',
    'EquipmentMaintenanceCompleted',
    'EquipmentMaintenanceCancelled',
  ],
  handle: (fact, scope) => flagReservations(scope, fact),
});
