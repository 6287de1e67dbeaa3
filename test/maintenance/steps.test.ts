/** The steps of maintenance: started, completed, cancelled, and what each does to the item (REQ-EQP-051 to 055). */
import { describe, expect, test } from 'vitest';
import { items, onShelf } from '../../shared/equipment/model.ts';
import type { Stage } from '../events/support.ts';
import { brief, type Person } from '../support/callers.ts';
import { storedItem } from '../support/items.ts';
import { inWorkshop, itemOf, path, repair, reserved, scheduled, takenIn, typesOf } from './support.ts';

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

describe('REQ-EQP-051 every step in every state', () => {
  const ways: Readonly<Record<string, readonly string[]>> = {
    scheduled: [],
    inProgress: ['start'],
    completed: ['start', 'complete'],
    cancelled: ['cancel'],
  };
  const follows: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    scheduled: { start: 'inProgress', cancel: 'cancelled', change: 'scheduled' },
    inProgress: { complete: 'completed', cancel: 'cancelled', change: 'inProgress' },
    completed: {},
    cancelled: {},
  };
  const table = Object.keys(ways).flatMap((state) =>
    ['start', 'complete', 'cancel', 'change'].map(
      (step) => [step, state, follows[state]?.[step] ?? 'refused'] as const,
    ),
  );

  test.each(table)('%s when %s: %s', async (step, state, expected) => {
    const one = await made();
    for (const before of ways[state] ?? []) await technician.post(`${path(one)}/${before}`);
    const answer =
      step === 'change'
        ? await technician.patch(path(one), { description: 'More' })
        : await technician.post(`${path(one)}/${step}`);
    if (expected !== 'refused') {
      expect(answer.body.status).toBe(expected);
    } else {
      expect([answer.status, brief(answer)]).toEqual([409, 'wrong_state']);
      const allowed = Object.keys(follows[state] ?? {}).filter((name) => name !== 'change');
      expect(answer.body).toMatchObject({ state, allowed: expect.arrayContaining(allowed) });
      expect(answer.body.allowed).toHaveLength(allowed.length);
    }
    const { away, quantity } = await itemOf(world.scope, equipmentId);
    const now = (await technician.get(path(one))).body.status;
    expect(away.inMaintenance).toBe(now === 'inProgress' ? quantity : 0);
    expect(await taken()).toHaveLength(now === 'inProgress' || now === 'scheduled' ? 1 : 0);
  });
});

describe('REQ-EQP-051 the window follows the work', () => {
  test('started early it is taken from now on, completed it is free at once', async () => {
    const one = await made();
    world.move('2026-11-30T08:00:00Z');
    const started = await technician.post(`${path(one)}/start`);
    expect(started.body).toMatchObject({ startedAt: '2026-11-30T08:00:00Z', window: { end: '2026-11-30T10:00:00Z' } });
    expect(await taken()).toMatchObject([{ start: '2026-11-30T08:00:00Z', end: '2026-11-30T10:00:00Z', mode: 'firm' }]);
    world.move('2026-11-30T08:30:00Z');
    await technician.post(`${path(one)}/complete`);
    expect(await taken()).toEqual([]);
  });

  test('started late it ends later', async () => {
    const one = await made();
    world.move('2026-12-01T11:00:00Z');
    const started = await technician.post(`${path(one)}/start`);
    expect(started.body.window).toEqual({ start: '2026-12-01T11:00:00Z', end: '2026-12-01T13:00:00Z' });
  });

  test('started late with somebody else right behind it keeps its end, until it is made longer', async () => {
    const one = await made();
    const next = { start: '2026-12-01T12:00:00Z', end: '2026-12-01T18:00:00Z' };
    await reserved(world, { equipmentId, window: next });
    world.move('2026-12-01T11:00:20Z');
    const started = await technician.post(`${path(one)}/start`);
    expect(started.body.window).toEqual({ start: '2026-12-01T11:00:20Z', end: next.start });
    expect(await taken()).toMatchObject([
      { owner: 'maintenance', mode: 'firm', ...started.body.window },
      { owner: 'reservation' },
    ]);
    expect(brief(await technician.patch(path(one), { description: 'Mend all' }))).toBe(200);
    expect(brief(await technician.patch(path(one), { estimatedMinutes: 90 }))).toBe('conflict');
    const shorter = await technician.patch(path(one), { estimatedMinutes: 30 });
    expect(shorter.body.window.end).toBe('2026-12-01T11:30:20Z');
  });

  test('started when its time is over, or early in somebody else’s, it is refused but to a manager', async () => {
    const next = { start: '2026-12-01T12:00:00Z', end: '2026-12-01T18:00:00Z' };
    const [late, early] = [await made(), await made({ scheduledAt: '2026-12-01T18:00:00Z' })];
    await reserved(world, { equipmentId, window: next });
    world.move('2026-12-01T17:00:00Z');
    for (const one of [late, early]) {
      const refused = await technician.post(`${path(one)}/start`);
      expect([brief(refused), refused.body.conflicts[0].owner.type]).toEqual(['conflict', 'reservation']);
    }
    expect((await itemOf(world.scope, equipmentId)).away.inMaintenance).toBe(0);
    expect(brief(await technician.post(`${path(late)}/start`, { override: { reason: 'Must' } }))).toBe('forbidden');
    const forced = await manager.post(`${path(late)}/start`, { override: { reason: 'Must' } });
    expect(forced.body.overReservations).toHaveLength(1);
  });

  test('what a manager put over a reservation is started by a technician at whatever minute', async () => {
    await reserved(world, {
      equipmentId,
      window: { start: '2026-12-01T08:00:00Z', end: '2026-12-02T08:00:00Z' },
    });
    const one = (await asked({ override: { reason: 'Must' } }, manager)).body;
    world.move('2026-12-01T10:03:00Z');
    const started = await technician.post(`${path(one)}/start`);
    expect(started.body).toMatchObject({ status: 'inProgress', overReservations: one.overReservations });
  });

  test('longer than it was to be, it keeps its units until it is done: nobody is promised what is in pieces', async () => {
    const window = { start: '2026-12-20T10:00:00Z', end: '2026-12-20T12:00:00Z' };
    const free = async () => {
      const asked = { items: [{ equipmentId, quantity: 1 }], window };
      return (await manager.post('equipment/check-availability', asked)).body.items[0].free;
    };
    for (const startedAt of ['2026-12-01T10:00:00Z', '2026-12-01T10:20:00Z']) {
      world.move('2026-11-20T09:00:00Z');
      const one = await made({ quantity: 4 });
      world.move(startedAt);
      await technician.post(`${path(one)}/start`);
      expect(await free()).toBe(10);
      world.move('2026-12-01T13:00:00Z');
      expect(await free()).toBe(6);
      const { body: event } = await manager.post('events', await world.booking());
      const refused = await manager.post('equipment/reservations', {
        ...{ equipmentId, eventId: event.id, quantity: 7, window },
      });
      expect([brief(refused), refused.body.conflicts[0].owner.id]).toEqual(['item-in-maintenance', one.id]);
      // Who knows when it will be done says so.
      expect(brief(await technician.patch(path(one), { estimatedMinutes: 600 }))).toBe(200);
      expect(await free()).toBe(10);
      world.move('2026-12-02T13:00:00Z');
      expect(await free()).toBe(6);
      await technician.post(`${path(one)}/complete`);
      expect(await free()).toBe(10);
    }
  });

  test('units that are out cannot be worked on; of those in the warehouse others are still there', async () => {
    const one = await made({ quantity: 4 });
    await world.scope
      .of(items)
      .execute(equipmentId, () => [{ type: 'EquipmentUnitsMoved', data: { to: 'atVenue', quantity: 7 } }]);
    const refused = await technician.post(`${path(one)}/start`);
    expect([brief(refused), refused.body.onShelf]).toEqual(['units-on-shelf', 3]);
    await technician.patch(path(one), { quantity: 2 });
    expect(brief(await technician.post(`${path(one)}/start`))).toBe(200);
    expect(onShelf(await itemOf(world.scope, equipmentId))).toBe(1);
  });

  test('of ten starts at once of two jobs on the same units one takes them', async () => {
    const jobs = [await made({ quantity: 6 }), await made({ quantity: 4, scheduledAt: '2026-12-01T10:00:00Z' })];
    await world.scope
      .of(items)
      .execute(equipmentId, () => [{ type: 'EquipmentUnitsMoved', data: { to: 'atVenue', quantity: 4 } }]);
    const tries = Array.from({ length: 10 }, (_, at) => technician.post(`${path(jobs[at % 2])}/start`));
    const answers = await Promise.all(tries);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const { away } = await itemOf(world.scope, equipmentId);
    expect([4, 6]).toContain(away.inMaintenance);
  });
});

describe('REQ-EQP-052, 053 completing', () => {
  const completed = async (more: Readonly<Record<string, unknown>>, outcome: object) => {
    const one = await made(more);
    await technician.post(`${path(one)}/start`);
    return { one, answer: await technician.post(`${path(one)}/complete`, outcome) };
  };

  test('records cost, notes and the condition it left, which the item then has', async () => {
    const outcome = {
      cost: { amount: 12_000, currency: 'GBP' },
      notes: 'New castors',
      resultingCondition: 'excellent',
    };
    const { one, answer } = await completed({}, outcome);
    expect(answer.body).toMatchObject({ ...outcome, status: 'completed', completedAt: world.scope.now() });
    expect((await itemOf(world.scope, equipmentId)).condition).toBe('excellent');
    expect(await typesOf(world.scope, 'equipment', equipmentId)).toEqual([
      'EquipmentItemAdded',
      'EquipmentUnitsMoved',
      'EquipmentUnitsMoved',
      'EquipmentConditionUpgraded',
    ]);
    expect((await technician.get(path(one))).body).toEqual(answer.body);
  });

  test('without a condition leaves it, a worse one downgrades', async () => {
    await completed({}, {});
    expect((await itemOf(world.scope, equipmentId)).condition).toBe('good');
    await completed({}, { resultingCondition: 'poor' });
    expect(await typesOf(world.scope, 'equipment', equipmentId)).toContain('EquipmentConditionDowngraded');
  });

  test('REQ-EQP-055 preventive maintenance is due again six months on', async () => {
    world.move('2026-11-29T09:00:00Z');
    await completed({ type: 'preventiveMaintenance' }, {});
    expect(await itemOf(world.scope, equipmentId)).toMatchObject({
      lastPreventiveAt: '2026-11-29T09:00:00Z',
      nextPreventiveDueAt: '2027-05-29T09:00:00Z',
    });
  });

  test.each([
    ['passed', { passed: true }, 'good', 'EquipmentInspectionPassed'],
    [
      'passed, and better than thought',
      { passed: true, resultingCondition: 'excellent' },
      'excellent',
      'EquipmentInspectionPassed',
    ],
    ['failed', { passed: false }, 'needsRepair', 'EquipmentInspectionFailed'],
    [
      'failed for good',
      { passed: false, resultingCondition: 'outOfService' },
      'outOfService',
      'EquipmentInspectionFailed',
    ],
  ])('an inspection that %s leaves its condition and fact', async (_, outcome, condition, fact) => {
    const { one } = await completed({ type: 'inspection' }, outcome);
    expect((await itemOf(world.scope, equipmentId)).condition).toBe(condition);
    expect((await typesOf(world.scope, 'equipment', one.id)).at(-1)).toBe(fact);
  });

  test('an inspection says whether it passed, nothing else does, and a failed one is not good', async () => {
    expect((await completed({ type: 'inspection' }, {})).answer.body.errors[0].path).toBe('body.passed');
    equipmentId = await storedItem(world.scope);
    expect((await completed({}, { passed: true })).answer.body.errors[0].path).toBe('body.passed');
    equipmentId = await storedItem(world.scope);
    const { answer } = await completed({ type: 'inspection' }, { passed: false, resultingCondition: 'good' });
    expect(brief(answer)).toBe('failed-needs-repair');
  });

  test('is possible when the item is gone meanwhile', async () => {
    const one = await made();
    await technician.post(`${path(one)}/start`);
    await world.scope.of(items).execute(equipmentId, () => [{ type: 'EquipmentItemRemoved', data: { name: 'Gone' } }]);
    expect(brief(await technician.post(`${path(one)}/complete`))).toBe(200);
  });
});
