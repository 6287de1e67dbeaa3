/** Reminders of events to come, as pure decisions: which is next, and what is due by now (REQ-NTF-023). */
import { DAY, HOUR, later, NEVER } from '../platform/clock.ts';

/** ISO 8601 durations before the start. */
type ReminderLead = 'P7D' | 'P1D' | 'PT2H';

interface Reminder {
  readonly lead: ReminderLead;
  /** Milliseconds before the start. */
  readonly before: number;
  /** So much later it still makes sense; after that it is left out. None is sent when the next one is due too. */
  readonly tolerates: number;
}

/** In the order they are due. */
const reminders: readonly Reminder[] = [
  { lead: 'P7D', before: 7 * DAY, tolerates: 2 * DAY },
  { lead: 'P1D', before: DAY, tolerates: DAY },
  { lead: 'PT2H', before: 2 * HOUR, tolerates: 2 * HOUR },
];

/** The last reminder that there was of a start. */
export interface RemindedOf {
  readonly startsAt: string;
  readonly lead: ReminderLead;
}

/** What reminders are decided on. One `remindedOf` for each start, for an event may come back to one it had before. */
interface Remindable {
  readonly status: string;
  readonly startsAt: string;
  readonly remindedOf?: readonly RemindedOf[];
}

/** So many starts of an event are remembered, the latest; nobody moves one as often within a week. */
const MOST_STARTS = 20;

/** With one more. */
export function withReminder(
  before: readonly RemindedOf[] = [],
  { startsAt, lead }: RemindedOf,
): readonly RemindedOf[] {
  return [...before.filter((one) => one.startsAt !== startsAt), { startsAt, lead }].slice(-MOST_STARTS);
}

export type EventReminderDue = {
  readonly type: 'EventReminderDue';
  readonly data: {
    readonly lead: ReminderLead;
    /** The start it reminds of; an event that was moved since is not reminded of. */
    readonly startsAt: string;
    /** Too late to make sense: written down, and nobody is told. */
    readonly late: boolean;
  };
};

/** Those that hold their venue and are to take place. */
const TO_COME = ['approved', 'confirmed'];

/** Those still to be sent of the start that the event has: each once, wherever it was moved meanwhile. */
function left({ status, startsAt, remindedOf = [] }: Remindable): readonly Reminder[] {
  if (!TO_COME.includes(status)) return [];
  const last = remindedOf.find((one) => one.startsAt === startsAt)?.lead;
  return reminders.slice(reminders.findIndex(({ lead }) => lead === last) + 1);
}

/** When the next reminder is due. */
export function remindAt(event: Remindable): string {
  const [next] = left(event);
  return next ? later(event.startsAt, -next.before) : NEVER;
}

/** What is due by now, as one fact: of several reminders that were missed the nearest, and that only while it makes sense. */
export function remind(event: Remindable, now: string): readonly EventReminderDue[] {
  const { startsAt } = event;
  const nearest = left(event)
    .filter(({ before }) => later(startsAt, -before) <= now)
    .at(-1);
  if (!nearest) return [];
  const { lead, before, tolerates } = nearest;
  const late = later(startsAt, tolerates - before) <= now;
  return [{ type: 'EventReminderDue', data: { lead, startsAt, late } }];
}
