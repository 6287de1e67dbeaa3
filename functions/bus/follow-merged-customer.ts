/** The events of a merged customer go to the customer it was merged into, those booked in that moment included. */
import { followCustomer, followMerge } from '../../shared/events/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const followMergedCustomer = reaction({
  name: 'follow-merged-customer',
  on: ['CustomerMerged', 'EventCreated', 'EventDetailsUpdated'],
  handle: (fact, scope) =>
    fact.type === 'CustomerMerged' ? followMerge(scope, fact.subject) : followCustomer(scope, fact.subject),
});
