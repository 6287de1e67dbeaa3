/** Reactions to the merging of customers. */
import { z } from 'zod';
import { moveCommunications, settleCommunication } from '../../shared/customers/moving.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Merged = z.object({ sourceId: z.string() });
const Logged = z.object({ customerId: z.string() });
const Moved = z.object({ to: z.string() });

/** What was said with a merged customer goes where the customer went. */
export const moveMergedCommunications = reaction({
  name: 'move-merged-communications',
  on: ['CustomerMerged'],
  handle: (fact, scope) => moveCommunications(scope, Merged.parse(fact.data).sourceId),
});

/** A communication that came to a customer while it was being merged goes after it. */
export const followMergedCustomer = reaction({
  name: 'follow-merged-customer',
  on: ['CustomerCommunicationLogged', 'CustomerCommunicationMoved'],
  handle(fact, scope) {
    const customerId =
      fact.type === 'CustomerCommunicationMoved' ? Moved.parse(fact.data).to : Logged.parse(fact.data).customerId;
    return settleCommunication(scope, fact.subject, customerId);
  },
});

export const customerReactions = [moveMergedCommunications, followMergedCustomer];
