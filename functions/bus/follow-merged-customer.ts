/** Events go along when their customer is merged, and are called off when it is deleted. */
import { followCustomers } from '../../shared/events/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const followMergedCustomer = reaction({
  name: 'follow-merged-customer',
  on: ['CustomerMerged', 'CustomerRemoved'],
  handle: (fact, scope) => followCustomers(scope, fact.subject),
});
