/** One user's partition: the inbox and its notifications, changed together under the inbox's etag. */
import { isDeepStrictEqual } from 'node:util';
import { afterLostRace } from '../platform/backoff.ts';
import { envelope } from '../platform/envelope.ts';
import type { Decided } from '../platform/facts.ts';
import { factDocument } from '../platform/facts.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused, type Document, type Json, type Stored, type Write } from '../platform/store.ts';
import { Inbox, Notification, type NotificationFact } from './model.ts';
import { emptyInbox, secondsUntil, unreadCount } from './rules.ts';

export const NOTIFICATION = 'notification';
const INBOX = 'inbox';
const ATTEMPTS = 20;
/** So often a count is said anew; after as many changes in a row others are about to say theirs. */
const MOST_CORRECTIONS = 5;

interface StoredInbox {
  readonly inbox: Inbox;
  readonly etag: string | undefined;
}

export function documentsOf(scope: Scope, userId: string) {
  return scope.documents('notifications', userId);
}

/** The inbox as it is; one point read. */
export async function readInbox(scope: Scope, userId: string): Promise<StoredInbox> {
  const stored = await documentsOf(scope, userId).read(INBOX);
  return stored
    ? { inbox: Inbox.parse(stored.document.body), etag: stored.etag }
    : { inbox: emptyInbox, etag: undefined };
}

export function inboxWrite(inbox: Inbox, etag: string | undefined): Write {
  const document: Document = { id: INBOX, kind: INBOX, body: inbox satisfies object as Json };
  return etag === undefined ? { op: 'create', document } : { op: 'replace', document, ifMatch: etag };
}

export function notificationDocument(id: string, notification: Notification, now: string): Document {
  const { key, category, priority, readAt, expiresAt } = notification;
  return {
    id,
    kind: NOTIFICATION,
    body: notification satisfies object as Json,
    ix: { createdAt: key, unread: readAt === undefined, category, priority },
    ttl: secondsUntil(expiresAt, now),
  };
}

export function notificationIn({ document }: Stored): Notification {
  return Notification.parse(document.body);
}

/** The outbox document of a fact about what somebody was told. */
export function factWrite(scope: Scope, subject: string, fact: NotificationFact): Write {
  return { op: 'create', document: factDocument(envelope(scope, 'notification', subject, fact as Decided)) };
}

/**
 * Commits what `decide` makes of the inbox as it is; decides anew when somebody else was first. Undefined from
 * `decide`: nothing to do. Throws what `decide` throws, and `unavailable` when others are faster every time.
 */
export async function changing<T>(
  scope: Scope,
  userId: string,
  decide: (before: StoredInbox) => Promise<{ readonly writes: readonly Write[]; readonly result: T } | undefined>,
): Promise<T | undefined> {
  const documents = documentsOf(scope, userId);
  return scope.platform.queue.run(`notifications/${scope.orgId}/${userId}`, async () => {
    for (let round = 1; round <= ATTEMPTS; round += 1) {
      const decided = await decide(await readInbox(scope, userId));
      if (!decided) return undefined;
      try {
        await documents.commit(decided.writes);
        return decided.result;
      } catch (error) {
        if (!(error instanceof CommitRefused)) throw error;
      }
      await afterLostRace(round);
    }
    throw new Refusal('unavailable', 'Too many changes of these notifications at once; try again.', { retryAfter: 1 });
  });
}

/**
 * Says on the user's sockets how many are unread, and what came. A lost push is harmless: the list shows it. Both are handed
 * over at once, so that no other change of this process says its count between them. Another process may have been faster
 * with a newer one: so the inbox is read once more (a point read), and what it says now is said if it differs. Whoever is
 * the last to push has thus seen nothing newer.
 */
export async function push(
  scope: Scope,
  userId: string,
  inbox: Inbox,
  arrived?: { readonly data: unknown },
): Promise<void> {
  const { realtime, log } = scope.platform;
  try {
    const send = (type: string, data: unknown) => realtime.send(scope.orgId, userId, { type, data });
    let said = unreadCount(inbox, scope.now());
    await Promise.all([...(arrived ? [send('notification', arrived.data)] : []), send('unread', said)]);
    for (let round = 1; round <= MOST_CORRECTIONS; round += 1) {
      const now = unreadCount((await readInbox(scope, userId)).inbox, scope.now());
      if (isDeepStrictEqual(now, said)) return;
      said = now;
      await send('unread', said);
    }
  } catch (error) {
    log.warn({ userId, err: error, correlationId: scope.correlationId }, 'a notification was not pushed');
  }
}
