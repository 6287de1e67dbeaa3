/** Signing in, staying in and signing out (REQ-AUTH-003, REQ-AUTH-005). */
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Stored, Write } from '../platform/store.ts';
import { alikeInTime, guarded } from './guesses.ts';
import { findLogin, normalUsername } from './logins.ts';
import type { UserState } from './model.ts';
import { users } from './model.ts';
import { hashIn, hashPassword, isOutdated, passwordDocument, passwordId, verifyPassword } from './passwords.ts';
import { readRefreshText } from './refresh-token.ts';
import { keysOf } from './remembered.ts';
import { badCredentials, maySignIn, signedIn, signInFailed } from './rules.ts';
import { openSession, refreshed } from './sessions.ts';
import { ACCESS_SECONDS, issueToken } from './tokens.ts';

/** Where a request came from, for limits and for the list of sessions. */
export interface Device {
  readonly address: string;
  readonly userAgent: string;
}

interface SignIn {
  readonly username: string;
  readonly password: string;
  readonly rememberMe: boolean;
}

/** Keys under which wrong guesses at an account's secrets count. */
export function guessKeys(username: string, address: string): readonly string[] {
  return [`guess:account:${normalUsername(username)}`, `guess:address:${address}`];
}

async function tokensOf(scope: Scope, userId: string, state: UserState, sessionId: string, refreshToken: string) {
  const { orgId, platform } = scope;
  const { roles, username } = state;
  const accessToken = await issueToken(platform, keysOf(platform), { userId, orgId, sessionId, roles });
  return { userId, username, accessToken, expiresIn: ACCESS_SECONDS, refreshToken, roles: [...roles] };
}

/**
 * Opens a session. Throws `unauthenticated`, in the same words and on the same grid of time, for an unknown user, a
 * wrong password, a locked and a suspended account; `too_many_requests` after too many of those in a minute.
 */
export async function signIn(scope: Scope, input: SignIn, device: Device) {
  const startedAt = performance.now();
  const pair = await guarded(scope.platform, guessKeys(input.username, device.address), () =>
    attempted(scope, input, device),
  );
  if (pair) return pair;
  await alikeInTime(startedAt);
  throw badCredentials();
}

/** undefined: not let in. */
async function attempted(scope: Scope, { username, password, rememberMe }: SignIn, device: Device) {
  const login = await findLogin(scope.platform, username);
  if (!login) {
    await verifyPassword(undefined, password);
    return undefined;
  }
  const { orgId, userId } = login;
  const own = scope.inOrganization(orgId, userId);
  const [known, stored] = await Promise.all([
    own.of(users).find(userId),
    own.documents('identity').read(passwordId(userId)),
  ]);
  const hash = stored && hashIn(stored.document);
  const right = await verifyPassword(hash, password);
  if (!known || !stored || hash === undefined) return undefined;
  if (!right) {
    await own.of(users).execute(userId, (state) => signInFailed(state, own.now()));
    return undefined;
  }
  if (!maySignIn(known.state, own.now())) return undefined;
  let upgraded: readonly Write[] = [];
  // Never one that depends on an idempotency key: every sign-in is a session of its own.
  const sessionId = scope.platform.ids.next();
  const { deviceOf } = await import('./device.ts');
  const { state } = await own.of(users).execute(
    userId,
    async (current) => {
      upgraded = await stillRight(own, userId, stored, password);
      return signedIn(current, own.now(), sessionId, deviceOf(device.userAgent));
    },
    { also: () => upgraded },
  );
  const session = { id: sessionId, userId, epoch: state.epoch, rememberMe, ...device };
  return tokensOf(own, userId, state, sessionId, await openSession(own, session));
}

/**
 * Looks again, under the user's etag, whether the verified password is still the one. Answers with the write that
 * brings its hash up to date, if it is not. Throws `unauthenticated`.
 */
async function stillRight(scope: Scope, userId: string, verified: Stored, password: string): Promise<Write[]> {
  const stored = await scope.documents('identity').read(passwordId(userId));
  if (!stored) throw badCredentials();
  const hash = hashIn(stored.document);
  if (stored.etag !== verified.etag && !(await verifyPassword(hash, password))) throw badCredentials();
  if (!(await isOutdated(hash))) return [];
  const document = passwordDocument(userId, await hashPassword(password));
  return [{ op: 'replace', document, ifMatch: stored.etag }];
}

/** A new pair for a refresh token, which is spent. Throws `unauthenticated`. */
export async function refresh(scope: Scope, text: string) {
  const token = readRefreshText(text);
  if (!token) throw new Refusal('unauthenticated', 'This is not a refresh token. Sign in again.');
  const own = scope.inOrganization(token.orgId, token.userId);
  const known = await own.of(users).find(token.userId);
  if (known?.state.status !== 'active') {
    throw new Refusal('unauthenticated', 'This refresh token is not one that works, or not any more. Sign in again.');
  }
  const next = await refreshed(own, token, known.state.epoch);
  return tokensOf(own, token.userId, known.state, token.sessionId, next);
}
