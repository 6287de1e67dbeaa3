/** Claims match reservations for certain, whatever crashed between the two commits (ADR 0004). */
import { reaction } from '../../shared/platform/reaction.ts';
import { placingFacts, settleClaims } from '../../shared/reservations/settling.ts';

export const settleReservationClaim = reaction({
  name: 'settle-reservation-claim',
  on: placingFacts,
  handle: (fact, scope) => settleClaims(scope, fact),
});
