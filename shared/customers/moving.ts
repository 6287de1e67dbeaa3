/** Takes the communications of a merged customer to where it went. */
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import { communications, moveTo } from './communication.ts';
import { homeOf } from './merged.ts';

/** Moves one communication that was logged to, or moved to, a customer that was merged meanwhile. */
export async function settleCommunication(scope: Scope, communicationId: string, customerId: string): Promise<void> {
  const home = (await homeOf(scope, customerId)).id;
  if (home === customerId) return;
  await scope.of(communications).execute(communicationId, (state) => moveTo(state, home));
}

/** Moves all of them; what is moved no longer matches, so a repetition goes on where this one stopped. */
export async function moveCommunications(scope: Scope, sourceId: string): Promise<void> {
  const repository = scope.of(communications);
  const home = (await homeOf(scope, sourceId)).id;
  const theirs = { where: [{ path: 'customerId', eq: sourceId }], orderBy: [{ path: 'at' }], limit: 200 };
  for await (const { items } of pagesOf((from) => repository.list({ ...theirs, ...from }))) {
    for (const { id } of items) await repository.execute(id, (state) => moveTo(state, home));
  }
}
