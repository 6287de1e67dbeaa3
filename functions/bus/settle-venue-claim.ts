/** Claims match events for certain, whatever crashed between the two commits (ADR 0004). */
import { placingFacts, placingOf, settleClaims } from '../../shared/events/settling.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const settleVenueClaim = reaction({
  name: 'settle-venue-claim',
  on: placingFacts,
  handle: (fact, scope) => settleClaims(scope, fact.subject, placingOf(fact)),
});
