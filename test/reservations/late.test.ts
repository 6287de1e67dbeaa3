/** Units that are still out when their window is over: promised to nobody until they are back (spec chapters 05, 06). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reactions } from '../../functions/registry.ts';
import { claimsOf } from '../../shared/claims/engine.ts';
import { reservations } from '../../shared/reservations/model.ts';
import { deliver, factsOf } from '../maintenance/support.ts';
import type { Person } from '../support/callers.ts';
import { stalling } from '../support/faults.ts';
import { closeStages, disagreements, goTo, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);
beforeEach(() => world.move('2026-11-20T09:00:00Z'));

/** The event of `confirmed` is from 18:00 to 21:00 on the first of December. */
const LATE = '2026-12-01T21:00:00Z';
const soon = { start: '2026-12-01T22:00:00Z', end: '2026-12-01T23:00:00Z' };
const nextYear = { start: '2027-06-01T10:00:00Z', end: '2027-06-01T12:00:00Z' };

const slot = ({ start, end }: typeof soon) => ({ startsAt: start, endsAt: end });
const ask = async (equipmentId: string, window: typeof soon, quantity = 1, more = {}) => {
  const eventId = await world.event(slot(window));
  return world.manager.post('equipment/reservations', { equipmentId, eventId, quantity, ...more });
};
const availability = async (equipmentId: string, window: typeof soon) => {
  const items = [{ equipmentId, quantity: 3 }];
  return (await world.manager.post('equipment/check-availability', { items, window })).body.items[0];
};
/** An item of three units of which two are out, and that reservation. */
async function lent(last = 'deliver') {
  const equipmentId = await world.item({ quantity: 3 });
  const id = await world.confirmed(2, equipmentId);
  await goTo(world.manager, id, last);
  await world.settle();
  return { equipmentId, id };
}

describe('units that are late', () => {
  test('are promised to nobody, soon or later, and every answer says who has them', async () => {
    const { equipmentId, id } = await lent('dispatch');
    expect(await availability(equipmentId, soon)).toMatchObject({ available: true, free: 3 });
    world.move(LATE);
    for (const window of [soon, nextYear]) {
      const conflicts = [{ owner: { type: 'reservation', id, title: expect.any(String) }, short: 2, window }];
      expect(await availability(equipmentId, window)).toMatchObject({ available: false, free: 1, short: 2, conflicts });
      const refused = await ask(equipmentId, window, 3);
      expect([refused.status, refused.body.conflicts]).toMatchObject([409, conflicts]);
    }
    expect((await ask(equipmentId, soon, 1)).status).toBe(201);
  });

  test('may be counted on by a manager who knows better', async () => {
    const { equipmentId } = await lent();
    world.move(LATE);
    expect((await ask(equipmentId, nextYear, 3, { override: { reason: 'They are on the way' } })).status).toBe(201);
  });

  test('are free for the time after when it is said until when they are kept', async () => {
    const { equipmentId, id } = await lent();
    world.move(LATE);
    const window = { start: '2026-12-01T18:00:00Z', end: '2026-12-02T10:00:00Z' };
    expect((await world.manager.patch(`equipment/reservations/${id}`, { window })).status).toBe(200);
    await world.settle();
    expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 3 });
    expect(await availability(equipmentId, soon)).toMatchObject({ free: 1 });
    world.move(window.end);
    expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 1 });
  });

  test('stay taken when their event is made longer, and becomes late again', async () => {
    const equipmentId = await world.item({ quantity: 3 });
    const eventId = await world.event({}, 'approve', 'confirm');
    const id = await world.confirmed(2, equipmentId, eventId);
    await goTo(world.manager, id, 'deliver');
    await world.manager.patch(`events/${eventId}`, { endsAt: '2026-12-01T22:00:00Z' });
    await world.settle();
    world.move('2026-12-01T22:00:00Z');
    expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 1 });
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('are free with their return at once, once somebody has looked at them', async () => {
    const { equipmentId, id } = await lent('pickup');
    world.move(LATE);
    expect((await world.step(id, 'return', { returned: 2 })).status).toBe(200);
    expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 3 });
    await world.settle();
    await world.inspected(equipmentId);
    expect((await ask(equipmentId, soon, 3)).status).toBe(201);
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('of which one is missing: that one is free to nobody before it has left stock', async () => {
    const { equipmentId, id } = await lent('pickup');
    world.move(LATE);
    expect((await world.step(id, 'return', { returned: 1, missing: 1 })).status).toBe(200);
    expect(await claimsOf(world.scope).free(`equipment:${equipmentId}`, nextYear, 3)).toBe(2);
    await world.settle();
    expect(await claimsOf(world.scope).free(`equipment:${equipmentId}`, nextYear, 3)).toBe(2);
  });
});

test('what never left the warehouse is nobody’s when its window is over', async () => {
  const { equipmentId } = await lent('load');
  world.move(LATE);
  expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 3 });
});

describe('a dispatch and another window in the same moment: the claim that wins is kept until the return', () => {
  const window = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T20:30:00Z' };
  const dispatch = (by: Person, id: string) => by.post(`equipment/logistics/${id}/dispatch`, { driver: 'Dee' });
  const change = (by: Person, id: string) => by.patch(`equipment/reservations/${id}`, { window });

  test.each([
    ['the dispatch is slower', dispatch, change],
    ['the change is slower', change, dispatch],
  ] as const)('%s', async (_, slower, faster) => {
    const { equipmentId, id } = await lent('load');
    const slow = stalling(world.twin(), 'reservations', () => faster(world.manager, id));
    expect((await slower((await world.over(slow)).as('manager'), id)).status).toBe(200);
    world.move(LATE);
    expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 1 });
    await world.settle();
    expect(await disagreements(world.scope)).toEqual([]);
  });
});

test('a claim that was lost in an outage before the dispatch is kept by its reaction', async () => {
  const { equipmentId, id } = await lent('load');
  const { placement } = (await world.scope.of(reservations).get(id)).state;
  const claims = claimsOf(world.scope);
  const resource = `equipment:${equipmentId}` as const;
  await claims.release(resource, placement?.claimId ?? '');
  await world.step(id, 'dispatch', { driver: 'Dee' });
  // As the settling of an earlier fact takes it back, which saw it before the dispatch.
  const window = { start: '2026-12-01T18:00:00Z', end: LATE };
  await claims.claim({
    ...{ id: placement?.claimId ?? '', resource, quantity: 2, windows: [window], use: window, capacity: 3 },
    ...{ owner: { type: 'reservation', id }, mode: 'firm' },
  });
  const settle = reactions.find(({ name }) => name === 'settle-reservation-claim');
  const fact = (await factsOf(world.scope, 'reservations', id)).at(-1);
  if (settle) await deliver(world.platform, settle, fact);
  world.move(LATE);
  expect(await availability(equipmentId, nextYear)).toMatchObject({ free: 1 });
});
