/** Clashes and buckets against minutes that are counted one by one (chapter 05). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketsAsked, bucketsOf } from '../../shared/claims/buckets.ts';
import type { Claim } from '../../shared/claims/model.ts';
import { clashesOf, usesOf } from '../../shared/claims/rules.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { covers, normalized, overlapOf, spanOf } from '../../shared/platform/windows.ts';
import { BASE, minutesOf, minuteText, usedAt, anyWindow as window } from '../support/minutes.ts';

const windows = fc.array(window, { minLength: 1, maxLength: 6 });

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
      expect(bucketsAsked('venue:1', spread).length).toBeLessThanOrEqual(371);
    }
  });
});
