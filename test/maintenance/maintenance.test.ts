/** Maintenance of equipment: scheduled, changed, listed (REQ-EQP-050, 054). */
import { describe, expect, test } from 'vitest';
import { items } from '../../shared/equipment/model.ts';
import { users } from '../../shared/identity/model.ts';
import { builtInRoles } from '../../shared/identity/roles.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Stage } from '../events/support.ts';
import { type Body, brief, type Person } from '../support/callers.ts';
import { inWorkshop, itemOf, path, repair, reserved, retired, scheduled, takenIn, typesOf } from './support.ts';

let world: Stage;
let technician: Person;
let manager: Person;
let equipmentId: string;
inWorkshop((shop) => {
  ({ world, technician, manager, equipmentId } = shop);
});

const asked = (more?: object, by = technician) => by.post(`equipment/${equipmentId}/maintenance`, repair(more));
const made = (more?: object) => scheduled(technician, equipmentId, more);
const taken = () => takenIn(world.scope, equipmentId);

describe('REQ-EQP-050 scheduling maintenance', () => {
  test('blocks all units for its time unless fewer are named, and is read at its location', async () => {
    const answer = await asked();
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      equipmentId,
      type: 'repair',
      status: 'scheduled',
      quantity: 10,
      window: { start: '2026-12-01T10:00:00Z', end: '2026-12-01T12:00:00Z' },
      overReservations: [],
    });
    expect(answer.headers.get('location')).toMatch(new RegExp(`/api/${path(answer.body)}$`));
    const read = await technician.get(path(answer.body));
    expect([read.body, read.headers.get('etag')]).toEqual([answer.body, answer.headers.get('etag')]);
    expect(await taken()).toEqual([
      { owner: 'maintenance', quantity: 10, mode: 'firm', start: '2026-12-01T10:00:00Z', end: '2026-12-01T12:00:00Z' },
    ]);
    await made({ scheduledAt: '2026-12-02T10:00:00Z', quantity: 3 });
    expect((await taken()).map(({ quantity }) => quantity)).toEqual([10, 3]);
    expect(await typesOf(world.scope, 'equipment', answer.body.id)).toEqual(['EquipmentMaintenanceScheduled']);
  });

  test('an inspection by hand blocks its window like any other, and says that it is one', async () => {
    const { id } = await made({ type: 'inspection' });
    expect(await typesOf(world.scope, 'equipment', id)).toEqual([
      'EquipmentMaintenanceScheduled',
      'EquipmentInspectionScheduled',
    ]);
    expect(await taken()).toHaveLength(1);
    expect((await itemOf(world.scope, equipmentId)).inspections).toEqual([]);
  });

  test.each([
    ['more units than there are', { quantity: 11 }, 'units-in-stock'],
    ['a time that is over', { scheduledAt: '2026-11-20T06:00:00Z' }, 'end-in-future'],
    ['a technician who does not exist', { technicianId: systemIds.next() }, 'invalid'],
    ['no time at all', { estimatedMinutes: 0 }, 'invalid'],
  ])('is refused for %s', async (_, more, expected) => {
    expect(brief(await asked(more))).toBe(expected);
    expect(await taken()).toEqual([]);
  });

  test('is refused for retired equipment, and done for inactive', async () => {
    await world.scope.of(items).execute(equipmentId, () => [{ type: 'EquipmentItemDeactivated', data: {} }]);
    expect(brief(await asked())).toBe(201);
    await retired(world.scope, equipmentId);
    expect(brief(await asked({ scheduledAt: '2026-12-05T10:00:00Z' }))).toBe('item-retired');
  });

  test('names a technician who is an active user', async () => {
    const technicianId = systemIds.next();
    const data = { username: 'bo', displayName: 'Bo', roles: ['maintenanceTechnician'] };
    await world.scope.of(users).create(technicianId, () => [{ type: 'UserAccountCreated', data }]);
    expect(await made({ technicianId })).toMatchObject({ technicianId });
    await world.scope
      .of(users)
      .execute(technicianId, () => [
        { type: 'UserAccountDeactivated', data: { changes: { status: { from: 'active', to: 'suspended' } } } },
      ]);
    expect(brief(await asked({ technicianId, scheduledAt: '2026-12-05T10:00:00Z' }))).toBe('invalid');
  });

  test('is made once by two requests under one key', async () => {
    const send = () =>
      technician.post(`equipment/${equipmentId}/maintenance`, repair(), { 'idempotency-key': `one ${equipmentId}` });
    const first = await send();
    expect((await send()).body.id).toBe(first.body.id);
    expect(await taken()).toHaveLength(1);
  });
});

describe('maintenance over reservations', () => {
  const window = { start: '2026-12-01T11:00:00Z', end: '2026-12-01T15:00:00Z' };

  test('is refused with the clashes; who may not read reservations learns no titles', async () => {
    const reservationId = await reserved(world, { equipmentId, window, quantity: 4 });
    const refused = await asked();
    expect(brief(refused)).toBe('conflict');
    expect(refused.body.conflicts).toEqual([
      {
        resource: `equipment:${equipmentId}`,
        window: { start: window.start, end: '2026-12-01T12:00:00Z' },
        owner: { type: 'reservation', id: reservationId },
        short: 4,
      },
    ]);
    expect((await asked({}, manager)).body.conflicts[0].owner.title).toBe('Spring gala');
    const both = world.as('staff', {
      roles: ['staff', 'maintenanceTechnician'],
      privileges: new Set([...builtInRoles.staff, ...builtInRoles.maintenanceTechnician]),
    });
    const bounded = await asked({}, both);
    expect([brief(bounded), bounded.body.conflicts[0].owner]).toEqual([
      'conflict',
      { type: 'reservation', id: reservationId },
    ]);
    expect(brief(await asked({ quantity: 6 }))).toBe(201);
  });

  test('is put over them by a manager with a reason alone, who has them flagged until it is out of the way', async () => {
    const reservationId = await reserved(world, { equipmentId, window });
    const override = { reason: 'It is dangerous' };
    expect(brief(await asked({ override }))).toBe('forbidden');
    const done = await asked({ override }, manager);
    expect(done.body).toMatchObject({ overReservations: [reservationId] });
    await world.settle();
    const flags = async () =>
      (await typesOf(world.scope, 'reservations', reservationId)).filter((type) => type.includes('lagged'));
    expect(await flags()).toEqual(['EquipmentReservationFlagged']);
    const moved = await technician.patch(path(done.body), { scheduledAt: '2026-12-03T10:00:00Z' });
    expect(moved.body.overReservations).toEqual([]);
    await world.settle();
    expect(await flags()).toEqual(['EquipmentReservationFlagged', 'EquipmentReservationUnflagged']);
  });
});

describe('changing maintenance', () => {
  test('moves its claim; a clash leaves all as it was', async () => {
    const one = await made();
    await reserved(world, {
      equipmentId,
      window: { start: '2026-12-02T10:00:00Z', end: '2026-12-02T18:00:00Z' },
      quantity: 5,
    });
    expect(brief(await technician.patch(path(one), { scheduledAt: '2026-12-02T10:00:00Z' }))).toBe('conflict');
    expect((await technician.get(path(one))).body).toEqual(one);
    expect(brief(await technician.patch(path(one), { scheduledAt: '2026-12-02T10:00:00Z', quantity: 5 }))).toBe(200);
    // A move by half an hour does not clash with itself.
    expect(brief(await technician.patch(path(one), { scheduledAt: '2026-12-02T10:30:00Z' }))).toBe(200);
    expect(await taken()).toMatchObject([
      { owner: 'reservation' },
      { owner: 'maintenance', quantity: 5, start: '2026-12-02T10:30:00Z', end: '2026-12-02T12:30:00Z' },
    ]);
  });

  test('words alone take nothing anew; nothing changed leaves no fact', async () => {
    const one = await made();
    await technician.patch(path(one), { description: 'Mend all four castors' });
    await technician.patch(path(one), {});
    expect(await typesOf(world.scope, 'equipment', one.id)).toEqual([
      'EquipmentMaintenanceScheduled',
      'EquipmentMaintenanceUpdated',
    ]);
  });

  test('PUT gives all of it, and If-Match binds', async () => {
    const { type: _, ...whole } = repair();
    const fields = { ...whole, quantity: 2 };
    const answer = await asked({ quantity: 3 });
    const headers = { 'if-match': answer.headers.get('etag') ?? '' };
    expect((await technician.put(path(answer.body), fields, headers)).body.quantity).toBe(2);
    expect(brief(await technician.put(path(answer.body), fields, headers))).toBe('stale');
    expect((await technician.put(path(answer.body), whole)).body.quantity).toBe(10);
  });

  test('once it runs its start and units stay, and it can be made longer', async () => {
    const one = await made();
    world.move('2026-12-01T10:00:00Z');
    await technician.post(`${path(one)}/start`);
    expect(brief(await technician.patch(path(one), { quantity: 2 }))).toBe('begun-is-fixed');
    expect(brief(await technician.patch(path(one), { scheduledAt: '2026-12-01T11:00:00Z' }))).toBe('begun-is-fixed');
    const longer = await technician.patch(path(one), { estimatedMinutes: 300 });
    expect(longer.body.window.end).toBe('2026-12-01T15:00:00Z');
    expect(await taken()).toMatchObject([{ start: '2026-12-01T10:00:00Z', end: '2026-12-01T15:00:00Z' }]);
    world.move('2026-12-01T14:00:00Z');
    expect(brief(await technician.patch(path(one), { estimatedMinutes: 60 }))).toBe('end-in-future');
  });
});

describe('REQ-EQP-054 lists', () => {
  test('the history of an item, and what is still to be done, by time, type, technician', async () => {
    const first = await made({ scheduledAt: '2026-12-03T10:00:00Z', type: 'cleaning' });
    const second = await made({ scheduledAt: '2026-12-02T10:00:00Z' });
    const third = await made({ scheduledAt: '2026-12-04T10:00:00Z' });
    await technician.post(`${path(third)}/cancel`, { reason: 'Not needed' });
    const ids = async (address: string) =>
      (await technician.get(address)).body.data.map(({ id }: Body) => id) as string[];
    expect(await ids(`equipment/${equipmentId}/maintenance`)).toEqual([third.id, first.id, second.id]);
    expect(await ids(`equipment/${equipmentId}/maintenance?status=cancelled`)).toEqual([third.id]);
    const scheduled = `equipment/maintenance/scheduled?equipmentId=${equipmentId}`;
    expect(await ids(scheduled)).toEqual([second.id, first.id]);
    expect(await ids(`${scheduled}&type=cleaning`)).toEqual([first.id]);
    expect(await ids(`${scheduled}&from=2026-12-02T10:00:00Z&to=2026-12-03T10:00:00Z`)).toEqual([second.id]);
    expect(await ids(`${scheduled}&technicianId=${systemIds.next()}`)).toEqual([]);
    const page = await technician.get('equipment/maintenance/scheduled?limit=1&count=true');
    expect(page.body.page.totalCount).toBeGreaterThanOrEqual(2);
    expect(brief(await technician.get(`equipment/${systemIds.next()}/maintenance`))).toBe('not_found');
  });
});
