/** Sweeps holds that have run out, every minute. */
import { sweepExpiredHolds } from '../../shared/claims/sweep.ts';
import { timer } from '../../shared/platform/reaction.ts';

export const expiredHolds = timer({
  name: 'expired-holds',
  schedule: '0 * * * * *',
  async handle(scope) {
    const released = await sweepExpiredHolds(scope, (orgId) => scope.inOrganization(orgId));
    if (released > 0) scope.platform.log.info({ released }, 'Expired holds released');
  },
});
