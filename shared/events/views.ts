/** What the API shows and takes of events. */
import * as z from 'zod';
import { ClashView } from '../claims/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { EndInstant, Id, Instant, lines, metaShape, TimeZone, text, Window } from '../platform/fields.ts';
import { isObject } from '../platform/merge-patch.ts';
import type { EventState } from './model.ts';
import { eventStatuses } from './model.ts';
import { minutesBetween } from './times.ts';

const SHORTEST_MINUTES = 15;
const LONGEST_DAYS = 30;
const MOST_SETUP_MINUTES = 2880;
const MOST_PEOPLE = 1_000_000;

/** Why something is done; kept in the event's history. */
export const Reason = lines(500, 1).meta({ example: 'The speaker fell ill' });

export const OverrideBody = z
  .strictObject({ reason: Reason })
  .meta({ id: 'Override', description: 'Takes the venue although it is taken; needs events:override (REQ-EVT-054)' });

const EventStatusText = z.enum(eventStatuses).meta({ id: 'EventStatus' });

const Minutes = z.int().min(0).max(MOST_SETUP_MINUTES);

/** 15 minutes to 30 days. */
function lasts({ startsAt, endsAt }: { readonly startsAt: string; readonly endsAt: string }): boolean {
  const minutes = minutesBetween(startsAt, endsAt);
  return minutes >= SHORTEST_MINUTES && minutes <= LONGEST_DAYS * 24 * 60;
}
const TIMES: readonly unknown[] = ['startsAt', 'endsAt'];
const LASTS = {
  message: 'must be 15 minutes to 30 days after the start',
  path: ['endsAt'],
  // Also beside other fields that are wrong, so that all are told at once.
  when: ({ value, issues }: z.core.ParsePayload) =>
    isObject(value) && !issues.some(({ path }) => TIMES.includes(path?.[0])),
};

/** Everything that can be given of an event, on creation and on change. */
export const EventBody = z
  .strictObject({
    title: text(1, 200).meta({ example: 'Spring gala' }),
    description: lines(2000).optional(),
    eventTypeId: Id,
    customerId: Id,
    venueId: Id,
    startsAt: Instant,
    endsAt: EndInstant,
    timeZone: TimeZone.optional().meta({ description: "The venue's unless given" }),
    setupMinutes: Minutes.default(0),
    teardownMinutes: Minutes.default(0),
    attendance: z.int().min(0).max(MOST_PEOPLE).optional(),
    override: OverrideBody.optional(),
  })
  .refine(lasts, LASTS)
  .meta({ id: 'EventBody' });
export type EventBody = z.output<typeof EventBody>;

export const RescheduleBody = z
  .strictObject({
    startsAt: Instant,
    endsAt: EndInstant,
    venueId: Id.optional(),
    override: OverrideBody.optional(),
  })
  .refine(lasts, LASTS)
  .meta({ id: 'RescheduleBody' });
export type RescheduleBody = z.output<typeof RescheduleBody>;

const AssignedStaff = z
  .object({ staffId: Id, name: z.string().meta({ personal: 'identity' }) })
  .meta({ id: 'AssignedStaff' });

export const EventView = z
  .object({
    id: Id,
    eventNumber: z.string().meta({ example: 'EVT-2026-000001' }),
    title: z.string(),
    description: z.string().optional(),
    status: EventStatusText,
    eventTypeId: Id,
    eventTypeName: z.string(),
    customerId: Id,
    customerName: z.string().meta({ personal: 'identity' }),
    venueId: Id,
    venueName: z.string(),
    startsAt: z.string().meta({ example: '2026-11-20T18:00:00Z' }),
    endsAt: z.string().meta({ example: '2026-11-20T23:00:00Z' }),
    timeZone: z.string(),
    setupMinutes: z.int(),
    teardownMinutes: z.int(),
    attendance: z.int().optional(),
    reason: z.string().optional().meta({ description: 'Why it was last rejected, postponed or cancelled' }),
    completedAt: z.string().optional(),
    assignedStaff: z.array(AssignedStaff),
    notes: z.int().meta({ description: 'How many notes the caller may read' }),
    ...metaShape,
  })
  .meta({ id: 'Event' });

/** The event as the API shows it; customers are told of the notes they may read only. */
export function shownEvent({ id, state, meta }: Entity<EventState>, toCustomer: boolean): z.input<typeof EventView> {
  const { orgId: _, names, notes, placement: __, zoneGiven: ___, remindedOf: ____, ...fields } = state;
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  // What is spread stands last: fields put on a copy afterwards make it a slow dictionary (0.6 µs, not 7, an event).
  return {
    id,
    customerName: names.customer,
    venueName: names.venue,
    eventTypeName: names.type,
    notes: toCustomer ? notes.customer : notes.all,
    createdAt,
    createdBy,
    modifiedAt,
    modifiedBy,
    ...fields,
    assignedStaff: [...fields.assignedStaff],
  };
}

export const AvailabilityBody = z
  .strictObject({
    venueId: Id,
    startsAt: Instant,
    endsAt: EndInstant,
    setupMinutes: Minutes.default(0),
    teardownMinutes: Minutes.default(0),
    eventId: Id.optional().meta({ description: 'An event whose own booking does not count' }),
  })
  .refine(lasts, LASTS)
  .meta({ id: 'AvailabilityBody' });
export type AvailabilityBody = z.output<typeof AvailabilityBody>;

export const AvailabilityView = z
  .object({
    available: z.boolean(),
    conflicts: z.array(ClashView),
    alternatives: z.object({
      windows: z.array(Window).meta({ description: 'When the venue is next free for as long, start to end' }),
      venues: z
        .array(z.object({ id: Id, name: z.string(), city: z.string(), capacity: z.int() }))
        .meta({ description: 'Venues at least as large that are free at that time, near ones first' }),
    }),
  })
  .meta({ id: 'Availability' });
