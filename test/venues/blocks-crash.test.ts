import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { HOUR, later } from '../../shared/platform/clock.ts';
import { blockVenue, settleBlock } from '../../shared/venues/blocks.ts';
import { venueResource, venues } from '../../shared/venues/model.ts';
import { booked, madeVenue, startWorld, type World } from './support.ts';

let world: World;
let venueId: string;
const window = { start: '2026-11-10T00:00:00Z', end: '2026-11-12T00:00:00Z' };
const event = { startsAt: '2026-11-11T10:00:00Z', endsAt: '2026-11-11T11:00:00Z' };

beforeEach(async () => {
  world = await startWorld();
  venueId = (await madeVenue(world.manager)).id;
});
afterEach(() => world.close());

/** The hold that a block begins with. */
async function held() {
  const scope = world.scope();
  const id = scope.newId();
  const resource = venueResource(venueId);
  await claimsOf(scope).claim({
    id,
    resource,
    quantity: 1,
    windows: [window],
    use: window,
    owner: { type: 'block', id },
    mode: 'held',
    expiresAt: later(scope.now(), HOUR),
    reason: 'Works',
    capacity: 1,
  });
  return { scope, id, resource };
}

describe('a crash while a venue is being blocked', () => {
  test('before the fact leaves a hold that runs out by itself', async () => {
    await held();
    await expect(booked(world, venueId, event)).rejects.toMatchObject({ code: 'conflict' });
    world.platform.clock.advance(HOUR);
    await booked(world, venueId, event);
  });

  test('after the fact is made good by the reaction', async () => {
    const { scope, id, resource } = await held();
    await scope
      .of(venues)
      .execute(venueId, () => [{ type: 'VenueBlocked', data: { claimId: id, window, reason: 'Works' } }]);
    await world.settled();
    expect(await claimsOf(scope).get(resource, id)).toMatchObject({ mode: 'firm', state: 'active' });
  });

  test('so long ago that the time was booked since is told by a fact', async () => {
    const { scope, id } = await held();
    world.platform.clock.advance(HOUR);
    await booked(world, venueId, event);
    await settleBlock(scope, venueId, id, true);
    const { items } = await scope
      .documents('venues')
      .query({ kind: 'fact', where: [{ path: 'subject', eq: venueId }], limit: 10 });
    expect(items.map(({ document }) => document.body)).toMatchObject([
      { type: 'VenueAdded' },
      { type: 'VenueUnblocked', data: { claimId: id } },
    ]);
  });

  test('and a reaction that comes twice, or after the block was removed, does no harm', async () => {
    const scope = world.scope();
    const { body } = await blockVenue(scope, venueId, { window, reason: 'Works' });
    const { id } = body;
    await settleBlock(scope, venueId, id, true);
    await settleBlock(scope, venueId, id, true);
    expect((await world.manager.delete(`venues/${venueId}/blocks/${id}`)).status).toBe(204);
    await settleBlock(scope, venueId, id, true);
    await settleBlock(scope, venueId, id, false);
    await booked(world, venueId, event);
  });

  test('of 20 blocks at once on the same days exactly one is made', async () => {
    const body = { window, reason: 'Works' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.manager.post(`venues/${venueId}/blocks`, body)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect((await world.manager.get(`venues/${venueId}/blocks`)).body.data).toHaveLength(1);
  });

  test('of several who open it at once one does, and says so once', async () => {
    const { body } = await world.manager.post(`venues/${venueId}/blocks`, { window, reason: 'Works' });
    const path = `venues/${venueId}/blocks/${body.id}`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.manager.delete(path)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404]);
    const { items } = await world
      .scope()
      .documents('venues')
      .query({ kind: 'fact', where: [{ path: 'subject', eq: venueId }], limit: 10 });
    const types = items.map(({ document }) => (document.body as { type: string }).type);
    expect(types).toEqual(['VenueAdded', 'VenueBlocked', 'VenueUnblocked']);
  });
});
