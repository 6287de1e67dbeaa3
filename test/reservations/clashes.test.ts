/** What a clash says, leaves behind, and how it is gone over (REQ-EQP-030, 031). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { closeStages, mostTaken, trailOf, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const conflict = 'urn:marquee:problem:conflict';
const evening = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' };

describe('REQ-EQP-030 a clash', () => {
  test('lists who is in the way, the title for those who may read it, and is remembered on the item', async () => {
    const equipmentId = await world.item({ quantity: 5 });
    const [first, second] = [await world.event({ title: 'Secret ball' }), await world.event()];
    const owner = await world.reserved(equipmentId, first, { quantity: 3 });
    const body = { equipmentId, eventId: second, quantity: 4 };
    const answer = await world.manager.post('equipment/reservations', body);
    expect(answer.body).toMatchObject({
      type: conflict,
      equipmentId,
      conflicts: [
        {
          resource: `equipment:${equipmentId}`,
          window: evening,
          owner: { type: 'reservation', id: owner, title: 'Secret ball' },
          short: 2,
        },
      ],
    });
    // Staff see the events they are assigned to; this is none of theirs.
    const staff = await world.as('staff').post('equipment/reservations', body);
    expect(staff.body.conflicts[0].owner).toEqual({ type: 'reservation', id: owner });
    await world.settle();
    expect(await trailOf(world.scope, equipmentId)).toEqual([
      'EquipmentItemAdded',
      ...Array(2).fill(['EquipmentDoubleBookingDetected', 'EquipmentDoubleBookingPrevented']).flat(),
    ]);
    expect(await mostTaken(world.scope, equipmentId)).toBe(3);
  });

  test('names others of the category that are free for all of it, the most alike first, with the reason', async () => {
    const light = (name: string, watts: string, more = {}) =>
      world.item({
        name,
        category: 'lighting',
        quantity: 2,
        specifications: [
          { key: 'power', value: watts, unit: 'W' },
          { key: 'colour', value: 'warm' },
        ],
        ...more,
      });
    const wanted = await light('Spot', '500');
    const [far, near, same] = [await light('Far', '100'), await light('Near', '450'), await light('Same', '500')];
    const busy = await light('Busy', '500');
    const broken = await light('Broken', '500', { condition: 'needsRepair' });
    const few = await light('Few', '500', { quantity: 1 });
    const [eventId, other] = [await world.event(), await world.event()];
    await world.reserved(wanted, other, { quantity: 1 });
    await world.reserved(busy, other, {
      quantity: 1,
      window: { start: '2026-12-01T20:00:00Z', end: '2026-12-01T23:00:00Z' },
    });
    const answer = await world.manager.post('equipment/reservations', { equipmentId: wanted, eventId, quantity: 2 });
    expect(answer.body.alternatives.map(({ equipmentId }: { equipmentId: string }) => equipmentId)).toEqual([
      same,
      near,
      far,
    ]);
    expect(answer.body.alternatives[1]).toEqual({
      equipmentId: near,
      name: 'Near',
      free: 2,
      same: ['colour'],
      different: [{ key: 'power', wanted: '500 W', offered: '450 W' }],
      reason: 'Same category and colour; power 450 W instead of 500 W',
    });
    const asked = await world.manager.post('equipment/check-availability', {
      items: [
        { equipmentId: wanted, quantity: 2 },
        { equipmentId: broken, quantity: 1 },
        { equipmentId: few, quantity: 1 },
      ],
      window: evening,
    });
    expect(asked.body).toMatchObject({
      available: false,
      items: [
        { equipmentId: wanted, available: false, free: 1, short: 1, conflicts: [{ short: 1 }] },
        { equipmentId: broken, available: false, free: 2, short: 0, rule: 'item-usable', conflicts: [] },
        { equipmentId: few, available: true, free: 1, short: 0, alternatives: [] },
      ],
    });
    expect(asked.body.items[0].alternatives).toEqual(answer.body.alternatives);
  });

  test('names what can be had however many of the category are retired or broken', async () => {
    const of = (name: string, more = {}) => world.item({ name, category: 'staging', quantity: 2, ...more });
    const wanted = await of('Deck');
    const useless = Array.from({ length: 330 }, async (_, at) => {
      if (at % 3 === 0) return of(`A ${at}`, { condition: 'outOfService' });
      if (at % 3 === 1) return of(`A ${at}`, { condition: 'needsRepair' });
      const id = await of(`A ${at}`);
      await world.happens(id, { type: 'EquipmentRetired', data: { at: world.scope.now(), reason: 'Worn' } });
      return id;
    });
    await Promise.all(useless);
    const good = await of('Z deck');
    const [eventId, other] = [await world.event(), await world.event()];
    await world.reserved(wanted, other, { quantity: 2 });
    const answer = await world.manager.post('equipment/reservations', { equipmentId: wanted, eventId, quantity: 1 });
    expect(answer.body.alternatives.map((one: { equipmentId: string }) => one.equipmentId)).toEqual([good]);
  });

  test('REQ-EQP-031 is taken over by those who may override, with a fact of who and why; by nobody else', async () => {
    const equipmentId = await world.item({ quantity: 1 });
    const [first, second] = [await world.event(), await world.event()];
    await world.reserved(equipmentId, first);
    const body = { equipmentId, eventId: second, quantity: 1, override: { reason: 'Both can share' } };
    expect((await world.as('staff').post('equipment/reservations', body)).status).toBe(403);
    const answer = await world.manager.post('equipment/reservations', body);
    expect(answer.status).toBe(201);
    await world.settle();
    expect(await trailOf(world.scope, answer.body.id)).toEqual([
      'EquipmentBookingRequested',
      'EquipmentDoubleBookingOverridden',
    ]);
    expect(await trailOf(world.scope, equipmentId)).toEqual(['EquipmentItemAdded', 'EquipmentDoubleBookingDetected']);
    expect(await mostTaken(world.scope, equipmentId)).toBe(2);
  });

  test('with maintenance alone has a rule of its own', async () => {
    const equipmentId = await world.item({ quantity: 2 });
    const eventId = await world.event();
    await claimsOf(world.scope).claim({
      id: 'maintenance-1',
      resource: `equipment:${equipmentId}`,
      quantity: 2,
      windows: [evening],
      use: evening,
      owner: { type: 'maintenance', id: 'm1' },
      mode: 'firm',
      capacity: 2,
    });
    const answer = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1 });
    expect(answer.body).toMatchObject({ rule: 'item-in-maintenance', conflicts: [{ owner: { type: 'maintenance' } }] });
  });
});
