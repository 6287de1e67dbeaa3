/** Claims on units match maintenance for certain, whatever crashed between the two commits (ADR 0004). */
import { maintenancePlacingFacts, settleMaintenanceClaims } from '../../shared/maintenance/settling.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const settleMaintenanceClaim = reaction({
  name: 'settle-maintenance-claim',
  on: maintenancePlacingFacts,
  handle: (fact, scope) => settleMaintenanceClaims(scope, fact),
});
