/** What becomes of an item and its units: retired by hand, and moved, lost, inspected or retired by reactions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  loseUnits,
  moveUnits,
  noteInspection,
  notePreventive,
  requireReplacement,
  retireItem,
  setCondition,
} from '../../shared/equipment/commands.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { runReaction } from '../../shared/platform/react.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { freeUnits, madeItem, reserved, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const free = (id: string) => freeUnits(world.scope(), id);

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

describe('REQ-EQP-011 status and units follow what reactions tell of', () => {
  /** Runs the work as a reaction to a fact of the item, twice. */
  async function twice(id: string, work: (scope: Scope) => Promise<void>): Promise<void> {
    const [fact] = await world.facts(id);
    if (!fact) throw new Error('No fact');
    const name = `told-${systemIds.next()}`;
    const told = reaction({ name, on: [fact.type], handle: (_, scope) => work(scope) });
    await runReaction(world.platform, told, fact);
    await runReaction(world.platform, told, fact);
  }
  const shown = async (id: string) => (await world.manager.get(`equipment/${id}`)).body;

  test('of a bulk item: available while any unit is on the shelf', async () => {
    const { id } = await madeItem(world.manager);
    await twice(id, (scope) => moveUnits(scope, id, { to: 'setApart', quantity: 4 }));
    expect(await shown(id)).toMatchObject({ status: 'available', units: { inStock: 6, reservedNow: 4 } });
    await twice(id, (scope) => moveUnits(scope, id, { from: 'setApart', to: 'inTransit', quantity: 4 }));
    await twice(id, (scope) => moveUnits(scope, id, { to: 'inMaintenance', quantity: 6 }));
    expect(await shown(id)).toMatchObject({
      status: 'inTransit',
      units: { inStock: 0, inTransit: 4, inMaintenance: 6 },
    });
    await twice(id, (scope) => moveUnits(scope, id, { from: 'inMaintenance', quantity: 6 }));
    expect(await shown(id)).toMatchObject({ status: 'available', units: { inStock: 6 } });
  });

  test.each([
    ['setApart', 'reserved'],
    ['inTransit', 'inTransit'],
    ['atVenue', 'atVenue'],
    ['inMaintenance', 'inMaintenance'],
  ] as const)('of a single piece that is %s', async (to, status) => {
    const { id } = await madeItem(world.manager, { quantity: 1, serialNumber: 'S' });
    await twice(id, (scope) => moveUnits(scope, id, { to, quantity: 1 }));
    expect((await shown(id)).status).toBe(status);
    const found = await world.manager.get(`equipment?status=${status}&limit=100`);
    expect(found.body.data.map((one: { id: string }) => one.id)).toContain(id);
  });

  test('of units that were lost: they leave stock and the engine, once; with the last one the item is retired', async () => {
    const { id } = await madeItem(world.manager, { quantity: 3 });
    await reserved(world.scope(), id, 1);
    await moveUnits(world.scope(), id, { to: 'inTransit', quantity: 3 });
    const lost = { quantity: 1, reservationId: systemIds.next(), from: 'inTransit' } as const;
    await twice(id, (scope) => loseUnits(scope, id, lost));
    expect(await shown(id)).toMatchObject({ quantity: 2, units: { inStock: 0, inTransit: 2 } });
    expect(await free(id)).toBe(1);
    await twice(id, (scope) => loseUnits(scope, id, { ...lost, quantity: 2 }));
    expect(await shown(id)).toMatchObject({ quantity: 0, status: 'retired', retired: { reason: 'No unit is left' } });
  });

  test('of inspections, preventive work, condition, replacement and retirement', async () => {
    const { id } = await madeItem(world.manager);
    const [first, second] = [systemIds.next(), systemIds.next()];
    for (const inspection of [first, second]) {
      await twice(id, (scope) => noteInspection(scope, id, inspection, 'due'));
    }
    await twice(id, (scope) => noteInspection(scope, id, first, 'done'));
    expect((await shown(id)).inspectionPending).toBe(true);
    await twice(id, (scope) => noteInspection(scope, id, second, 'done'));
    expect((await shown(id)).inspectionPending).toBe(false);
    await twice(id, (scope) => notePreventive(scope, id, '2026-09-30T10:00:00Z'));
    await twice(id, (scope) => notePreventive(scope, id, '2026-08-30T10:00:00Z'));
    expect(await shown(id)).toMatchObject({
      lastPreventiveAt: '2026-09-30T10:00:00Z',
      nextPreventiveDueAt: '2027-03-30T10:00:00Z',
    });
    await twice(id, (scope) => setCondition(scope, id, { condition: 'poor' }));
    const damageReportId = systemIds.next();
    await twice(id, (scope) => requireReplacement(scope, id, { damageReportId, reason: 'totalLoss' }));
    await twice(id, (scope) => retireItem(scope, id, 'Total loss', damageReportId));
    await twice(id, (scope) => retireItem(scope, id, 'Total loss', damageReportId));
    await twice(id, (scope) => setCondition(scope, id, { condition: 'good' }));
    expect(await shown(id)).toMatchObject({ condition: 'poor', status: 'retired', retired: { reason: 'Total loss' } });
    const types = (await world.facts(id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'EquipmentReplacementRequired')).toHaveLength(1);
    expect(types.filter((type) => type === 'EquipmentRetired')).toHaveLength(1);
  });

  test('of an item that is gone by then: nothing is left to do', async () => {
    const { id } = await madeItem(world.manager);
    await world.manager.delete(`equipment/${id}`);
    await twice(id, (scope) => retireItem(scope, id, 'Total loss'));
    await twice(id, (scope) => moveUnits(scope, id, { to: 'atVenue', quantity: 1 }));
  });
});
