import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { instantOf } from '../../shared/platform/clock.ts';
import { zoneOf } from '../../shared/platform/zone.ts';
import { OpeningHours } from '../../shared/venues/fields.ts';
import { isOpen, openWindows } from '../../shared/venues/hours.ts';

const ZONES = ['America/New_York', 'Europe/London', 'Asia/Kolkata', 'Pacific/Apia', 'Australia/Lord_Howe', 'UTC'];
const everyDay = (opens: string, closes: string) =>
  OpeningHours.parse(
    Object.fromEntries(
      ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].map((day) => [
        day,
        [{ opens, closes }],
      ]),
    ),
  );

async function open(zoneName: string, hours: OpeningHours, start: string, end: string) {
  const zone = await zoneOf(zoneName, { start, end });
  return openWindows(hours, zone, { start, end }).map((window) => [zone.local(window.start), zone.local(window.end)]);
}

describe('REQ-VEN-025 opening hours across the days when clocks change', () => {
  test('New York, spring: the night is an hour short, and what opens in the hour that is skipped opens as it ends', async () => {
    const [start, end] = ['2026-03-07T17:00:00Z', '2026-03-08T16:00:00Z'];
    expect(await open('America/New_York', everyDay('22:00', '06:00'), start, end)).toEqual([
      ['2026-03-07T22:00:00-05:00', '2026-03-08T06:00:00-04:00'],
    ]);
    expect(await open('America/New_York', everyDay('02:30', '05:00'), '2026-03-08T05:00:00Z', end)).toEqual([
      ['2026-03-08T03:00:00-04:00', '2026-03-08T05:00:00-04:00'],
    ]);
    expect(await open('America/New_York', everyDay('01:00', '02:30'), '2026-03-08T05:00:00Z', end)).toEqual([
      ['2026-03-08T01:00:00-05:00', '2026-03-08T03:00:00-04:00'],
    ]);
  });

  test('New York, autumn: the night is an hour long, and a time shown twice counts the first time', async () => {
    const [start, end] = ['2026-10-31T20:00:00Z', '2026-11-01T17:00:00Z'];
    expect(await open('America/New_York', everyDay('22:00', '06:00'), start, end)).toEqual([
      ['2026-10-31T22:00:00-04:00', '2026-11-01T06:00:00-05:00'],
    ]);
    expect(await open('America/New_York', everyDay('20:00', '01:30'), start, end)).toEqual([
      ['2026-10-31T20:00:00-04:00', '2026-11-01T01:30:00-04:00'],
    ]);
  });

  test('London, both changes: an evening that ends after midnight ends by the new clock', async () => {
    expect(
      await open('Europe/London', everyDay('18:00', '02:00'), '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z'),
    ).toEqual([['2026-03-28T18:00:00+00:00', '2026-03-29T02:00:00+01:00']]);
    expect(
      await open('Europe/London', everyDay('18:00', '03:00'), '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z'),
    ).toEqual([['2026-10-24T18:00:00+01:00', '2026-10-25T03:00:00+00:00']]);
  });

  test('Kolkata: half an hour off, and never changed', async () => {
    expect(
      await open('Asia/Kolkata', everyDay('09:00', '17:30'), '2026-06-01T00:00:00Z', '2026-06-01T18:00:00Z'),
    ).toEqual([['2026-06-01T09:00:00+05:30', '2026-06-01T17:30:00+05:30']]);
  });

  test('Apia: an hour in 2021, and the whole day that it jumped over in 2011', async () => {
    expect(
      await open('Pacific/Apia', everyDay('22:00', '05:00'), '2021-04-03T00:00:00Z', '2021-04-03T20:00:00Z'),
    ).toEqual([['2021-04-03T22:00:00+14:00', '2021-04-04T05:00:00+13:00']]);
    expect(
      await open('Pacific/Apia', everyDay('09:00', '17:00'), '2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z'),
    ).toEqual([
      ['2011-12-29T09:00:00-10:00', '2011-12-29T17:00:00-10:00'],
      ['2011-12-31T09:00:00+14:00', '2011-12-31T17:00:00+14:00'],
    ]);
  });

  test('an exception stands in place of its day, the evening before still runs into it', async () => {
    const hours = OpeningHours.parse({
      ...everyDay('18:00', '02:00'),
      exceptions: [
        { date: '2026-12-25', hours: [] },
        { date: '2026-12-26', hours: [{ opens: '10:00', closes: '12:00' }] },
      ],
    });
    expect(await open('Europe/London', hours, '2026-12-24T12:00:00Z', '2026-12-27T12:00:00Z')).toEqual([
      ['2026-12-24T18:00:00+00:00', '2026-12-25T02:00:00+00:00'],
      ['2026-12-26T10:00:00+00:00', '2026-12-26T12:00:00+00:00'],
    ]);
  });

  test('round the clock is one window, however long the days are', async () => {
    const windows = await open(
      'America/New_York',
      everyDay('00:00', '00:00'),
      '2026-10-30T04:00:00Z',
      '2026-11-03T05:00:00Z',
    );
    expect(windows).toEqual([['2026-10-30T00:00:00-04:00', '2026-11-03T00:00:00-05:00']]);
  });

  test('a window is open when all of it is', async () => {
    const hours = everyDay('18:00', '02:00');
    const zone = await zoneOf('Europe/London', { start: '2026-10-24T00:00:00Z', end: '2026-10-26T00:00:00Z' });
    const at = (start: string, end: string) => isOpen(hours, zone, { start, end });
    expect(at('2026-10-24T17:00:00Z', '2026-10-25T01:00:00Z')).toBe(true);
    expect(at('2026-10-24T17:00:00Z', '2026-10-25T01:00:01Z')).toBe(true);
    expect(at('2026-10-24T17:00:00Z', '2026-10-25T02:00:01Z')).toBe(false);
    expect(at('2026-10-24T16:59:59Z', '2026-10-24T18:00:00Z')).toBe(false);
    expect(isOpen(undefined, zone, { start: '2026-10-24T00:00:00Z', end: '2026-10-25T00:00:00Z' })).toBe(true);
  });

  test('property: instants and days agree with Temporal, in every zone, over years', async () => {
    const instants = fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2035, 0) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ZONES),
        instants,
        fc.integer({ min: 0, max: 1439 }),
        async (name, ms, minutes) => {
          const instant = instantOf(ms);
          const zone = await zoneOf(name, { start: instant, end: instant });
          const there = Temporal.Instant.from(instant).toZonedDateTimeISO(name);
          expect(zone.local(instant)).toBe(there.toString({ timeZoneName: 'never' }));
          const date = zone.date(instant);
          expect(date).toBe(there.toPlainDate().toString());
          const reading = there.toPlainDate().toPlainDateTime().add({ minutes });
          const found = Temporal.Instant.from(zone.instant(date, minutes));
          const shows = found.toZonedDateTimeISO(name).toPlainDateTime();
          // The clocks have reached the reading, and a second earlier they had not.
          expect(Temporal.PlainDateTime.compare(shows, reading)).toBeGreaterThanOrEqual(0);
          const before = found.subtract({ seconds: 1 }).toZonedDateTimeISO(name).toPlainDateTime();
          expect(Temporal.PlainDateTime.compare(before, reading)).toBeLessThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
