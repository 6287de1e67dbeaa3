/** Sweeps holds that have run out, every minute. */
import { sweepExpiredHolds } from '../../shared/claims/sweep.ts';
import { timer } from '../../shared/platform/reaction.ts';

export const expiredHolds = timer({
  name: 'expired-holds',
  schedule: '0 * * * * *',
  async handle(scope) {
    const released = await sweepExpiredHolds(scope, (orgId) => scope.inOrganization(orgId));
    const { correlationId, platform } = scope;
    if (released > 0) platform.log.info({ released, correlationId }, 'Expired holds released');
  },
});
