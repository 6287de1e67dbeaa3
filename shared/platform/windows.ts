/** Arithmetic of half-open windows `[start, end)`. Instants are RFC 3339 texts in UTC to the second, so texts compare. */
import { later, MINUTE } from './clock.ts';
import type { Window } from './fields.ts';

/** What two windows share; nothing when they only touch. */
export function overlapOf(a: Window, b: Window): Window | undefined {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return start < end ? { start, end } : undefined;
}

export function isSame(a: Window, b: Window): boolean {
  return a.start === b.start && a.end === b.end;
}

/** Sorted, with overlapping windows made one; windows that only touch stay apart. */
export function normalized(windows: readonly Window[]): Window[] {
  return merged(windows, (before, next) => next.start < before.end);
}

/** Sorted, with overlapping and touching windows made one. */
export function joined(windows: readonly Window[]): Window[] {
  return merged(windows, (before, next) => next.start <= before.end);
}

/** What lies in a range: sorted, with overlapping and touching windows made one. */
export function within(range: Window, windows: readonly Window[]): Window[] {
  return joined(windows.flatMap((window) => overlapOf(window, range) ?? []));
}

/** What of some windows is left when others are taken out. Both sorted, and without overlap among themselves. */
export function without(windows: readonly Window[], out: readonly Window[]): Window[] {
  const result: Window[] = [];
  for (const { start, end } of windows) {
    let from = start;
    for (const gap of overlapping(out, { start, end })) {
      if (gap.start > from) result.push({ start: from, end: gap.start });
      from = gap.end;
    }
    if (from < end) result.push({ start: from, end });
  }
  return result;
}

function merged(windows: readonly Window[], together: (before: Window, next: Window) => boolean): Window[] {
  const result: Window[] = [];
  for (const next of [...windows].sort(byStart)) {
    const before = result.at(-1);
    if (!before || !together(before, next)) result.push({ start: next.start, end: next.end });
    else if (next.end > before.end) result[result.length - 1] = { start: before.start, end: next.end };
  }
  return result;
}

/** For sorting: by start, then by end. */
export function byStart(a: Window, b: Window): number {
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  if (a.end !== b.end) return a.end < b.end ? -1 : 1;
  return 0;
}

/** From the first start to the last end of sorted windows that do not overlap. */
export function spanOf(windows: readonly Window[]): Window {
  const first = windows[0];
  const last = windows.at(-1);
  if (!first || !last) throw new Error('No windows have no span');
  return { start: first.start, end: last.end };
}

/** Of sorted windows that do not overlap each other, those that overlap one. */
export function overlapping(windows: readonly Window[], one: Window): Window[] {
  const result: Window[] = [];
  for (let at = firstEndingAfter(windows, one.start); at < windows.length; at += 1) {
    const window = windows[at];
    if (!window || window.start >= one.end) break;
    result.push(window);
  }
  return result;
}

function firstEndingAfter(windows: readonly Window[], instant: string): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((windows[middle]?.end ?? '') > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whole minutes from start to end. */
export function minutesIn({ start, end }: Window): number {
  return Math.floor((Date.parse(end) - Date.parse(start)) / MINUTE);
}

/** A window that ends some minutes later. */
export function extended({ start, end }: Window, minutes: number): Window {
  return minutes === 0 ? { start, end } : { start, end: later(end, minutes * MINUTE) };
}

/** Whether every instant of the inner windows lies in the outer ones. */
export function covers(outer: readonly Window[], inner: readonly Window[]): boolean {
  const whole = joined(outer);
  return inner.every((window) =>
    overlapping(whole, window).some(({ start, end }) => start <= window.start && window.end <= end),
  );
}

/** Some units in use over some time. */
export interface Use {
  readonly window: Window;
  readonly quantity: number;
}

/** A stretch over which use does not change. Stretches are sorted, adjoin or leave gaps of no use, never overlap. */
export interface Level extends Window {
  readonly quantity: number;
}

/** Overlapping uses added up. */
export function levelsOf(uses: readonly Use[]): Level[] {
  const changes = new Map<string, number>();
  for (const { window, quantity } of uses) {
    changes.set(window.start, (changes.get(window.start) ?? 0) + quantity);
    changes.set(window.end, (changes.get(window.end) ?? 0) - quantity);
  }
  const levels: Level[] = [];
  let quantity = 0;
  let start = '';
  for (const instant of [...changes.keys()].sort()) {
    if (quantity > 0) levels.push({ start, end: instant, quantity });
    quantity += changes.get(instant) ?? 0;
    start = instant;
  }
  return levels;
}

/** The most that is in use at any instant of the window. */
export function peakOf(levels: readonly Level[], window: Window): number {
  let peak = 0;
  for (let at = firstEndingAfter(levels, window.start); at < levels.length; at += 1) {
    const level = levels[at];
    if (!level || level.start >= window.end) break;
    if (level.quantity > peak) peak = level.quantity;
  }
  return peak;
}

/** The stretches, as long as can be, over which more than so many units are in use. */
export function stretchesAbove(levels: readonly Level[], quantity: number): Window[] {
  return joined(levels.filter((level) => level.quantity > quantity));
}
