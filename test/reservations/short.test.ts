/** Reservations that are short of units are flagged as long as they are, whoever gives units back (REQ-EQP-063, spec chapter 06). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settleReservationClaim } from '../../functions/bus/settle-reservation-claim.ts';
import type { ItemFact } from '../../shared/equipment/model.ts';
import { settleCapacity } from '../../shared/equipment/stock.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Store } from '../../shared/platform/store.ts';
import { flagShort, lookAtShort } from '../../shared/reservations/following.ts';
import { deliver, factsOf } from '../maintenance/support.ts';
import { closeStages, goTo, trailOf, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const troubles = async (id: string) => (await world.manager.get(`equipment/reservations/${id}`)).body.troubles;
const stock = (from: number, to: number): ItemFact => ({
  type: 'EquipmentItemUpdated',
  data: { changes: { quantity: { from, to } } },
});
const path = (id: string) => `equipment/reservations/${id}`;
const elsewhen = { start: '2026-12-05T18:00:00Z', end: '2026-12-05T21:00:00Z' };

/** Four units, of which two reservations have two each at the same time; then one unit is gone. */
async function short() {
  const equipmentId = await world.item({ quantity: 4 });
  const eventId = await world.event({}, 'approve', 'confirm');
  const [one, other] = [await world.confirmed(2, equipmentId, eventId), await world.confirmed(2, equipmentId)];
  await world.happens(equipmentId, stock(4, 3));
  await world.settle();
  expect([await troubles(one), await troubles(other)]).toEqual([['unitsShort'], ['unitsShort']]);
  return { equipmentId, eventId, one, other };
}

describe('a reservation is short of units no longer when another', () => {
  test('is cancelled', async () => {
    const { one, other } = await short();
    await world.manager.delete(path(one));
    await world.settle();
    expect(await troubles(other)).toEqual([]);
    expect((await trailOf(world.scope, other)).slice(-2)).toEqual([
      'EquipmentReservationFlagged',
      'EquipmentReservationUnflagged',
    ]);
  });

  test.each([
    ['has fewer units', { quantity: 1 }],
    ['is at another time', { window: elsewhen }],
  ])('%s', async (_, change) => {
    const { one, other } = await short();
    expect((await world.manager.patch(path(one), change)).status).toBe(200);
    await world.settle();
    expect([await troubles(one), await troubles(other)]).toEqual([[], []]);
  });

  test('goes with its event, or is called off with it', async () => {
    const [moved, gone] = [await short(), await short()];
    await world.manager.patch(`events/${moved.eventId}`, { startsAt: elsewhen.start, endsAt: elsewhen.end });
    await world.manager.post(`events/${gone.eventId}/cancel`, { reason: 'Rain' });
    await world.settle();
    expect([await troubles(moved.other), await troubles(gone.other)]).toEqual([[], []]);
  });

  test('is back, all of it or all but one', async () => {
    for (const counts of [{ returned: 2 }, { returned: 1, missing: 1 }]) {
      const { one, other } = await short();
      // A flagged reservation that was confirmed before goes out all the same.
      await goTo(world.manager, one, 'pickup');
      expect((await world.step(one, 'return', counts)).status).toBe(200);
      await world.settle();
      expect(await troubles(other)).toEqual([]);
    }
  });

  test('and not before all that are too many have gone', async () => {
    const equipmentId = await world.item({ quantity: 6 });
    const [one, two, other] = [
      await world.confirmed(2, equipmentId),
      await world.confirmed(2, equipmentId),
      await world.confirmed(2, equipmentId),
    ];
    await world.happens(equipmentId, stock(6, 2));
    await world.settle();
    await world.manager.delete(path(one));
    await world.settle();
    expect(await troubles(other)).toEqual(['unitsShort']);
    await world.manager.delete(path(two));
    await world.settle();
    expect(await troubles(other)).toEqual([]);
  });
});

test('a reservation is short of units no longer when maintenance of the others is called off or done', async () => {
  for (const end of ['cancel', 'complete']) {
    const equipmentId = await world.item({ quantity: 4 });
    const id = await world.confirmed(2, equipmentId);
    const body = {
      type: 'cleaning',
      scheduledAt: '2026-11-25T10:00:00Z',
      estimatedMinutes: 20_000,
      description: 'Dust',
    };
    const { body: work } = await world.manager.post(`equipment/${equipmentId}/maintenance`, { ...body, quantity: 2 });
    await world.happens(equipmentId, stock(4, 3));
    await world.settle();
    expect(await troubles(id)).toEqual(['unitsShort']);
    if (end === 'complete')
      await world.manager.post(`equipment/maintenance/${work.id}/start`, { override: { reason: 'So' } });
    expect((await world.manager.post(`equipment/maintenance/${work.id}/${end}`, {})).status).toBe(200);
    await world.settle();
    expect(await troubles(id)).not.toContain('unitsShort');
  }
});

describe('a look that something else has overtaken', () => {
  test('and that saw no shortage yet: who is short in the end is flagged in the end', async () => {
    const { other } = await short();
    await lookAtShort(world.scope, other, async () => []);
    expect(await troubles(other)).toEqual([]);
    await world.settle();
    expect(await troubles(other)).toEqual(['unitsShort']);
  });

  test('and that still saw one: who has what it needs in the end is not flagged in the end', async () => {
    const { equipmentId, one, other } = await short();
    const shortages = await settleCapacity(world.scope, equipmentId);
    await world.manager.delete(path(one));
    await world.settle();
    await flagShort(world.scope, equipmentId, shortages);
    expect(await troubles(other)).toEqual(['unitsShort']);
    await world.settle();
    expect(await troubles(other)).toEqual([]);
  });

  test('is none where a manager took the units over others: that stays', async () => {
    const { one, other } = await short();
    await world.manager.post(`${path(one)}/override`, { reason: 'We borrow one' });
    await world.settle();
    expect([await troubles(one), await troubles(other)]).toEqual([[], ['unitsShort']]);
  });
});

test('nobody is short of what a cut of the stock withholds while it is made', async () => {
  const equipmentId = await world.item({ quantity: 4 });
  const id = await world.confirmed(3, equipmentId);
  const { store } = world.platform;
  const slow: Store = {
    ...store,
    async commit(container, ...rest) {
      const etags = await store.commit(container, ...rest);
      // The stock is less already, and what was withheld for that is not let go of yet.
      if (container === 'equipment') await world.settle();
      return etags;
    },
  };
  const { as } = await world.over({ ...world.platform, store: slow, queue: keyedQueue() });
  expect((await as('manager').patch(`equipment/${equipmentId}`, { quantity: 3 })).status).toBe(200);
  await world.settle();
  expect(await troubles(id)).toEqual([]);
  expect(await trailOf(world.scope, id)).not.toContain('EquipmentReservationFlagged');
});

test('told of at once on two processes, one fact clears the flag once', async () => {
  const { one, other } = await short();
  await world.manager.delete(path(one));
  const cancelled = (await factsOf(world.scope, 'reservations', one)).at(-1);
  await Promise.all([world.twin(), world.twin()].map((on) => deliver(on, settleReservationClaim, cancelled)));
  await world.settle();
  const trail = (await trailOf(world.scope, other)).filter((type) => type === 'EquipmentReservationUnflagged');
  expect(trail).toHaveLength(1);
});
