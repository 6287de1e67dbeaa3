/** Input at and beyond the limits, against equipment and what is reserved of it: refused by its field, or taken whole. */
import { afterAll, beforeAll, expect, test } from 'vitest';
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
