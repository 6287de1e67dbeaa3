/** Telling people something by hand; they are told by the reaction to the fact of it (REQ-NTF-002). */
import { users } from '../identity/model.ts';
import { type FieldError, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused } from '../platform/store.ts';
import { documentsOf, factWrite } from './stored.ts';
import type { AnnouncementBody } from './views.ts';

const ANNOUNCEMENT = 'announcement';
/** Users looked up side by side. */
const SIDE_BY_SIDE = 25;
const KEPT_SECONDS = 7 * 24 * 3600;

async function unknownUsers(scope: Scope, ids: readonly string[]): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  for (let at = 0; at < ids.length; at += SIDE_BY_SIDE) {
    const some = ids.slice(at, at + SIDE_BY_SIDE);
    const found = await Promise.all(some.map((id) => scope.of(users).find(id)));
    found.forEach((user, place) => {
      if (user) return;
      errors.push({ path: `body.userIds.${at + place}`, code: 'unknown_user', message: 'names no user here' });
    });
  }
  return errors;
}

/**
 * Takes an announcement; whoever it names is told a moment later, each once. `roles` are those there are. Throws
 * `invalid` naming each user and role that is not here.
 */
export async function announce(scope: Scope, body: AnnouncementBody, roles: readonly string[]): Promise<string> {
  const { userIds, roles: named, ...content } = body;
  const errors: FieldError[] = userIds
    ? await unknownUsers(scope, userIds)
    : (named ?? []).flatMap((role, at) =>
        roles.includes(role)
          ? []
          : [{ path: `body.roles.${at}`, code: 'unknown_role', message: 'names no role of this organization' }],
      );
  if (errors.length > 0) throw new Refusal('invalid', 'Some of those to be told are not here.', { errors });
  const id = scope.newId();
  const data = { ...(userIds ? { userIds: [...new Set(userIds)] } : { roles: [...new Set(named)] }), content };
  try {
    await documentsOf(scope, scope.actor.userId).commit([
      { op: 'create', document: { id, kind: ANNOUNCEMENT, body: { at: scope.now() }, ttl: KEPT_SECONDS } },
      factWrite(scope, id, { type: 'NotificationAnnounced', data }),
    ]);
  } catch (error) {
    // An earlier try of this very request has made it; its reply was lost.
    if (!(error instanceof CommitRefused && scope.retried)) throw error;
  }
  return id;
}
