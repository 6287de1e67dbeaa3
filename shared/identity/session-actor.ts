/** The actor behind a session, as things stand now: three point reads, and none kept. */
import * as z from 'zod';
import type { Actor } from '../platform/actor.ts';
import { systemActor } from '../platform/actor.ts';
import type { Platform } from '../platform/scope.ts';
import { scopeOf } from '../platform/scope.ts';
import { customPrivileges } from './custom-roles.ts';
import { users } from './model.ts';
import { privilegesOf } from './roles.ts';
import { sessionIn } from './sessions.ts';

/** Privileges as JSON has them, and as they are asked for. */
const Privileges = z.codec(z.array(z.string()), z.set(z.string()), {
  decode: (list) => new Set(list),
  encode: (set) => [...set],
});
/** An actor as one process hands it to another; null for a session that is over. */
export const KnownActor: z.ZodType<Actor | null> = z
  .strictObject({
    kind: z.literal('user'),
    userId: z.string(),
    orgId: z.string(),
    username: z.string().meta({ personal: 'identity' }),
    displayName: z.string().meta({ personal: 'identity' }),
    sessionId: z.string(),
    roles: z.array(z.string()),
    privileges: Privileges,
    customerId: z.string().exactOptional(),
    staffId: z.string().exactOptional(),
  })
  .nullable();

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
