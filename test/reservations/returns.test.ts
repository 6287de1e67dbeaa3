/** What becomes of an item while its units are out, and when they are back (REQ-EQP-048). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { onShelf, statusOf } from '../../shared/equipment/model.ts';
import { closeStages, disagreements, goTo, trailOf, type Warehouse, warehouse, way } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const back = { returned: 1 };
const steps: readonly (readonly [string, object])[] = [...way, ['return', back]];

describe('the item', () => {
  test('says where its units are at every step', async () => {
    const equipmentId = await world.item({ quantity: 1 });
    const id = await world.confirmed(1, equipmentId);
    const statuses = ['reserved', 'reserved', 'inTransit', 'atVenue', 'atVenue', 'inTransit', 'available'];
    for (const [at, [name, body]] of steps.entries()) {
      expect((await world.step(id, name, body)).status).toBe(200);
      await world.settle();
      expect(statusOf(await world.stateOf(equipmentId)), name).toBe(statuses[at]);
    }
  });

  test('loses the units that did not come back, and who counts on them is flagged', async () => {
    const equipmentId = await world.item({ quantity: 10 });
    const id = await world.confirmed(6, equipmentId);
    const later = await world.event({ startsAt: '2027-01-10T10:00:00Z', endsAt: '2027-01-10T12:00:00Z' });
    const [all, some] = [
      await world.reserved(equipmentId, later, { quantity: 10 }),
      await world.reserved(equipmentId, await world.event(), { quantity: 4 }),
    ];
    await goTo(world.manager, id, 'pickup');
    expect((await world.step(id, 'return', { returned: 3, damaged: 1, missing: 2 })).status).toBe(200);
    await world.settle();
    const state = await world.stateOf(equipmentId);
    expect(state).toMatchObject({ quantity: 8, away: { inTransit: 0, atVenue: 0, setApart: 0 }, jobs: {} });
    expect(onShelf(state)).toBe(8);
    expect((await world.manager.get(`equipment/reservations/${all}`)).body.troubles).toEqual(['unitsShort']);
    expect((await world.manager.get(`equipment/reservations/${some}`)).body.troubles).toEqual([]);
    expect((await world.manager.post(`equipment/reservations/${all}/confirm`)).body.rule).toBe(
      'flagged-needs-override',
    );
    const fewer = await world.manager.patch(`equipment/reservations/${all}`, { quantity: 8 });
    expect(fewer.body.troubles).toEqual([]);
    expect(await trailOf(world.scope, equipmentId)).toContain('EquipmentUnitsLost');
    expect(
      await claimsOf(world.scope).free(
        `equipment:${equipmentId}`,
        { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' },
        0,
      ),
    ).toBe(4);
  });

  test('of which the last are missing: the item is retired, and who counted on it is told (REQ-EQP-063)', async () => {
    const equipmentId = await world.item({ quantity: 3 });
    const [one, rest] = [await world.confirmed(1, equipmentId), await world.confirmed(2, equipmentId)];
    const later = { startsAt: '2026-12-05T18:00:00Z', endsAt: '2026-12-05T21:00:00Z' };
    const waiting = await world.reserved(equipmentId, await world.event(later));
    for (const id of [one, rest]) await goTo(world.manager, id, 'pickup');
    await world.step(one, 'return', { returned: 0, missing: 1 });
    await world.settle();
    const { retired: early, ...between } = await world.stateOf(equipmentId);
    expect([early, between]).toMatchObject([undefined, { quantity: 2, away: { inTransit: 2 } }]);
    await world.step(rest, 'return', { returned: 0, missing: 2 });
    await world.settle();
    const state = await world.stateOf(equipmentId);
    const retired = { status: 'retired', quantity: 0, retired: { reason: 'No unit is left' }, jobs: {} };
    expect({ ...state, status: statusOf(state) }).toMatchObject(retired);
    const trail = (await trailOf(world.scope, equipmentId)).filter((type) => /Lost|Retired/.test(type));
    expect(trail).toEqual(['EquipmentUnitsLost', 'EquipmentUnitsLost', 'EquipmentRetired']);
    expect((await world.manager.get(`equipment/reservations/${waiting}`)).body.troubles).toContain('itemRetired');
  });

  test('that came back is free at once, but for what is missing, for jobs made once it is inspected', async () => {
    const equipmentId = await world.item({ quantity: 3 });
    const id = await world.confirmed(3, equipmentId);
    const next = await world.event();
    const ask = (quantity: number) =>
      world.manager.post('equipment/reservations', { equipmentId, eventId: next, quantity });
    const window = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' };
    const free = () => claimsOf(world.scope).free(`equipment:${equipmentId}`, window, 3);
    await goTo(world.manager, id, 'pickup');
    expect([(await ask(1)).status, await free()]).toEqual([409, 0]);
    // Before any reaction has run: what is missing is promised to nobody.
    expect((await world.step(id, 'return', { returned: 2, missing: 1 })).status).toBe(200);
    expect(await free()).toBe(2);
    expect((await ask(2)).body.rule).toBe('inspection-pending');
    await world.settle();
    await world.inspected(equipmentId);
    expect((await ask(3)).status).toBe(409);
    const waiting = await ask(2);
    expect(waiting.status).toBe(201);
    await world.settle();
    expect((await ask(1)).status).toBe(409);
    await world.manager.post(`equipment/reservations/${waiting.body.id}/confirm`);
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('of which some are missing: who fits into what is left is not flagged', async () => {
    const equipmentId = await world.item({ quantity: 10 });
    const id = await world.confirmed(6, equipmentId);
    const beside = await world.confirmed(4, equipmentId);
    await goTo(world.manager, id, 'pickup');
    expect((await world.step(id, 'return', { returned: 4, missing: 2 })).status).toBe(200);
    await world.settle();
    await world.inspected(equipmentId);
    const after = await world.confirmed(4, equipmentId);
    await world.settle();
    expect(await world.stateOf(equipmentId)).toMatchObject({ quantity: 8 });
    for (const one of [beside, after]) {
      expect((await world.manager.get(`equipment/reservations/${one}`)).body.troubles).toEqual([]);
    }
  });

  test('a job that waits for units that are late packs them when they are back', async () => {
    const now = world.scope.now();
    const equipmentId = await world.item({ quantity: 1 });
    const id = await world.confirmed(1, equipmentId);
    const slot = { startsAt: '2026-12-01T22:00:00Z', endsAt: '2026-12-01T23:00:00Z' };
    const next = await world.confirmed(1, equipmentId, await world.event(slot, 'approve', 'confirm'));
    await goTo(world.manager, id, 'deliver');
    await world.settle();
    world.move('2026-12-01T21:30:00Z');
    const late = await world.manager.get(`equipment/logistics/in-transit?late=true&equipmentId=${equipmentId}`);
    expect(late.body.data).toMatchObject([{ id, late: true }]);
    expect((await world.step(next, 'pack')).body).toMatchObject({ rule: 'units-on-shelf', onShelf: 0 });
    expect([await world.step(id, 'pickup'), await world.step(id, 'return', back)]).toMatchObject([
      { status: 200 },
      { status: 200 },
    ]);
    await world.settle();
    await world.inspected(equipmentId);
    expect((await world.step(next, 'pack')).status).toBe(200);
    const inTime = await world.manager.get('equipment/logistics/in-transit?late=false');
    expect(inTime.body.data.every((one: { late: boolean }) => !one.late)).toBe(true);
    world.move(now);
  });
});
