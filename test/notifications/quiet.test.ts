import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Preferences, type QuietHours, weekdays } from '../../shared/notifications/preferences.model.ts';
import { afterQuiet, inDigest, nextDigest, passes } from '../../shared/notifications/quiet.ts';
import { HOUR, instantOf, later, MINUTE } from '../../shared/platform/clock.ts';
import { type Zone, zoneOf } from '../../shared/platform/zone.ts';

const years = { start: '2026-01-01T00:00:00Z', end: '2027-01-01T00:00:00Z' };
const berlin = await zoneOf('Europe/Berlin', years);
const quiet = (more: Partial<QuietHours> = {}): QuietHours => ({
  from: '22:00',
  to: '07:00',
  timeZone: 'Europe/Berlin',
  days: [...weekdays],
  urgentPasses: true,
  ...more,
});
const leaves = (at: string, hours: QuietHours | undefined, zone: Zone = berlin) => afterQuiet(at, hours, 'high', zone);

describe('Quiet hours hold mail back until they end (REQ-NTF-015)', () => {
  test.each([
    ['before they begin', '2026-11-20T20:59:59Z', '2026-11-20T20:59:59Z'],
    ['as they begin', '2026-11-20T21:00:00Z', '2026-11-21T06:00:00Z'],
    ['before midnight', '2026-11-20T22:30:00Z', '2026-11-21T06:00:00Z'],
    ['after midnight', '2026-11-20T23:30:00Z', '2026-11-21T06:00:00Z'],
    ['as they end', '2026-11-21T06:00:00Z', '2026-11-21T06:00:00Z'],
    // The clocks go on by an hour at 02:00 local on 2026-03-29, and back at 03:00 on 2026-10-25.
    ['over the night that is an hour shorter', '2026-03-28T22:00:00Z', '2026-03-29T05:00:00Z'],
    ['over the night that is an hour longer', '2026-10-24T21:00:00Z', '2026-10-25T06:00:00Z'],
  ])('REQ-NTF-015 across midnight: %s', (_, at, leavesAt) => {
    expect(leaves(at, quiet())).toBe(leavesAt);
  });

  test('REQ-NTF-015 an end that the clocks skip is when they jump over it; one shown twice is the first', () => {
    expect(leaves('2026-03-29T00:30:00Z', quiet({ to: '02:30' }))).toBe('2026-03-29T01:00:00Z');
    expect(leaves('2026-10-24T22:00:00Z', quiet({ to: '02:30' }))).toBe('2026-10-25T00:30:00Z');
  });

  test('REQ-NTF-015 within a day, and on the days they begin on alone', () => {
    const noon = quiet({ from: '12:00', to: '13:00', days: ['friday'] });
    expect(leaves('2026-11-20T11:30:00Z', noon)).toBe('2026-11-20T12:00:00Z');
    expect(leaves('2026-11-21T11:30:00Z', noon)).toBe('2026-11-21T11:30:00Z');
    const fridays = quiet({ days: ['friday'] });
    // The night to Saturday is Friday's.
    expect(leaves('2026-11-21T02:00:00Z', fridays)).toBe('2026-11-21T06:00:00Z');
    expect(leaves('2026-11-20T02:00:00Z', fridays)).toBe('2026-11-20T02:00:00Z');
  });

  test('REQ-NTF-015 urgent mail may pass, and only it', () => {
    const at = '2026-11-20T23:00:00Z';
    expect(afterQuiet(at, quiet(), 'urgent', berlin)).toBe(at);
    expect(afterQuiet(at, quiet({ urgentPasses: false }), 'urgent', berlin)).toBe('2026-11-21T06:00:00Z');
    expect(afterQuiet(at, quiet(), 'high', berlin)).toBe('2026-11-21T06:00:00Z');
    expect(afterQuiet(at, undefined, 'low', undefined)).toBe(at);
  });

  test('REQ-NTF-015 whatever the hours, zone and instant: never early, and quiet no longer when it leaves', async () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia'];
    const time = fc.integer({ min: 0, max: 1439 }).map((minute) => instantOf(minute * MINUTE).slice(11, 16));
    const any = fc.record({
      at: fc.integer({ min: Date.parse(years.start), max: Date.parse(years.end) }).map(instantOf),
      from: time,
      to: time,
      zone: fc.constantFrom(...zones),
      days: fc.subarray([...weekdays], { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ at, from, to, zone: timeZone, days }) => {
        fc.pre(from !== to);
        const zone = await zoneOf(timeZone, years);
        const hours = quiet({ from, to, timeZone, days });
        const left = leaves(at, hours, zone);
        expect(left >= at).toBe(true);
        expect(left <= later(at, 25 * HOUR)).toBe(true);
        // Quiet up to the last second of it.
        if (left > at) expect(leaves(later(left, -1000), hours, zone)).toBe(left);
      }),
      { numRuns: 300 },
    );
  });
});

describe('Digests (REQ-NTF-015)', () => {
  const digest = (more: object) => Preferences.parse({ digest: { timeZone: 'Europe/Berlin', ...more } }).digest;

  test('REQ-NTF-015 leave daily or weekly at a local time, whatever the clocks do', () => {
    const daily = digest({ every: 'daily', at: '08:00' });
    expect(nextDigest('2026-11-20T06:59:59Z', daily, berlin)).toBe('2026-11-20T07:00:00Z');
    expect(nextDigest('2026-11-20T07:00:00Z', daily, berlin)).toBe('2026-11-21T07:00:00Z');
    expect(nextDigest('2026-03-28T12:00:00Z', daily, berlin)).toBe('2026-03-29T06:00:00Z');
    expect(nextDigest('2026-10-24T12:00:00Z', daily, berlin)).toBe('2026-10-25T07:00:00Z');
    const weekly = digest({ every: 'weekly', at: '08:00', day: 'friday' });
    expect(nextDigest('2026-11-20T06:00:00Z', weekly, berlin)).toBe('2026-11-20T07:00:00Z');
    expect(nextDigest('2026-11-20T08:00:00Z', weekly, berlin)).toBe('2026-11-27T07:00:00Z');
  });

  test('REQ-NTF-015 hold all but what is urgent or about the account', () => {
    const preferences = Preferences.parse({ digest: { every: 'daily' } });
    const held = (category: 'events' | 'account', priority: 'high' | 'urgent') =>
      inDigest(preferences, { category, priority });
    expect([held('events', 'high'), held('events', 'urgent'), held('account', 'high')]).toEqual([true, false, false]);
    expect(inDigest(Preferences.parse({}), { category: 'events', priority: 'high' })).toBe(false);
  });
});

test('REQ-NTF-015 by default everything is shown in-app, and mailed from high on', () => {
  const preferences = Preferences.parse({});
  const mailed = (['low', 'normal', 'high', 'urgent'] as const).map((priority) =>
    passes(preferences, 'email', { category: 'staff', priority }),
  );
  expect(mailed).toEqual([false, false, true, true]);
  expect(passes(preferences, 'inApp', { category: 'staff', priority: 'low' })).toBe(true);
});
