/** Keeps users with the customer that they act for. */
import { homeOf } from '../customers/model.ts';
import { pagesOf } from '../platform/pages.ts';
import { unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { updateUser } from './accounts.ts';
import { users } from './model.ts';

/** Links those who act for a merged customer to the one it went into, so that they still reach its events. */
export async function relinkUsers(scope: Scope, sourceId: string): Promise<void> {
  const { id: home } = await homeOf(scope, sourceId);
  const theirs = { where: [{ path: 'customerId', eq: sourceId }], orderBy: [{ path: 'name' }], limit: 50 };
  for await (const { items } of pagesOf((from) => scope.of(users).list({ ...theirs, ...from }))) {
    for (const { id } of items) {
      const relinked = updateUser(scope, id, (state) => (state.customerId === sourceId ? { customerId: home } : {}));
      await unlessGone(relinked);
    }
  }
}
