/** Events: the state, the facts it is folded from, and how it is found (spec chapter 04). */
import type { Clash } from '../claims/model.ts';
import { type Aggregate, aggregate, type Meta } from '../platform/aggregate.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import { DAY, later, NEVER } from '../platform/clock.ts';
import { localDate } from '../platform/local-date.ts';
import { fold, wordsOf } from '../platform/words.ts';
import { breaks } from './breaks.ts';
import { type EventReminderDue, type RemindedOf, remindAt, withReminder } from './reminders.ts';

/** Whether an actor may see an event (other slices show its title only then), and which ones; whether it is a customer. */
export { isCustomer, type Reaching, reaches, reachOf } from './rows.ts';

export const eventStatuses = [
  'draft',
  'pendingApproval',
  'approved',
  'confirmed',
  'inProgress',
  'completed',
  'postponed',
  'cancelled',
  'archived',
] as const;
export type EventStatus = (typeof eventStatuses)[number];

/** What callers give; `timeZone` only when it is not the venue's. */
export interface EventFields {
  readonly title: string;
  readonly description?: string | undefined;
  readonly eventTypeId: string;
  readonly customerId: string;
  readonly venueId: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly timeZone?: string | undefined;
  readonly setupMinutes: number;
  readonly teardownMinutes: number;
  readonly attendance?: number | undefined;
}

/** Names as they are now, copied so that a list costs one query; a reaction rewrites them. */
export interface EventNames {
  readonly customer: string;
  readonly venue: string;
  readonly type: string;
}

/** Which claim holds the venue. Every taking of a venue is a claim under an id of its own (ADR 0004). */
export type Placement = {
  readonly venueId: string;
  readonly claimId: string;
};

interface AssignedStaff {
  readonly staffId: string;
  readonly name: string;
}

export interface EventState extends Omit<EventFields, 'timeZone'> {
  readonly orgId: string;
  readonly eventNumber: string;
  readonly timeZone: string;
  /** Whether the zone was given rather than taken from the venue. */
  readonly zoneGiven: boolean;
  readonly status: EventStatus;
  readonly names: EventNames;
  /** Left out while the venue is given back. */
  readonly placement?: Placement;
  readonly assignedStaff: readonly AssignedStaff[];
  readonly notes: { readonly all: number; readonly customer: number };
  /** Why it was last rejected, postponed or cancelled. */
  readonly reason?: string;
  readonly completedAt?: string;
  readonly remindedOf?: readonly RemindedOf[];
}

export const noteKinds = ['internal', 'customer', 'system'] as const;
export type NoteKind = (typeof noteKinds)[number];

/** `taken` and `released` name claims; the settling reaction makes them so, whatever crashed in between. */
type Moved = { readonly taken?: Placement; readonly released?: Placement };

type EventCreated = {
  readonly type: 'EventCreated';
  readonly data: Omit<
    EventState,
    'status' | 'assignedStaff' | 'notes' | 'placement' | 'reason' | 'completedAt' | 'remindedOf'
  > & {
    readonly taken: Placement;
  } & { readonly [key: string]: unknown };
};
export type EventFact =
  | EventCreated
  | { readonly type: 'EventDetailsUpdated'; readonly data: { readonly changes: Changes; readonly names?: EventNames } }
  | { readonly type: 'EventDateChanged'; readonly data: Moved & { readonly changes: Changes } }
  | {
      readonly type: 'EventVenueChanged';
      readonly data: Moved & { readonly changes: Changes; readonly names: EventNames };
    }
  | { readonly type: 'EventTypeChanged'; readonly data: { readonly changes: Changes; readonly names: EventNames } }
  | { readonly type: 'EventPendingApproval'; readonly data: Record<string, never> }
  | { readonly type: 'EventApproved'; readonly data: Record<string, never> }
  | { readonly type: 'EventRejected'; readonly data: { readonly reason: string } }
  | { readonly type: 'EventConfirmed'; readonly data: Record<string, never> }
  | { readonly type: 'EventStarted'; readonly data: { readonly at: string } }
  | { readonly type: 'EventCompleted'; readonly data: { readonly at: string } }
  | { readonly type: 'EventPostponed'; readonly data: Moved & { readonly reason: string } }
  | {
      readonly type: 'EventRescheduled';
      readonly data: Moved & { readonly changes: Changes; readonly names: EventNames };
    }
  | { readonly type: 'EventCancelled'; readonly data: Moved & { readonly reason: string } }
  | { readonly type: 'EventReinstated'; readonly data: Moved }
  | { readonly type: 'EventArchived'; readonly data: Record<string, never> }
  | { readonly type: 'EventDeleted'; readonly data: Moved }
  | {
      readonly type: 'EventDoubleBookingOverridden';
      readonly data: Moved & { readonly by: string; readonly reason: string; readonly over: readonly Clash[] };
    }
  | EventReminderDue
  | { readonly type: 'EventNamesRefreshed'; readonly data: { readonly names: EventNames } }
  | {
      readonly type: 'EventNoteAdded' | 'EventNoteUpdated' | 'EventNoteDeleted';
      readonly data: {
        readonly noteId: string;
        readonly kind: NoteKind;
        readonly content?: string;
        readonly changes?: Changes;
      };
    };

const statusAfter: Partial<Record<EventFact['type'], EventStatus>> = {
  EventPendingApproval: 'pendingApproval',
  EventApproved: 'approved',
  EventRejected: 'draft',
  EventConfirmed: 'confirmed',
  EventStarted: 'inProgress',
  EventCompleted: 'completed',
  EventPostponed: 'postponed',
  EventRescheduled: 'approved',
  EventCancelled: 'cancelled',
  EventReinstated: 'confirmed',
  EventArchived: 'archived',
};

function counted(notes: EventState['notes'], kind: NoteKind, by: number): EventState['notes'] {
  return { all: notes.all + by, customer: notes.customer + (kind === 'customer' ? by : 0) };
}

function changed(state: EventState, fact: Exclude<EventFact, EventCreated>): EventState {
  const { data } = fact;
  let next = 'changes' in data && data.changes && !('noteId' in data) ? withChanges(state, data.changes) : state;
  if ('names' in data && data.names) next = { ...next, names: data.names };
  if ('released' in data && data.released) {
    const { placement: _, ...rest } = next;
    next = rest;
  }
  if ('taken' in data && data.taken) next = { ...next, placement: data.taken };
  if ('noteId' in data) {
    if (fact.type === 'EventNoteUpdated') return next;
    return { ...next, notes: counted(next.notes, data.kind, fact.type === 'EventNoteAdded' ? 1 : -1) };
  }
  if (fact.type === 'EventReminderDue') {
    return { ...next, remindedOf: withReminder(next.remindedOf, fact.data) };
  }
  if (fact.type === 'EventCompleted') next = { ...next, completedAt: fact.data.at };
  if (fact.type === 'EventRejected' || fact.type === 'EventPostponed' || fact.type === 'EventCancelled') {
    next = { ...next, reason: fact.data.reason };
  }
  return { ...next, status: statusAfter[fact.type] ?? next.status };
}

export function evolveEvent(state: EventState | undefined, fact: EventFact): EventState {
  if (fact.type === 'EventCreated') {
    const { taken, ...data } = fact.data;
    return { status: 'draft', placement: taken, assignedStaff: [], notes: { all: 0, customer: 0 }, ...data };
  }
  if (!state) throw new Error(`${fact.type} came before EventCreated`);
  return changed(state, fact);
}

const ARCHIVED_AFTER = 90 * DAY;

/** Counts the events made in an organization in a UTC year, in a batch with each. */
export function eventCounter(madeAt: string): string {
  return `event-${madeAt.slice(0, 4)}`;
}

/** When the clock has to do something about it: start, complete or archive it (REQ-EVT-011, 012). */
export function dueAt(state: EventState): string {
  if (state.status === 'confirmed') return state.startsAt;
  if (state.status === 'inProgress') return state.endsAt;
  if (state.status === 'completed' && state.completedAt) return later(state.completedAt, ARCHIVED_AFTER);
  return NEVER;
}

/** The day it begins where it takes place. */
function eventDate(state: Pick<EventState, 'startsAt' | 'timeZone'>): string {
  return localDate(state.startsAt, state.timeZone);
}

const OVER: readonly EventStatus[] = ['completed', 'cancelled', 'archived'];
/** Neither a cancelled nor a postponed event keeps its title from others. */
const UNTITLED: readonly EventStatus[] = ['cancelled', 'postponed'];

export const events: Aggregate<EventState, EventFact> = aggregate<EventState, EventFact>({
  kind: 'event',
  container: 'events',
  noun: 'event',
  deletedBy: ['EventDeleted'],
  evolve: evolveEvent,
  index: (state: EventState, meta: Meta) => ({
    ix: {
      startsAt: state.startsAt,
      title: fold(state.title),
      status: state.status,
      createdAt: meta.createdAt,
      listed: state.status !== 'archived',
      open: !OVER.includes(state.status),
      typeId: state.eventTypeId,
      customerId: state.customerId,
      venueId: state.venueId,
      dueAt: dueAt(state),
      remindAt: remindAt(state),
    },
    sets: { staff: state.assignedStaff.map(({ staffId }) => staffId) },
    words: wordsOf(state.title, state.eventNumber, state.names.customer, state.names.venue),
  }),
  uniques: (state) =>
    UNTITLED.includes(state.status)
      ? []
      : [
          {
            scope: 'event-title',
            value: `${state.customerId}|${eventDate(state)}|${fold(state.title)}`,
            refuse: () =>
              breaks('title-unique', 'This customer has an event of the same title on the same day.', {
                date: eventDate(state),
              }),
          },
        ],
});
