/** What becomes of an item and its units: retired by hand, and what shows of facts that others commit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ItemFact, items, type Place } from '../../shared/equipment/model.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { happened } from '../support/items.ts';
import { itemBody, madeItem, reserved, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('REQ-EQP-063 retiring', () => {
  test('is for good, whatever is reserved: no unit is left to take', async () => {
    const { id } = await madeItem(world.manager);
    await reserved(world.scope(), id, 2);
    const retired = await world.manager.post(`equipment/${id}/retire`, { reason: 'Worn out' });
    expect(retired.body).toMatchObject({
      status: 'retired',
      retired: { at: '2026-10-01T09:00:00Z', reason: 'Worn out' },
    });
    await expect(reserved(world.scope(), id, 1)).rejects.toMatchObject({ code: 'conflict' });
    for (const step of ['retire', 'activate', 'deactivate']) {
      const { status, body } = await world.manager.post(`equipment/${id}/${step}`, { reason: 'Again' });
      expect([status, body.state, body.allowed], step).toEqual([409, 'retired', []]);
    }
    expect((await world.manager.put(`equipment/${id}/condition`, { condition: 'good' })).body.state).toBe('retired');
    expect((await world.manager.post(`equipment/${id}/retire`, {})).status).toBe(400);
    expect((await world.facts(id)).at(-1)).toMatchObject({
      type: 'EquipmentRetired',
      data: { reason: 'Worn out', at: '2026-10-01T09:00:00Z' },
    });
  });

  test('sent again under its key is answered as the first time', async () => {
    const { id } = await madeItem(world.manager);
    const headers = { 'idempotency-key': 'retire-once' };
    const first = await world.manager.post(`equipment/${id}/retire`, { reason: 'Old' }, headers);
    const again = await world.manager.post(`equipment/${id}/retire`, { reason: 'Old' }, headers);
    expect([again.status, again.text]).toEqual([200, first.text]);
  });
});

describe('REQ-EQP-011 status and units follow the facts', () => {
  const happens = (id: string, ...facts: ItemFact[]) => happened(world.scope(), id, ...facts);
  const moved = (id: string, data: { from?: Place; to?: Place; quantity: number }) =>
    happens(id, { type: 'EquipmentUnitsMoved', data });
  const shown = async (id: string) => (await world.manager.get(`equipment/${id}`)).body;

  test('of a bulk item: available while any unit is on the shelf', async () => {
    const { id } = await madeItem(world.manager);
    await moved(id, { to: 'setApart', quantity: 4 });
    expect(await shown(id)).toMatchObject({ status: 'available', units: { inStock: 6, reservedNow: 4 } });
    await moved(id, { from: 'setApart', to: 'inTransit', quantity: 4 });
    await moved(id, { to: 'inMaintenance', quantity: 6 });
    expect(await shown(id)).toMatchObject({
      status: 'inTransit',
      units: { inStock: 0, inTransit: 4, inMaintenance: 6 },
    });
    await moved(id, { from: 'inMaintenance', quantity: 6 });
    expect(await shown(id)).toMatchObject({ status: 'available', units: { inStock: 6 } });
  });

  test.each([
    ['setApart', 'reserved'],
    ['inTransit', 'inTransit'],
    ['atVenue', 'atVenue'],
    ['inMaintenance', 'inMaintenance'],
  ] as const)('of a single piece that is %s', async (to, status) => {
    const { id } = await madeItem(world.manager, { quantity: 1, serialNumber: 'S' });
    await moved(id, { to, quantity: 1 });
    expect((await shown(id)).status).toBe(status);
    const found = await world.manager.get(`equipment?status=${status}&limit=100`);
    expect(found.body.data.map((one: { id: string }) => one.id)).toContain(id);
  });

  test('of inspections: pending until none is left', async () => {
    const { id } = await madeItem(world.manager);
    const [first, second] = [systemIds.next(), systemIds.next()];
    for (const maintenanceId of [first, second]) {
      await happens(id, { type: 'EquipmentInspectionDue', data: { maintenanceId } });
    }
    await happens(id, { type: 'EquipmentInspectionDone', data: { maintenanceId: first } });
    expect((await shown(id)).inspectionPending).toBe(true);
    await happens(id, { type: 'EquipmentInspectionDone', data: { maintenanceId: second } });
    expect((await shown(id)).inspectionPending).toBe(false);
  });

  test('and how the books are kept is neither shown nor changed by PUT and PATCH', async () => {
    const { id } = await madeItem(world.manager);
    const before = Object.keys(await shown(id)).sort();
    const damageReportId = systemIds.next();
    await happens(
      id,
      { type: 'EquipmentUnitsMoved', data: { to: 'atVenue', quantity: 4, reservationId: systemIds.next() } },
      { type: 'EquipmentPreventiveDueSoon', data: { name: 'N', dueAt: '2027-04-01T09:00:00Z' } },
      { type: 'EquipmentReplacementRequired', data: { damageReportId, reason: 'repairCost' } },
    );
    const books = async () => {
      const { jobs, told, replacementFor } = (await world.scope().of(items).get(id)).state;
      return { jobs, told, replacementFor };
    };
    const kept = await books();
    expect(Object.keys(kept.jobs ?? {})).toHaveLength(1);
    expect(Object.keys(await shown(id)).sort()).toEqual(before);
    const patched = await world.manager.patch(`equipment/${id}`, { model: 'M2' });
    expect([patched.status, patched.body.model], patched.text).toEqual([200, 'M2']);
    const body = itemBody({ quantity: 8 });
    const { condition: _, ...fields } = body;
    const put = await world.manager.put(`equipment/${id}`, fields);
    expect([put.status, put.body.quantity], put.text).toEqual([200, 8]);
    expect(await books()).toEqual(kept);
    for (const field of ['jobs', 'told', 'replacementFor', 'orgId']) {
      expect((await world.manager.patch(`equipment/${id}`, { [field]: null })).status, field).toBe(400);
    }
  });
});
