/** Arithmetic of half-open windows. Instants are texts in UTC to the second, so texts compare. */
import { later, MINUTE } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';

export function overlapOf(a: Window, b: Window): Window | undefined {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return start < end ? { start, end } : undefined;
}

/** What lies in the range, in order, overlapping and touching windows made one. */
export function joined(windows: readonly Window[], range: Window): Window[] {
  const result: { start: string; end: string }[] = [];
  const inside = windows.flatMap((window) => overlapOf(window, range) ?? []);
  for (const { start, end } of inside.sort((a, b) => (a.start < b.start ? -1 : 1))) {
    const before = result.at(-1);
    if (!before || before.end < start) result.push({ start, end });
    else if (before.end < end) before.end = end;
  }
  return result;
}

/** What of some windows is left when others are taken out. Both in order and without overlap of their own. */
export function without(windows: readonly Window[], out: readonly Window[]): Window[] {
  const result: Window[] = [];
  let at = 0;
  for (const { start, end } of windows) {
    let from = start;
    while ((out[at]?.end ?? end) <= from && at < out.length) at += 1;
    for (let next = at; next < out.length; next += 1) {
      const gap = out[next];
      if (!gap || gap.start >= end) break;
      if (gap.start > from) result.push({ start: from, end: gap.start });
      if (gap.end > from) from = gap.end;
    }
    if (from < end) result.push({ start: from, end });
  }
  return result;
}

export interface Use {
  readonly window: Window;
  readonly quantity: number;
}
export interface Level extends Window {
  readonly quantity: number;
}

/** Uses added up into stretches of even use, in order. */
export function levelsOf(uses: readonly Use[]): Level[] {
  const steps = new Map<string, number>();
  for (const { window, quantity } of uses) {
    steps.set(window.start, (steps.get(window.start) ?? 0) + quantity);
    steps.set(window.end, (steps.get(window.end) ?? 0) - quantity);
  }
  const levels: Level[] = [];
  let start = '';
  let quantity = 0;
  for (const end of [...steps.keys()].sort()) {
    if (quantity > 0) levels.push({ start, end, quantity });
    quantity += steps.get(end) ?? 0;
    start = end;
  }
  return levels;
}

/** The most in use at any instant of a window. */
export function peakIn(levels: readonly Level[], { start, end }: Window): number {
  // Levels are in order and apart, so their ends are in order too.
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((levels[middle]?.end ?? '') > start) high = middle;
    else low = middle + 1;
  }
  let peak = 0;
  for (let level = levels[low]; level && level.start < end; level = levels[++low]) {
    if (level.quantity > peak) peak = level.quantity;
  }
  return peak;
}

export function minutesIn({ start, end }: Window): number {
  return Math.floor((Date.parse(end) - Date.parse(start)) / MINUTE);
}

/** A window that ends later. */
export function extended({ start, end }: Window, minutes: number): Window {
  return minutes === 0 ? { start, end } : { start, end: later(end, minutes * MINUTE) };
}
