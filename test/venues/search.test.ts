import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boxesAround, distanceKm } from '../../shared/venues/geo.ts';
import type { Body, Caller } from '../support/callers.ts';
import { booked, madeVenue, startWorld, type World } from './support.ts';

let world: World;
let manager: Caller;

const at = (city: string, country: string, lat: number, lon: number, over: object = {}) => ({
  address: { line1: '1 Street', city, country },
  location: { lat, lon },
  ...over,
});

beforeAll(async () => {
  world = await startWorld();
  manager = world.manager;
  const places = [
    {
      name: 'Albert Hall',
      ...at('London', 'GB', 51.501, -0.1774, { capacity: { max: 5000 }, amenities: ['Stage', 'Bar', 'Wi-Fi'] }),
    },
    {
      name: 'Brixton Academy',
      ...at('London', 'GB', 51.4652, -0.115, { capacity: { max: 4900 }, amenities: ['Stage', 'Bar'], type: 'theater' }),
    },
    {
      name: 'Camden Yard',
      ...at('London', 'GB', 51.5412, -0.1426, { capacity: { max: 150 }, amenities: ['Bar'], type: 'outdoor' }),
    },
    { name: 'Dôme', ...at('Brighton', 'GB', 50.8235, -0.1372, { capacity: { max: 1700 }, amenities: ['stage'] }) },
    {
      name: 'École des Fêtes',
      ...at('Paris', 'FR', 48.8566, 2.3522, { capacity: { max: 300 }, description: 'A grand ballroom' }),
    },
    { name: 'Fiji Hall', ...at('Suva', 'FJ', -18.1, 179.9) },
    { name: 'Garden of Taveuni', ...at('Matei', 'FJ', -18.1, -179.95) },
    { name: 'Homeless Tent', address: { line1: '1 Street', city: 'Leeds', country: 'GB' } },
  ];
  for (const place of places) await madeVenue(manager, { capacity: { max: 100 }, ...place });
});
afterAll(() => world.close());

const initials = (body: Body) => body.data.map(({ name }: Body) => name[0]).join('');
async function list(query: string, path = 'venues') {
  const { status, body } = await manager.get(`${path}?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

describe('REQ-VEN-005, 035, 036: the list of venues', () => {
  test.each([
    ['', 'ABCDÉFGH'],
    ['sort=-name', 'HGFÉDCBA'],
    ['sort=-capacity&limit=4', 'ABDÉ'],
    ['sort=createdAt&limit=3', 'ABC'],
    ['sort=capacity,-name&limit=4', 'HGFC'],
    ['city=LONDON', 'ABC'],
    ['city=london,brighton', 'ABCD'],
    ['country=fr,FJ', 'ÉFG'],
    ['type=theater,outdoor', 'BC'],
    ['amenity=bar', 'ABC'],
    ['amenity=bar,stage', 'AB'],
    ['amenity=BAR,wi-fi', 'A'],
    ['amenity=pool', ''],
    ['minCapacity=1700', 'DBA'],
    ['minCapacity=1700&sort=name', 'ABD'],
    ['minCapacity=1700&city=london&sort=-capacity', 'AB'],
    ['status=inactive', ''],
    ['q=ecole', 'É'],
    ['q=ball gra', 'É'],
    ['q=london bar', 'CBA'],
    ['q=dome&city=london', ''],
  ])('?%s', async (query, expected) => {
    expect(initials(await list(query))).toBe(expected);
  });

  test('near lists the nearest first, with the distance along the ground', async () => {
    const body = await list('near=51.5074,-0.1278,100');
    expect(initials(body)).toBe('ACBD');
    expect(body.data.map(({ distanceKm: km }: Body) => Math.round(km))).toEqual([4, 4, 5, 76]);
    expect(initials(await list('near=51.5074,-0.1278,10'))).toBe('ACB');
    expect(initials(await list('near=51.5074,-0.1278,100&sort=-name'))).toBe('DCBA');
    expect(initials(await list('near=51.5074,-0.1278,100&sort=capacity&minCapacity=1000'))).toBe('DBA');
    expect(initials(await list('near=-18.1,179.9,100&sort=capacity,-name'))).toBe('GF');
    expect(initials(await list('near=51.5074,-0.1278,100&q=stage'))).toBe('ABD');
    expect(initials(await list('near=0,0,20038'))).toHaveLength(7);
  });

  test('near looks across the date line', async () => {
    expect(initials(await list('near=-18.1,179.99,100'))).toBe('GF');
    expect(initials(await list('near=-18.1,-179.99,100'))).toBe('GF');
  });

  test('near is paged, counted, and its cursor fits no other point', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const body = await list(`near=51.5074,-0.1278,100&limit=1&count=true${cursor}`);
      expect(body.page.totalCount).toBe(4);
      seen.push(initials(body));
      if (body.page.nextCursor === null) break;
      cursor = `&cursor=${body.page.nextCursor}`;
    }
    expect(seen.join('')).toBe('ACBD');
    const elsewhere = await manager.get(`venues?near=51.6,-0.1278,100&limit=1${cursor}`);
    expect(elsewhere.body.errors).toMatchObject([{ path: 'query.cursor' }]);
  });

  test.each([
    ['near=51,0', 'query.near'],
    ['near=91,0,5', 'query.near'],
    ['near=51,0,-5', 'query.near'],
    ['near=51,,5', 'query.near'],
    ['near=a,b,c', 'query.near'],
    ['minCapacity=0', 'query.minCapacity'],
    ['sort=colour', 'query.sort'],
    ['sort=name,name', 'query.sort'],
    ['type=castle', 'query.type.0'],
    ['colour=red', 'query.colour'],
    ['cursor=abc', 'query.cursor'],
    ['near=51,0,5&cursor=abc', 'query.cursor'],
    ['fields=colour', 'query.fields'],
  ])('?%s is refused, naming the parameter', async (query, path) => {
    const { status, body } = await manager.get(`venues?${query}`);
    expect(status).toBe(400);
    expect(body.errors.map((error: Body) => error.path)).toContain(path);
  });
});

describe('REQ-VEN-025: venues that are free for a window', () => {
  const window = 'from=2026-12-01T18:00:00Z&to=2026-12-01T23:00:00Z';
  let busy: World;
  const free = async (query: string) => (await busy.manager.get(`venues/available?${query}`)).body;
  const letters = async (query: string) => initials(await free(query));

  beforeAll(async () => {
    busy = await startWorld();
    const evening = { tuesday: [{ opens: '17:00', closes: '02:00' }] };
    const make = (name: string, over: object) => madeVenue(busy.manager, { name: `${name} Hall`, ...over });
    const taken = { startsAt: '2026-12-01T20:00:00Z', endsAt: '2026-12-01T21:00:00Z' };
    const after = { startsAt: '2026-12-01T23:00:00Z', endsAt: '2026-12-02T01:00:00Z' };
    await make('A', at('London', 'GB', 51.5, -0.1, { capacity: { max: 900 } }));
    await booked(busy, (await make('B', {})).id, taken);
    const twice = await make('C', { bookable: 2, capacity: { max: 500 } });
    await booked(busy, twice.id, { ...taken, capacity: 2 });
    await make('D', { openingHours: evening });
    await make('E', { openingHours: evening, timeZone: 'America/New_York' });
    const idle = await make('F', {});
    await busy.manager.post(`venues/${idle.id}/deactivate`, { reason: 'Sold' });
    await booked(busy, (await make('G', { turnaroundMinutes: 1 })).id, after);
    await booked(busy, (await make('H', {})).id, after);
    const closed = await make('I', {});
    await busy.manager.post(`venues/${closed.id}/blocks`, {
      window: { start: '2026-11-01T00:00:00Z', end: '2026-12-24T00:00:00Z' },
      reason: 'Works',
    });
  });
  afterAll(() => busy.close());

  test('are active, open by their own clocks, and free with their turnaround', async () => {
    expect(await letters(window)).toBe('ACDH');
    expect(await letters(`${window}&sort=-name`)).toBe('HDCA');
    expect(await letters(`${window}&minCapacity=400`)).toBe('CA');
    expect(await letters(`${window}&near=51.5,-0.1,1`)).toBe('A');
  });

  test('are paged without missing or repeating any', async () => {
    for (const more of ['', '&sort=-capacity', '&minCapacity=1', '&sort=capacity,-name', '&near=51.5,-0.1,100']) {
      const whole = await letters(window + more);
      let walked = '';
      let cursor = '';
      for (;;) {
        const body = await free(`${window}${more}&limit=1${cursor}`);
        walked += initials(body);
        if (body.page.nextCursor === null) break;
        cursor = `&cursor=${body.page.nextCursor}`;
      }
      expect(walked).toBe(whole);
    }
  });

  test.each([
    ['from=2026-12-01T18:00:00Z', 'query.to'],
    ['from=2026-12-02T18:00:00Z&to=2026-12-01T18:00:00Z', 'query.to'],
    ['from=2026-12-02T18:00:00Z&to=2027-12-01T18:00:00Z', 'query.to'],
    [`${window}&count=true`, 'query.count'],
    [`${window}&status=inactive`, 'query.status'],
  ])('?%s is refused', async (query, path) => {
    const { status, body } = await busy.manager.get(`venues/available?${query}`);
    expect([status, body.errors[0].path]).toEqual([400, path]);
  });
});

describe('places', () => {
  test('distances are those of the globe', () => {
    const london = { lat: 51.5074, lon: -0.1278 };
    expect(distanceKm(london, { lat: 40.7128, lon: -74.006 })).toBeCloseTo(5570, -1);
    expect(distanceKm({ lat: 0, lon: 179.5 }, { lat: 0, lon: -179.5 })).toBeCloseTo(111.2, 0);
    expect(distanceKm(london, london)).toBe(0);
  });

  test('property: every place within the distance lies in one of the boxes', () => {
    const lat = fc.double({ min: -90, max: 90, noNaN: true });
    const lon = fc.double({ min: -180, max: 180, noNaN: true });
    const km = fc.oneof(
      fc.double({ min: 0.001, max: 500, noNaN: true }),
      fc.double({ min: 0.001, max: 20_038, noNaN: true }),
    );
    const bearing = fc.double({ min: 0, max: 2 * Math.PI, noNaN: true });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(lat, lon, km, bearing, share, (north, east, radius, way, part) => {
        // A place that far away in that direction.
        const angle = (radius * part) / 6371.0088;
        const [a, b] = [(north * Math.PI) / 180, (east * Math.PI) / 180];
        const there = Math.asin(Math.sin(a) * Math.cos(angle) + Math.cos(a) * Math.sin(angle) * Math.cos(way));
        const over =
          b +
          Math.atan2(Math.sin(way) * Math.sin(angle) * Math.cos(a), Math.cos(angle) - Math.sin(a) * Math.sin(there));
        const place = {
          lat: (there * 180) / Math.PI,
          lon: (((((over * 180) / Math.PI + 540) % 360) + 360) % 360) - 180,
        };
        if (distanceKm({ lat: north, lon: east }, place) > radius) return;
        const inside = boxesAround({ lat: north, lon: east, km: radius }).some(
          (box) =>
            place.lat >= box.south - 1e-7 &&
            place.lat <= box.north + 1e-7 &&
            place.lon >= box.west - 1e-7 &&
            place.lon <= box.east + 1e-7,
        );
        expect(inside).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
