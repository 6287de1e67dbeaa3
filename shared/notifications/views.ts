/** What the API shows and takes of notifications. */
import * as z from 'zod';
import { Id, lines, metaShape, text } from '../platform/fields.ts';
import {
  type Category,
  Content,
  categories,
  type Inbox,
  Link,
  linkable,
  type Notification,
  notificationTypes,
  priorities,
} from './model.ts';
import { readAtOf } from './rules.ts';

export const NotificationView = z
  .object({
    id: Id,
    userId: Id,
    ...Content.shape,
    readAt: z.string().optional().meta({ description: 'Left out while it is unread' }),
    expiresAt: z.string(),
    ...metaShape,
  })
  .meta({ id: 'Notification' });
export type NotificationView = z.input<typeof NotificationView>;

/** A notification as its user sees it, with what the inbox's watermarks say of it. */
export function shownNotification(
  userId: string,
  id: string,
  notification: Notification,
  inbox: Inbox,
): NotificationView {
  const { key: _, readAt: __, ...shown } = notification;
  const readAt = readAtOf(inbox, notification);
  return {
    id,
    userId,
    ...shown,
    ...(readAt === undefined ? {} : { readAt }),
    modifiedAt: readAt ?? shown.createdAt,
    modifiedBy: readAt === undefined ? shown.createdBy : userId,
  };
}

export const UnreadView = z
  .object({
    total: z.int().min(0),
    byCategory: z.object(
      Object.fromEntries(categories.map((name) => [name, z.int().min(0)])) as Record<Category, z.ZodInt>,
    ),
  })
  .meta({ id: 'UnreadCount' });

const MOST_USERS = 500;
export const MOST_ROLES = 20;

export const AnnouncementBody = z
  .strictObject({
    userIds: z.array(Id).min(1).max(MOST_USERS).optional(),
    roles: z
      .array(z.string().min(1).max(60))
      .min(1)
      .max(MOST_ROLES)
      .optional()
      .meta({ description: 'Built-in roles by name, own ones by id' }),
    type: z.enum(notificationTypes),
    category: z.enum(categories),
    priority: z.enum(priorities).default('normal'),
    title: text(1, 200).meta({ example: 'The car park is closed', personal: 'identity' }),
    message: lines(2000, 1).meta({ example: 'Please use the north entrance today.', personal: 'identity' }),
    link: Link.extend({ resource: z.enum(linkable) })
      .optional()
      .meta({ id: 'AnnouncementLink' }),
  })
  .refine(({ userIds, roles }) => (userIds === undefined) !== (roles === undefined), {
    message: 'must name either userIds or roles',
    path: ['userIds'],
  })
  .meta({ id: 'AnnouncementBody' });
export type AnnouncementBody = z.output<typeof AnnouncementBody>;
