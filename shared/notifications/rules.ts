/** Decisions on one user's inbox: what is unread, how many, and what a watermark covers. Pure (REQ-NTF-003 to 006). */
import { DAY, later, SECOND } from '../platform/clock.ts';
import {
  type Category,
  type Content,
  type Counts,
  categories,
  type Inbox,
  type Notification,
  type UnreadCount,
} from './model.ts';

/** Whole days that a notification is kept after the one it came on. */
const KEPT_DAYS = 90;

export const emptyInbox: Inbox = { arrived: 0, last: '', unread: {}, readUpTo: { categories: {} } };

function dayOf(instant: string): string {
  return instant.slice(0, 10);
}

/** The midnight (UTC) when all that came on a day is gone. So what is counted by days goes with what it counts. */
function endOf(day: string): string {
  return later(`${day}T00:00:00Z`, (KEPT_DAYS + 1) * DAY);
}

/** Seconds from `now` until an instant, one at least: what a document's `ttl` takes. */
export function secondsUntil(instant: string, now: string): number {
  return Math.max(1, (Date.parse(instant) - Date.parse(now)) / SECOND);
}

/** The greatest key that counts as read in a category; empty when none does. */
export function readUpTo({ readUpTo }: Inbox, category: Category): string {
  const [all = '', own = ''] = [readUpTo.all?.key, readUpTo.categories[category]?.key];
  return own > all ? own : all;
}

type Place = Pick<Notification, 'category' | 'key' | 'readAt'>;

export function isUnread(inbox: Inbox, { category, key, readAt }: Place): boolean {
  return readAt === undefined && key > readUpTo(inbox, category);
}

/** When it was read, by itself or by the first watermark that is known to cover it. */
export function readAtOf(inbox: Inbox, { category, key, readAt }: Place): string | undefined {
  if (readAt !== undefined) return readAt;
  const marks = [inbox.readUpTo.categories[category], inbox.readUpTo.all];
  return marks
    .flatMap((mark) => (mark && mark.key >= key ? [mark.at] : []))
    .toSorted()
    .at(0);
}

function counted(inbox: Inbox, createdAt: string, category: Category, by: 1 | -1): Inbox['unread'] {
  const day = dayOf(createdAt);
  const counts: Counts = inbox.unread[day] ?? {};
  return { ...inbox.unread, [day]: { ...counts, [category]: Math.max(0, (counts[category] ?? 0) + by) } };
}

/** Without what has expired, and without days that count nothing. */
function present(unread: Inbox['unread'], now: string): Inbox['unread'] {
  const days = Object.entries(unread).filter(
    ([day, counts]) => endOf(day) > now && Object.values(counts).some((count) => count > 0),
  );
  return Object.fromEntries(days);
}

/** The inbox with one more in it, and that one. Never before what came earlier, even where clocks differ. */
export function arrived(
  inbox: Inbox,
  content: Content,
  by: string,
  now: string,
): { readonly inbox: Inbox; readonly notification: Notification } {
  const latest = inbox.last.slice(0, now.length);
  const createdAt = latest > now ? latest : now;
  const count = inbox.arrived + 1;
  const key = `${createdAt}#${String(count).padStart(9, '0')}`;
  const unread = present(counted(inbox, createdAt, content.category, 1), now);
  return {
    inbox: { ...inbox, arrived: count, last: key, unread },
    notification: { ...content, key, createdAt, createdBy: by, expiresAt: endOf(dayOf(createdAt)) },
  };
}

/** The inbox with one unread less. */
export function oneLess(inbox: Inbox, { category, createdAt }: Notification, now: string): Inbox {
  return { ...inbox, unread: present(counted(inbox, createdAt, category, -1), now) };
}

/** All that came so far is read, or all of a category; undefined when nothing was unread (REQ-NTF-005). */
export function allRead(inbox: Inbox, category: Category | undefined, now: string): Inbox | undefined {
  const { total, byCategory } = unreadCount(inbox, now);
  if ((category === undefined ? total : byCategory[category]) === 0) return undefined;
  const mark = { key: inbox.last, at: now };
  if (category === undefined) return { ...inbox, unread: {}, readUpTo: { ...inbox.readUpTo, all: mark } };
  const unread = Object.fromEntries(
    Object.entries(inbox.unread).map(([day, { [category]: _, ...others }]) => [day, others]),
  );
  const { readUpTo: marks } = inbox;
  return {
    ...inbox,
    unread: present(unread, now),
    readUpTo: { ...marks, categories: { ...marks.categories, [category]: mark } },
  };
}

/** What is unread and has not expired; from the inbox alone. */
export function unreadCount({ unread }: Inbox, now: string): UnreadCount {
  const byCategory = Object.fromEntries(categories.map((name) => [name, 0])) as Record<Category, number>;
  let total = 0;
  for (const counts of Object.values(present(unread, now))) {
    for (const category of categories) {
      byCategory[category] += counts[category] ?? 0;
      total += counts[category] ?? 0;
    }
  }
  return { total, byCategory };
}
