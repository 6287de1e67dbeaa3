/** Packing and losing, where several jobs want the same units: an item's books add up at every moment (spec chapter 06). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeStages, goTo, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const step = (id: string, name: string, body: object = {}) =>
  world.manager.post(`equipment/logistics/${id}/${name}`, body);

/** Confirmed reservations of one item on days of their own. */
async function jobs(equipmentId: string, ...quantities: readonly number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [at, quantity] of quantities.entries()) {
    const day = `2027-01-${String(at + 10)}`;
    const slot = { startsAt: `${day}T10:00:00Z`, endsAt: `${day}T12:00:00Z` };
    const id = await world.reserved(equipmentId, await world.event(slot, 'approve', 'confirm'), { quantity });
    await world.manager.post(`equipment/reservations/${id}/confirm`);
    ids.push(id);
  }
  return ids;
}

const shown = async (equipmentId: string) => (await world.manager.get(`equipment/${equipmentId}`)).body;

/** Where units are, together. */
async function together(equipmentId: string): Promise<number> {
  const { units } = await shown(equipmentId);
  return Object.values<number>(units).reduce((sum, one) => sum + one, 0);
}

describe('REQ-EQP-040 packing', () => {
  test('of ten units for four jobs at once packs no unit twice', async () => {
    const equipmentId = await world.item({ quantity: 10 });
    const ids = await jobs(equipmentId, 6, 4, 6, 4);
    const answers = await Promise.all(ids.map((id) => step(id, 'pack')));
    await world.settle();
    expect(await together(equipmentId)).toBe(10);
    const packed = answers.flatMap(({ status }, at) => (status === 200 ? [[6, 4, 6, 4][at] ?? 0] : []));
    expect(packed.reduce((sum, one) => sum + one, 0)).toBe((await shown(equipmentId)).units.reservedNow);
    for (const { status, body } of answers) if (status !== 200) expect(body.rule).toBe('units-on-shelf');
  });

  test('and the start of maintenance in the same moment: one of them has the units', async () => {
    const equipmentId = await world.item({ quantity: 10 });
    const [id = ''] = await jobs(equipmentId, 6);
    const body = { type: 'cleaning', scheduledAt: '2026-12-20T10:00:00Z', estimatedMinutes: 60, description: 'Dust' };
    const { body: work } = await world.manager.post(`equipment/${equipmentId}/maintenance`, { ...body, quantity: 5 });
    const answers = await Promise.all([
      step(id, 'pack'),
      world.manager.post(`equipment/maintenance/${work.id}/start`, {}),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    await world.settle();
    expect(await together(equipmentId)).toBe(10);
  });

  test('right after another has packed finds what is left, before any reaction has run', async () => {
    const equipmentId = await world.item({ quantity: 10 });
    const [one = '', two = ''] = await jobs(equipmentId, 7, 7);
    expect((await step(one, 'pack')).status).toBe(200);
    expect((await step(two, 'pack')).body).toMatchObject({ rule: 'units-on-shelf', onShelf: 3 });
    await world.settle();
    expect(await shown(equipmentId)).toMatchObject({ units: { inStock: 3, reservedNow: 7 } });
  });
});

describe('what is out', () => {
  test('keeps the start of its window, so that its units are promised to nobody before they are back', async () => {
    const equipmentId = await world.item({ quantity: 4 });
    const [id = ''] = await jobs(equipmentId, 4);
    await goTo(world.manager, id, 'dispatch');
    const path = `equipment/reservations/${id}`;
    const { window } = (await world.manager.get(path)).body;
    const nextYear = { start: '2028-01-10T10:00:00Z', end: '2028-01-10T12:00:00Z' };
    expect((await world.manager.patch(path, { window: nextYear })).body.rule).toBe('packed-is-fixed');
    const eventId = await world.event();
    const other = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1, window });
    expect(other.status).toBe(409);
    const longer = { ...window, end: '2027-01-10T18:00:00Z' };
    expect((await world.manager.patch(path, { window: longer })).body.window).toEqual(longer);
  });

  test('can be kept for longer when the event is over, and the item by then not to be reserved', async () => {
    const now = world.scope.now();
    const equipmentId = await world.item({ quantity: 4 });
    const slot = { startsAt: '2026-11-21T10:00:00Z', endsAt: '2026-11-21T12:00:00Z' };
    const eventId = await world.event(slot, 'approve', 'confirm');
    const id = await world.reserved(equipmentId, eventId, { quantity: 4 });
    await world.manager.post(`equipment/reservations/${id}/confirm`);
    await goTo(world.manager, id, 'deliver');
    world.move('2026-11-21T12:30:00Z');
    expect((await world.manager.post(`events/${eventId}/complete`)).status).toBe(200);
    const next = { startsAt: '2026-11-21T14:00:00Z', endsAt: '2026-11-21T15:00:00Z' };
    const other = { equipmentId, eventId: await world.event(next), quantity: 1 };
    const down = 'EquipmentConditionDowngraded';
    await world.happens(equipmentId, { type: down, data: { from: 'good', to: 'needsRepair' } });
    const window = { start: slot.startsAt, end: '2026-11-22T12:00:00Z' };
    const longer = await world.manager.patch(`equipment/reservations/${id}`, { window });
    expect([longer.status, longer.body.window]).toEqual([200, window]);
    await world.happens(equipmentId, { type: 'EquipmentConditionUpgraded', data: { from: 'needsRepair', to: 'good' } });
    expect((await world.manager.post('equipment/reservations', other)).status).toBe(409);
    world.move(now);
  });

  test('is shown as late when it is, though nobody has changed it', async () => {
    const now = world.scope.now();
    const [id = ''] = await jobs(await world.item(), 1);
    await goTo(world.manager, id, 'dispatch');
    const path = `equipment/logistics/${id}`;
    const before = await world.manager.get(path);
    world.move('2027-01-10T12:00:01Z');
    const after = await world.manager.get(path, { 'if-none-match': before.headers.get('etag') ?? '' });
    expect([before.body.late, after.status, after.body?.late]).toEqual([false, 200, true]);
    world.move(now);
  });
});

test('REQ-EQP-063 what is retired is packed no more, and comes back when it is out', async () => {
  const equipmentId = await world.item({ quantity: 2 });
  const [out = '', id = ''] = await jobs(equipmentId, 1, 1);
  await goTo(world.manager, out, 'deliver');
  expect((await world.manager.post(`equipment/${equipmentId}/retire`, { reason: 'Old' })).status).toBe(200);
  expect((await step(id, 'pack')).body.rule).toBe('item-retired');
  await step(out, 'pickup');
  expect((await step(out, 'return', { returned: 1 })).status).toBe(200);
  await world.settle();
  expect(await shown(equipmentId)).toMatchObject({ status: 'retired', units: { inStock: 2 } });
});

describe('units set apart by a packing that crashed before the reservation knew', () => {
  const begun = async (quantity: number) => {
    const equipmentId = await world.item({ quantity: 10 });
    const [id = ''] = await jobs(equipmentId, quantity);
    const data = { to: 'setApart', quantity, reservationId: id } as const;
    await world.happens(equipmentId, { type: 'EquipmentUnitsMoved', data });
    return { equipmentId, id };
  };

  test('are packed by the next try, as many as it is of by then', async () => {
    for (const quantity of [6, 3, 9]) {
      const { equipmentId, id } = await begun(6);
      if (quantity !== 6) await world.manager.patch(`equipment/reservations/${id}`, { quantity });
      expect((await step(id, 'pack')).status).toBe(200);
      await world.settle();
      expect(await shown(equipmentId)).toMatchObject({ units: { inStock: 10 - quantity, reservedNow: quantity } });
    }
  });

  test('are back on the shelf when it is cancelled', async () => {
    const { equipmentId, id } = await begun(6);
    await world.manager.delete(`equipment/reservations/${id}`);
    await world.settle();
    expect(await shown(equipmentId)).toMatchObject({ units: { inStock: 10, reservedNow: 0 } });
  });

  test('are put back when the packing is refused after all', async () => {
    const equipmentId = await world.item({ quantity: 10 });
    const ids = await jobs(equipmentId, ...Array.from({ length: 8 }, () => 1));
    await Promise.all(
      ids.flatMap((id) => [step(id, 'pack'), world.manager.delete(`equipment/reservations/${id}`), step(id, 'pack')]),
    );
    await world.settle();
    expect(await shown(equipmentId)).toMatchObject({ units: { inStock: 10, reservedNow: 0 } });
  });
});

describe('REQ-EQP-048 losing', () => {
  test('the last unit retires the item: there is nothing left to reserve, move or mend', async () => {
    const equipmentId = await world.item({ quantity: 2 });
    const [id = '', next = ''] = await jobs(equipmentId, 2, 1);
    await goTo(world.manager, id, 'pickup');
    expect((await step(id, 'return', { returned: 0, missing: 2 })).status).toBe(200);
    await world.settle();
    expect(await shown(equipmentId)).toMatchObject({
      quantity: 0,
      status: 'retired',
      retired: { reason: 'No unit is left' },
    });
    expect((await world.manager.get(`equipment/reservations/${next}`)).body.troubles).toContain('itemRetired');
  });
});
