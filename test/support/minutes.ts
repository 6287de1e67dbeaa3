/** Windows the slow and certain way: as sets of minutes, each of which is looked at. */
import fc from 'fast-check';
import { instantOf, MINUTE } from '../../shared/platform/clock.ts';
import type { Window } from '../../shared/platform/fields.ts';

/** Minutes since 1970. */
export function minuteOf(instant: string): number {
  return Date.parse(instant) / MINUTE;
}

export function minuteText(minute: number): string {
  return instantOf(minute * MINUTE);
}

/** Every minute that lies in at least one of the windows. */
export function minutesOf(windows: readonly Window[]): Set<number> {
  const minutes = new Set<number>();
  for (const { start, end } of windows) {
    for (let minute = minuteOf(start); minute < minuteOf(end); minute += 1) minutes.add(minute);
  }
  return minutes;
}

/** Units in use in a minute. */
export function usedAt(
  uses: readonly { readonly window: Window; readonly quantity: number }[],
  minute: number,
): number {
  return uses.reduce((sum, { window, quantity }) => sum + (minutesOf([window]).has(minute) ? quantity : 0), 0);
}

export const BASE = minuteOf('2026-10-25T00:00:00Z');
/** Up to 40 minutes within some hours after `BASE`, so that they meet often. */
export const anyWindow: fc.Arbitrary<Window> = fc
  .tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 40 }))
  .map(([from, length]) => ({ start: minuteText(BASE + from), end: minuteText(BASE + from + length) }));
