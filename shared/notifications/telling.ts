/** Tells one user of one fact, once: in-app, by mail, or not at all, as its preferences say. */
import { seededIds } from '../platform/clock.ts';
import type { Scope } from '../platform/scope.ts';
import type { Write } from '../platform/store.ts';
import { zoneOf } from '../platform/zone.ts';
import { digestWrite, queueWrites } from './mails.ts';
import type { Inbox, Telling } from './model.ts';
import type { Preferences } from './preferences.model.ts';
import { readPreferences } from './preferences.ts';
import { afterQuiet, inDigest, nextDigest, passes } from './quiet.ts';
import { arrived } from './rules.ts';
import { changing, documentsOf, inboxWrite, notificationDocument, push } from './stored.ts';
import { shownNotification } from './views.ts';

interface Notice {
  readonly factId: string;
  /** When the fact happened. */
  readonly time: string;
  /** Whose doing it was. */
  readonly by: string;
  readonly content: Telling;
  /** Whether it may be mailed: not where the slice does that itself, or there is no address. */
  readonly mail: boolean;
}

const DONE_SECONDS = 14 * 24 * 3600;

/**
 * One batch holds the notification, the count, the queued mail and the mark that this fact has had its effect on this
 * user: so neither a second delivery nor a deletion in between brings it again. The push comes after the commit.
 */
export async function tell(scope: Scope, userId: string, notice: Notice): Promise<void> {
  const { content, factId } = notice;
  const { until: _, anew: __, ...shownContent } = content;
  const { preferences } = await readPreferences(scope, userId);
  const inApp = passes(preferences, 'inApp', content);
  const mailed = notice.mail && passes(preferences, 'email', content);
  if (!inApp && !mailed) return;
  const id = seededIds(`notification:${factId}:${userId}`, notice.time).next();
  const doneId = `done:${factId}`;
  const done: Write = { op: 'create', document: { id: doneId, kind: 'done', body: null, ttl: DONE_SECONDS } };
  const documents = documentsOf(scope, userId);
  let lost = false;
  const told = await changing(scope, userId, async ({ inbox, etag }) => {
    // Mostly a fact comes once: the mark is looked for when the batch was refused.
    if (lost && (await documents.read(doneId))) return undefined;
    lost = true;
    const now = scope.now();
    const after = inApp ? arrived(inbox, shownContent, notice.by, now) : undefined;
    const shown: readonly Write[] = after
      ? [inboxWrite(after.inbox, etag), { op: 'create', document: notificationDocument(id, after.notification, now) }]
      : [];
    const mail = mailed ? await mailWrites(scope, userId, notice, preferences) : [];
    return { writes: [...shown, done, ...mail], result: after };
  });
  if (told) await pushed(scope, userId, id, told);
}

async function pushed(
  scope: Scope,
  userId: string,
  id: string,
  { inbox, notification }: { readonly inbox: Inbox; readonly notification: Parameters<typeof shownNotification>[2] },
): Promise<void> {
  await push(scope, userId, inbox, { data: shownNotification(userId, id, notification, inbox) });
}

/** Into the digest, or as a mail of its own; after quiet hours either way. */
async function mailWrites(
  scope: Scope,
  userId: string,
  { factId, content }: Notice,
  preferences: Preferences,
): Promise<readonly Write[]> {
  const { quietHours, digest } = preferences;
  const now = scope.now();
  const years = { start: now, end: now };
  const quietZone = quietHours && (await zoneOf(quietHours.timeZone, years));
  if (inDigest(preferences, content)) {
    const slot = nextDigest(now, digest, await zoneOf(digest.timeZone, years));
    // Nothing that is in a digest is urgent.
    const dueAt = afterQuiet(slot, quietHours, 'high', quietZone);
    const write = await digestWrite(scope, userId, content, slot, dueAt);
    if (write) return [write];
  }
  const dueAt = afterQuiet(now, quietHours, content.priority, quietZone);
  return queueWrites(scope, { userId, factId, content, dueAt });
}
