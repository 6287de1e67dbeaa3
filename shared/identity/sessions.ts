/** Sessions: who is signed in where, and the refresh tokens that keep them going (spec chapter 01). */
import * as z from 'zod';
import { DAY, later, SECOND } from '../platform/clock.ts';
import { envelope } from '../platform/envelope.ts';
import { factDocument } from '../platform/facts.ts';
import { pagesOf } from '../platform/pages.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Document, Json, Stored, Write } from '../platform/store.ts';
import { CommitRefused } from '../platform/store.ts';
import type { RefreshToken } from './refresh-token.ts';
import { newRefreshToken, opened, refreshText, sealed, spentBy } from './refresh-token.ts';
import { forget } from './remembered.ts';
import { SESSION_DAYS } from './rules.ts';

const Session = z.object({
  userId: z.string(),
  /** Over when the user's is greater. */
  epoch: z.number(),
  /** SHA-256 of what stays the same in all of its tokens, so that a stranger's token cannot pass for a spent one. */
  familyHash: z.string(),
  /** SHA-256 of the secret that refreshes it next. */
  secretHash: z.string(),
  /** SHA-256 of the one before, and the present secret sealed with that one: for retries right after a rotation. */
  spent: z.object({ secretHash: z.string(), sealedNext: z.string() }).optional(),
  rotatedAt: z.string(),
  createdAt: z.string(),
  lastUsedAt: z.string(),
  expiresAt: z.string(),
  rememberMe: z.boolean(),
  address: z.string(),
  userAgent: z.string(),
});
type Session = z.output<typeof Session>;

/** How a session ends. */
type Ending = 'signed-out' | 'revoked' | 'theft' | 'password-changed' | 'password-reset' | 'suspended';

/** A retry this soon after the rotation is forgiven: the reply was lost, or two tabs asked at once. */
const FORGIVEN_FOR = 10 * SECOND;
const PAGE = 50;

function sessionDocument(id: string, session: Session, now: string): Document {
  return {
    id,
    kind: 'session',
    body: session satisfies object as Json,
    ix: { lastUsedAt: session.lastUsedAt, sessionId: id },
    ttl: Math.max(1, (Date.parse(session.expiresAt) - Date.parse(now)) / SECOND),
  };
}

export function sessionIn({ document }: Stored): Session {
  return Session.parse(document.body);
}

function expiry(now: string, rememberMe: boolean): string {
  return later(now, (rememberMe ? SESSION_DAYS.remembered : SESSION_DAYS.plain) * DAY);
}

interface SessionInput {
  readonly id: string;
  readonly userId: string;
  readonly epoch: number;
  readonly rememberMe: boolean;
  readonly address: string;
  readonly userAgent: string;
}

/** Opens a session in the scope's organization; the text of its first refresh token. */
export async function openSession(scope: Scope, { id, ...input }: SessionInput): Promise<string> {
  const now = scope.now();
  const token = newRefreshToken({ orgId: scope.orgId, userId: input.userId, sessionId: id });
  const session: Session = {
    ...input,
    familyHash: token.familyHash,
    secretHash: token.secretHash,
    rotatedAt: now,
    createdAt: now,
    lastUsedAt: now,
    expiresAt: expiry(now, input.rememberMe),
  };
  await scope
    .documents('sessions', input.userId)
    .commit([{ op: 'create', document: sessionDocument(id, session, now) }]);
  return refreshText(token);
}

function notASession(): Refusal {
  return new Refusal('unauthenticated', 'This refresh token is not one that works, or not any more. Sign in again.');
}

/**
 * Rotates a session's refresh token, in the scope of its organization; the text of the next one. Of simultaneous
 * twins all get the same next token, so that a session never forks. A token spent for longer than 10 s is taken for
 * stolen: its session ends. Throws `unauthenticated`. REQ-AUTH-005
 */
export async function refreshed(scope: Scope, token: RefreshToken, epoch: number): Promise<string> {
  const { userId, sessionId } = token;
  const documents = scope.documents('sessions', userId);
  for (;;) {
    const stored = await documents.read(sessionId);
    const now = scope.now();
    const session = stored && sessionIn(stored);
    if (!stored || !session || session.familyHash !== token.familyHash) throw notASession();
    if (session.expiresAt <= now || session.epoch < epoch) throw notASession();
    if (session.secretHash !== token.secretHash) {
      const { spent, rotatedAt } = session;
      if (spent?.secretHash === token.secretHash && later(rotatedAt, FORGIVEN_FOR) >= now) {
        return refreshText(opened(token, spent.sealedNext));
      }
      await endSessions(scope, userId, [sessionId], 'theft');
      const { orgId, correlationId } = scope;
      scope.platform.log.warn(
        { orgId, userId, sessionId, correlationId },
        'a spent refresh token was presented: theft',
      );
      throw notASession();
    }
    const next = spentBy(token);
    const rotated: Session = {
      ...session,
      secretHash: next.secretHash,
      spent: { secretHash: token.secretHash, sealedNext: sealed(token, next) },
      rotatedAt: now,
      lastUsedAt: now,
      expiresAt: expiry(now, session.rememberMe),
    };
    const document = sessionDocument(sessionId, rotated, now);
    try {
      await documents.commit([{ op: 'replace', document, ifMatch: stored.etag }]);
      return refreshText(next);
    } catch (error) {
      // A twin was first (its token is ours to give, above) or the session has ended; either way it ends here soon.
      if (!(error instanceof CommitRefused)) throw error;
    }
  }
}

/** Ends some sessions of one user, each with its fact in the same batch; those that are gone already are left alone. */
export async function endSessions(scope: Scope, userId: string, ids: readonly string[], ending: Ending): Promise<void> {
  const documents = scope.documents('sessions', userId);
  await Promise.all(
    ids.map(async (id) => {
      const decided =
        ending === 'signed-out'
          ? { type: 'UserLoggedOut', data: { sessionId: id } }
          : { type: 'UserSessionRevoked', data: { sessionId: id, reason: ending } };
      const fact = factDocument(envelope(scope, 'user', userId, decided));
      try {
        await documents.commit([
          { op: 'delete', id },
          { op: 'create', document: fact },
        ]);
      } catch (error) {
        if (!(error instanceof CommitRefused)) throw error;
      }
      await forget(scope.platform, { orgId: scope.orgId, userId, id });
    }),
  );
}

/** Ends all sessions of a user, or all but one. */
export async function endAllSessions(scope: Scope, userId: string, ending: Ending, but?: string): Promise<void> {
  await forget(scope.platform, { orgId: scope.orgId, userId });
  const documents = scope.documents('sessions', userId);
  for await (const { items } of pagesOf((from) => documents.query({ kind: 'session', limit: PAGE, ...from }))) {
    const ids = items.map(({ document }) => document.id).filter((id) => id !== but);
    await endSessions(scope, userId, ids, ending);
  }
}

/** Lets a session outlive the user's change to `epoch`. */
export async function carryOver(scope: Scope, userId: string, id: string, epoch: number): Promise<void> {
  const documents = scope.documents('sessions', userId);
  for (;;) {
    const stored = await documents.read(id);
    if (!stored) return;
    const document = sessionDocument(id, { ...sessionIn(stored), epoch }, scope.now());
    const write: Write = { op: 'replace', document, ifMatch: stored.etag };
    try {
      await documents.commit([write]);
      return;
    } catch (error) {
      // A refresh was first: once more, on what it left.
      if (!(error instanceof CommitRefused)) throw error;
    }
  }
}
