/** What maintenance does by itself: each reaction twice, out of order, after a crash; the end is the same. */
import { describe, expect, test } from 'vitest';
import { flagReservationsUnderMaintenance } from '../../functions/bus/flag-reservations-under-maintenance.ts';
import { inspectReturnedEquipment } from '../../functions/bus/inspect-returned.ts';
import { items } from '../../shared/equipment/model.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { reservations } from '../../shared/reservations/model.ts';
import type { Stage } from '../events/support.ts';
import type { Body, Person } from '../support/callers.ts';
import { Crash, crashing, unguarded } from '../support/faults.ts';
import { storedItem } from '../support/items.ts';
import { broughtBack, deliver, factsOf, inWorkshop, itemOf, reserved, retired, takenIn, typesOf } from './support.ts';

let world: Stage;
let technician: Person;
let manager: Person;
let equipmentId: string;
inWorkshop((shop) => {
  ({ world, technician, manager, equipmentId } = shop);
});

const window = { start: '2026-11-10T10:00:00Z', end: '2026-11-12T10:00:00Z' };
const ahead = { start: '2026-12-01T10:00:00Z', end: '2026-12-01T12:00:00Z' };
const listed = async (): Promise<Body[]> => (await technician.get(`equipment/${equipmentId}/maintenance`)).body.data;
const inspections = async () => (await itemOf(world.scope, equipmentId)).inspections;

async function returned(counts = { returned: 3, damaged: 1, missing: 0 }): Promise<{ id: string; fact: Fact }> {
  const { returned: whole, damaged, missing } = counts;
  const id = await reserved(world, { equipmentId, window, quantity: whole + damaged + missing });
  await broughtBack(world.scope, id, counts);
  const fact = (await factsOf(world.scope, 'reservations', id)).at(-1);
  if (!fact) throw new Error('No fact');
  return { id, fact };
}

describe('REQ-EQP-056 a return', () => {
  test('makes an inspection at once, which blocks the item and no window, until it is completed', async () => {
    const { id, fact } = await returned();
    await world.settle();
    const [inspection] = await listed();
    expect(inspection).toMatchObject({
      type: 'inspection',
      status: 'scheduled',
      scheduledAt: fact.time,
      quantity: 4,
      description: 'Inspection after return, 1 of 4 damaged',
      returnedFrom: { reservationId: id, eventId: fact.data.eventId },
      createdBy: 'system',
    });
    expect(await inspections()).toEqual([inspection.id]);
    const owners = await takenIn(world.scope, equipmentId, { start: window.start, end: ahead.end });
    expect(owners.map(({ owner }) => owner)).toEqual(['reservation']);
    expect(await typesOf(world.scope, 'equipment', inspection.id)).toEqual([
      'EquipmentMaintenanceScheduled',
      'EquipmentInspectionScheduled',
    ]);
    const path = `equipment/maintenance/${inspection.id}`;
    await technician.patch(path, { scheduledAt: '2026-11-21T09:00:00Z' });
    await technician.post(`${path}/start`);
    expect((await itemOf(world.scope, equipmentId)).away.inMaintenance).toBe(4);
    expect(await inspections()).toEqual([inspection.id]);
    await technician.post(`${path}/complete`, { passed: true });
    expect(await inspections()).toEqual([]);
    expect((await itemOf(world.scope, equipmentId)).away.inMaintenance).toBe(0);
  });

  test('whose inspection is cancelled frees the item; of two returns both must be done', async () => {
    await returned();
    await returned({ returned: 1, damaged: 0, missing: 0 });
    await world.settle();
    const [one, other] = await listed();
    expect(await inspections()).toHaveLength(2);
    await technician.post(`equipment/maintenance/${one.id}/cancel`);
    expect(await inspections()).toEqual([other.id]);
    await technician.post(`equipment/maintenance/${other.id}/cancel`);
    expect(await inspections()).toEqual([]);
  });

  test('of units fewer than are on the shelf by now is inspected with those that are', async () => {
    await returned();
    await world.settle();
    const data = { to: 'setApart', quantity: 8 } as const;
    await world.scope.of(items).execute(equipmentId, () => [{ type: 'EquipmentUnitsMoved', data }]);
    const [{ id }] = await listed();
    expect((await technician.post(`equipment/maintenance/${id}/start`)).status).toBe(200);
    expect((await itemOf(world.scope, equipmentId)).away.inMaintenance).toBe(2);
    await technician.post(`equipment/maintenance/${id}/complete`, { passed: true });
    expect((await itemOf(world.scope, equipmentId)).away).toMatchObject({ setApart: 8, inMaintenance: 0 });
  });

  test('of nothing, or of retired equipment, makes none', async () => {
    await returned({ returned: 0, damaged: 0, missing: 2 });
    await world.settle();
    const { fact } = await returned();
    await retired(world.scope, equipmentId);
    await deliver(world.platform, inspectReturnedEquipment, fact);
    expect(await listed()).toEqual([]);
    expect(await inspections()).toEqual([]);
  });

  test('delivered twice, at once on two processes, and after it was completed: one inspection', async () => {
    const { fact } = await returned();
    await Promise.all([
      deliver(world.platform, inspectReturnedEquipment, fact),
      deliver(world.twin(), inspectReturnedEquipment, fact),
    ]);
    const [{ id }] = await listed();
    await technician.post(`equipment/maintenance/${id}/start`);
    await technician.post(`equipment/maintenance/${id}/complete`, { passed: true });
    await deliver(world.platform, inspectReturnedEquipment, fact);
    await world.settle();
    expect(await listed()).toHaveLength(1);
    expect(await inspections()).toEqual([]);
  });

  test('crashed at any commit, then delivered again: one inspection, and the item knows of it', async () => {
    for (const when of ['before', 'after'] as const) {
      equipmentId = await storedItem(world.scope);
      const { fact } = await returned();
      const crash = crashing(world.platform, 1, when);
      await expect(deliver(crash.platform, inspectReturnedEquipment, fact)).rejects.toThrow(Crash);
      await deliver(world.platform, inspectReturnedEquipment, fact);
      const all = await listed();
      expect(all).toHaveLength(1);
      expect(await inspections()).toEqual([all[0].id]);
    }
  });
});

describe('reservations under maintenance', () => {
  const flags = async (id: string) => (await world.scope.of(reservations).get(id)).state.troubles;
  const body = { type: 'repair', scheduledAt: ahead.start, estimatedMinutes: 120, description: 'Mend' };
  const override = { reason: 'Dangerous' };

  async function forced(): Promise<{ id: string; reservationId: string; facts: readonly Fact[] }> {
    const reservationId = await reserved(world, { equipmentId, window: ahead });
    const made = await manager.post(`equipment/${equipmentId}/maintenance`, { ...body, override });
    const { id } = made.body;
    return { id, reservationId, facts: await factsOf(world.scope, 'equipment', id) };
  }

  test('are flagged once, however often and in which order the facts come', async () => {
    const { id, reservationId, facts } = await forced();
    const [, over] = facts;
    await deliver(world.platform, flagReservationsUnderMaintenance, over);
    await deliver(world.platform, flagReservationsUnderMaintenance, over);
    expect(await flags(reservationId)).toEqual(['maintenance']);
    expect((await typesOf(world.scope, 'reservations', reservationId)).slice(2)).toEqual([
      'EquipmentReservationFlagged',
    ]);
    await technician.post(`equipment/maintenance/${id}/cancel`);
    const cancelled = (await factsOf(world.scope, 'equipment', id)).at(-1);
    await deliver(world.platform, flagReservationsUnderMaintenance, cancelled);
    await deliver(world.platform, flagReservationsUnderMaintenance, over);
    expect(await flags(reservationId)).toEqual([]);
    await world.settle();
    expect(await flags(reservationId)).toEqual([]);
  });

  test('are not flagged when the end comes before the beginning', async () => {
    const { id, reservationId, facts } = await forced();
    await technician.post(`equipment/maintenance/${id}/cancel`);
    const cancelled = (await factsOf(world.scope, 'equipment', id)).at(-1);
    await deliver(world.platform, flagReservationsUnderMaintenance, cancelled);
    await deliver(world.platform, flagReservationsUnderMaintenance, facts[1]);
    expect(await flags(reservationId)).toEqual([]);
  });

  test('keep the flag while another maintenance is over them', async () => {
    const { id, reservationId } = await forced();
    const other = await manager.post(`equipment/${equipmentId}/maintenance`, { ...body, override });
    await world.settle();
    await technician.post(`equipment/maintenance/${id}/cancel`);
    await world.settle();
    expect(await flags(reservationId)).toEqual(['maintenance']);
    await technician.post(`equipment/maintenance/${other.body.id}/cancel`);
    await world.settle();
    expect(await flags(reservationId)).toEqual([]);
  });

  test('that were moved away meanwhile are not flagged', async () => {
    const { reservationId, facts } = await forced();
    const to = { start: '2026-12-05T10:00:00Z', end: '2026-12-05T12:00:00Z' };
    await world.scope.of(reservations).execute(reservationId, ({ equipmentId: of, eventId }) => {
      const data = { equipmentId: of, eventId, changes: { window: { from: ahead, to } } };
      return [{ type: 'EquipmentReservationUpdated', data }];
    });
    await deliver(world.platform, flagReservationsUnderMaintenance, facts[1]);
    expect(await flags(reservationId)).toEqual([]);
  });

  test('crashed after the effect and delivered again they are flagged once', async () => {
    const { reservationId, facts } = await forced();
    const crash = crashing(world.platform, 1, 'after');
    await expect(deliver(crash.platform, flagReservationsUnderMaintenance, facts[1])).rejects.toThrow(Crash);
    await deliver(world.platform, flagReservationsUnderMaintenance, facts[1]);
    expect(await flags(reservationId)).toEqual(['maintenance']);
    const types = await typesOf(world.scope, 'reservations', reservationId);
    expect(types.filter((type) => type === 'EquipmentReservationFlagged')).toHaveLength(1);
  });
});

test('equipment that is retired or removed has its open maintenance called off, and its units back', async () => {
  const schedule = (scheduledAt: string) =>
    technician.post(`equipment/${equipmentId}/maintenance`, {
      type: 'repair',
      scheduledAt,
      estimatedMinutes: 60,
      description: 'Mend',
      quantity: 2,
    });
  const [one, other, done] = [
    await schedule('2026-12-01T10:00:00Z'),
    await schedule('2026-12-02T10:00:00Z'),
    await schedule('2026-12-03T10:00:00Z'),
  ];
  await technician.post(`equipment/maintenance/${one.body.id}/start`);
  await technician.post(`equipment/maintenance/${done.body.id}/cancel`, { reason: 'Mine' });
  await retired(world.scope, equipmentId);
  await world.settle();
  const all = await listed();
  expect(all.map(({ status, reason }) => [status, reason])).toEqual([
    ['cancelled', 'Mine'],
    ['cancelled', 'The equipment is gone'],
    ['cancelled', 'The equipment is gone'],
  ]);
  expect(all.map(({ id }) => id)).toContain(other.body.id);
  expect((await itemOf(world.scope, equipmentId)).away.inMaintenance).toBe(0);
  expect(await takenIn(world.scope, equipmentId, ahead)).toEqual([]);
});

test('twin: without guards a return delivered twice at once blocks the item with facts of both', async () => {
  const { fact } = await returned();
  const careless = () => {
    const twin = world.twin();
    return { ...twin, store: unguarded(twin.store) };
  };
  await Promise.all([
    deliver(careless(), inspectReturnedEquipment, fact),
    deliver(careless(), inspectReturnedEquipment, fact),
  ]);
  const due = (await typesOf(world.scope, 'equipment', equipmentId)).filter(
    (type) => type === 'EquipmentInspectionDue',
  );
  expect(due).toHaveLength(2);
});
