/** Whether a venue is free and what else would be, through HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../support/callers.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let manager: Person;
beforeAll(async () => {
  world = await stage();
  manager = world.as('manager');
});
afterAll(closeStages);

describe('REQ-EVT-052 check-availability', () => {
  const times = { startsAt: '2026-12-01T18:00:00Z', endsAt: '2026-12-01T21:00:00Z' };
  test('answers free, or with clashes, the next free windows and other venues', async () => {
    const fresh = await stage();
    const all = fresh.as('manager');
    const venueId = await fresh.venue({ turnaroundMinutes: 30, capacity: { max: 50 } });
    const larger = await fresh.venue({ name: 'Larger', capacity: { max: 60 } });
    await fresh.venue({ name: 'Smaller', capacity: { max: 40 } });
    const ask = (more = {}) => all.post('events/check-availability', { venueId, ...times, ...more });
    expect((await ask()).body).toEqual({
      available: true,
      conflicts: [],
      alternatives: { windows: [], venues: [] },
    });
    const made = await all.post('events', await fresh.booking({ venueId, ...times }));
    const taken = await ask({ setupMinutes: 60 });
    expect(taken.body).toMatchObject({
      available: false,
      conflicts: [{ owner: { id: made.body.id, title: made.body.title } }],
      alternatives: { venues: [{ id: larger, name: 'Larger', city: 'London', capacity: 60 }] },
    });
    const [next] = taken.body.alternatives.windows;
    expect(next).toEqual({ start: '2026-12-01T22:30:00Z', end: '2026-12-02T01:30:00Z' });
    const offered = { startsAt: next.start, endsAt: next.end, setupMinutes: 60 };
    expect((await ask(offered)).body.available).toBe(true);
    expect((await ask({ eventId: made.body.id })).body.available).toBe(true);
    expect((await all.get('events')).body.data).toHaveLength(1);
  });

  test('REQ-EVT-052 offers nothing beyond the last instant that can be booked', async () => {
    const venueId = await world.venue();
    const last = { venueId, startsAt: '2199-12-31T18:00:00Z', endsAt: '2199-12-31T22:00:00Z' };
    expect((await manager.post('events', await world.booking(last))).status).toBe(201);
    const ask = (startsAt: string, endsAt: string) =>
      manager.post('events/check-availability', { venueId, startsAt, endsAt });
    const windows = async (startsAt: string, endsAt: string) => (await ask(startsAt, endsAt)).body.alternatives.windows;
    expect(await windows('2199-12-31T18:00:00Z', '2199-12-31T20:00:00Z')).toEqual([]);
    expect(await windows('2199-12-31T21:30:00Z', '2199-12-31T22:30:00Z')).toEqual([
      { start: '2199-12-31T22:00:00Z', end: '2199-12-31T23:00:00Z' },
    ]);
  });
});
