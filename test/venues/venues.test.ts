import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemIds } from '../../shared/platform/clock.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { venues } from '../../shared/venues/model.ts';
import { deactivate } from '../../shared/venues/rules.ts';
import { upcomingEvents } from '../../shared/venues/upcoming.ts';
import { booked, madeVenue, startWorld, venueBody, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function factsOf(venueId: string) {
  const page = await world
    .scope()
    .documents('venues')
    .query({ kind: 'fact', where: [{ path: 'subject', eq: venueId }], limit: 100 });
  return page.items.map(({ document }) => factOf(document));
}

const inAnHour = { startsAt: '2026-10-01T10:00:00Z', endsAt: '2026-10-01T12:00:00Z' };

describe('a venue', () => {
  test('REQ-VEN-001, 002: is added, read, and has defaults', async () => {
    const { manager } = world;
    const made = await manager.post('venues', {
      ...venueBody({ name: '  The Roundhouse ' }),
      description: 'Once an engine shed.',
      location: { lat: 51.5432, lon: -0.1517 },
      amenities: ['Wi-Fi', 'Stage', 'wi-fi'],
      parking: { available: true, capacity: 20, kind: 'paid' },
      contacts: [{ kind: 'booking', name: 'Ada', email: ' ADA@Example.com ', phone: '020 7946 0018' }],
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toMatch(new RegExp(`/api/venues/${made.body.id}$`));
    expect(made.body).toMatchObject({
      name: 'The Roundhouse',
      status: 'active',
      bookable: 1,
      turnaroundMinutes: 0,
      amenities: ['Wi-Fi', 'Stage'],
      photos: [],
      contacts: [{ kind: 'booking', email: 'ada@example.com', phone: '+442079460018' }],
      createdAt: '2026-10-01T09:00:00Z',
    });
    const read = await manager.get(`venues/${made.body.id}`);
    expect(read.body).toEqual(made.body);
    const again = await manager.get(`venues/${made.body.id}`, {
      'if-none-match': read.headers.get('etag') ?? '',
    });
    expect(again.status).toBe(304);
  });

  test.each([
    ['capacity of nobody', { capacity: { max: 0 } }, 'body.capacity.max'],
    ['more seats than people', { capacity: { max: 10, seated: 11 } }, 'body.capacity.seated'],
    [
      'a layout for more than fit',
      { capacity: { max: 10, layouts: [{ name: 'Rows', capacity: 11 }] } },
      'body.capacity.layouts.0.capacity',
    ],
    ['no zone', { timeZone: undefined }, 'body.timeZone'],
    ['a zone that is none', { timeZone: 'Mars/Olympus' }, 'body.timeZone'],
    ['a short name', { name: 'ab' }, 'body.name'],
    ['a place off the globe', { location: { lat: 91, lon: 0 } }, 'body.location.lat'],
    [
      'hours that overlap',
      {
        openingHours: {
          monday: [
            { opens: '09:00', closes: '12:00' },
            { opens: '11:00', closes: '13:00' },
          ],
        },
      },
      'body.openingHours.monday',
    ],
    [
      'an hour that is none',
      { openingHours: { monday: [{ opens: '25:00', closes: '12:00' }] } },
      'body.openingHours.monday.0.opens',
    ],
    ['a field it does not know', { colour: 'red' }, 'body.colour'],
    ['a phone that is none', { contacts: [{ kind: 'booking', name: 'Ada', phone: '12' }] }, 'body.contacts.0.phone'],
  ])('REQ-VEN-002: %s is refused, naming the field', async (_what, over, path) => {
    const { status, body } = await world.manager.post('venues', venueBody(over));
    expect(status).toBe(400);
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  test('REQ-VEN-003: its name is unique in its city, whatever the case, and free again when it is deleted', async () => {
    const { manager } = world;
    const first = await madeVenue(manager, { name: 'Café Royal' });
    const twin = await manager.post('venues', venueBody({ name: 'CAFE ROYAL' }));
    expect([twin.status, twin.body.type, twin.body.field]).toEqual([409, 'urn:marquee:problem:already_exists', 'name']);
    const elsewhere = { line1: '2 Rue', city: 'Paris', country: 'FR' };
    await madeVenue(manager, { name: 'Café Royal', address: elsewhere });
    expect((await manager.delete(`venues/${first.id}`)).status).toBe(204);
    expect((await manager.get(`venues/${first.id}`)).status).toBe(404);
    await madeVenue(manager, { name: 'Café Royal' });
  });

  test('REQ-VEN-004: PATCH changes what it names, PUT the whole; facts say what changed', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager, { description: 'Old', accessInstructions: 'Ring twice' });
    const patched = await manager.patch(`venues/${venue.id}`, {
      description: null,
      bookable: 2,
      address: { city: 'Leeds' },
      capacity: { max: 300 },
      amenities: ['Stage'],
    });
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({ bookable: 2, accessInstructions: 'Ring twice', amenities: ['Stage'] });
    expect(patched.body.address).toEqual({ ...venue.address, city: 'Leeds' });
    expect(patched.body).not.toHaveProperty('description');
    const facts = await factsOf(venue.id);
    expect(facts.map(({ type }) => type)).toEqual([
      'VenueAdded',
      'VenueDetailsUpdated',
      'VenueAddressUpdated',
      'VenueCapacityUpdated',
      'VenueAmenitiesUpdated',
    ]);
    expect(facts[1]?.data.changes).toEqual({
      description: { from: 'Old', to: null },
      bookable: { from: 1, to: 2 },
    });
    const put = await manager.put(`venues/${venue.id}`, venueBody({ name: venue.name }));
    expect(put.status).toBe(200);
    expect(put.body).not.toHaveProperty('accessInstructions');
    expect(put.body).toMatchObject({ bookable: 1, amenities: [], capacity: { max: 200 } });
    const count = (await factsOf(venue.id)).length;
    await manager.put(`venues/${venue.id}`, venueBody({ name: venue.name }));
    expect(await factsOf(venue.id)).toHaveLength(count);
  });

  test('If-Match holds a change to the version that was read', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager);
    const etag = (await manager.get(`venues/${venue.id}`)).headers.get('etag') ?? '';
    expect((await manager.patch(`venues/${venue.id}`, { bookable: 3 }, { 'if-match': etag })).status).toBe(200);
    const late = await manager.put(`venues/${venue.id}/capacity`, { max: 5 }, { 'if-match': etag });
    expect([late.status, late.body.type]).toEqual([412, 'urn:marquee:problem:stale']);
    const closing = await manager.post(`venues/${venue.id}/deactivate`, { reason: 'x' }, { 'if-match': etag });
    expect(closing.status).toBe(412);
    // The refusal left the venue bookable.
    await booked(world, venue.id, { startsAt: '2027-01-01T10:00:00Z', endsAt: '2027-01-01T12:00:00Z' });
  });

  test('REQ-VEN-012, 013: amenities, capacity and opening hours are replaced, and merged, by themselves', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager);
    const hours = { friday: [{ opens: '18:00', closes: '02:00' }], exceptions: [{ date: '2026-12-25', hours: [] }] };
    await manager.put(`venues/${venue.id}/amenities`, { amenities: ['Bar', 'BAR', 'Stage'] });
    await manager.put(`venues/${venue.id}/capacity`, { max: 90, seated: 60 });
    const last = await manager.put(`venues/${venue.id}/opening-hours`, hours);
    expect(last.body).toMatchObject({
      amenities: ['Bar', 'Stage'],
      capacity: { max: 90, seated: 60 },
      openingHours: hours,
    });
    const merged = await manager.patch(`venues/${venue.id}/capacity`, { seated: null, standing: 80 });
    expect(merged.body.capacity).toEqual({ max: 90, standing: 80 });
    expect((await manager.patch(`venues/${venue.id}/capacity`, { standing: 91 })).status).toBe(400);
    const tuesday = [{ opens: '10:00', closes: '12:00' }];
    const opened = await manager.patch(`venues/${venue.id}/opening-hours`, { tuesday });
    expect(opened.body.openingHours).toMatchObject({ tuesday });
    expect((await manager.patch(`venues/${venue.id}/opening-hours`, { someday: null })).status).toBe(400);
    expect((await manager.patch(`venues/${venue.id}/amenities`, {})).body.amenities).toEqual(['Bar', 'Stage']);
  });

  test('another organization meets nothing, under any address', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager);
    const stranger = world.as('admin', { orgId: systemIds.next() });
    const other = systemIds.next();
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { bookable: 9 }],
      ['DELETE', ''],
      ['POST', '/deactivate', { reason: 'x' }],
      ['POST', '/activate', {}],
      ['PUT', '/capacity', { max: 1 }],
      ['POST', '/contacts', { kind: 'booking', name: 'Eve', email: 'eve@example.com' }],
      ['GET', '/photos'],
      ['GET', `/photos/${other}`],
      ['POST', '/blocks', { window: { start: '2027-01-01T00:00:00Z', end: '2027-01-02T00:00:00Z' }, reason: 'x' }],
      ['GET', '/blocks'],
      ['DELETE', `/blocks/${other}`],
      ['GET', '/availability?from=2026-11-01&to=2026-11-02'],
      ['GET', '/calendar?month=2026-11'],
    ] as const) {
      const answer = await stranger.send(method, `venues/${venue.id}${path}`, { body: body });
      const nowhere = await stranger.send(method, `venues/${other}${path}`, { body: body });
      expect([answer.status, answer.body.detail], `${method} ${path}`).toEqual([404, nowhere.body.detail]);
    }
    expect((await stranger.get('venues')).body.data).toEqual([]);
    expect((await manager.get(`venues/${venue.id}`)).body).toEqual(venue);
  });
});

describe('REQ-VEN-006, 007: what is still to come keeps a venue', () => {
  test('active and there: the refusal lists the events, with the titles that the caller may read', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager, { bookable: 5 });
    const past = { startsAt: '2026-09-01T10:00:00Z', endsAt: '2026-09-01T12:00:00Z' };
    const running = { startsAt: '2026-10-01T08:00:00Z', endsAt: '2026-10-01T12:00:00Z' };
    await booked(world, venue.id, { ...past, capacity: 5 });
    const now = await booked(world, venue.id, { ...running, title: 'Now' });
    const next = await booked(world, venue.id, { ...inAnHour, title: 'Next' });
    for (const [method, path, body] of [
      ['POST', '/deactivate', { reason: 'Works' }],
      ['DELETE', ''],
    ] as const) {
      const refused = await manager.send(method, `venues/${venue.id}${path}`, { body: body });
      expect([refused.status, refused.body.rule]).toEqual([409, 'venue-has-upcoming-events']);
      expect(refused.body.events).toMatchObject([
        { id: now, startsAt: running.startsAt },
        { id: next, startsAt: inAnHour.startsAt },
      ]);
      expect(refused.body.events[0].title).toMatch(/^Now/);
    }
    expect((await manager.get(`venues/${venue.id}`)).body.status).toBe('active');
  });

  test('large enough: capacity may not fall below the guests of an upcoming event', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager, { capacity: { max: 500 }, bookable: 3 });
    const big = await booked(world, venue.id, { ...inAnHour, attendance: 400, capacity: 3 });
    await booked(world, venue.id, { ...inAnHour, attendance: 50 });
    await booked(world, venue.id, { ...inAnHour });
    const refused = await manager.put(`venues/${venue.id}/capacity`, { max: 399 });
    expect([refused.status, refused.body.rule]).toEqual([409, 'capacity-below-attendance']);
    expect(refused.body.events).toMatchObject([{ id: big, attendance: 400 }]);
    expect((await manager.patch(`venues/${venue.id}`, { capacity: { max: 399 } })).status).toBe(409);
    expect((await manager.put(`venues/${venue.id}/capacity`, { max: 400 })).status).toBe(200);
  });

  test('REQ-VEN-007: deactivated with a reason, it takes no claims; activated again, it does', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager);
    expect((await manager.post(`venues/${venue.id}/deactivate`, {})).status).toBe(400);
    const closed = await manager.post(`venues/${venue.id}/deactivate`, { reason: 'Sold' });
    expect(closed.body).toMatchObject({ status: 'inactive', statusReason: 'Sold' });
    const twice = await manager.post(`venues/${venue.id}/deactivate`, { reason: 'Sold' });
    expect(twice.body).toMatchObject({ status: 409, state: 'inactive', allowed: ['activate'] });
    await expect(booked(world, venue.id, inAnHour)).rejects.toMatchObject({ code: 'conflict' });
    await world.settled();
    await expect(booked(world, venue.id, inAnHour)).rejects.toMatchObject({ code: 'conflict' });
    expect((await manager.post(`venues/${venue.id}/activate`)).body.status).toBe('active');
    const already = await manager.post(`venues/${venue.id}/activate`);
    expect(already.body).toMatchObject({ status: 409, state: 'active', allowed: ['deactivate'] });
    await booked(world, venue.id, inAnHour);
  });

  test('an event made while the venue is being closed either comes before, and keeps it open, or is refused', async () => {
    const { manager } = world;
    const outcomes = new Set<string>();
    for (let round = 0; round < 25; round += 1) {
      const venue = await madeVenue(manager);
      const [event, closed] = await Promise.all([
        booked(world, venue.id, inAnHour).then(
          () => true,
          () => false,
        ),
        new Promise((resolve) => setTimeout(resolve, round / 4)).then(() =>
          manager.post(`venues/${venue.id}/deactivate`, { reason: 'Sold' }),
        ),
      ]);
      const { status } = (await manager.get(`venues/${venue.id}`)).body;
      expect(closed.status === 200).toBe(status === 'inactive');
      expect(event && status === 'inactive', `round ${round}`).toBe(false);
      outcomes.add(`${event} ${status}`);
      if (status === 'active' && !event) await booked(world, venue.id, inAnHour);
    }
    expect([...outcomes]).toContain('true active');
  });

  test('without that guard the same race leaves an event at an inactive venue', async () => {
    const venue = await madeVenue(world.manager);
    const scope = world.scope();
    const upcoming = await upcomingEvents(scope, venue.id);
    await booked(world, venue.id, inAnHour);
    expect(upcoming).toEqual([]);
    await scope.of(venues).execute(venue.id, (state) => deactivate(state, 'Sold'));
    expect((await scope.of(venues).get(venue.id)).state.status).toBe('inactive');
    expect(await upcomingEvents(scope, venue.id)).toHaveLength(1);
  });
});
