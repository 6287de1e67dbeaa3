/** Interval arithmetic, buckets and clashes against minutes that are counted one by one (chapter 05). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketsAsked, bucketsOf } from '../../shared/claims/buckets.ts';
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
} from '../../shared/claims/intervals.ts';
import type { Claim } from '../../shared/claims/model.ts';
import { clashesOf, usesOf } from '../../shared/claims/rules.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { minuteOf, minutesOf, minuteText } from './minutes.ts';

const BASE = minuteOf('2026-10-25T00:00:00Z');
const window: fc.Arbitrary<Window> = fc
  .tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 40 }))
  .map(([from, length]) => ({ start: minuteText(BASE + from), end: minuteText(BASE + from + length) }));
const windows = fc.array(window, { minLength: 1, maxLength: 6 });
const uses = fc.array(fc.record({ window, quantity: fc.integer({ min: 1, max: 5 }) }), { maxLength: 8 });
const usedAt = (all: readonly { window: Window; quantity: number }[], minute: number) =>
  all.reduce((sum, one) => sum + (minutesOf([one.window]).has(minute) ? one.quantity : 0), 0);

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

describe('clashes', () => {
  const claim = fc.record({ windows, quantity: fc.integer({ min: 1, max: 4 }) }).map(({ windows, quantity }) => {
    const sorted = normalized(windows);
    const id = `${JSON.stringify(sorted)}-${quantity}`;
    const owner = { type: 'event', id };
    const rest = { resource: 'item:x', use: spanOf(sorted), mode: 'firm', state: 'active' } as const;
    return { id, owner, windows: sorted, quantity, ...rest } satisfies Claim;
  });

  test('each is where the two overlap and short by the worst minute of it; together they cover all that is short', () => {
    fc.assert(
      fc.property(
        fc.array(claim, { maxLength: 6 }),
        claim,
        fc.integer({ min: 1, max: 8 }),
        (claims, asked, capacity) => {
          const clashes = clashesOf(asked, claims, capacity).filter(({ owner }) => owner.type === 'event');
          const used = usesOf(claims);
          const short = (minute: number) => usedAt(used, minute) + asked.quantity - capacity;
          for (const clash of clashes) {
            const minutes = minutesOf([clash.window]);
            expect(clash.short).toBe(Math.max(...[...minutes].map(short)));
            expect(clash.short).toBeGreaterThan(0);
            for (const minute of minutes) expect(minutesOf(asked.windows).has(minute)).toBe(true);
            const owners = claims.filter(({ id }) => id === clash.owner.id);
            expect(owners.some(({ windows }) => covers(windows, [clash.window]))).toBe(true);
          }
          const taken = [...minutesOf(asked.windows)].filter((minute) => usedAt(used, minute) > 0 && short(minute) > 0);
          const listed = minutesOf(clashes.map((one) => one.window));
          for (const minute of taken) expect(listed.has(minute)).toBe(true);
        },
      ),
    );
  });
});

describe('buckets', () => {
  const HOUR = 60;
  const long = fc
    .tuple(
      fc.integer({ min: 0, max: 1000 * 24 }),
      fc.oneof(
        fc.integer({ min: 1, max: 48 }),
        fc.integer({ min: 1, max: 90 * 24 }),
        fc.integer({ min: 1, max: 9000 }),
      ),
    )
    .map(([from, length]) => ({
      start: minuteText(BASE + from * HOUR),
      end: minuteText(BASE + (from + length) * HOUR),
    }));
  const series = fc.array(long, { minLength: 1, maxLength: 4 });
  const meet = (filed: readonly Window[], asked: readonly Window[]) => {
    const found = new Set(bucketsOf('venue:1', filed));
    return bucketsAsked('venue:1', asked).some((bucket) => found.has(bucket));
  };

  test('whatever overlaps is found, however long either is', () => {
    fc.assert(
      fc.property(series, series, (filed, asked) => {
        const overlap = filed.some((one) => asked.some((other) => overlapOf(one, other)));
        if (overlap) expect(meet(filed, asked)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('what is found of short windows is of the same days, and of a block at most its months', () => {
    const at = (start: string, end: string) => [{ start, end }];
    const evening = at('2026-11-20T18:00:00Z', '2026-11-21T00:00:00Z');
    expect(bucketsOf('venue:1', evening)).toEqual(['venue:d2026-11-20', 'venue:s2026-11']);
    expect(meet(evening, at('2026-11-21T00:00:00Z', '2026-11-21T04:00:00Z'))).toBe(false);
    expect(meet(evening, at('2026-11-19T00:00:00Z', '2026-11-20T00:00:00Z'))).toBe(false);
    const block = at('2026-11-01T00:00:00Z', '2027-11-01T00:00:00Z');
    expect(bucketsOf('venue:1', block)).toHaveLength(12);
    expect(meet(block, at('2027-11-01T00:00:00Z', '2027-11-02T00:00:00Z'))).toBe(false);
  });

  test('a claim of 366 windows in three years stands in fewer buckets than there are days, and asks for few', () => {
    const windows = Array.from({ length: 366 }, (_, n) => ({
      start: minuteText(BASE + n * 3 * 24 * HOUR),
      end: minuteText(BASE + (n * 3 + 1) * 24 * HOUR),
    }));
    expect(bucketsOf('venue:1', windows).length).toBeLessThan(1096);
    for (const days of [1, 2, 3]) {
      const spread = windows.filter((_, n) => n % days === 0);
      expect(bucketsAsked('venue:1', spread).length).toBeLessThanOrEqual(370);
    }
  });
});
