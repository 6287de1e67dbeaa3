/** Changing and resetting passwords. */

import { readLink } from '../platform/links.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { alikeInTime, guarded } from './guesses.ts';
import { findLogin, normalUsername } from './logins.ts';
import { users } from './model.ts';
import { checkPassword, hashIn, hashPassword, passwordDocument, passwordId, verifyPassword } from './passwords.ts';
import { badLink, passwordReset, resetRequested } from './rules.ts';
import { carryOver, endAllSessions } from './sessions.ts';
import type { Device } from './sign-in.ts';
import { guessKeys } from './sign-in.ts';

function wrongPassword() {
  return invalid('body.currentPassword', 'wrong_password', 'is not the current password');
}

/**
 * Sets a new password for the signed-in user; its other sessions end. Throws `invalid` for a wrong current password
 * (which counts like a failed sign-in) or a weak new one.
 */
export async function changePassword(scope: Scope, current: string, next: string, { address }: Device): Promise<void> {
  const { userId, username, sessionId } = scope.actor;
  const documents = scope.documents('identity');
  const verified = await guarded(scope.platform, guessKeys(username, address), async () => {
    const stored = await documents.read(passwordId(userId));
    return stored && (await verifyPassword(hashIn(stored.document), current)) ? stored : undefined;
  });
  if (!verified) throw wrongPassword();
  await checkPassword(next, username, 'body.newPassword');
  const document = passwordDocument(userId, await hashPassword(next));
  await scope.of(users).execute(
    userId,
    async (state) => {
      // Changed by somebody else since it was verified: then it is not the current one any more.
      if ((await documents.read(passwordId(userId)))?.etag !== verified.etag) throw wrongPassword();
      await carryOver(scope, userId, sessionId, state.epoch + 1);
      return [{ type: 'UserPasswordChanged', data: {} }];
    },
    { also: () => [{ op: 'replace', document, ifMatch: verified.etag }] },
  );
  await endAllSessions(scope, userId, 'password-changed', sessionId);
}

const MAILS = { limit: 3, windowSeconds: 15 * 60 };

/** Has a link mailed to the account's address, when there is such an account; nobody can tell from outside. */
export async function forgotPassword(scope: Scope, username: string): Promise<void> {
  const startedAt = performance.now();
  const { allowed } = await scope.platform.limits.take(`forgot:${normalUsername(username)}`, MAILS);
  const login = await findLogin(scope.platform, username);
  if (allowed && login) {
    const own = scope.inOrganization(login.orgId, login.userId);
    if (await own.of(users).find(login.userId)) {
      await own.of(users).execute(login.userId, (state) => resetRequested(state, own.now()));
    }
  }
  await alikeInTime(startedAt);
}

/** Sets a new password by a mailed link, which works once; every session ends. Throws `invalid`. */
export async function resetPassword(scope: Scope, token: string, next: string): Promise<void> {
  const link = await readLink(scope.platform.config, 'password-reset', token);
  if (!link) throw badLink();
  const userId = link.id;
  const own = scope.inOrganization(link.orgId, userId);
  const known = await own.of(users).find(userId);
  if (!known) throw badLink();
  passwordReset(known.state, link.version, own.now());
  await checkPassword(next, known.state.username, 'body.password');
  const document = passwordDocument(userId, await hashPassword(next));
  await own.of(users).execute(userId, (state) => passwordReset(state, link.version, own.now()), {
    also: () => [{ op: 'upsert', document }],
  });
  await endAllSessions(own, userId, 'password-reset');
}
