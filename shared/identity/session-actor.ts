/** The actor behind a session, as things stand now: three point reads, and none kept. */
import type { Actor } from '../platform/actor.ts';
import { systemActor } from '../platform/actor.ts';
import type { Platform } from '../platform/scope.ts';
import { scopeOf } from '../platform/scope.ts';
import { customPrivileges } from './custom-roles.ts';
import { users } from './model.ts';
import { privilegesOf } from './roles.ts';
import { sessionIn } from './sessions.ts';

/** Who a session speaks for; undefined when it has ended, or its user may not act now. */
export async function sessionActor(
  platform: Platform,
  { orgId, userId, sessionId }: { readonly orgId: string; readonly userId: string; readonly sessionId: string },
): Promise<Actor | undefined> {
  const scope = scopeOf(platform, { actor: systemActor(orgId), correlationId: '' });
  const [stored, found] = await Promise.all([
    scope.documents('sessions', userId).read(sessionId),
    scope.of(users).find(userId),
  ]);
  if (!stored || found?.state.status !== 'active') return undefined;
  const session = sessionIn(stored);
  if (session.epoch < found.state.epoch || session.expiresAt <= scope.now()) return undefined;
  const { username, displayName, roles, customerId, staffId } = found.state;
  return {
    kind: 'user',
    userId,
    orgId,
    username,
    displayName,
    sessionId,
    roles,
    privileges: privilegesOf(roles, await customPrivileges(scope, roles)),
    ...(customerId === undefined ? {} : { customerId }),
    ...(staffId === undefined ? {} : { staffId }),
  };
}
