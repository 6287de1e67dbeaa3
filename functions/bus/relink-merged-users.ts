import * as z from 'zod';
import { relinkUsers } from '../../shared/identity/linked.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Merged = z.object({ sourceId: z.string() });

/** Who acted for a merged customer acts for the one it went into. */
export const relinkMergedUsers = reaction({
  name: 'relink-merged-users',
  on: ['CustomerMerged'],
  handle: (fact, scope) => relinkUsers(scope, Merged.parse(fact.data).sourceId),
});
