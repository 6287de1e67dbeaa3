/** The conflict engine the slow and certain way: every claim is a set of minutes, and every minute is looked at. */
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import type { Group } from '../../shared/claims/model.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { minuteOf, minuteText } from '../support/minutes.ts';

/** Days with a change of clocks in the middle of the three that are tried. */
export const CHANGES = [
  { zone: 'America/New_York', day: '2026-03-08' },
  { zone: 'America/New_York', day: '2026-11-01' },
  { zone: 'Europe/London', day: '2026-03-29' },
  { zone: 'Europe/London', day: '2026-10-25' },
  { zone: 'Asia/Kolkata', day: '2026-10-25' },
] as const;
export type Change = (typeof CHANGES)[number];

/** Well before all of `CHANGES`. */
export const BEFORE_ALL = '2026-01-15T12:00:00Z';

/** The instant of a local time so many minutes after midnight the day before the change, as a wall clock reads it. */
function instant({ zone, day }: Change, minutes: number): string {
  const midnight = Temporal.PlainDate.from(day).subtract({ days: 1 }).toPlainDateTime();
  const at = midnight.add({ minutes }).toZonedDateTime(zone, { disambiguation: 'compatible' });
  return at.toInstant().toString({ smallestUnit: 'second' });
}

/** A window of wall-clock times within three days; in a gap it may come to nothing, and is then a minute long. */
export function windowsIn(change: Change): fc.Arbitrary<Window> {
  // Most begin in the six hours about the change, so that they meet.
  const from = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1380, max: 1740 }) },
    fc.integer({ min: 0, max: 4100 }),
  );
  return fc.tuple(from, fc.integer({ min: 1, max: 200 })).map(([from, length]) => {
    const start = instant(change, from);
    const end = instant(change, from + length);
    return start < end ? { start, end } : { start, end: minuteText(minuteOf(start) + 1) };
  });
}

export interface Taken {
  readonly id: string;
  readonly minutes: ReadonlySet<number>;
  readonly quantity: number;
  readonly group?: Group;
  readonly seats?: number;
  readonly expiresAt?: string;
}

const sameMinutes = (a: ReadonlySet<number>, b: ReadonlySet<number>) =>
  a.size === b.size && [...a].every((minute) => b.has(minute));
const together = (a: Taken, b: Taken) =>
  a.group !== undefined && a.group.id === b.group?.id && sameMinutes(a.minutes, b.minutes);

/** Units in use in a minute; claims of one group with the same minutes count once, as the most any of them has. */
export function usedAt(all: readonly Taken[], minute: number): number {
  const here = all.filter(({ minutes }) => minutes.has(minute));
  return here
    .filter((one, at) => !here.slice(0, at).some((other) => together(one, other)))
    .reduce(
      (sum, one) => sum + Math.max(...here.filter((o) => o === one || together(o, one)).map((o) => o.quantity)),
      0,
    );
}

/** Whether one more fits among the others. */
export function fits(wanted: Taken, others: readonly Taken[], capacity: number): boolean {
  const mates = others.filter((other) => together(other, wanted));
  const seats = [...mates, wanted].reduce((sum, one) => sum + (one.seats ?? 1), 0);
  if (wanted.group && seats > wanted.group.capacity) return false;
  const joined = Math.max(0, ...mates.map(({ quantity }) => quantity));
  if (wanted.quantity <= joined) return true;
  const rest = others.filter((other) => !mates.includes(other));
  return [...wanted.minutes].every((minute) => usedAt(rest, minute) + wanted.quantity <= capacity);
}
