/** Units that were lost and turn up again: what was retired since none was left is there again (REQ-EQP-048, 063). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelMaintenanceOfGone } from '../../functions/bus/cancel-maintenance-of-gone.ts';
import { claimsOf } from '../../shared/claims/engine.ts';
import { deliver, factsOf } from '../maintenance/support.ts';
import { closeStages, goTo, trailOf, type Warehouse, warehouse } from '../reservations/support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const shown = async (equipmentId: string) => (await world.manager.get(`equipment/${equipmentId}`)).body;
const elsewhen = { startsAt: '2026-12-05T18:00:00Z', endsAt: '2026-12-05T21:00:00Z' };
const window = { start: elsewhen.startsAt, end: elsewhen.endsAt };

/** An item of two units, all of which are lost, and a later reservation that counted on one. */
async function lost() {
  const equipmentId = await world.item({ quantity: 2 });
  const id = await world.confirmed(2, equipmentId);
  const waiting = await world.reserved(equipmentId, await world.event(elsewhen));
  await goTo(world.manager, id, 'pickup');
  await world.step(id, 'return', { returned: 0, missing: 2 });
  await world.settle();
  expect(await shown(equipmentId)).toMatchObject({ status: 'retired', quantity: 0 });
  return { equipmentId, waiting };
}
const found = (equipmentId: string, quantity: number) =>
  world.as('warehouseManager').patch(`equipment/${equipmentId}`, { quantity });

describe('an item of which no unit was left', () => {
  test('is in use again with the number of those that turned up, and so are its reservations', async () => {
    const { equipmentId, waiting } = await lost();
    const path = `equipment/reservations/${waiting}`;
    expect((await world.manager.get(path)).body.troubles).toContain('itemRetired');
    const answer = await found(equipmentId, 1);
    expect(answer.body, answer.text).toMatchObject({ status: 'available', quantity: 1, units: { inStock: 1 } });
    expect(answer.body.retired).toBeUndefined();
    await world.settle();
    expect((await world.manager.get(path)).body.troubles).toEqual([]);
    expect((await world.manager.post(`${path}/confirm`)).status).toBe(200);
    expect(await claimsOf(world.scope).free(`equipment:${equipmentId}`, window, 0)).toBe(0);
    expect((await trailOf(world.scope, equipmentId)).slice(-3)).toEqual([
      'EquipmentRetired',
      'EquipmentItemUpdated',
      'EquipmentReinstated',
    ]);
  });

  test('can be retired by hand then, for good', async () => {
    const { equipmentId } = await lost();
    await found(equipmentId, 2);
    expect((await world.manager.post(`equipment/${equipmentId}/retire`, { reason: 'Worn' })).status).toBe(200);
    expect((await found(equipmentId, 3)).body).toMatchObject({ status: 'retired', retired: { reason: 'Worn' } });
  });

  test('keeps work that was scheduled since, though its retirement is told late', async () => {
    const { equipmentId } = await lost();
    const retired = (await factsOf(world.scope, 'equipment', equipmentId)).find(
      ({ type }) => type === 'EquipmentRetired',
    );
    await found(equipmentId, 1);
    const body = { type: 'inspection', scheduledAt: '2026-12-20T10:00:00Z', estimatedMinutes: 60, description: 'Look' };
    const { body: work } = await world.manager.post(`equipment/${equipmentId}/maintenance`, body);
    await deliver(world.platform, cancelMaintenanceOfGone, retired);
    expect((await world.manager.get(`equipment/${equipmentId}/maintenance`)).body.data).toMatchObject([
      { id: work.id, status: 'scheduled' },
    ]);
  });

  test('stays retired for other changes, and when it was reported as a total loss', async () => {
    const { equipmentId } = await lost();
    const specifications = [{ key: 'Colour', value: 'red' }];
    await world.manager.put(`equipment/${equipmentId}/specifications`, { specifications });
    const { body, status } = await world.manager.patch(`equipment/${equipmentId}`, { warehouseLocation: 'Row 4' });
    expect([status, body.quantity, body.warehouseLocation]).toEqual([200, 0, 'Row 4']);
    expect(await shown(equipmentId)).toMatchObject({ status: 'retired', specifications });
    await world.manager.post(`equipment/${equipmentId}/damage-reports`, {
      severity: 'totalLoss',
      description: 'Burnt',
    });
    await world.settle();
    expect((await found(equipmentId, 1)).body).toMatchObject({ status: 'retired', quantity: 1 });
  });
});

test('a lost piece with a serial number is corrected, and found again; nobody says of what is there that none is', async () => {
  const equipmentId = await world.item({ quantity: 1, serialNumber: 'SN-1' });
  const path = `equipment/${equipmentId}`;
  const none = await world.manager.patch(path, { quantity: 0 });
  expect([none.status, none.body.errors]).toMatchObject([400, [{ path: 'body.quantity', code: 'too_small' }]]);
  const id = await world.confirmed(1, equipmentId);
  await goTo(world.manager, id, 'pickup');
  await world.step(id, 'return', { returned: 0, missing: 1 });
  await world.settle();
  expect((await world.manager.patch(path, { serialNumber: 'SN-2' })).body).toMatchObject({ serialNumber: 'SN-2' });
  expect((await world.manager.patch(path, { quantity: 2 })).body.errors).toMatchObject([{ path: 'body.quantity' }]);
  expect((await found(equipmentId, 1)).body).toMatchObject({ status: 'available', quantity: 1 });
});

test('what was retired by hand stays so, though its units were lost and turn up again', async () => {
  const equipmentId = await world.item({ quantity: 1 });
  const id = await world.confirmed(1, equipmentId);
  await goTo(world.manager, id, 'pickup');
  await world.manager.post(`equipment/${equipmentId}/retire`, { reason: 'Old' });
  await world.step(id, 'return', { returned: 0, missing: 1 });
  await world.settle();
  expect((await found(equipmentId, 1)).body).toMatchObject({ status: 'retired', retired: { reason: 'Old' } });
});
