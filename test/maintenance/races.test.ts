/** Maintenance and reservations never have the same unit, whoever is first and whatever crashes (ADR 0004). */
import { describe, expect, test } from 'vitest';
import { expiredHolds } from '../../functions/timers/expired-holds.ts';
import { items, MAINTENANCE } from '../../shared/equipment/model.ts';
import { maintenance } from '../../shared/maintenance/model.ts';
import { placingFacts, settleClaims } from '../../shared/maintenance/settling.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import type { Stage } from '../events/support.ts';
import type { Answer, Person } from '../support/callers.ts';
import { crashing, together, unguardedProcess } from '../support/faults.ts';
import { storedItem } from '../support/items.ts';
import { testScope } from '../support/platform.ts';
import { factsOf, inWorkshop, itemOf, repair, takenIn, takeUnits, typesOf } from './support.ts';

let world: Stage;
let technician: Person;
let equipmentId: string;
inWorkshop((shop) => {
  ({ world, technician, equipmentId } = shop);
});

const window = { start: '2026-12-01T10:00:00Z', end: '2026-12-01T12:00:00Z' };
const schedule = (by: Person, more: object = {}) => by.post(`equipment/${equipmentId}/maintenance`, repair(more));
const taken = () => takenIn(world.scope, equipmentId);
const unitsTaken = async () => (await taken()).reduce((sum, { quantity }) => sum + quantity, 0);

/** True when the reservation got its units. */
async function reserve(scope: Scope, quantity?: number): Promise<boolean> {
  try {
    await takeUnits(scope, systemIds.next(), { equipmentId, window, ...(quantity === undefined ? {} : { quantity }) });
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'conflict') return false;
    throw error;
  }
}

describe('a maintenance block against a reservation', () => {
  test('the maintenance first: the reservation is refused', async () => {
    expect((await schedule(technician)).status).toBe(201);
    expect(await reserve(world.scope)).toBe(false);
  });

  test('the reservation first: the maintenance is refused', async () => {
    expect(await reserve(world.scope)).toBe(true);
    expect((await schedule(technician)).status).toBe(409);
    expect(await taken()).toMatchObject([{ owner: 'reservation' }]);
  });

  /** Both decide on what they read before either commits; how many got all ten units. */
  async function race(process: () => Platform): Promise<number> {
    const gate = together(2, 'claims');
    const behind = (platform: Platform): Platform => ({ ...platform, store: gate(platform.store) });
    const [one, other] = [behind(process()), behind(process())];
    const elsewhere = (await world.over(one)).as('maintenanceTechnician');
    const [scheduled, reserved] = await Promise.all([schedule(elsewhere), reserve(testScope(other, world.orgId))]);
    return Number(scheduled.status === 201) + Number(reserved);
  }

  test('in the same instant: exactly one', async () => {
    expect(await race(() => world.twin())).toBe(1);
    expect(await unitsTaken()).toBe(10);
  });

  test('twin: with the guard off both get all units', async () => {
    expect(await race(() => unguardedProcess(world.twin()))).toBe(2);
    expect(await unitsTaken()).toBe(20);
  });

  test('100 at once of 3 units from both sides, over two processes: no unit twice', async () => {
    const elsewhere = (await world.over(world.twin())).as('maintenanceTechnician');
    const tries = Array.from({ length: 50 }, (_, at) => [
      schedule(at % 2 ? technician : elsewhere, { quantity: 3 }).then(({ status }) => status === 201),
      reserve(at % 2 ? world.scope : testScope(world.platform, world.orgId), 3),
    ]).flat();
    const won = (await Promise.all(tries)).filter(Boolean);
    expect(won).toHaveLength(3);
    expect(await unitsTaken()).toBe(9);
  });
});

/** What an open maintenance and its claims disagree in; nothing when all is well. */
async function disagreement(id: string): Promise<string | undefined> {
  const found = await world.scope.of(maintenance).find(id);
  const claims = (await taken()).filter(({ owner }) => owner === MAINTENANCE);
  const open = found?.state.status === 'scheduled' || found?.state.status === 'inProgress';
  if (!open) return claims.length === 0 ? undefined : 'a claim without its maintenance';
  const [claim] = claims;
  if (claims.length !== 1 || claim?.mode !== 'firm') return `claims ${JSON.stringify(claims)}`;
  const start = found.state.startedAt ?? found.state.scheduledAt;
  if (claim.start !== start || claim.quantity !== found.state.quantity) return `claims ${JSON.stringify(claim)}`;
  const { away } = await itemOf(world.scope, equipmentId);
  const expected = found.state.status === 'inProgress' ? found.state.quantity : 0;
  return away.inMaintenance === expected ? undefined : `${away.inMaintenance} units in maintenance`;
}

/** Reactions, and the sweep once every hold has run out. */
async function recover(): Promise<void> {
  await world.settle();
  const now = world.scope.now();
  world.move('2026-11-20T10:00:00Z');
  await expiredHolds.handle(testScope(world.platform, ''));
  world.move(now);
}

describe('a crash', () => {
  const commands: readonly { readonly name: string; run(by: Person, path: string): Promise<Answer>; begun?: true }[] = [
    { name: 'a move', run: (by, path) => by.patch(path, { scheduledAt: '2026-12-01T11:00:00Z', quantity: 4 }) },
    { name: 'a start', run: (by, path) => by.post(`${path}/start`) },
    { name: 'a completion', begun: true, run: (by, path) => by.post(`${path}/complete`) },
    { name: 'a cancellation', begun: true, run: (by, path) => by.post(`${path}/cancel`) },
  ];

  test.each(commands)('at any commit of $name leaves claim, units and maintenance of one mind', async (command) => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        equipmentId = await storedItem(world.scope);
        const { id } = (await schedule(technician)).body;
        const path = `equipment/maintenance/${id}`;
        if (command.begun) await technician.post(`${path}/start`);
        await world.settle();
        const crash = crashing(world.platform, at, when);
        const answer = await command.run((await world.over(crash.platform)).as('maintenanceTechnician'), path);
        await recover();
        expect(await disagreement(id), `${when} commit ${at}`).toBeUndefined();
        if (!crash.died()) {
          expect(answer.status).toBe(200);
          expect(at).toBeGreaterThan(1);
          break;
        }
      }
    }
  });

  test('at any commit of scheduling: what was not made leaves the units free', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        equipmentId = await storedItem(world.scope);
        const crash = crashing(world.platform, at, when);
        const answer = await schedule((await world.over(crash.platform)).as('maintenanceTechnician'));
        await recover();
        const [made] = (await technician.get(`equipment/${equipmentId}/maintenance`)).body.data;
        if (answer.status === 201) expect(made.id).toBe(answer.body.id);
        if (made) expect(await disagreement(made.id), `${when} commit ${at}`).toBeUndefined();
        else expect(await taken(), `${when} commit ${at}`).toEqual([]);
        if (!crash.died()) break;
      }
    }
  });

  test('and an outage longer than the hold: who was faster is flagged by the settling reaction', async () => {
    // Claim, maintenance, firm: dead just after the second.
    const crash = crashing(world.platform, 2, 'after');
    await schedule((await world.over(crash.platform)).as('maintenanceTechnician'));
    world.move('2026-11-20T09:16:00Z');
    expect(await reserve(world.scope)).toBe(true);
    await world.settle();
    const [made] = (await technician.get(`equipment/${equipmentId}/maintenance`)).body.data;
    expect((await taken()).map(({ owner }) => owner).sort()).toEqual(['maintenance', 'reservation']);
    expect(await typesOf(world.scope, 'equipment', made.id)).toEqual([
      'EquipmentMaintenanceScheduled',
      'EquipmentMaintenanceOverridden',
    ]);
    expect(made.overReservations).toHaveLength(1);
  });
});

test('the settling reaction may run again at any time, late and out of order', async () => {
  const { id } = (await schedule(technician)).body;
  const path = `equipment/maintenance/${id}`;
  await technician.patch(path, { scheduledAt: '2026-12-02T10:00:00Z' });
  await technician.patch(path, { quantity: 3 });
  await technician.post(`${path}/start`);
  await world.settle();
  const facts = await factsOf(world.scope, 'equipment', id);
  const names: readonly string[] = placingFacts;
  for (const fact of [...facts, ...facts.toReversed()]) {
    if (names.includes(fact.type)) await settleClaims(world.scope, fact);
    expect(await disagreement(id)).toBeUndefined();
  }
});

test('a start and another change of the item at once: both happen', async () => {
  const { id } = (await schedule(technician)).body;
  const move = (quantity: number) =>
    world.scope
      .of(items)
      .execute(equipmentId, () => [
        { type: 'EquipmentConditionDowngraded', data: { from: 'good', to: 'fair', quantity } },
      ]);
  await Promise.all([technician.post(`equipment/maintenance/${id}/start`), ...[1, 2, 3, 4].map(move)]);
  expect(await itemOf(world.scope, equipmentId)).toMatchObject({ condition: 'fair', away: { inMaintenance: 10 } });
});
