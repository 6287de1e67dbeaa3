/** What users do with their notifications. All in their own partition: nobody reaches another's (REQ-NTF-003 to 006). */
import { notFound, stale } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Stored, Write } from '../platform/store.ts';
import type { Category, Inbox, Notification, UnreadCount } from './model.ts';
import { allRead, isUnread, oneLess, unreadCount } from './rules.ts';
import {
  changing,
  documentsOf,
  factWrite,
  inboxWrite,
  NOTIFICATION,
  notificationDocument,
  notificationIn,
  push,
  readInbox,
} from './stored.ts';

/** A notification with the inbox it lies in. */
export interface Shown {
  readonly id: string;
  readonly notification: Notification;
  readonly inbox: Inbox;
  /** Differs too where a watermark has read it. */
  readonly etag: string;
}

async function load(scope: Scope, id: string): Promise<Stored> {
  const stored = await documentsOf(scope, scope.actor.userId).read(id);
  if (stored?.document.kind !== NOTIFICATION) throw notFound('notification');
  return stored;
}

function shown({ document, etag }: Stored, notification: Notification, inbox: Inbox): Shown {
  const read = notification.readAt === undefined && !isUnread(inbox, notification);
  return { id: document.id, notification, inbox, etag: read ? `${etag}.read` : etag };
}

/** One of one's own; throws `not_found`. */
export async function getNotification(scope: Scope, id: string): Promise<Shown> {
  const [stored, { inbox }] = await Promise.all([load(scope, id), readInbox(scope, scope.actor.userId)]);
  return shown(stored, notificationIn(stored), inbox);
}

/** How many of one's own are unread; one point read. */
export async function countUnread(scope: Scope): Promise<UnreadCount> {
  return unreadCount((await readInbox(scope, scope.actor.userId)).inbox, scope.now());
}

/** Loads one of one's own with its inbox, and commits what `decide` makes of both. Throws `not_found`, `stale`. */
async function onOne(
  scope: Scope,
  id: string,
  decide: (before: Shown, stored: Stored) => { readonly inbox?: Inbox; readonly writes: readonly Write[] } | undefined,
): Promise<void> {
  const { userId } = scope.actor;
  const ifMatch = scope.takeIfMatch(id);
  const after = await changing(scope, userId, async ({ inbox, etag }) => {
    const stored = await load(scope, id);
    const before = shown(stored, notificationIn(stored), inbox);
    if (ifMatch && !ifMatch(before.etag)) throw stale('notification');
    const decided = decide(before, stored);
    if (!decided) return undefined;
    const counts = decided.inbox ? [inboxWrite(decided.inbox, etag)] : [];
    return { writes: [...counts, ...decided.writes], result: decided.inbox };
  });
  if (after) await push(scope, userId, after);
}

/** Marks one as read, once; throws `not_found`, `stale` (REQ-NTF-004). */
export async function markRead(scope: Scope, id: string): Promise<Shown> {
  await onOne(scope, id, ({ inbox, notification }, { etag }) => {
    if (!isUnread(inbox, notification)) return undefined;
    const now = scope.now();
    const document = notificationDocument(id, { ...notification, readAt: now }, now);
    return {
      inbox: oneLess(inbox, notification, now),
      writes: [
        { op: 'replace', document, ifMatch: etag },
        factWrite(scope, id, { type: 'NotificationRead', data: { category: notification.category } }),
      ],
    };
  });
  return getNotification(scope, id);
}

/** Removes one; an unread one counts no longer. Throws `not_found`, `stale` (REQ-NTF-006). */
export async function removeNotification(scope: Scope, id: string): Promise<void> {
  await onOne(scope, id, ({ inbox, notification }, { etag }) => ({
    ...(isUnread(inbox, notification) ? { inbox: oneLess(inbox, notification, scope.now()) } : {}),
    writes: [
      { op: 'delete', id, ifMatch: etag },
      factWrite(scope, id, { type: 'NotificationDeleted', data: { category: notification.category } }),
    ],
  }));
}

/** Marks all as read, or all of a category: a watermark, however many they are (REQ-NTF-005). */
export async function readAll(scope: Scope, category: Category | undefined): Promise<UnreadCount> {
  const { userId } = scope.actor;
  const after = await changing(scope, userId, async ({ inbox, etag }) => {
    const read = allRead(inbox, category, scope.now());
    if (!read) return undefined;
    const data = { upTo: inbox.last, ...(category === undefined ? {} : { category }) };
    const fact = factWrite(scope, userId, { type: 'NotificationsRead', data });
    return { writes: [inboxWrite(read, etag), fact], result: read };
  });
  if (!after) return countUnread(scope);
  await push(scope, userId, after);
  return unreadCount(after, scope.now());
}
