/** Tells once that preventive maintenance is due within 14 days, and once that it is overdue (REQ-EQP-055). */
import { itemsToTellOf, tellOfPreventive } from '../../shared/maintenance/preventive.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { eachDue } from './each-due.ts';

export const preventiveMaintenance = timer({
  name: 'preventive-maintenance',
  schedule: '0 0 3 * * *',
  handle: (scope) =>
    eachDue(scope, {
      due: itemsToTellOf(scope),
      work: tellOfPreventive,
      trouble: 'preventive maintenance could not be told of',
      idName: 'equipmentId',
    }),
});
