/** Tells once that preventive maintenance is due within 14 days, and once that it is overdue (REQ-EQP-055). */
import { itemsToTellOf, tellOfPreventive } from '../../shared/maintenance/preventive.ts';
import { timer } from '../../shared/platform/reaction.ts';

export const preventiveMaintenance = timer({
  name: 'preventive-maintenance',
  schedule: '0 0 3 * * *',
  async handle(scope) {
    for await (const { orgId, id } of itemsToTellOf(scope)) {
      try {
        await tellOfPreventive(scope.inOrganization(orgId), id);
      } catch (error) {
        // It stays due, and the others must not wait for it.
        scope.platform.log.error({ orgId, equipmentId: id, err: error }, 'preventive maintenance could not be told of');
      }
    }
  },
});
