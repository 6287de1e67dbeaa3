/** Arithmetic of windows against minutes that are counted one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Window } from '../../shared/platform/fields.ts';
import {
  covers,
  joined,
  levelsOf,
  normalized,
  overlapOf,
  overlapping,
  peakOf,
  spanOf,
  stretchesAbove,
  within,
  without,
} from '../../shared/platform/windows.ts';
import { BASE, minuteOf, minutesOf, minuteText, usedAt, anyWindow as window } from '../support/minutes.ts';

const windows = fc.array(window, { minLength: 1, maxLength: 6 });
const uses = fc.array(fc.record({ window, quantity: fc.integer({ min: 1, max: 5 }) }), { maxLength: 8 });

describe('windows', () => {
  test('overlap is a.start < b.end and b.start < a.end, and what they share is in both', () => {
    fc.assert(
      fc.property(window, window, (a, b) => {
        const both = overlapOf(a, b);
        expect(both !== undefined).toBe(a.start < b.end && b.start < a.end);
        const shared = [...minutesOf([a])].filter((minute) => minutesOf([b]).has(minute));
        expect(minutesOf(both ? [both] : [])).toEqual(new Set(shared));
      }),
    );
  });

  test('put in order they cover the same minutes, sorted, and do not overlap; joined they do not even touch', () => {
    fc.assert(
      fc.property(windows, (some) => {
        for (const [result, apart] of [
          [normalized(some), (a: Window, b: Window) => a.end <= b.start],
          [joined(some), (a: Window, b: Window) => a.end < b.start],
        ] as const) {
          expect(minutesOf(result)).toEqual(minutesOf(some));
          for (const [at, next] of result.entries()) {
            const before = result[at - 1];
            if (before) expect(apart(before, next)).toBe(true);
          }
        }
        const minutes = [...minutesOf(some)];
        expect(minuteOf(spanOf(normalized(some)).start)).toBe(Math.min(...minutes));
        expect(minuteOf(spanOf(normalized(some)).end)).toBe(Math.max(...minutes) + 1);
      }),
    );
  });

  test('that only touch stay apart when they are put in order', () => {
    const [a, b] = [0, 1].map((at) => ({ start: minuteText(BASE + at), end: minuteText(BASE + at + 1) }));
    expect(normalized([b, a].filter((one) => one !== undefined))).toEqual([a, b]);
  });

  test('those that overlap one are found, and covering is being there in every minute', () => {
    fc.assert(
      fc.property(windows, window, (some, one) => {
        const sorted = normalized(some);
        expect(overlapping(sorted, one)).toEqual(sorted.filter((each) => overlapOf(each, one)));
        const inside = [...minutesOf([one])].every((minute) => minutesOf(some).has(minute));
        expect(covers(some, [one])).toBe(inside);
      }),
    );
  });

  test('what lies in a range, and what is left of it when others are taken out', () => {
    const some = fc.array(window, { maxLength: 12 });
    fc.assert(
      fc.property(window, some, some, (range, given, others) => {
        const inside = within(range, given);
        const taken = within(range, others);
        const left = without(inside, taken);
        const inRange = minutesOf([range]);
        expect(minutesOf(inside)).toEqual(new Set([...minutesOf(given)].filter((minute) => inRange.has(minute))));
        const open = [...minutesOf(inside)].filter((minute) => !minutesOf(taken).has(minute));
        expect(minutesOf(left)).toEqual(new Set(open));
        expect(left).toEqual(joined(left));
      }),
      { numRuns: 500 },
    );
  });
});

describe('use', () => {
  test('the peak in a window is the most in any of its minutes', () => {
    fc.assert(
      fc.property(uses, window, (some, one) => {
        const most = Math.max(...[...minutesOf([one])].map((minute) => usedAt(some, minute)));
        expect(peakOf(levelsOf(some), one)).toBe(most);
      }),
    );
  });

  test('the stretches above a quantity are exactly the minutes with more', () => {
    fc.assert(
      fc.property(uses, fc.nat(8), (some, quantity) => {
        const above = [...minutesOf(some.map((one) => one.window))].filter((m) => usedAt(some, m) > quantity);
        expect(minutesOf(stretchesAbove(levelsOf(some), quantity))).toEqual(new Set(above));
      }),
    );
  });
});
