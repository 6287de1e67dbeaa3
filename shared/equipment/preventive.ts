/** When preventive maintenance is due, and when somebody is told of it (REQ-EQP-055). Pure. */
import { DAY, instantOf, later, NEVER } from '../platform/clock.ts';

const INTERVAL_MONTHS = 6;
/** How long before the due date it is told of. */
const NOTICE = 14 * DAY;

/** The last due date that was told of, and how. */
export interface Told {
  readonly dueAt: string;
  readonly as: 'soon' | 'overdue';
}

interface Due {
  readonly nextPreventiveDueAt: string;
  readonly told?: Told;
}

/** Six months on, in UTC; the last day of the month where that has no such day (31 August: 28 February). */
export function preventiveDueAfter(instant: string): string {
  const at = new Date(instant);
  const day = at.getUTCDate();
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() + INTERVAL_MONTHS);
  const lastDay = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  at.setUTCDate(Math.min(day, lastDay));
  return instantOf(at.getTime());
}

/** From when on the timer has something to tell of an item; each due date is told of twice at most. */
export function preventiveTellAt({ nextPreventiveDueAt, told }: Due): string {
  if (told?.dueAt !== nextPreventiveDueAt) return later(nextPreventiveDueAt, -NOTICE);
  return told.as === 'soon' ? nextPreventiveDueAt : NEVER;
}

/** Whether it was told that the maintenance that is due next is overdue. */
export function isToldOverdue({ nextPreventiveDueAt, told }: Due): boolean {
  return told?.as === 'overdue' && told.dueAt === nextPreventiveDueAt;
}

/** What is to be told by now, if anything. After an outage over the due date that it is overdue, and no more that it will be due. */
export function preventiveTelling(item: Due, now: string): Told | undefined {
  if (preventiveTellAt(item) > now) return undefined;
  const dueAt = item.nextPreventiveDueAt;
  return { dueAt, as: dueAt <= now ? 'overdue' : 'soon' };
}
