/** The daily look at preventive maintenance: told once that it will be due, once that it is overdue (REQ-EQP-055). */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { preventiveMaintenance } from '../../functions/timers/preventive-maintenance.ts';
import { items, preventiveDueAfter } from '../../shared/equipment/model.ts';
import { itemsToTellOf } from '../../shared/maintenance/preventive.ts';
import { DAY, later } from '../../shared/platform/clock.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { missedTick, runTick } from '../../shared/platform/run-timer.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { closeStages, type Stage, stage } from '../events/support.ts';
import { unguarded } from '../support/faults.ts';
import { storedItem } from '../support/items.ts';
import { testScope } from '../support/platform.ts';
import { itemOf, retired } from './support.ts';

const DUE = '2026-12-20T12:00:00Z';
let world: Stage;
beforeAll(async () => {
  world = await stage();
});
afterAll(closeStages);

let id: string;
beforeEach(async () => {
  world.move('2026-11-20T03:00:00Z');
  id = await storedItem(world.scope, { nextPreventiveDueAt: DUE });
});

const run = (platform: Platform = world.platform) => preventiveMaintenance.handle(testScope(platform, ''));
/** What was told of an item, by the trail that keeps facts longer than the outbox. */
async function told(of = id): Promise<readonly string[]> {
  await world.settle();
  const { items: found } = await world.scope.documents('audit', of).query({ kind: 'fact', limit: 100 });
  return found.map(({ document }) => factOf(document).type).filter((type) => /Preventive/.test(type));
}
async function both(at: string): Promise<void> {
  world.move(at);
  await Promise.all([run(), run(world.twin()), run()]);
  await world.settle();
}

describe('an item', () => {
  test('is told of once from 14 days before, once when it is overdue, by however many processes and days', async () => {
    await both('2026-12-06T03:00:00Z');
    expect(await told()).toEqual([]);
    await both('2026-12-07T03:00:00Z');
    await both('2026-12-08T03:00:00Z');
    expect(await told()).toEqual(['EquipmentPreventiveDueSoon']);
    await both('2026-12-20T03:00:00Z');
    expect(await told()).toHaveLength(1);
    await both('2026-12-21T03:00:00Z');
    await both('2026-12-22T03:00:00Z');
    expect(await told()).toEqual(['EquipmentPreventiveDueSoon', 'EquipmentPreventiveOverdue']);
  });

  test('REQ-EQP-055 is flagged from the look that found it overdue until the work is done', async () => {
    const flagged = async () => {
      const { body } = await world.as('viewer').get(`equipment/${id}`);
      const { data } = (await world.as('viewer').get('equipment?limit=100')).body;
      const listed = data.find((one: { id: string }) => one.id === id);
      expect(listed.preventiveOverdue).toBe(body.preventiveOverdue);
      return body.preventiveOverdue;
    };
    await both('2026-12-08T03:00:00Z');
    expect(await flagged()).toBe(false);
    await both('2026-12-21T03:00:00Z');
    expect(await flagged()).toBe(true);
    const technician = world.as('maintenanceTechnician');
    const work = { type: 'preventiveMaintenance', scheduledAt: world.scope.now(), estimatedMinutes: 30 };
    const made = await technician.post(`equipment/${id}/maintenance`, { ...work, description: 'Half-yearly' });
    await technician.post(`equipment/maintenance/${made.body.id}/start`);
    expect(await flagged()).toBe(true);
    await technician.post(`equipment/maintenance/${made.body.id}/complete`);
    expect(await flagged()).toBe(false);
  });

  test('twin: without the etags two processes tell of it twice', async () => {
    world.move('2026-12-08T03:00:00Z');
    const careless = () => {
      const twin = world.twin();
      return { ...twin, store: unguarded(twin.store) };
    };
    await Promise.all([run(careless()), run(careless())]);
    expect(await told()).toHaveLength(2);
  });

  test('that was done with is told of again for its next date', async () => {
    await both('2026-12-08T03:00:00Z');
    const nextPreventiveDueAt = '2027-06-10T12:00:00Z';
    const data = { at: '2026-12-10T12:00:00Z', nextPreventiveDueAt };
    await world.scope.of(items).execute(id, () => [{ type: 'EquipmentPreventiveDone', data }]);
    await world.settle();
    await both('2026-12-25T03:00:00Z');
    expect(await told()).toEqual(['EquipmentPreventiveDueSoon', 'EquipmentPreventiveDone']);
    await both('2027-05-30T03:00:00Z');
    expect((await itemOf(world.scope, id)).told).toEqual({ dueAt: nextPreventiveDueAt, as: 'soon' });
  });

  test('that is retired or inactive is told nothing of', async () => {
    await retired(world.scope, id);
    const other = await storedItem(world.scope, { nextPreventiveDueAt: DUE });
    await world.scope.of(items).execute(other, () => [{ type: 'EquipmentItemDeactivated', data: {} }]);
    await both('2026-12-25T03:00:00Z');
    expect([...(await told()), ...(await told(other))]).toEqual([]);
  });
});

describe('a missed day', () => {
  test('is made up for at the next start, with what still makes sense', async () => {
    await runTick(world.platform, preventiveMaintenance, '2026-11-20T03:00:00Z');
    // An outage from before the notice until after the due date.
    world.move('2026-12-24T15:00:00Z');
    const tick = await missedTick(world.platform, preventiveMaintenance, world.scope.now());
    expect(tick).toBe('2026-12-24T03:00:00Z');
    if (tick === undefined) return;
    const twin = world.twin();
    const outcomes = await Promise.all([
      runTick(world.platform, preventiveMaintenance, tick),
      runTick(twin, preventiveMaintenance, tick),
    ]);
    expect(outcomes.toSorted()).toEqual(['done', 'taken']);
    expect(await told()).toEqual(['EquipmentPreventiveOverdue']);
    expect(await missedTick(world.platform, preventiveMaintenance, world.scope.now())).toBeUndefined();
  });
});

test('works over organizations and pages, in the order of what was due first, and past one that fails', async () => {
  const fresh = await stage('2026-11-20T03:00:00Z');
  const strangers = testScope(fresh.platform, '0193b0a0-7c1e-7000-8000-000000000009');
  const ids: string[] = [];
  for (let at = 0; at < 210; at += 1) {
    const nextPreventiveDueAt = later('2026-11-01T00:00:00Z', at * 60_000);
    ids.push(await storedItem(at % 2 ? fresh.scope : strangers, { nextPreventiveDueAt }));
  }
  const found: string[] = [];
  for await (const { id: one } of itemsToTellOf(testScope(fresh.platform, ''))) found.push(one);
  expect(found).toEqual(ids);
  const bad = ids[50] ?? '';
  const { store } = fresh.platform;
  const failing: Platform = {
    ...fresh.platform,
    store: {
      ...store,
      commit: async (container, partition, writes) => {
        const [first] = writes;
        if (first && first.op !== 'delete' && first.document.id === bad) throw new Error('Planted');
        return store.commit(container, partition, writes);
      },
    },
  };
  await run(failing);
  const left: string[] = [];
  for await (const { id: one } of itemsToTellOf(testScope(fresh.platform, ''))) left.push(one);
  expect(left).toEqual([bad]);
});

describe('six months on', () => {
  test.each([
    ['2026-03-15T10:30:00Z', '2026-09-15T10:30:00Z'],
    ['2026-08-31T00:00:00Z', '2027-02-28T00:00:00Z'],
    ['2027-08-30T23:59:59Z', '2028-02-29T23:59:59Z'],
    ['2026-12-31T12:00:00Z', '2027-06-30T12:00:00Z'],
  ])('from %s is %s', (from, expected) => {
    expect(preventiveDueAfter(from)).toBe(expected);
  });

  test('is always 181 to 184 days ahead', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) }), (at) => {
        const from = later('1970-01-01T00:00:00Z', at);
        const days = (Date.parse(preventiveDueAfter(from)) - Date.parse(from)) / DAY;
        expect(days).toBeGreaterThanOrEqual(181);
        expect(days).toBeLessThanOrEqual(184);
      }),
    );
  });
});
