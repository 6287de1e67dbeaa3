/** Notifications (spec chapter 07). */
import * as z from 'zod';
import { allRoles } from '../../shared/identity/views.ts';
import { announce } from '../../shared/notifications/announcing.ts';
import {
  countUnread,
  getNotification,
  markRead,
  readAll,
  removeNotification,
  type Shown,
} from '../../shared/notifications/commands.ts';
import { listNotifications, notificationListing } from '../../shared/notifications/lists.ts';
import { categories } from '../../shared/notifications/model.ts';
import { Preferences } from '../../shared/notifications/preferences.model.ts';
import { changePreferences, readPreferences } from '../../shared/notifications/preferences.ts';
import { askedPage, donePage, PAGE_HEADERS, unsubscribe } from '../../shared/notifications/unsubscribing.ts';
import { AnnouncementBody, NotificationView, shownNotification, UnreadView } from '../../shared/notifications/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Notifications';
const mine = { tag, access: 'signedIn' } as const;
const params = z.strictObject({ notificationId: Id });

function reply(userId: string, { id, notification, inbox, etag }: Shown) {
  return { body: shownNotification(userId, id, notification, inbox), etag };
}

const list = listRoute({
  ...mine,
  path: 'notifications',
  summary: 'Your notifications, newest first',
  list: notificationListing,
  item: NotificationView,
  async handle({ query }, scope) {
    const page = await listNotifications(scope, query);
    const { userId } = scope.actor;
    return {
      body: shownPage(page, ({ id, notification }) => shownNotification(userId, id, notification, page.inbox)),
    };
  },
});

const unread = route({
  ...mine,
  method: 'GET',
  path: 'notifications/unread-count',
  summary: 'How many of your notifications are unread',
  reply: UnreadView,
  handle: async (_, scope) => ({ body: await countUnread(scope) }),
});

const one = route({
  ...mine,
  method: 'GET',
  path: 'notifications/{notificationId}',
  summary: 'One of your notifications',
  params,
  reply: NotificationView,
  handle: async ({ params: { notificationId } }, scope) =>
    reply(scope.actor.userId, await getNotification(scope, notificationId)),
});

const read = route({
  ...mine,
  method: 'PUT',
  path: 'notifications/{notificationId}/read',
  summary: 'Mark one as read',
  params,
  reply: NotificationView,
  refusals: ['stale'],
  handle: async ({ params: { notificationId } }, scope) =>
    reply(scope.actor.userId, await markRead(scope, notificationId)),
});

const allOfThem = route({
  ...mine,
  method: 'PUT',
  path: 'notifications/read-all',
  summary: 'Mark all as read, or all of a category; answers with what is left',
  body: z.strictObject({ category: z.enum(categories).optional() }),
  reply: UnreadView,
  handle: async ({ body: { category } }, scope) => ({ body: await readAll(scope, category) }),
});

const remove = route({
  ...mine,
  method: 'DELETE',
  path: 'notifications/{notificationId}',
  summary: 'Remove one',
  params,
  refusals: ['stale'],
  async handle({ params: { notificationId } }, scope) {
    await removeNotification(scope, notificationId);
    return {};
  },
});

const create = route({
  tag,
  access: 'notifications:create',
  method: 'POST',
  path: 'notifications',
  summary: 'Tell users, or all who hold a role; each is told a moment later',
  status: 202,
  body: AnnouncementBody,
  reply: z.object({ id: Id }),
  async handle({ body }, scope) {
    const roles = body.roles ? (await allRoles(scope)).map(({ id }) => id) : [];
    return { body: { id: await announce(scope, body, roles) } };
  },
});

const preferences = route({
  ...mine,
  method: 'GET',
  path: 'notifications/preferences',
  summary: 'What you are told, how, and when not',
  reply: Preferences,
  async handle(_, scope) {
    const { preferences: body, etag } = await readPreferences(scope, scope.actor.userId);
    return { body, etag };
  },
});

const revisePreferences = reviseRoutes({
  ...mine,
  path: 'notifications/preferences',
  summary: 'Change what you are told, how, and when not',
  params: z.strictObject({}),
  fields: Preferences,
  reply: Preferences,
  refusals: ['stale'],
  async handle({ revise }, scope) {
    const { preferences: body, etag } = await changePreferences(scope, scope.actor.userId, revise);
    return { body, etag };
  },
});

const token = z.strictObject({
  token: z
    .string()
    .regex(/^[\w-]{1,200}$/)
    .meta({ description: 'From a mail' }),
});
const fromMail = { tag, access: 'public', produces: 'text/html', query: token, refusals: ['not_found'] } as const;

const askUnsubscribe = route({
  ...fromMail,
  method: 'GET',
  path: 'notifications/unsubscribe',
  summary: 'Asks whether mail of a category shall end; changes nothing, as mail is opened by machines too',
  async handle({ query }, scope) {
    return { content: await askedPage(scope, query.token), headers: PAGE_HEADERS };
  },
});

const doUnsubscribe = route({
  ...fromMail,
  method: 'POST',
  path: 'notifications/unsubscribe',
  summary: 'No more mail of the category that a mail was about (RFC 8058, one click)',
  anyBody: true,
  async handle({ query }, scope) {
    return { content: donePage(await unsubscribe(scope, query.token)), headers: PAGE_HEADERS };
  },
});

export const notificationRoutes: readonly Route[] = [
  list,
  create,
  unread,
  preferences,
  ...revisePreferences,
  askUnsubscribe,
  doUnsubscribe,
  allOfThem,
  one,
  read,
  remove,
];
