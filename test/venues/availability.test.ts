import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Body } from '../support/callers.ts';
import { booked, madeVenue, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const utc = (windows: readonly Body[]) => windows.map(({ start, end }) => [start, end]);
const local = (windows: readonly Body[]) => windows.map((window) => [window.local.start, window.local.end]);

async function availability(venueId: string, query: string, client = world.manager) {
  const { status, body } = await client.get(`venues/${venueId}/availability?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

describe('REQ-VEN-025, 026: availability', () => {
  test('is all of the range without claims or opening hours, in the zone of the venue and in UTC', async () => {
    const { id } = await madeVenue(world.manager, { timeZone: 'Asia/Kolkata' });
    const body = await availability(id, 'from=2026-11-02&to=2026-11-03');
    expect(body).toMatchObject({
      timeZone: 'Asia/Kolkata',
      from: '2026-11-01T18:30:00Z',
      to: '2026-11-02T18:30:00Z',
      taken: [],
    });
    expect(body.free).toEqual([
      {
        start: '2026-11-01T18:30:00Z',
        end: '2026-11-02T18:30:00Z',
        local: { start: '2026-11-02T00:00:00+05:30', end: '2026-11-03T00:00:00+05:30' },
        minutes: 1440,
        places: 1,
      },
    ]);
  });

  test('is what is open and not taken, on the day the clocks go back in New York', async () => {
    const openingHours = {
      saturday: [{ opens: '20:00', closes: '04:00' }],
      sunday: [{ opens: '12:00', closes: '18:00' }],
    };
    const { id } = await madeVenue(world.manager, { timeZone: 'America/New_York', openingHours });
    await booked(world, id, { startsAt: '2026-11-01T05:30:00Z', endsAt: '2026-11-01T06:30:00Z' });
    const body = await availability(id, 'from=2026-10-31&to=2026-11-02');
    expect(local(body.open)).toEqual([
      ['2026-10-31T20:00:00-04:00', '2026-11-01T04:00:00-05:00'],
      ['2026-11-01T12:00:00-05:00', '2026-11-01T18:00:00-05:00'],
    ]);
    expect(local(body.taken)).toEqual([['2026-11-01T01:30:00-04:00', '2026-11-01T01:30:00-05:00']]);
    expect(local(body.free)).toEqual([
      ['2026-10-31T20:00:00-04:00', '2026-11-01T01:30:00-04:00'],
      ['2026-11-01T01:30:00-05:00', '2026-11-01T04:00:00-05:00'],
      ['2026-11-01T12:00:00-05:00', '2026-11-01T18:00:00-05:00'],
    ]);
    const long = await availability(id, 'from=2026-10-31&to=2026-11-02&durationMinutes=330');
    expect(long.free.map(({ minutes }: Body) => minutes)).toEqual([330, 360]);
  });

  test('in London on the night without 01:00 to 02:00', async () => {
    const openingHours = { saturday: [{ opens: '23:00', closes: '03:00' }] };
    const { id } = await madeVenue(world.manager, { timeZone: 'Europe/London', openingHours });
    const body = await availability(id, 'from=2027-03-27T12:00:00Z&to=2027-03-28T12:00:00Z');
    expect(body.free).toMatchObject([{ start: '2027-03-27T23:00:00Z', end: '2027-03-28T02:00:00Z', minutes: 180 }]);
  });

  test('leaves the turnaround before the next event out, as an event there would have to', async () => {
    const { id } = await madeVenue(world.manager, { turnaroundMinutes: 60 });
    await booked(world, id, {
      startsAt: '2026-11-02T12:00:00Z',
      endsAt: '2026-11-02T14:00:00Z',
      turnaroundMinutes: 60,
    });
    await booked(world, id, {
      startsAt: '2026-11-03T00:30:00Z',
      endsAt: '2026-11-03T02:00:00Z',
      turnaroundMinutes: 60,
    });
    const body = await availability(id, 'from=2026-11-02&to=2026-11-03');
    expect(utc(body.free)).toEqual([
      ['2026-11-02T00:00:00Z', '2026-11-02T11:00:00Z'],
      ['2026-11-02T15:00:00Z', '2026-11-02T23:30:00Z'],
    ]);
    expect(utc(body.taken)).toEqual([['2026-11-02T12:00:00Z', '2026-11-02T15:00:00Z']]);
    expect(body.taken[0].use).toMatchObject({ start: '2026-11-02T12:00:00Z', end: '2026-11-02T14:00:00Z' });
    // An event that fills a free window can be booked, and not a minute more.
    const [start = '', end = ''] = utc(body.free)[1] ?? [];
    const later = (instant: string) => instant.replace(':30:00Z', ':31:00Z');
    await expect(
      booked(world, id, { startsAt: start, endsAt: later(end), turnaroundMinutes: 60 }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await booked(world, id, { startsAt: start, endsAt: end, turnaroundMinutes: 60 });
  });

  test('of a venue for two at once: free while one is there, with the places left', async () => {
    const { id } = await madeVenue(world.manager, { bookable: 2 });
    await booked(world, id, { startsAt: '2026-11-02T10:00:00Z', endsAt: '2026-11-02T14:00:00Z', capacity: 2 });
    await booked(world, id, { startsAt: '2026-11-02T12:00:00Z', endsAt: '2026-11-02T16:00:00Z', capacity: 2 });
    const body = await availability(id, 'from=2026-11-02T09:00:00Z&to=2026-11-02T18:00:00Z');
    expect(body.free).toMatchObject([
      { start: '2026-11-02T09:00:00Z', end: '2026-11-02T12:00:00Z', places: 1 },
      { start: '2026-11-02T14:00:00Z', end: '2026-11-02T18:00:00Z', places: 1 },
    ]);
    expect((await availability(id, 'from=2026-11-03&to=2026-11-04')).free[0].places).toBe(2);
  });

  test('of an inactive venue is none', async () => {
    const { id } = await madeVenue(world.manager);
    await world.manager.post(`venues/${id}/deactivate`, { reason: 'Sold' });
    expect(await availability(id, 'from=2026-11-02&to=2026-11-03')).toMatchObject({ status: 'inactive', free: [] });
  });

  test('names events only to those who may read them', async () => {
    const { id } = await madeVenue(world.manager);
    const customerId = systemIds.next();
    const mine = await booked(world, id, {
      startsAt: '2026-11-02T10:00:00Z',
      endsAt: '2026-11-02T11:00:00Z',
      title: 'Mine',
      customerId,
    });
    const theirs = await booked(world, id, {
      startsAt: '2026-11-02T12:00:00Z',
      endsAt: '2026-11-02T13:00:00Z',
      title: 'Theirs',
    });
    const titles = async (client = world.manager) =>
      (await availability(id, 'from=2026-11-02&to=2026-11-03', client)).taken.map(({ owner }: Body) => [
        owner.id,
        owner.title?.split(' ')[0],
      ]);
    expect(await titles()).toEqual([
      [mine, 'Mine'],
      [theirs, 'Theirs'],
    ]);
    expect(await titles(world.as('viewer'))).toEqual([
      [mine, 'Mine'],
      [theirs, 'Theirs'],
    ]);
    expect(await titles(world.as('staff', { staffId: systemIds.next() }))).toEqual([
      [mine, undefined],
      [theirs, undefined],
    ]);
    const privileges = new Set(['venues:read', 'events:read']);
    expect(await titles(world.as('customer', { customerId, privileges }))).toEqual([
      [mine, 'Mine'],
      [theirs, undefined],
    ]);
  });

  test.each([
    ['backwards', 'from=2026-11-03&to=2026-11-02', 'query.to'],
    ['empty', 'from=2026-11-03&to=2026-11-03', 'query.to'],
    ['longer than 92 days', 'from=2026-01-01&to=2026-04-04', 'query.to'],
    ['centuries long', 'from=1900-01-01&to=2199-12-31', 'query.to'],
    ['without an end', 'from=2026-11-03', 'query.to'],
    ['of a day that is none', 'from=2026-02-30&to=2026-03-02', 'query.from'],
  ])('is not told for a range that is %s', async (_what, query, path) => {
    const { id } = await madeVenue(world.manager);
    const { status, body } = await world.manager.get(`venues/${id}/availability?${query}`);
    expect(status).toBe(400);
    expect(body.errors).toContainEqual({
      path,
      code: expect.anything(),
      message: expect.stringMatching(/^(must|is req)/),
    });
  });

  test('is told for 92 days, also when an hour more lies in them', async () => {
    const { id } = await madeVenue(world.manager, { timeZone: 'America/New_York' });
    expect((await availability(id, 'from=2026-09-01&to=2026-12-02')).free).toHaveLength(1);
  });
});

describe('REQ-VEN-025: the calendar', () => {
  test('shows each day of a month in the zone of the venue, with counts and events', async () => {
    const { id } = await madeVenue(world.manager, { timeZone: 'America/New_York', turnaroundMinutes: 600 });
    // 31 October 22:00 to 1 November 02:00 in New York, over the change.
    const night = await booked(world, id, {
      startsAt: '2026-11-01T02:00:00Z',
      endsAt: '2026-11-01T07:00:00Z',
      title: 'Night',
    });
    const last = await booked(world, id, {
      startsAt: '2026-12-01T04:00:00Z',
      endsAt: '2026-12-01T05:00:00Z',
      title: 'Last',
    });
    const november = (await world.manager.get(`venues/${id}/calendar?month=2026-11`)).body;
    expect(november.days).toHaveLength(30);
    const busy = november.days.filter(({ count }: Body) => count > 0);
    expect(busy.map(({ date, count, events }: Body) => [date, count, events[0].id])).toEqual([
      ['2026-11-01', 1, night],
      ['2026-11-30', 1, last],
    ]);
    expect(busy[0].events[0]).toMatchObject({
      title: expect.stringMatching(/^Night/),
      local: { start: '2026-10-31T22:00:00-04:00', end: '2026-11-01T02:00:00-05:00' },
    });
    const october = (await world.manager.get(`venues/${id}/calendar?month=2026-10`)).body;
    expect(october.days.at(-1)).toMatchObject({ date: '2026-10-31', count: 1 });
    const customer = world.as('customer', {
      customerId: systemIds.next(),
      privileges: new Set(['venues:read', 'events:read']),
    });
    const seen = (await customer.get(`venues/${id}/calendar?month=2026-11`)).body.days[0];
    expect([seen.count, seen.events[0].title]).toEqual([1, undefined]);
  });

  test('has the day that Apia jumped over, with nothing in it', async () => {
    const { id } = await madeVenue(world.manager, { timeZone: 'Pacific/Apia' });
    const { body } = await world.manager.get(`venues/${id}/calendar?month=2011-12`);
    expect(body.days).toHaveLength(31);
    expect(body.days[29]).toEqual({ date: '2011-12-30', count: 0, events: [], blocks: [], open: [] });
    expect(local(body.days[30].open)).toEqual([['2011-12-31T00:00:00+14:00', '2012-01-01T00:00:00+14:00']]);
  });

  test.each(['2026-13', '2026-1', 'November', '2026-11-01'])('is not told for %s', async (month) => {
    const { id } = await madeVenue(world.manager);
    expect((await world.manager.get(`venues/${id}/calendar?month=${month}`)).status).toBe(400);
  });
});

describe('blocks', () => {
  const window = { start: '2026-11-10T00:00:00Z', end: '2026-11-12T00:00:00Z' };

  test('close a venue for a while, show in its calendar, and open it again', async () => {
    const { id } = await madeVenue(world.manager, { bookable: 3 });
    const made = await world.manager.post(`venues/${id}/blocks`, { window, reason: 'New floor' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ venueId: id, window, reason: 'New floor' });
    expect((await world.manager.get(`venues/${id}/blocks`)).body.data).toEqual([made.body]);
    const during = { startsAt: '2026-11-11T10:00:00Z', endsAt: '2026-11-11T11:00:00Z', capacity: 3 };
    await expect(booked(world, id, during)).rejects.toMatchObject({ code: 'conflict' });
    const day = (await world.manager.get(`venues/${id}/calendar?month=2026-11`)).body.days[10];
    expect(day).toMatchObject({ count: 0, blocks: [{ claimId: made.body.id, reason: 'New floor' }] });
    const customer = world.as('customer', { customerId: systemIds.next(), privileges: new Set(['venues:read']) });
    const taken = (await availability(id, 'from=2026-11-09&to=2026-11-13', customer)).taken;
    expect([taken.length, taken[0].reason]).toEqual([1, undefined]);
    expect((await world.manager.delete(`venues/${id}/blocks/${made.body.id}`)).status).toBe(204);
    expect((await world.manager.delete(`venues/${id}/blocks/${made.body.id}`)).status).toBe(404);
    await world.settled();
    await booked(world, id, during);
    expect((await world.manager.get(`venues/${id}/blocks`)).body.data).toEqual([]);
  });

  test('are refused where something is booked, which is listed', async () => {
    const { id } = await madeVenue(world.manager, { bookable: 2 });
    const event = await booked(world, id, {
      startsAt: '2026-11-11T10:00:00Z',
      endsAt: '2026-11-11T11:00:00Z',
      capacity: 2,
      title: 'Fair',
    });
    const refused = await world.manager.post(`venues/${id}/blocks`, { window, reason: 'Works' });
    expect(refused.status).toBe(409);
    expect(refused.body.conflicts).toMatchObject([
      { owner: { type: 'event', id: event, title: expect.stringMatching(/^Fair/) }, short: 1 },
    ]);
  });

  test('an event is no block: it cannot be removed as one', async () => {
    const { id } = await madeVenue(world.manager);
    await booked(world, id, { startsAt: '2026-11-11T10:00:00Z', endsAt: '2026-11-11T11:00:00Z' });
    const { claimId } = (await availability(id, 'from=2026-11-11&to=2026-11-12')).taken[0];
    expect((await world.manager.delete(`venues/${id}/blocks/${claimId}`)).status).toBe(404);
    expect((await availability(id, 'from=2026-11-11&to=2026-11-12')).taken).toHaveLength(1);
  });

  test('close all of a venue that is made to take more events at once', async () => {
    const { id } = await madeVenue(world.manager);
    await world.manager.post(`venues/${id}/blocks`, { window, reason: 'Works' });
    await world.manager.patch(`venues/${id}`, { bookable: 4 });
    await expect(
      booked(world, id, { startsAt: '2026-11-11T10:00:00Z', endsAt: '2026-11-11T11:00:00Z', capacity: 4 }),
    ).rejects.toMatchObject({ code: 'conflict' });
    for (let times = 0; times < 4; times += 1) {
      await booked(world, id, { startsAt: '2026-11-13T10:00:00Z', endsAt: '2026-11-13T11:00:00Z', capacity: 4 });
    }
    await expect(
      booked(world, id, { startsAt: '2026-11-13T10:00:00Z', endsAt: '2026-11-13T11:00:00Z' }),
    ).rejects.toMatchObject({ code: 'conflict' });
  });

  test.each([
    ['in the past', { start: '2026-09-01T00:00:00Z', end: '2026-09-02T00:00:00Z' }, 409],
    ['backwards', { start: '2026-12-02T00:00:00Z', end: '2026-12-01T00:00:00Z' }, 400],
    ['of ten years', { start: '2026-12-02T00:00:00Z', end: '2036-12-01T00:00:00Z' }, 400],
  ])('are not made %s', async (_what, wrong, status) => {
    const { id } = await madeVenue(world.manager);
    expect((await world.manager.post(`venues/${id}/blocks`, { window: wrong, reason: 'Works' })).status).toBe(status);
  });
});
