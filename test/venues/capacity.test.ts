/** How many events at once: the conflict engine follows the venue, whoever changes what meanwhile (REQ-VEN-013, 026). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import type { Store } from '../../shared/platform/store.ts';
import { settleCapacity } from '../../shared/venues/commands.ts';
import { venueResource } from '../../shared/venues/model.ts';
import { testScope } from '../support/platform.ts';
import { booked, madeVenue, startWorld, type World } from './support.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const window = { start: '2026-11-10T00:00:00Z', end: '2026-11-12T00:00:00Z' };
const event = { startsAt: '2026-11-11T10:00:00Z', endsAt: '2026-11-11T11:00:00Z' };
const block = (venueId: string, over: object = {}) =>
  world.manager.post(`venues/${venueId}/blocks`, { window, reason: 'Works', ...over });

/** A process of its own, in which `then` happens right after the first look of this kind. */
function disturbed(after: 'read' | 'query', container: string, then: () => Promise<unknown>): Scope {
  const { store } = world.platform;
  let done = false;
  const once = async <T>(name: string, result: Promise<T>): Promise<T> => {
    const found = await result;
    if (name === container && !done) {
      done = true;
      await then();
    }
    return found;
  };
  const other: Store = {
    ...store,
    read: (...of) => (after === 'read' ? once(of[0], store.read(...of)) : store.read(...of)),
    query: (...of) => (after === 'query' ? once(of[0], store.query(...of)) : store.query(...of)),
  };
  const platform: Platform = { ...world.platform, store: other, queue: keyedQueue() };
  return testScope(platform, world.orgId);
}

const freeThen = (venueId: string) => claimsOf(world.scope()).free(venueResource(venueId), window, 0);

describe('A change of bookable', () => {
  test('is not undone by a process that had read the venue before it', async () => {
    const { id } = await madeVenue(world.manager, { bookable: 2 });
    const late = disturbed('read', 'venues', () => world.manager.patch(`venues/${id}`, { bookable: 5 }));
    await settleCapacity(late, id);
    expect(await freeThen(id)).toBe(5);
  });

  test('does not mind a block that is opened at the same moment', async () => {
    const { id } = await madeVenue(world.manager);
    const { body } = await block(id);
    await world.manager.patch(`venues/${id}`, { bookable: 2 });
    const open = () => world.manager.delete(`venues/${id}/blocks/${body.id}`);
    await world.manager.patch(`venues/${id}`, { bookable: 3 });
    const late = disturbed('query', 'claims', open);
    await claimsOf(world.scope()).move(venueResource(id), body.id, { windows: [window], use: window, quantity: 1 });
    await settleCapacity(late, id);
    expect(await freeThen(id)).toBe(3);
  });

  test('keeps a venue closed that is blocked, years ahead too', async () => {
    const { id } = await madeVenue(world.manager);
    const far = { start: '2035-05-01T00:00:00Z', end: '2035-06-01T00:00:00Z' };
    for (const each of [window, far]) expect((await block(id, { window: each })).status).toBe(201);
    expect((await world.manager.patch(`venues/${id}`, { bookable: 3 })).status).toBe(200);
    await expect(booked(world, id, event)).rejects.toMatchObject({ code: 'conflict' });
    const then = { startsAt: '2035-05-11T10:00:00Z', endsAt: '2035-05-11T11:00:00Z' };
    await expect(booked(world, id, then)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('under parallel booking lets in as many as it says in the end, never more', async () => {
    const { id } = await madeVenue(world.manager, { bookable: 1 });
    const bookings = Array.from({ length: 20 }, () => booked(world, id, { ...event, capacity: 1 }));
    const changes = [4, 2, 6, 3].map((bookable) => world.manager.patch(`venues/${id}`, { bookable }));
    const made = (await Promise.allSettled(bookings)).filter(({ status }) => status === 'fulfilled');
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await world.settled();
    const { bookable } = (await world.manager.get(`venues/${id}`)).body;
    expect(made.length).toBeGreaterThanOrEqual(1);
    expect(made.length).toBeLessThanOrEqual(6);
    expect(await freeThen(id)).toBe(Math.max(0, bookable - made.length));
  });
});
