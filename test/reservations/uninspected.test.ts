/** Between a return and its inspection nothing of the item is promised or packed, not for a moment (REQ-EQP-056). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brief } from '../support/callers.ts';
import { crashing, stalling } from '../support/faults.ts';
import { closeStages, disagreements, goTo, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const elsewhen = { startsAt: '2026-12-05T18:00:00Z', endsAt: '2026-12-05T21:00:00Z' };
const waiting = async (equipmentId: string) => (await world.stateOf(equipmentId)).inspections;

/** An item, and a reservation of some of its units that are about to come back. */
async function pickedUp(units = 2, inStock = 4) {
  const equipmentId = await world.item({ quantity: inStock });
  const id = await world.confirmed(units, equipmentId);
  await goTo(world.manager, id, 'pickup');
  return { equipmentId, id };
}
const ask = async (equipmentId: string, quantity = 1) =>
  world.manager.post('equipment/reservations', { equipmentId, eventId: await world.event(elsewhen), quantity });

describe('REQ-EQP-056 right after a return, before any reaction', () => {
  test('nothing of the item is reserved, not even what never left; every answer says so', async () => {
    const { equipmentId, id } = await pickedUp();
    expect((await world.step(id, 'return', { returned: 2 })).status).toBe(200);
    expect(brief(await ask(equipmentId))).toBe('inspection-pending');
    const asked = { items: [{ equipmentId, quantity: 1 }], window: { start: elsewhen.startsAt, end: elsewhen.endsAt } };
    const { body } = await world.manager.post('equipment/check-availability', asked);
    expect(body.items[0]).toMatchObject({ available: false, rule: 'inspection-pending' });
    expect((await world.manager.get(`equipment/${equipmentId}`)).body.inspectionPending).toBe(true);
  });

  test('nothing of it is packed for a reservation that was there before', async () => {
    const { equipmentId, id } = await pickedUp();
    const next = await world.confirmed(1, equipmentId, await world.event(elsewhen, 'approve', 'confirm'));
    expect((await world.step(next, 'pack')).status).toBe(200);
    const after = await world.confirmed(1, equipmentId, await world.event(elsewhen, 'approve', 'confirm'));
    await world.step(id, 'return', { returned: 2 });
    expect(brief(await world.step(after, 'pack'))).toBe('inspection-pending');
  });

  test('a reservation takes no other units or time', async () => {
    const { equipmentId, id } = await pickedUp();
    const other = await world.reserved(equipmentId, await world.event(elsewhen));
    await world.step(id, 'return', { returned: 1, damaged: 1 });
    const path = `equipment/reservations/${other}`;
    expect(brief(await world.manager.patch(path, { quantity: 2 }))).toBe('inspection-pending');
    expect((await world.manager.patch(path, { notes: 'Front door' })).status).toBe(200);
  });

  test('then the inspection takes its place, and when that is done the item is there again', async () => {
    const { equipmentId, id } = await pickedUp();
    await world.step(id, 'return', { returned: 2 });
    expect(await waiting(equipmentId)).toEqual([id]);
    await world.settle();
    const [inspection = ''] = await waiting(equipmentId);
    expect(inspection).not.toBe(id);
    const technician = world.as('maintenanceTechnician');
    await technician.post(`equipment/maintenance/${inspection}/start`);
    await technician.post(`equipment/maintenance/${inspection}/complete`, { passed: true });
    expect(await waiting(equipmentId)).toEqual([]);
    expect((await ask(equipmentId, 4)).status).toBe(201);
  });

  test('of which nothing came back: there is nothing to inspect, though another count was tried first', async () => {
    const { equipmentId, id } = await pickedUp();
    await world.step(id, 'return', { returned: 0, missing: 2 });
    expect(await waiting(equipmentId)).toEqual([]);
    const two = await pickedUp();
    const crash = crashing(world.platform, 2, 'before');
    const client = (await world.over(crash.platform)).as('manager');
    await client.post(`equipment/logistics/${two.id}/return`, { returned: 2 });
    expect(await waiting(two.equipmentId)).toEqual([two.id]);
    expect((await world.step(two.id, 'return', { returned: 0, missing: 2 })).status).toBe(200);
    await world.settle();
    expect(await waiting(two.equipmentId)).toEqual([]);
  });

  test('of retired equipment: nobody inspects it', async () => {
    const { equipmentId, id } = await pickedUp();
    await world.step(id, 'return', { returned: 2 });
    await world.happens(equipmentId, { type: 'EquipmentRetired', data: { at: world.scope.now(), reason: 'Old' } });
    await world.settle();
    expect(await waiting(equipmentId)).toEqual([]);
  });
});

describe('REQ-EQP-056 a return in the very moment', () => {
  /** An order of two items, the first of which is being taken while the second comes back. */
  async function ordered(units: number) {
    const other = await world.item();
    const { equipmentId, id } = await pickedUp(units, units);
    expect(other < equipmentId).toBe(true);
    const slow = stalling(world.twin(), 'claims', () => world.step(id, 'return', { returned: units }));
    const path = `events/${await world.event()}/equipment`;
    const items = [other, equipmentId].map((one) => ({ equipmentId: one, quantity: 1 }));
    const answer = await (await world.over(slow)).as('manager').post(path, { items });
    return { answer, equipmentId };
  }

  test('of a reservation frees units that it does not get', async () => {
    const { answer, equipmentId } = await ordered(2);
    expect(brief(answer)).toBe('inspection-pending');
    await world.settle();
    expect((await world.manager.get(`equipment/${equipmentId}/reservations?status=requested`)).body.data).toEqual([]);
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('of a change frees units that it does not get', async () => {
    const { equipmentId, id } = await pickedUp(3, 4);
    const beside = await world.reserved(equipmentId, await world.event());
    const slow = stalling(world.twin(), 'claims', () => world.step(id, 'return', { returned: 3 }));
    const path = `equipment/reservations/${beside}`;
    const window = { start: '2026-12-05T18:00:00Z', end: '2026-12-05T20:00:00Z' };
    expect(brief(await (await world.over(slow)).as('manager').patch(path, { window }))).toBe('inspection-pending');
    await world.settle();
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('and reservations of many at once: whoever comes after it gets nothing', async () => {
    const { equipmentId, id } = await pickedUp(4, 4);
    const events = await Promise.all(Array.from({ length: 8 }, () => world.event()));
    const others = await Promise.all(
      [world.twin(), world.twin()].map(async (on) => (await world.over(on)).as('manager')),
    );
    const [, ...answers] = await Promise.all([
      world.step(id, 'return', { returned: 4 }),
      ...events.map((eventId, at) =>
        others[at % 2]?.post('equipment/reservations', { equipmentId, eventId, quantity: 1 }),
      ),
    ]);
    // All units were out in that window, so each one came before the return, or after it.
    for (const answer of answers) expect(['conflict', 'inspection-pending']).toContain(answer && brief(answer));
  });
});
