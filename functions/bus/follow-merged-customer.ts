/**
 * Events go along when their customer is merged; those booked or reinstated in that moment, or in that of a deletion,
 * included.
 */
import { followCustomer, followCustomers } from '../../shared/events/following.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const followMergedCustomer = reaction({
  name: 'follow-merged-customer',
  on: ['CustomerMerged', 'CustomerRemoved', 'EventCreated', 'EventDetailsUpdated', 'EventReinstated'],
  handle: (fact, scope) =>
    fact.type.startsWith('Customer') ? followCustomers(scope, fact.subject) : followCustomer(scope, fact.subject),
});
