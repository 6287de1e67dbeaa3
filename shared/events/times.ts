/** Local days and claimed windows of events. */
import { later, MINUTE } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';

const formats = new Map<string, Intl.DateTimeFormat>();
const MOST_ZONES = 600;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  if (formats.size < MOST_ZONES) formats.set(timeZone, made);
  return made;
}

/** The calendar day of an instant in a zone: `2026-11-20`. */
export function localDate(instant: string, timeZone: string): string {
  return formatOf(timeZone).format(Date.parse(instant));
}

/** From one instant to another, in minutes. */
export function minutesBetween(start: string, end: string): number {
  return (Date.parse(end) - Date.parse(start)) / MINUTE;
}

export interface Slot {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly setupMinutes: number;
  readonly teardownMinutes: number;
  readonly attendance?: number | undefined;
}

/** What an event takes of its venue: `[startsAt - setup, endsAt + teardown + turnaround)`. */
export function claimedWindow(slot: Slot, turnaroundMinutes: number): Window {
  return {
    start: later(slot.startsAt, -slot.setupMinutes * MINUTE),
    end: later(slot.endsAt, (slot.teardownMinutes + turnaroundMinutes) * MINUTE),
  };
}
