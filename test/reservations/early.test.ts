/** Units that are out before their window begins: promised to nobody in between (spec chapters 05, 06). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeStages, disagreements, goTo, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);
beforeEach(() => world.move('2026-11-20T09:00:00Z'));

/** The event of `confirmed` is from 18:00 to 21:00 on the first of December. */
const before = { start: '2026-11-25T10:00:00Z', end: '2026-11-25T12:00:00Z' };
const after = { start: '2026-12-01T21:00:00Z', end: '2026-12-01T23:00:00Z' };
const nextWeek = { start: '2026-12-08T18:00:00Z', end: '2026-12-08T21:00:00Z' };

const free = async (equipmentId: string, window: typeof before): Promise<number> => {
  const body = { items: [{ equipmentId, quantity: 1 }], window };
  return (await world.manager.post('equipment/check-availability', body)).body.items[0].free;
};

describe('units that leave days before their window', () => {
  test('are taken from their dispatch on, and free again after the window unless they are late', async () => {
    const equipmentId = await world.item({ quantity: 3 });
    const id = await world.confirmed(2, equipmentId);
    await goTo(world.manager, id, 'load');
    expect(await free(equipmentId, before)).toBe(3);
    await goTo(world.manager, await world.confirmed(1, equipmentId), 'load');
    await world.manager.post(`equipment/logistics/${id}/dispatch`, { driver: 'Dee' });
    expect([await free(equipmentId, before), await free(equipmentId, after)]).toEqual([1, 3]);
    const eventId = await world.event({ startsAt: before.start, endsAt: before.end });
    const wanted = { equipmentId, eventId, quantity: 2 };
    const refused = await world.manager.post('equipment/reservations', wanted);
    expect(refused.status).toBe(409);
    expect(refused.body.conflicts).toMatchObject([{ owner: { type: 'reservation', id }, short: 1, window: before }]);
    world.move(after.start);
    expect(await free(equipmentId, after)).toBe(1);
    expect(await disagreements(world.scope)).toEqual([]);
  });
});

test('what is out while its event goes to another day stays taken in between, though a manager overrides', async () => {
  const equipmentId = await world.item({ quantity: 3 });
  const eventId = await world.event({}, 'approve', 'confirm');
  const id = await world.confirmed(2, equipmentId, eventId);
  world.move('2026-12-01T17:00:00Z');
  await goTo(world.manager, id, 'dispatch');
  await world.manager.patch(`events/${eventId}`, { startsAt: nextWeek.start, endsAt: nextWeek.end });
  await world.settle();
  const path = `equipment/reservations/${id}`;
  expect((await world.manager.get(path)).body.troubles).toEqual(['eventMoved']);
  const answer = await world.manager.post(`${path}/override`, { reason: 'They stay there until then' });
  // As PATCH says: the start of what is out stays.
  const window = { start: '2026-12-01T18:00:00Z', end: nextWeek.end };
  expect(answer.body).toMatchObject({ status: 'confirmed', troubles: [], window });
  await world.settle();
  expect([await free(equipmentId, after), await free(equipmentId, nextWeek)]).toEqual([1, 1]);
  expect((await world.manager.get(path)).body).toMatchObject({ troubles: [], window });
  expect(await disagreements(world.scope)).toEqual([]);
});
