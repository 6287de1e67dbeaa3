/** What a user wants to be told, how, and when not (REQ-NTF-015). */
import * as z from 'zod';
import { TimeZone } from '../platform/fields.ts';
import { atFirstUse } from '../platform/once.ts';
import { type Category, type Priority, priorities } from './model.ts';

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

const LocalTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { message: 'must be a local time such as 22:00' })
  .meta({ example: '22:00' });

function channel(minimum: Priority) {
  return z
    .strictObject({
      on: z.boolean().default(true),
      minimum: z.enum(priorities).default(minimum).meta({ description: 'What is less urgent is left out' }),
    })
    .prefault({});
}

const Channels = z.strictObject({ inApp: channel('low'), email: channel('high') }).meta({ id: 'NotificationChannels' });
const channels = Channels.prefault({});

export const Preferences = z
  .strictObject({
    categories: z
      .strictObject({
        events: channels,
        equipment: channels,
        staff: channels,
        invoices: channels,
        schedule: channels,
        account: channels,
        system: channels,
      } satisfies Record<Category, typeof channels>)
      .prefault({}),
    quietHours: z
      .strictObject({
        from: LocalTime,
        to: LocalTime.meta({ description: 'On the next day when it is not after `from`' }),
        timeZone: TimeZone,
        days: z
          .array(z.enum(weekdays))
          .min(1)
          .max(7)
          .default([...weekdays])
          .meta({ description: 'On which they begin' }),
        urgentPasses: z.boolean().default(true),
      })
      .refine(({ from, to }) => from !== to, { message: 'must end at another time than they begin', path: ['to'] })
      .optional()
      .meta({ description: 'Mail is held back until they end' }),
    digest: z
      .strictObject({
        every: z.enum(['off', 'daily', 'weekly']).default('off'),
        at: LocalTime.default('08:00'),
        day: z.enum(weekdays).default('monday').meta({ description: 'Of a weekly one' }),
        timeZone: TimeZone.default('Etc/UTC'),
      })
      .prefault({})
      .meta({ description: 'One mail of all there is, but for what is urgent or about the account' }),
  })
  .meta({ id: 'NotificationPreferences' });
export type Preferences = z.output<typeof Preferences>;
export type QuietHours = NonNullable<Preferences['quietHours']>;

/** In-app everything, mail from `high` on, at any hour. */
export const defaultPreferences = atFirstUse((): Preferences => Preferences.parse({}));
