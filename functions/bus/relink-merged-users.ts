import * as z from 'zod';
import { relinkUser, relinkUsers } from '../../shared/identity/linked.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Merged = z.object({ sourceId: z.string() });
const Updated = z.object({
  changes: z.looseObject({ customerId: z.object({ to: z.string().nullable() }).optional() }),
});

/** Who acted for a merged customer acts for the one it went into, also who was linked to it in that moment. */
export const relinkMergedUsers = reaction({
  name: 'relink-merged-users',
  on: ['CustomerMerged', 'UserAccountUpdated'],
  async handle(fact, scope) {
    if (fact.type === 'CustomerMerged') return relinkUsers(scope, Merged.parse(fact.data).sourceId);
    const customerId = Updated.parse(fact.data).changes.customerId?.to;
    if (customerId) await relinkUser(scope, fact.subject, customerId);
  },
});
