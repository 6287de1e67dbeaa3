/** When a venue is open: opening hours, laid on the days of its zone. */
import { DAY, instantOf } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';
import { within } from '../platform/windows.ts';
import type { Zone } from '../platform/zone.ts';
import { minutesOf, type OpeningHours, type Weekday, weekdays } from './fields.ts';

/** The day some days later. */
export function dayAfter(date: string, days = 1): string {
  return instantOf(Date.parse(`${date}T00:00:00Z`) + days * DAY).slice(0, 10);
}

function weekdayOf(date: string): Weekday {
  const days = Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY);
  // 1970-01-01 was a Thursday.
  return weekdays[(((days + 3) % 7) + 7) % 7] ?? 'monday';
}

/** The days from one to another, both included. */
export function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  for (let date = first; date <= last; date = dayAfter(date)) days.push(date);
  return days;
}

/** Open windows in the range, in order. Without opening hours it is always open. */
export function openWindows(hours: OpeningHours | undefined, zone: Zone, range: Window): Window[] {
  if (!hours) return [range];
  const exceptions = new Map((hours.exceptions ?? []).map((exception) => [exception.date, exception.hours]));
  // The evening before may reach into the first day.
  const days = daysBetween(dayAfter(zone.date(range.start), -1), zone.date(range.end));
  const windows = days.flatMap((date) =>
    (exceptions.get(date) ?? hours[weekdayOf(date)] ?? []).map((open) => {
      const { from, to } = minutesOf(open);
      return { start: zone.instant(date, from), end: zone.instant(date, to) };
    }),
  );
  return within(range, windows);
}

/** Whether it is open for the whole of a window. */
export function isOpen(hours: OpeningHours | undefined, zone: Zone, window: Window): boolean {
  const [open] = openWindows(hours, zone, window);
  return open?.start === window.start && open.end === window.end;
}
