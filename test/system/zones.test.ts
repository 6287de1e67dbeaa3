import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instantOf, MINUTE } from '../../shared/platform/clock.ts';
import { type Made, type Sent, send, type World, worldOf } from '../http/world.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';

interface Day {
  readonly what: string;
  readonly zone: string;
  readonly date: string;
  /** From one midnight there to the next. */
  readonly start: string;
  readonly end: string;
  /** Three instants an hour apart, as the clocks there show them. */
  readonly night: readonly [string, string, string];
  /** One of them as someone might write who does not know of the change. */
  readonly alsoWritten?: readonly [string, as: string];
}

const days: readonly Day[] = [
  {
    what: 'the clocks go forward in New York',
    zone: 'America/New_York',
    date: '2026-03-08',
    start: '2026-03-08T05:00:00Z',
    end: '2026-03-09T04:00:00Z',
    night: ['2026-03-08T01:30:00-05:00', '2026-03-08T03:30:00-04:00', '2026-03-08T04:30:00-04:00'],
    alsoWritten: ['2026-03-08T02:30:00-05:00', '2026-03-08T03:30:00-04:00'],
  },
  {
    what: 'the clocks go back in New York',
    zone: 'America/New_York',
    date: '2026-11-01',
    start: '2026-11-01T04:00:00Z',
    end: '2026-11-02T05:00:00Z',
    night: ['2026-11-01T01:30:00-04:00', '2026-11-01T01:30:00-05:00', '2026-11-01T02:30:00-05:00'],
    alsoWritten: ['2026-11-01T02:30:00-04:00', '2026-11-01T01:30:00-05:00'],
  },
  {
    what: 'the clocks go forward in London',
    zone: 'Europe/London',
    date: '2026-03-29',
    start: '2026-03-29T00:00:00Z',
    end: '2026-03-29T23:00:00Z',
    night: ['2026-03-29T00:30:00+00:00', '2026-03-29T02:30:00+01:00', '2026-03-29T03:30:00+01:00'],
    alsoWritten: ['2026-03-29T01:30:00Z', '2026-03-29T02:30:00+01:00'],
  },
  {
    what: 'the clocks go back in London',
    zone: 'Europe/London',
    date: '2026-10-25',
    start: '2026-10-24T23:00:00Z',
    end: '2026-10-26T00:00:00Z',
    night: ['2026-10-25T01:30:00+01:00', '2026-10-25T01:30:00+00:00', '2026-10-25T02:30:00+00:00'],
    alsoWritten: ['2026-10-25T02:30:00+01:00', '2026-10-25T01:30:00+00:00'],
  },
  {
    what: 'any day in Kolkata, half an hour off',
    zone: 'Asia/Kolkata',
    date: '2026-11-01',
    start: '2026-10-31T18:30:00Z',
    end: '2026-11-01T18:30:00Z',
    night: ['2026-11-01T01:30:00+05:30', '2026-11-01T02:30:00+05:30', '2026-11-01T03:30:00+05:30'],
  },
  {
    what: 'the day on which Apia once changed its clocks, and does no more',
    zone: 'Pacific/Apia',
    date: '2026-04-05',
    start: '2026-04-04T11:00:00Z',
    end: '2026-04-05T11:00:00Z',
    night: ['2026-04-05T01:30:00+13:00', '2026-04-05T02:30:00+13:00', '2026-04-05T03:30:00+13:00'],
  },
];

let host: TestHost;
let organization: TestOrganization;
let world: World;
/** The present of the tests; Apia's jump over a day comes first. */
const [BEFORE_THE_JUMP, NOW] = ['2011-12-01T00:00:00Z', '2026-01-15T00:00:00Z'];

async function moveTo(instant: string): Promise<void> {
  host.clock.set(instant);
  organization = await host.organization();
  world = await worldOf(host, organization);
}
beforeAll(async () => {
  host = await startTestHost({ at: BEFORE_THE_JUMP });
  await moveTo(BEFORE_THE_JUMP);
}, 60_000);
afterAll(() => host.close());

const utc = (text: string) => instantOf(Date.parse(text));
const minutes = (instant: string, by: number) => instantOf(Date.parse(instant) + by * MINUTE);
const minutesOf = (start: string, end: string) => (Date.parse(end) - Date.parse(start)) / MINUTE;
const nextDay = (date: string, by = 1) => minutes(`${date}T00:00:00Z`, by * 1440).slice(0, 10);

// biome-ignore lint/suspicious/noExplicitAny: replies are checked against the document elsewhere
type Body = Record<string, any>;

async function asked(method: string, path: string, sent: Sent = {}): Promise<{ status: number; body: Body }> {
  const response = await send(host, organization.admin, method, path, sent);
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Body) };
}

function hall(timeZone: string, bookable = 1): Promise<Made> {
  return world.make('venues', { body: { ...world.venueBody(), timeZone, bookable } });
}

function book(venue: Made, startsAt: string, endsAt: string, more: object = {}) {
  return asked('POST', 'events', { body: { ...world.eventBody(), venueId: venue.id, startsAt, endsAt, ...more } });
}

async function availability(venue: Made, from: string, to: string): Promise<Body> {
  const { status, body } = await asked('GET', `venues/${venue.id}/availability`, { query: `from=${from}&to=${to}` });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

async function calendar(venue: Made, month: string): Promise<Body[]> {
  const { status, body } = await asked('GET', `venues/${venue.id}/calendar`, { query: `month=${month}` });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.days;
}

test('a day that never was: 2011-12-30 in Apia has no time, no title, no place in the calendar', async () => {
  const venue = await hall('Pacific/Apia', 5);
  const title = 'Across the line';
  const [startsAt, endsAt] = ['2011-12-29T23:00:00-10:00', '2011-12-31T01:00:00+14:00'];
  const first = await book(venue, startsAt, endsAt, { title });
  expect(first.body).toMatchObject({ startsAt: '2011-12-30T09:00:00Z', endsAt: '2011-12-30T11:00:00Z' });
  expect((await book(venue, '2011-12-29T23:30:00-10:00', endsAt, { title })).body.rule).toBe('title-unique');
  expect((await book(venue, '2011-12-31T00:00:00+14:00', endsAt, { title })).status).toBe(201);
  const both = await availability(venue, '2011-12-29', '2011-12-31');
  expect([both.from, both.to]).toEqual(['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z']);
  const shown = await calendar(venue, '2011-12');
  const on = (date: string) => shown.find((day) => day.date === date)?.count ?? 0;
  expect(['2011-12-28', '2011-12-29', '2011-12-30', '2011-12-31'].map(on)).toEqual([0, 1, 0, 2]);
});

describe.each(days)('when $what', ({ zone, date, start, end, night, alsoWritten }) => {
  beforeAll(async () => {
    if (host.clock.now() < NOW) await moveTo(NOW);
  });
  const [first, second, third] = night;

  test('events back to back in the night have the venue; one across both is a conflict', async () => {
    const venue = await hall(zone);
    const one = await book(venue, first, second);
    expect(one.status, JSON.stringify(one.body)).toBe(201);
    expect(one.body).toMatchObject({ startsAt: utc(first), endsAt: utc(second), timeZone: zone });
    expect(minutesOf(one.body.startsAt, one.body.endsAt)).toBe(60);
    const two = await book(venue, alsoWritten?.[0] ?? second, third);
    expect(two.status, JSON.stringify(two.body)).toBe(201);
    expect(two.body.startsAt).toBe(utc(second));
    const across = { venueId: venue.id, startsAt: minutes(first, 30), endsAt: minutes(third, -30) };
    const refused = await book(venue, across.startsAt, across.endsAt);
    expect(refused.body).toMatchObject({ status: 409, type: 'urn:marquee:problem:conflict' });
    expect(refused.body.conflicts.map(({ owner }: Body) => owner.id)).toEqual([one.body.id, two.body.id]);
    const { body: answer } = await asked('POST', 'events/check-availability', { body: across });
    expect(answer.available).toBe(false);
    expect(answer.alternatives.windows[0]).toEqual({ start: utc(third), end: minutes(third, 60) });
    const { body: free } = await asked('GET', 'venues/available', { query: `from=${utc(third)}&to=${end}&limit=100` });
    expect(free.data.map(({ id }: Body) => id)).toContain(venue.id);
    const { body: taken } = await asked('GET', 'venues/available', {
      query: `from=${utc(second)}&to=${end}&limit=100`,
    });
    expect(taken.data.map(({ id }: Body) => id)).not.toContain(venue.id);
  });

  test('set-up takes as many minutes as it says, whatever the clocks do meanwhile', async () => {
    const venue = await hall(zone);
    expect((await book(venue, minutes(first, -60), utc(first))).status).toBe(201);
    const later = [third, minutes(third, 60)] as const;
    const { body } = await book(venue, ...later, { setupMinutes: 121 });
    expect(body.conflicts).toMatchObject([{ window: { start: minutes(first, -1), end: utc(first) } }]);
    expect((await book(venue, ...later, { setupMinutes: 120 })).status).toBe(201);
    const { taken } = await availability(venue, date, nextDay(date));
    expect(taken[1]).toMatchObject({ start: utc(first), use: { start: utc(third) } });
    expect(taken[1].local.start).toBe(first);
  });

  test('availability of that day runs from midnight to midnight there, with the clocks’ own times', async () => {
    const venue = await hall(zone);
    await book(venue, first, second);
    await book(venue, second, third);
    const { from, to, free, taken } = await availability(venue, date, nextDay(date));
    expect([from, to]).toEqual([start, end]);
    expect(taken.map(({ local }: Body) => [local.start, local.end])).toEqual([
      [first, second],
      [second, third],
    ]);
    expect(free.map((window: Body) => [window.start, window.end])).toEqual([
      [start, utc(first)],
      [utc(third), end],
    ]);
    expect(free[0].local.start).toMatch(`${date}T00:00:00`);
    expect(free[1].local.end).toMatch(`${nextDay(date)}T00:00:00`);
    expect(free[0].minutes + 120 + free[1].minutes).toBe(minutesOf(start, end));
  });

  test('the calendar puts events on the days there, to the minute', async () => {
    const venue = await hall(zone, 10);
    for (const [from, to] of [
      [minutes(start, -30), start],
      [start, minutes(start, 30)],
      [minutes(end, -30), minutes(end, 1)],
      [end, minutes(end, 30)],
      [first, third],
    ] as const) {
      const { status, body } = await book(venue, from, to);
      expect(status, JSON.stringify(body)).toBe(201);
    }
    const shown = [date, nextDay(date, -1), nextDay(date)];
    const months = await Promise.all([...new Set(shown.map((day) => day.slice(0, 7)))].map((m) => calendar(venue, m)));
    const counts = new Map(months.flat().map((day) => [day.date, day.count]));
    expect(shown.map((day) => counts.get(day))).toEqual([3, 1, 2]);
    for (const [day, count] of counts) if (!shown.includes(day)) expect(count, day).toBe(0);
  });

  test('a title is taken from one midnight there to the next', async () => {
    const venue = await hall(zone, 10);
    const title = `The same in ${zone}`;
    const at = async (startsAt: string) => (await book(venue, startsAt, minutes(startsAt, 60), { title })).body;
    expect((await at(start)).title).toBe(title);
    expect((await at(minutes(end, -1))).rule).toBe('title-unique');
    expect((await at(utc(second))).rule).toBe('title-unique');
    expect((await at(minutes(start, -1))).title).toBe(title);
    const tomorrow = await at(end);
    expect(tomorrow.title).toBe(title);
    const slot = { startsAt: minutes(end, -1), endsAt: minutes(end, 59) };
    const moved = await asked('PATCH', `events/${tomorrow.id}`, { body: slot });
    expect(moved.body.rule).toBe('title-unique');
  });
});
