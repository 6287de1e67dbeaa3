/** Lists of one's own notifications; watermarks count, and every page is an indexed query or a few of them merged. */
import * as z from 'zod';
import { cursorOf, placeOf } from '../platform/cursor.ts';
import { anyOf, booleanText, from, type ListInput, type Listing, own, to, toQuery } from '../platform/listing.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition, Query } from '../platform/store.ts';
import { categories, type Inbox, type Notification, priorities } from './model.ts';
import { readUpTo } from './rules.ts';
import { documentsOf, NOTIFICATION, notificationIn, readInbox } from './stored.ts';

export const notificationListing: Listing = {
  filters: {
    unread: own(booleanText.optional()),
    category: anyOf('category', z.enum(categories)),
    priority: anyOf('priority', z.enum(priorities)),
    from: from('createdAt'),
    to: to('createdAt'),
  },
  sorts: { createdAt: 'createdAt' },
  defaultSort: '-createdAt',
  search: false,
};

interface Item {
  readonly id: string;
  readonly notification: Notification;
}

interface NotificationPage {
  readonly items: readonly Item[];
  readonly inbox: Inbox;
  readonly cursor?: string;
  readonly total?: number;
}

/**
 * What is (un)read, as parts that share nothing: one where no category has a watermark beyond the one for all, else one
 * for each category. "Read" is what was read by itself, and the rest up to the watermark.
 */
function partsOf(inbox: Inbox, unread: boolean | undefined): readonly (readonly Condition[])[] {
  if (unread === undefined) return [[]];
  const all = inbox.readUpTo.all?.key ?? '';
  const marked = categories.some((category) => readUpTo(inbox, category) > all);
  const marks = marked
    ? categories.map((category) => ({ key: readUpTo(inbox, category), of: [{ path: 'category', eq: category }] }))
    : [{ key: all, of: [] }];
  const open = { path: 'unread', eq: true };
  if (unread) return marks.map(({ key, of }) => [open, ...of, { path: 'createdAt', gt: key }]);
  const covered = marks.filter(({ key }) => key !== '');
  return [
    [{ path: 'unread', eq: false }],
    ...covered.map(({ key, of }) => [open, ...of, { path: 'createdAt', lte: key }]),
  ];
}

/** One page. Its cursor says after which notification to go on, so it stays good when a watermark moves. */
export async function listNotifications(scope: Scope, input: ListInput): Promise<NotificationPage> {
  const { userId } = scope.actor;
  const unread = input.unread as boolean | undefined;
  const { where = [], orderBy = [], limit, count, cursor } = toQuery(notificationListing, input);
  const descending = orderBy[0]?.descending ?? false;
  const asked: readonly Condition[] = unread === undefined ? [] : [{ path: 'unread', eq: unread }];
  const partition = [scope.orgId, userId];
  const shape: Query = {
    kind: NOTIFICATION,
    where: [...where, ...asked],
    orderBy,
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  };
  const place = placeOf('notifications', partition, shape, ['text'])?.[0];
  const beyond: readonly Condition[] =
    place === undefined ? [] : [descending ? { path: 'createdAt', lt: place } : { path: 'createdAt', gt: place }];
  const { inbox } = await readInbox(scope, userId);
  const documents = documentsOf(scope, userId);
  const parts = partsOf(inbox, unread);
  const ask = (part: readonly Condition[], after: readonly Condition[], most: number, counting: boolean) =>
    documents.query({
      kind: NOTIFICATION,
      where: [...where, ...part, ...after],
      orderBy,
      limit: most,
      ...(counting ? { count: true } : {}),
    });
  const [pages, totals] = await Promise.all([
    Promise.all(parts.map((part) => ask(part, beyond, limit + 1, false))),
    count ? Promise.all(parts.map((part) => ask(part, [], 1, true))) : undefined,
  ]);
  const found = pages.flatMap(({ items }) =>
    items.map((stored) => ({ id: stored.document.id, notification: notificationIn(stored) })),
  );
  const sign = descending ? -1 : 1;
  found.sort((a, b) => (a.notification.key < b.notification.key ? -sign : sign));
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    inbox,
    ...(last && found.length > limit
      ? { cursor: cursorOf('notifications', partition, shape, [last.notification.key]) }
      : {}),
    ...(totals ? { total: totals.reduce((sum, { total = 0 }) => sum + total, 0) } : {}),
  };
}
