/** What callers give of a venue, parsed and normalized (spec chapter 03). */
import * as z from 'zod';
import { Country, Email, LocalDate, lines, TimeZone, text } from '../platform/fields.ts';
import { Phone } from '../platform/phone.ts';
import { fold } from '../platform/words.ts';

const venueTypes = [
  'conferenceCenter',
  'hotel',
  'theater',
  'hall',
  'restaurant',
  'outdoor',
  'stadium',
  'studio',
  'other',
] as const;
export const VenueType = z.enum(venueTypes);

export const VenueStatus = z.enum(['active', 'inactive']);

const VenueAddress = z
  .strictObject({
    line1: text(1, 200),
    line2: text(1, 200).optional(),
    city: text(1, 100),
    region: text(1, 100).optional(),
    postalCode: text(1, 20).optional(),
    country: Country,
  })
  .meta({
    id: 'VenueAddress',
    example: { line1: '1 High Street', city: 'London', postalCode: 'W1A 1AA', country: 'GB' },
  });

export const Location = z
  .strictObject({
    lat: z.number().min(-90).max(90).meta({ description: 'Degrees north' }),
    lon: z.number().min(-180).max(180).meta({ description: 'Degrees east' }),
  })
  .meta({ id: 'Location', example: { lat: 51.5072, lon: -0.1276 } });

/** More people than any place on earth holds. */
const MOST_PEOPLE = 10_000_000;
const People = z.int().min(1).max(MOST_PEOPLE);

export const Capacity = z
  .strictObject({
    max: People.meta({ description: 'People at once, whatever the layout' }),
    seated: People.optional(),
    standing: People.optional(),
    layouts: z
      .array(z.strictObject({ name: text(1, 100), capacity: People }))
      .max(50)
      .optional(),
  })
  .superRefine(({ max, seated, standing, layouts = [] }, context) => {
    const over = (path: (string | number)[], value: number | undefined) => {
      if (value !== undefined && value > max)
        context.addIssue({ code: 'custom', path, message: 'must be at most max' });
    };
    over(['seated'], seated);
    over(['standing'], standing);
    const names = new Set<string>();
    for (const [at, { name, capacity }] of layouts.entries()) {
      over(['layouts', at, 'capacity'], capacity);
      if (names.has(fold(name))) {
        context.addIssue({ code: 'custom', path: ['layouts', at, 'name'], message: 'must differ from the others' });
      }
      names.add(fold(name));
    }
  })
  .meta({ id: 'VenueCapacity', example: { max: 400, seated: 250, standing: 400 } });

/** Each once, however it is written; the first spelling stays. */
export const Amenities = z
  .array(text(1, 60))
  .max(100)
  .transform((names) => {
    const seen = new Set<string>();
    return names.filter((name) => !seen.has(fold(name)) && seen.add(fold(name)));
  })
  .meta({ override: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 60 }, maxItems: 100 } });

export const Parking = z.strictObject({
  available: z.boolean(),
  capacity: z.int().min(0).max(MOST_PEOPLE).optional(),
  kind: z.enum(['free', 'paid', 'valet', 'street']).optional(),
  instructions: lines(1000).optional(),
});

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

const LocalTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { message: 'must be a local time such as 09:30' })
  .meta({ example: '09:30' });

export const Hours = z
  .strictObject({
    opens: LocalTime,
    closes: LocalTime.meta({ description: 'At or before `opens`: on the next day' }),
  })
  .meta({ id: 'Hours', example: { opens: '18:00', closes: '02:00' } });
export type Hours = z.output<typeof Hours>;

/** Minutes of a day from its midnight; the end is beyond 1,440 when it is on the next day. */
export function minutesOf({ opens, closes }: Hours): { readonly from: number; readonly to: number } {
  const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  const from = minutes(opens);
  return { from, to: minutes(closes) <= from ? minutes(closes) + 24 * 60 : minutes(closes) };
}

const DayHours = z
  .array(Hours)
  .max(6)
  .refine(
    (all) => {
      const sorted = all.map(minutesOf).sort((a, b) => a.from - b.from);
      return sorted.every(({ to }, at) => to <= (sorted[at + 1]?.from ?? to));
    },
    { message: 'must not overlap' },
  );

const week = Object.fromEntries(weekdays.map((day) => [day, DayHours.optional()])) as {
  readonly [day in Weekday]: z.ZodOptional<typeof DayHours>;
};

export const OpeningHours = z
  .strictObject({
    ...week,
    exceptions: z
      .array(
        z.strictObject({
          date: LocalDate,
          hours: DayHours.meta({ description: 'In place of that day’s usual ones; none: closed' }),
          note: text(1, 200).optional(),
        }),
      )
      .max(400)
      .refine((all) => new Set(all.map(({ date }) => date)).size === all.length, {
        message: 'must name each date once',
      })
      .optional(),
  })
  .meta({
    id: 'OpeningHours',
    description: 'By the clock of the venue’s zone; a day that is left out is closed',
    example: { friday: [{ opens: '18:00', closes: '02:00' }], exceptions: [{ date: '2026-12-25', hours: [] }] },
  });
export type OpeningHours = z.output<typeof OpeningHours>;

/** Everything of a venue that PUT and PATCH change. */
export const VenueFields = z
  .strictObject({
    name: text(3, 200),
    type: VenueType,
    description: lines(2000).optional(),
    address: VenueAddress,
    location: Location.optional(),
    timeZone: TimeZone,
    capacity: Capacity,
    amenities: Amenities.default([]),
    accessInstructions: lines(1000).optional(),
    parking: Parking.optional(),
    openingHours: OpeningHours.optional(),
    bookable: z.int().min(1).max(1000).default(1).meta({ description: 'Events at once' }),
    turnaroundMinutes: z.int().min(0).max(10_080).default(0).meta({ description: 'Kept free after each event' }),
  })
  .meta({ id: 'VenueFields' });
export type VenueFields = z.output<typeof VenueFields>;

export const VenueContactFields = z
  .strictObject({
    kind: z.enum(['primary', 'booking', 'technical', 'catering', 'emergency']),
    name: text(1, 200).meta({ personal: 'identity' }),
    email: Email.optional().meta({ personal: 'contact' }),
    phone: Phone.optional().meta({
      personal: 'contact',
      description: 'E.164 comes out; the organization’s country is the default',
    }),
    position: text(1, 100).optional(),
  })
  .refine(({ email, phone }) => email !== undefined || phone !== undefined, {
    message: 'or a phone number is needed',
    path: ['email'],
  })
  .meta({ id: 'VenueContactFields' });
export type VenueContactFields = z.output<typeof VenueContactFields>;

export const MOST_CONTACTS = 50;

/** What makes a venue. */
export const NewVenue = z
  .strictObject({
    ...VenueFields.shape,
    contacts: z.array(VenueContactFields).max(MOST_CONTACTS).default([]),
  })
  .meta({
    id: 'NewVenue',
    example: {
      name: 'The Roundhouse',
      type: 'hall',
      address: { line1: 'Chalk Farm Road', city: 'London', postalCode: 'NW1 8EH', country: 'GB' },
      timeZone: 'Europe/London',
      capacity: { max: 1700, seated: 1200 },
      amenities: ['Stage', 'Bar'],
      turnaroundMinutes: 120,
    },
  });
export type NewVenue = z.output<typeof NewVenue>;

export const Reason = lines(500, 1).meta({ example: 'Closed for renovation' });
