import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { billedShare, billOf, FUNCTIONS, OWN_SECONDS, prod } from '../../bench/scale/bill.ts';
import { type Measured, measured } from '../../bench/scale/measured.ts';
import { blocksOf, differences, withBlocks } from '../../bench/scale/pages.ts';
import { arithmetic, billTable, operationsTable } from '../../bench/scale/tables.ts';

describe('what docs/operations.md says it costs', () => {
  let found: Measured;
  let shown: ReadonlyMap<string, string>;
  beforeAll(async () => {
    [found, shown] = await Promise.all([measured(), readFile('docs/operations.md', 'utf8').then(blocksOf)]);
  }, 180_000);

  test.each([
    ['operations', operationsTable],
    ['bill', billTable],
    ['arithmetic', arithmetic],
  ] as const)('is what the system asks and tells: %s (node bench/scale.mjs --write brings it in step)', (name, of) => {
    expect(differences(shown.get(name), of(found))).toEqual([]);
  });

  test('keeps telemetry at 10,000 users under the alert at 80 % of what prod takes a day, with every part counted', () => {
    const { gigabytes, told } = billOf(found, 10_000);
    expect(gigabytes).toBeLessThan(0.8 * prod.monitoring.dailyGB);
    for (const part of Object.values(told)) expect(part).toBeGreaterThan(0);
  });

  test('counts timers whoever is there: every minute four, every fifth one more', () => {
    const perDay = Object.fromEntries(found.ticks.map(({ name, daily }) => [name, daily]));
    expect(Object.values(perDay).filter((daily) => daily === 1440)).toHaveLength(4);
    expect(perDay['event-reminders']).toBe(288);
    for (const { charges, told } of found.ticks) {
      expect(charges.length).toBeGreaterThan(0);
      expect(told.items).toBeGreaterThan(0);
    }
  });
});

describe('the time for which instances are billed', () => {
  const rates = fc.double({ min: 1e-6, max: 1e4, noNaN: true });

  test('is at most a second for each execution, at most the time that passes, and no less than the work takes', () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const share = billedShare(rate);
        expect(share).toBeLessThanOrEqual(rate * FUNCTIONS.leastSeconds * (1 + 1e-9));
        expect(share).toBeLessThanOrEqual(Math.max(1, rate * OWN_SECONDS));
        expect(share).toBeGreaterThanOrEqual(rate * OWN_SECONDS);
      }),
    );
  });

  test('is a second for an execution that comes alone', () => {
    expect(billedShare(0.001)).toBeCloseTo(0.001, 5);
  });
});

describe('blocks of a document', () => {
  const page = 'Before.\n\n<!-- scale: one -->\n\n| a | 1,000 |\n| b | 8.2 |\n\n<!-- end -->\n\nAfter.\n';

  test('are read and written between their marks, the rest untouched', () => {
    expect(blocksOf(page)).toEqual(new Map([['one', '| a | 1,000 |\n| b | 8.2 |']]));
    const written = withBlocks(page, { one: 'x' });
    expect(written).toBe('Before.\n\n<!-- scale: one -->\n\nx\n\n<!-- end -->\n\nAfter.\n');
    expect(withBlocks(page, { one: blocksOf(page).get('one') ?? '' })).toBe(page);
    expect(() => withBlocks(page, { two: 'x' })).toThrow('"two"');
  });

  test.each([
    ['| a | 1,000 |\n| b | 8.2 |', []],
    ['| a | 1,009 |\n| b | 8.3 |', []],
    ['| a | 1,011 |\n| b | 8.2 |', ['shows "| a | 1,000 |" for "| a | 1,011 |"']],
    ['| a | 1,000 |\n| b | 8.8 |', ['shows "| b | 8.2 |" for "| b | 8.8 |"']],
    ['| a | 1,000 |\n| c | 8.2 |', ['shows "| b | 8.2 |" for "| c | 8.2 |"']],
    ['| a | 1,000 |', ['shows "| b | 8.2 |" for ""']],
  ])('differ in words, and in numbers by more than a hundredth or the last digit: %j', (now, said) => {
    expect(differences(blocksOf(page).get('one'), now)).toEqual(said);
  });

  test('that are not there differ', () => {
    expect(differences(blocksOf(page).get('two'), 'x')).toEqual(['is not there']);
  });
});
