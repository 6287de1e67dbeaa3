import { afterAll, describe, expect, test } from 'vitest';
import type { VenueFields } from '../../shared/venues/fields.ts';
import { closeStages, type Stage, stage } from './support.ts';

afterAll(closeStages);

const times = { startsAt: '2026-12-01T18:00:00Z', endsAt: '2026-12-01T21:00:00Z' };
const at = (city: string, country = 'GB') => ({ address: { line1: '1 High Street', city, country } });
const LONDON = { lat: 51.5074, lon: -0.1278 };
const GREENWICH = { lat: 51.4826, lon: 0.0077 };
const WATFORD = { lat: 51.6565, lon: -0.3903 };
const LEEDS = { lat: 53.8008, lon: -1.5491 };

/** A venue in London that is taken, and a way to ask for others instead. */
async function takenVenue(here: Stage, more: Partial<VenueFields> = {}) {
  const venueId = await here.venue({ ...at('London'), capacity: { max: 50 }, ...more });
  const manager = here.as('manager');
  expect((await manager.post('events', await here.booking({ venueId, ...times }))).status).toBe(201);
  return async (): Promise<string[]> => {
    const { status, body } = await manager.post('events/check-availability', { venueId, ...times });
    expect(status).toBe(200);
    return body.alternatives.venues.map(({ name }: { name: string }) => name);
  };
}
async function book(here: Stage, venueId: string, more = {}): Promise<void> {
  const made = await here.as('manager').post('events', await here.booking({ venueId, ...times, ...more }));
  expect(made.status).toBe(201);
}

describe('REQ-EVT-052 other venues', () => {
  test('those of the same city come first, then those near, then those of the country, then the rest', async () => {
    const here = await stage();
    await here.venue({ name: 'Paris', ...at('Paris', 'FR') });
    await here.venue({ name: 'Leeds', ...at('Leeds'), location: LEEDS });
    const watford = await here.venue({ name: 'Watford', ...at('Watford'), location: WATFORD, capacity: { max: 900 } });
    await here.venue({ name: 'London, Ontario', ...at('London', 'CA'), capacity: { max: 60 } });
    const big = await here.venue({ name: 'Big', ...at('LONDON'), capacity: { max: 800 } });
    const huge = await here.venue({ name: 'Huge', ...at('London'), capacity: { max: 900 } });
    const ask = await takenVenue(here, { location: LONDON });
    expect(await ask()).toEqual(['Big', 'Huge', 'Watford']);
    await book(here, big);
    expect(await ask()).toEqual(['Huge', 'Watford', 'Leeds']);
    await book(here, huge);
    await book(here, watford);
    expect(await ask()).toEqual(['Leeds', 'London, Ontario', 'Paris']);
  });

  test('within the city the nearest comes first where places are known, else the smallest', async () => {
    const here = await stage();
    await here.venue({ name: 'Nowhere', ...at('London'), capacity: { max: 51 } });
    await here.venue({ name: 'Far', ...at('London'), location: GREENWICH, capacity: { max: 52 } });
    await here.venue({ name: 'Next door', ...at('London'), location: LONDON, capacity: { max: 90 } });
    const ask = await takenVenue(here, { location: LONDON });
    expect(await ask()).toEqual(['Next door', 'Far', 'Nowhere']);
    const placeless = await takenVenue(here, { capacity: { max: 51 } });
    expect(await placeless()).toEqual(['Nowhere', 'Far', 'Next door']);
  });

  test('neither too small, inactive, nor taken ones are offered; each is judged by its own turnaround', async () => {
    const here = await stage();
    await here.venue({ name: 'Small', ...at('London'), capacity: { max: 49 } });
    const slow = await here.venue({ name: 'Slow', ...at('London'), turnaroundMinutes: 600 });
    const quick = await here.venue({ name: 'Quick', ...at('London') });
    const closed = await here.venue({ name: 'Closed', ...at('London') });
    expect((await here.as('manager').post(`venues/${closed}/deactivate`, { reason: 'Works' })).status).toBe(200);
    // At 23 h both are taken: too early for the one that is cleaned for ten hours, not for the other.
    const night = { startsAt: '2026-12-01T23:00:00Z', endsAt: '2026-12-02T01:00:00Z' };
    await book(here, slow, night);
    await book(here, quick, night);
    const ask = await takenVenue(here);
    expect(await ask()).toEqual(['Quick']);
  });
});
