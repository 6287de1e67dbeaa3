/** Keeps users with the customer that they act for. */
import { homeOf } from '../customers/merged.ts';
import { pagesOf } from '../platform/pages.ts';
import { unlessGone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { updateUser } from './accounts.ts';
import { users } from './model.ts';

/** Links those who act for a merged customer to the one it went into, so that they still reach its events. */
export async function relinkUsers(scope: Scope, sourceId: string): Promise<void> {
  const theirs = { where: [{ path: 'customerId', eq: sourceId }], orderBy: [{ path: 'name' }], limit: 50 };
  for await (const { items } of pagesOf((from) => scope.of(users).list({ ...theirs, ...from }))) {
    for (const { id } of items) await relinkUser(scope, id, sourceId);
  }
}

/** The same for one who was linked to a customer that was merged meanwhile. Where that was deleted since, the link stays. */
export async function relinkUser(scope: Scope, userId: string, customerId: string): Promise<void> {
  const home = await homeOf(scope, customerId);
  if (!home.state || home.id === customerId) return;
  const relinked = updateUser(scope, userId, (state) =>
    state.customerId === customerId ? { customerId: home.id } : {},
  );
  await unlessGone(relinked);
}
