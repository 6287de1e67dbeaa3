/** Out of the warehouse and back, step by step (REQ-EQP-040 to 048). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeStages, goTo, type Warehouse, warehouse, way } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const back = { returned: 1 };
const steps: readonly (readonly [string, object])[] = [...way, ['return', back]];
const names = steps.map(([name]) => name);

describe('REQ-EQP-040 to 048 the steps', () => {
  test('are taken in their order, each with time, actor and note, and show in the list of what is out', async () => {
    const id = await world.confirmed();
    const shown = ['packed', 'loaded', 'dispatched', 'delivered', 'setUp', 'pickedUp', 'returned'];
    for (const [at, [name, body]] of steps.entries()) {
      const before = await world.manager.get(`equipment/logistics/${id}`);
      expect(before.body).toMatchObject({ due: shown[at] });
      const answer = await world.step(id, name, { ...body, note: `Note ${at}` });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body.steps.at(-1)).toMatchObject({
        step: shown[at],
        at: world.scope.now(),
        by: world.manager.actor.userId,
        note: `Note ${at}`,
      });
      const work = await world.manager.get(`equipment/logistics?equipmentId=${before.body.equipmentId}`);
      expect(work.body.data).toMatchObject(name === 'return' ? [] : [{ id, due: shown[at + 1] }]);
      const list = await world.manager.get('equipment/logistics/in-transit');
      const out = list.body.data.some((one: { id: string }) => one.id === id);
      expect(out, name).toBe(['dispatch', 'deliver', 'setup-complete', 'pickup'].includes(name));
    }
    const { body } = await world.manager.get(`equipment/logistics/${id}`);
    expect(body).toMatchObject({
      status: 'fulfilled',
      allowed: [],
      steps: [
        {},
        { vehicle: 'Van 3' },
        { driver: 'Dee' },
        {},
        {},
        {},
        { counts: { returned: 1, damaged: 0, missing: 0 } },
      ],
    });
    expect(body.due).toBeUndefined();
  });

  /** How far it is, and what may follow; setUp may be skipped, nothing else. */
  const table: readonly (readonly [state: string, to: string | undefined, allowed: readonly string[]])[] = [
    ['confirmed', undefined, ['pack']],
    ['packed', 'pack', ['load']],
    ['loaded', 'load', ['dispatch']],
    ['dispatched', 'dispatch', ['deliver']],
    ['delivered', 'deliver', ['setup-complete', 'pickup']],
    ['setUp', 'setup-complete', ['pickup']],
    ['pickedUp', 'pickup', ['return']],
    ['returned', 'return', []],
    ['requested', undefined, ['confirm']],
    ['cancelled', undefined, []],
  ];
  const why: Readonly<Record<string, string>> = {
    requested: 'the reservation has to be confirmed first',
    cancelled: 'the reservation was cancelled',
    returned: 'the units have been returned',
  };
  test.each(table)('every step from %s: wrong_state with what is due, or taken', async (state, to, allowed) => {
    const eventId = await world.event({}, 'approve', 'confirm');
    async function prepared(): Promise<string> {
      const equipmentId = await world.item();
      if (state === 'requested' || state === 'cancelled') {
        const id = await world.reserved(equipmentId, eventId);
        if (state === 'cancelled') await world.manager.delete(`equipment/reservations/${id}`);
        return id;
      }
      const id = await world.confirmed(1, equipmentId, eventId);
      if (to === 'return') await goTo(world.manager, id, 'pickup').then(() => world.step(id, 'return', back));
      else if (to !== undefined) await goTo(world.manager, id, to);
      return id;
    }
    for (const [name, body] of steps) {
      const id = await prepared();
      const answer = await world.step(id, name, body);
      if (allowed.includes(name)) expect(answer.status, `${name}: ${answer.text}`).toBe(200);
      else {
        expect(answer.body, name).toMatchObject({ type: 'urn:marquee:problem:wrong_state', state, allowed });
        const due = names.includes(allowed[0] ?? '') ? allowed[0] : undefined;
        expect(answer.body.due).toBe(due);
        expect(answer.body.detail).toBe(`"${name}" is not due; ${due ? `"${due}" is` : why[state]}.`);
      }
    }
  });

  test('each once: of twenty at the same time one is taken', async () => {
    const id = await world.confirmed();
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.step(id, 'pack')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await world.manager.get(`equipment/logistics/${id}`)).body.steps).toHaveLength(1);
  });

  test('need what they are for: a vehicle, a driver, counts that add up', async () => {
    const id = await world.confirmed(5);
    await world.step(id, 'pack');
    expect((await world.step(id, 'load')).body.errors[0].path).toBe('body.vehicle');
    await world.step(id, 'load', { vehicle: 'Van' });
    expect((await world.step(id, 'dispatch')).body.errors[0].path).toBe('body.driver');
    await world.step(id, 'dispatch', { driver: 'Dee' });
    await world.step(id, 'deliver');
    await world.step(id, 'pickup');
    for (const counts of [{ returned: 4 }, { returned: 5, damaged: 1 }, { returned: 2, damaged: 2, missing: 2 }]) {
      const answer = await world.step(id, 'return', counts);
      expect([answer.status, answer.body.errors?.[0].code]).toEqual([400, 'sum']);
    }
    expect((await world.step(id, 'return', { returned: 2, damaged: 2, missing: 1 })).status).toBe(200);
  });

  test('event-ready: nothing leaves for an event that is not confirmed; what is out comes home all the same', async () => {
    const draft = await world.event();
    const id = await world.confirmed(1, undefined, draft);
    expect((await world.step(id, 'pack')).body).toMatchObject({ rule: 'event-ready', eventStatus: 'draft' });
    const eventId = await world.event({}, 'approve', 'confirm');
    const out = await world.confirmed(1, undefined, eventId);
    await goTo(world.manager, out, 'dispatch');
    await world.manager.post(`events/${eventId}/cancel`, { reason: 'Rain' });
    await world.settle();
    const { body } = await world.manager.get(`events/${eventId}/equipment-reservations`);
    expect(body.data).toMatchObject([{ id: out, status: 'confirmed', out: true, troubles: ['eventCancelled'] }]);
    for (const name of ['deliver', 'pickup']) expect((await world.step(out, name)).status).toBe(200);
    expect((await world.step(out, 'return', back)).status).toBe(200);
  });

  test('packing waits for inspection, repair, and for units that are on the shelf', async () => {
    const equipmentId = await world.item({ quantity: 3 });
    const [one, two] = [await world.confirmed(2, equipmentId), await world.confirmed(1, equipmentId)];
    await world.happens(equipmentId, { type: 'EquipmentInspectionDue', data: { maintenanceId: 'm1' } });
    expect((await world.step(one, 'pack')).body.rule).toBe('inspection-pending');
    await world.happens(equipmentId, { type: 'EquipmentInspectionDone', data: { maintenanceId: 'm1' } });
    const down = 'EquipmentConditionDowngraded';
    await world.happens(equipmentId, { type: down, data: { from: 'good', to: 'needsRepair' } });
    expect((await world.step(one, 'pack')).body.rule).toBe('item-usable');
    await world.happens(equipmentId, { type: 'EquipmentConditionUpgraded', data: { from: 'needsRepair', to: 'good' } });
    await world.happens(equipmentId, { type: 'EquipmentUnitsMoved', data: { to: 'inMaintenance', quantity: 2 } });
    expect((await world.step(one, 'pack')).body).toMatchObject({ rule: 'units-on-shelf', onShelf: 1 });
    expect((await world.step(two, 'pack')).status).toBe(200);
  });

  test('what is packed cannot change its number, what is out cannot be cancelled; packed ones go back on the shelf', async () => {
    const equipmentId = await world.item({ quantity: 4 });
    const id = await world.confirmed(3, equipmentId);
    await world.step(id, 'pack');
    await world.settle();
    expect((await world.stateOf(equipmentId)).away.setApart).toBe(3);
    expect((await world.manager.patch(`equipment/reservations/${id}`, { quantity: 2 })).body.rule).toBe(
      'packed-is-fixed',
    );
    const other = await world.confirmed(1, equipmentId);
    await goTo(world.manager, other, 'dispatch');
    const answer = await world.manager.delete(`equipment/reservations/${other}`);
    expect(answer.body).toMatchObject({
      type: 'urn:marquee:problem:wrong_state',
      state: 'dispatched',
      allowed: ['deliver'],
    });
    expect((await world.manager.delete(`equipment/reservations/${id}`)).status).toBe(204);
    await world.settle();
    const { away } = await world.stateOf(equipmentId);
    expect(away).toEqual({ setApart: 0, inTransit: 1, atVenue: 0, inMaintenance: 0 });
  });
});
