/** Local days and claimed windows of events. */
import { later, MINUTE } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';

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
