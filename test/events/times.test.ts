/** Events across zones and both changes of the clocks. */
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimedWindow } from '../../shared/events/times.ts';
import { instantOf } from '../../shared/platform/clock.ts';
import { localDate } from '../../shared/platform/local-date.ts';
import type { Person } from '../support/callers.ts';
import { closeStages, type Stage, stage } from './support.ts';

const zones = ['America/New_York', 'Europe/London', 'Asia/Kolkata', 'Pacific/Apia', 'Australia/Lord_Howe'];
const instants = fc
  .integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2100, 0, 1) })
  .map((milliseconds) => instantOf(milliseconds));

let world: Stage;
let manager: Person;
beforeAll(async () => {
  world = await stage();
  manager = world.as('manager');
});
afterAll(closeStages);

describe('local days', () => {
  test('are those of the zone, at any instant, changes of the clocks and of the date line included', () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(...zones), (instant, zone) => {
        const expected = Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().toString();
        expect(localDate(instant, zone)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  /** The last instant of a local day, and the first one of the next. */
  const midnights = [
    { zone: 'America/New_York', before: '2027-03-14T04:59:59Z', after: '2027-03-14T05:00:00Z', date: '2027-03-13' },
    { zone: 'America/New_York', before: '2027-11-08T04:59:59Z', after: '2027-11-08T05:00:00Z', date: '2027-11-07' },
    { zone: 'Europe/London', before: '2027-03-28T23:00:00Z', after: '2027-03-29T22:59:59Z', date: '2027-03-29' },
    { zone: 'Europe/London', before: '2027-10-30T22:59:59Z', after: '2027-10-30T23:00:00Z', date: '2027-10-30' },
    { zone: 'Asia/Kolkata', before: '2027-01-01T18:29:59Z', after: '2027-01-01T18:30:00Z', date: '2027-01-01' },
    { zone: 'Pacific/Apia', before: '2027-01-01T10:59:59Z', after: '2027-01-01T11:00:00Z', date: '2027-01-01' },
  ];
  for (const { zone, before, after, date } of midnights) {
    test(`a title is taken for the day it is at the venue: ${zone}, ${before} and ${after}`, async () => {
      const venueId = await world.venue({ timeZone: zone, bookable: 10 });
      const customerId = await world.customer();
      const at = (startsAt: string) => ({
        customerId,
        venueId,
        title: 'Midnight',
        startsAt,
        endsAt: instantOf(Date.parse(startsAt) + 3_600_000),
      });
      expect(localDate(before, zone)).toBe(date);
      const same = localDate(after, zone) === date;
      expect((await manager.post('events', await world.booking(at(before)))).status).toBe(201);
      const second = await manager.post('events', await world.booking(at(after)));
      expect(second.status).toBe(same ? 409 : 201);
      const minuteOn = instantOf(Date.parse(before) - 60_000);
      const third = await manager.post('events', await world.booking(at(minuteOn)));
      expect(third.body.rule).toBe(localDate(minuteOn, zone) === date ? 'title-unique' : undefined);
    });
  }

  test('a zone that is given counts, not the venue’s', async () => {
    const venueId = await world.venue({ timeZone: 'Europe/London', bookable: 5 });
    const customerId = await world.customer();
    const common = { venueId, customerId, title: 'Zoned', endsAt: '2026-12-03T00:00:00Z' };
    const late = { ...common, startsAt: '2026-12-02T20:00:00Z' };
    const early = { ...common, startsAt: '2026-12-02T01:00:00Z' };
    expect(
      (await manager.post('events', await world.booking({ ...late, timeZone: 'Asia/Kolkata' }))).body,
    ).toMatchObject({
      timeZone: 'Asia/Kolkata',
    });
    const other = await manager.post('events', await world.booking(early));
    expect(other.status).toBe(201);
    const path = `events/${other.body.id}`;
    expect((await manager.patch(path, { timeZone: 'Pacific/Apia' })).status).toBe(200);
    expect((await manager.patch(path, { timeZone: null })).body.timeZone).toBe('Europe/London');
  });
});

describe('claimed windows', () => {
  test('are minutes of real time: the hour that a night gains or loses counts', () => {
    const nights = [
      // 22:00 to 06:00 local, as the clocks go forward (7 h) and back (9 h).
      { zone: 'America/New_York', startsAt: '2027-03-14T03:00:00Z', endsAt: '2027-03-14T10:00:00Z', hours: 7 },
      { zone: 'America/New_York', startsAt: '2027-11-07T02:00:00Z', endsAt: '2027-11-07T11:00:00Z', hours: 9 },
      { zone: 'Europe/London', startsAt: '2027-03-27T22:00:00Z', endsAt: '2027-03-28T05:00:00Z', hours: 7 },
      { zone: 'Europe/London', startsAt: '2027-10-30T21:00:00Z', endsAt: '2027-10-31T06:00:00Z', hours: 9 },
      { zone: 'Asia/Kolkata', startsAt: '2027-03-27T16:30:00Z', endsAt: '2027-03-28T00:30:00Z', hours: 8 },
      { zone: 'Pacific/Apia', startsAt: '2027-04-03T09:00:00Z', endsAt: '2027-04-03T17:00:00Z', hours: 8 },
    ];
    for (const { zone, startsAt, endsAt, hours } of nights) {
      const local = (instant: string) => Temporal.Instant.from(instant).toZonedDateTimeISO(zone).hour;
      expect([local(startsAt), local(endsAt)], `${zone} ${startsAt}`).toEqual([22, 6]);
      const window = claimedWindow({ startsAt, endsAt, setupMinutes: 60, teardownMinutes: 30 }, 15);
      expect((Date.parse(window.end) - Date.parse(window.start)) / 60_000).toBe(hours * 60 + 105);
    }
  });

  test('meet back to back over a change of the clocks', async () => {
    const venueId = await world.venue({ timeZone: 'America/New_York', turnaroundMinutes: 60 });
    const night = { venueId, startsAt: '2027-11-07T02:00:00Z', endsAt: '2027-11-07T11:00:00Z' };
    expect((await manager.post('events', await world.booking(night))).status).toBe(201);
    // 06:59 and 07:00 local, an hour of turnaround after 06:00.
    const next = { venueId, endsAt: '2027-11-07T15:00:00Z' };
    const early = await world.booking({ ...next, startsAt: '2027-11-07T11:59:59Z' });
    expect((await manager.post('events', early)).status).toBe(409);
    const right = await world.booking({ ...next, startsAt: '2027-11-07T12:00:00Z' });
    expect((await manager.post('events', right)).status).toBe(201);
  });

  test('offsets are read, UTC comes out', async () => {
    const times = { startsAt: '2027-03-14T01:30:00-05:00', endsAt: '2027-03-14T03:30:00-04:00' };
    const made = await manager.post('events', await world.booking(times));
    expect(made.body).toMatchObject({ startsAt: '2027-03-14T06:30:00Z', endsAt: '2027-03-14T07:30:00Z' });
  });
});
