/** Where a resource is free next: for calendars and alternatives. */
import { later, MINUTE } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';
import { levelsOf, stretchesAbove } from '../platform/windows.ts';
import type { Claim } from './model.ts';
import { standing, usesOf } from './rules.ts';

interface Wanted {
  /** Windows start at or after this instant, */
  readonly from: string;
  /** and end by this one. */
  readonly until: string;
  readonly minutes: number;
  readonly quantity: number;
  readonly capacity: number;
  /** At most so many windows. */
  readonly count: number;
}

/** The earliest windows of a length in which so many units are free, one after another without overlap. */
export function nextFreeOf(claims: readonly Claim[], wanted: Wanted, now: string): Window[] {
  const { from, until, minutes, quantity, capacity, count } = wanted;
  if (quantity > capacity) return [];
  const levels = levelsOf(usesOf(standing(claims, now)));
  const taken = stretchesAbove(levels, capacity - quantity);
  const windows: Window[] = [];
  let start = from;
  let at = 0;
  while (windows.length < count) {
    const end = later(start, minutes * MINUTE);
    if (end > until) break;
    const block = taken[at];
    if (block && block.end <= start) at += 1;
    else if (block && block.start < end) start = block.end;
    else {
      windows.push({ start, end });
      start = end;
    }
  }
  return windows;
}
