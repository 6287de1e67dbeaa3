/** Input at and beyond the limits, against equipment and what is reserved of it: refused by its field, or taken whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storedItem } from '../support/items.ts';
import { closeStages, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

test('REQ-EQP-004 a number of units that is left out or cleared is asked for, and never cuts the stock to one', async () => {
  const id = await world.item({ quantity: 40 });
  const path = `equipment/${id}`;
  const { name, category, purchaseDate, purchasePrice } = (await world.manager.get(path)).body;
  for (const answer of [
    await world.manager.put(path, { name, category, purchaseDate, purchasePrice }),
    await world.manager.patch(path, { quantity: null }),
  ]) {
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([400, 'body.quantity']);
  }
  expect((await world.manager.get(path)).body.quantity).toBe(40);
});

test('REQ-EQP-030 availability over more than three years is refused by the field that says so', async () => {
  const items = [{ equipmentId: await world.item(), quantity: 1 }];
  const start = '2027-01-02T10:00:00Z';
  for (const end of ['2037-01-02T10:00:00Z', '2030-01-05T10:00:01Z']) {
    const answer = await world.manager.post('equipment/check-availability', { items, window: { start, end } });
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([400, 'body.window.end']);
  }
});

test('REQ-EQP-020 a whole stock can be reserved, however large', async () => {
  const equipmentId = await world.item({ quantity: 1_000_000 });
  const eventId = await world.event();
  const ask = (quantity: number) => world.manager.post('equipment/reservations', { equipmentId, eventId, quantity });
  expect((await ask(1_000_001)).status).toBe(400);
  expect((await ask(1_000_000)).status).toBe(201);
  expect((await ask(1)).status).toBe(409);
});

describe('REQ-EQP-020 a window', () => {
  const start = '2026-12-01T18:00:00Z';
  test.each([
    ['of no length', { start, end: start }],
    ['that ends before it starts', { start, end: '2026-12-01T17:00:00Z' }],
    ['a second short of an hour', { start, end: '2026-12-01T18:59:59Z' }],
    ['a millisecond short of an hour', { start, end: '2026-12-01T18:59:59.999Z' }],
    ['of more than three years', { start, end: '2029-12-01T18:00:01Z' }],
  ])('%s is refused by its end, when made, changed and ordered', async (_what, window) => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    const asked = { equipmentId, quantity: 1 };
    for (const answer of [
      await world.manager.post('equipment/reservations', { ...asked, eventId, window }),
      await world.manager.patch(`equipment/reservations/${id}`, { window }),
      await world.manager.post(`events/${eventId}/equipment`, { items: [asked], window }),
    ]) {
      expect([answer.status, answer.body.errors?.[0].path]).toEqual([400, 'body.window.end']);
    }
  });

  test('of three years is taken, and is in the way of all that is inside it, not of what touches it', async () => {
    const equipmentId = await storedItem(world.scope, { quantity: 1, nextPreventiveDueAt: '2036-01-01T00:00:00Z' });
    const eventId = await world.event();
    const end = '2029-12-01T18:00:00Z';
    await world.reserved(equipmentId, eventId, { window: { start, end } });
    for (const [from, to, status] of [
      ['2028-06-01T00:00:00Z', '2028-06-02T00:00:00Z', 409],
      ['2029-12-01T17:59:59Z', '2029-12-02T00:00:00Z', 409],
      [end, '2029-12-02T00:00:00Z', 201],
      ['2026-12-01T17:00:00Z', start, 201],
    ]) {
      const window = { start: from, end: to };
      const answer = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1, window });
      expect([from, answer.status]).toEqual([from, status]);
    }
  });
});

test.each([0, -1, 1.5, 1_000_001, '2', null])(
  'REQ-EQP-020, 022, 030 %s units are refused by their field, wherever they are named',
  async (quantity) => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    const items = [{ equipmentId, quantity }];
    const window = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' };
    for (const [answer, path] of [
      [await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity }), 'body.quantity'],
      [await world.manager.patch(`equipment/reservations/${id}`, { quantity }), 'body.quantity'],
      [await world.manager.post(`events/${eventId}/equipment`, { items }), 'body.items.0.quantity'],
      [await world.manager.post('equipment/check-availability', { items, window }), 'body.items.0.quantity'],
    ] as const) {
      expect([answer.status, answer.body.errors?.[0].path]).toEqual([400, path]);
    }
  },
);

test('REQ-EQP-030, REQ-EVT-023 50 items can be asked for and 30 ordered, one more is refused, and each once', async () => {
  const eventId = await world.event();
  const all = await Promise.all(Array.from({ length: 51 }, () => world.item()));
  const asked = (count: number) => all.slice(0, count).map((equipmentId) => ({ equipmentId, quantity: 1 }));
  const window = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' };
  const check = (items: readonly object[]) => world.manager.post('equipment/check-availability', { items, window });
  const order = (items: readonly object[]) => world.manager.post(`events/${eventId}/equipment`, { items });
  for (const count of [1, 50]) expect((await check(asked(count))).body.items).toHaveLength(count);
  for (const count of [0, 51]) expect((await check(asked(count))).body.errors[0].path).toBe('body.items');
  for (const count of [0, 31, 50, 51]) expect((await order(asked(count))).body.errors[0].path).toBe('body.items');
  for (const count of [1, 30]) expect((await order(asked(count))).body.reservations).toHaveLength(count);
  const [one] = asked(1);
  const twice = [...asked(2), { equipmentId: one?.equipmentId.toUpperCase(), quantity: 1 }];
  for (const answer of [await check(twice), await order(twice)]) {
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([400, 'body.items.2.equipmentId']);
  }
});
