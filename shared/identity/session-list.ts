/** Sessions as people see and end them (REQ-SESSION-001 to 003). */
import { may } from '../platform/actor.ts';
import { Id } from '../platform/fields.ts';
import type { ListInput, Listing } from '../platform/listing.ts';
import { anyOf, shownPage, toQuery } from '../platform/listing.ts';
import { invalid, notFound, Refusal, stale } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Stored } from '../platform/store.ts';
import { users } from './model.ts';
import { endSessions, sessionIn } from './sessions.ts';

export const sessionListing: Listing = {
  filters: { userId: anyOf('userId', Id) },
  sorts: { lastUsedAt: 'lastUsedAt' },
  defaultSort: '-lastUsedAt',
  search: false,
};

function whose(scope: Scope, userIds: unknown): string {
  if (!Array.isArray(userIds)) return scope.actor.userId;
  const [userId, more] = userIds.map(String);
  if (more !== undefined) throw invalid('query.userId', 'too_many', 'must be one user');
  if (userId === undefined || userId === scope.actor.userId) return scope.actor.userId;
  if (!may(scope.actor, 'users:read'))
    throw new Refusal('forbidden', "Others' sessions need the privilege users:read.");
  return userId;
}

/** Own sessions, or those of `userId` for who may read users. Throws `forbidden`, `not_found`. */
export async function listSessions(scope: Scope, { userId: userIds, ...input }: ListInput) {
  const userId = whose(scope, userIds);
  const { deviceOf } = await import('./device.ts');
  const { state } = await scope.of(users).get(userId);
  const page = await scope.documents('sessions', userId).query({ kind: 'session', ...toQuery(sessionListing, input) });
  // One that ended with a change of the user's, and is still to be cleared away, is over all the same.
  const live = page.items.filter((stored) => sessionIn(stored).epoch >= state.epoch);
  return shownPage({ ...page, items: live }, (stored) => shown(scope, stored, deviceOf));
}

function shown(scope: Scope, stored: Stored, deviceOf: (userAgent: string) => string) {
  const { userId, address, userAgent, createdAt, lastUsedAt, expiresAt } = sessionIn(stored);
  const { id } = stored.document;
  return {
    id,
    device: deviceOf(userAgent),
    address,
    userId,
    createdAt,
    createdBy: userId,
    // It changes by being used, and nobody else uses it.
    modifiedAt: lastUsedAt,
    modifiedBy: userId,
    lastUsedAt,
    expiresAt,
    current: id === scope.actor.sessionId,
  };
}

/** One session: an own one, or any in the organization for who may read users. Throws `not_found`. */
export async function readSession(scope: Scope, sessionId: string) {
  const userId = await ownerOf(scope, sessionId, 'users:read');
  const stored = userId === undefined ? undefined : await scope.documents('sessions', userId).read(sessionId);
  const user = userId === undefined ? undefined : await scope.of(users).find(userId);
  if (!stored || !user || sessionIn(stored).epoch < user.state.epoch) throw notFound('session');
  const { deviceOf } = await import('./device.ts');
  return { body: shown(scope, stored, deviceOf), etag: stored.etag };
}

/** Ends one session: an own one, or any in the organization for who may change users. Throws `not_found`, `stale`. */
export async function revokeSession(scope: Scope, sessionId: string): Promise<void> {
  const owner = await ownerOf(scope, sessionId, 'users:write');
  if (owner === undefined) throw notFound('session');
  const ifMatch = scope.takeIfMatch(sessionId);
  if (ifMatch && !scope.retried) {
    const stored = await scope.documents('sessions', owner).read(sessionId);
    if (!stored) throw notFound('session');
    if (!ifMatch(stored.etag)) throw stale('session');
  }
  await endSessions(scope, owner, [sessionId], 'revoked');
}

/** Whose it is, as far as the actor reaches: its own, or anybody's with the privilege. */
async function ownerOf(scope: Scope, sessionId: string, privilege: string): Promise<string | undefined> {
  const { userId } = scope.actor;
  if (await scope.documents('sessions', userId).read(sessionId)) return userId;
  if (!may(scope.actor, privilege)) return undefined;
  const where = [{ path: 'sessionId', eq: sessionId }];
  const { items } = await scope.documents('sessions').query({ kind: 'session', where, limit: 1 });
  return items[0] && sessionIn(items[0]).userId;
}
