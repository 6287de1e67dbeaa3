import * as z from 'zod';
import { moveCommunications } from '../../shared/customers/moving.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Merged = z.object({ sourceId: z.string() });

/** What was said with a merged customer goes where the customer went. */
export const moveMergedCommunications = reaction({
  name: 'move-merged-communications',
  on: ['CustomerMerged'],
  handle: (fact, scope) => moveCommunications(scope, Merged.parse(fact.data).sourceId),
});
