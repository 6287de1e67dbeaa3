/** What a user is told and how many of it are unread: the documents of one user's partition (spec chapter 07). */
import * as z from 'zod';
import type { DecidedAs as Fact } from '../platform/facts.ts';
import { Id } from '../platform/fields.ts';

export const notificationTypes = ['info', 'success', 'warning', 'alert', 'reminder', 'action'] as const;
export type NotificationType = (typeof notificationTypes)[number];
/** In this order for good: links in mail count on it. */
export const categories = ['events', 'equipment', 'staff', 'invoices', 'schedule', 'account', 'system'] as const;
export type Category = (typeof categories)[number];
/** Least first. */
export const priorities = ['low', 'normal', 'high', 'urgent'] as const;
export type Priority = (typeof priorities)[number];

/** The resources that are read by an id, as they stand in addresses; but for what is everybody's own. */
export const linkable = [
  'customers',
  'venues',
  'events',
  'event-types',
  'equipment',
  'equipment/reservations',
  'equipment/logistics',
  'equipment/maintenance',
  'equipment/damage-reports',
  'users',
  'roles',
  'invitations',
] as const;

export const Link = z
  .strictObject({
    resource: z
      .string()
      .max(60)
      .regex(/^[a-z]+(-[a-z]+)*(\/[a-z]+(-[a-z]+)*)?$/, { message: 'must be a resource such as events' })
      .meta({ description: 'As it stands in addresses', example: 'events' }),
    id: Id,
  })
  .meta({ id: 'NotificationLink' });

/** What somebody is to be told, whoever it is. */
export const Content = z.object({
  type: z.enum(notificationTypes),
  category: z.enum(categories),
  priority: z.enum(priorities),
  title: z.string().meta({ personal: 'identity' }),
  message: z.string().meta({ personal: 'identity' }),
  link: Link.optional(),
});
export type Content = z.output<typeof Content>;

/** How to say it later of an event as it is then: texts with `{{placeholders}}`, and what filled them. */
const Anew = z.object({
  eventId: z.string(),
  /** When the event was to begin. */
  startsAt: z.string(),
  title: z.string().meta({ personal: 'identity' }),
  message: z.string().meta({ personal: 'identity' }),
  values: z.record(z.string(), z.string()).meta({ personal: 'identity' }),
});

/**
 * The same on its way: mail that could not leave before `until` is left out (a reminder, once the event has begun), and
 * what it says of an event it says anew when it leaves.
 */
export const Telling = Content.extend({ until: z.string().optional(), anew: Anew.optional() });
export type Telling = z.output<typeof Telling>;

export const Notification = Content.extend({
  /** Its place among all that this user was ever told: the instant it came, and a count. Later ones are greater. */
  key: z.string(),
  createdAt: z.string(),
  /** Whose doing it was: a user's id, or `system`. */
  createdBy: z.string(),
  expiresAt: z.string(),
  /** Left out while it was not read by itself; a watermark of the inbox may say that it is read all the same. */
  readAt: z.string().optional(),
});
export type Notification = z.output<typeof Notification>;

/** Everything up to and with this key was read at that instant. */
const Mark = z.object({ key: z.string(), at: z.string() });

const Counts = z.partialRecord(z.enum(categories), z.int().min(0));
export type Counts = z.output<typeof Counts>;

/**
 * One for each user, replaced with every arrival and every change: so keys are in order and counts right, whoever writes
 * at the same time. What is unread is counted by the day it came, as it goes by days too (REQ-NTF-004).
 */
export const Inbox = z.object({
  /** How many ever came. */
  arrived: z.int().min(0),
  /** The key of the latest. */
  last: z.string(),
  unread: z.record(z.string(), Counts),
  readUpTo: z.object({ all: Mark.optional(), categories: z.partialRecord(z.enum(categories), Mark) }),
});
export type Inbox = z.output<typeof Inbox>;

export interface UnreadCount {
  readonly total: number;
  readonly byCategory: Readonly<Record<Category, number>>;
}

/** Who is to be told by hand; one of the two. */
interface Announced {
  readonly userIds?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly content: Content;
}

/** What people do with what they are told; that they were told follows from the facts behind it. */
export type NotificationFact =
  | Fact<'NotificationAnnounced', Announced>
  | Fact<'NotificationRead', { readonly category: Category }>
  | Fact<'NotificationsRead', { readonly category?: Category | undefined; readonly upTo: string }>
  | Fact<'NotificationDeleted', { readonly category: Category }>
  | Fact<'NotificationPreferencesChanged', { readonly changes: object }>
  /** A mail that may leave at once; of those that are held the clock takes care. */
  | Fact<'MailQueued', { readonly userId: string; readonly mailId: string }>
  | Fact<'MailFailed', { readonly userId: string; readonly reason: string }>;
