import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { preventiveDueAfter } from '../../shared/equipment/model.ts';
import { itemBody, madeItem, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const usd = (amount: number) => ({ amount, currency: 'USD' });

describe('an item', () => {
  test('REQ-EQP-001, 002: is added with every field, read, and answered 304 while it is the same', async () => {
    const fields = {
      name: 'Beamer 5000',
      category: 'audioVisual',
      description: 'Bright.\nHeavy.',
      quantity: 1,
      serialNumber: 'SN-1',
      manufacturer: 'Épson',
      model: 'EB-1',
      barcode: '4006381333931',
      condition: 'excellent',
      purchaseDate: '2026-03-31',
      purchasePrice: usd(100_000),
      currentValue: usd(120_000),
      dailyRate: usd(5000),
      warehouseLocation: 'Hall B',
      specifications: [{ key: 'Light', value: '5000', unit: 'lm' }],
      lastPreventiveAt: '2026-08-31T10:00:00Z',
    };
    const made = await world.manager.post('equipment', fields);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toMatch(new RegExp(`/api/equipment/${made.body.id}$`));
    expect(made.body).toMatchObject({
      ...fields,
      status: 'available',
      active: true,
      units: { inStock: 1, reservedNow: 0, inTransit: 0, atVenue: 0, inMaintenance: 0 },
      photos: [],
      inspectionPending: false,
      nextPreventiveDueAt: '2027-02-28T10:00:00Z',
      createdAt: '2026-10-01T09:00:00Z',
    });
    const read = await world.manager.get(`equipment/${made.body.id}`);
    expect(read.body).toEqual(made.body);
    const etag = read.headers.get('etag') ?? '';
    expect((await world.manager.get(`equipment/${made.body.id}`, { 'if-none-match': etag })).status).toBe(304);
    expect((await world.facts(made.body.id)).map(({ type }) => type)).toEqual(['EquipmentItemAdded']);
  });

  test.each([
    ['no name', { name: '' }, 'body.name'],
    ['a name of 201', { name: 'x'.repeat(201) }, 'body.name'],
    ['a category that is none', { category: 'boat' }, 'body.category'],
    ['none in stock', { quantity: 0 }, 'body.quantity'],
    ['a serial number for two', { quantity: 2, serialNumber: 'S' }, 'body.quantity'],
    ['a purchase tomorrow', { purchaseDate: '2026-10-02' }, 'body.purchaseDate'],
    ['a price of nothing', { purchasePrice: usd(0) }, 'body.purchasePrice.amount'],
    ['a fraction of a cent', { purchasePrice: usd(1.5) }, 'body.purchasePrice.amount'],
    ['a value above 120 % of the price', { currentValue: usd(24_001) }, 'body.currentValue.amount'],
    ['a value in another currency', { currentValue: { amount: 1, currency: 'EUR' } }, 'body.currentValue.currency'],
    ['a negative rate', { dailyRate: usd(-1) }, 'body.dailyRate.amount'],
    ['a condition that is none', { condition: 'new' }, 'body.condition'],
    ['maintenance in the future', { lastPreventiveAt: '2026-10-01T09:00:01Z' }, 'body.lastPreventiveAt'],
    [
      'a specification twice',
      {
        specifications: [
          { key: 'Height', value: '1' },
          { key: 'height', value: '2' },
        ],
      },
      'body.specifications.1.key',
    ],
    ['a status, which follows from its units', { status: 'available' }, 'body.status'],
  ])('REQ-EQP-002: %s is refused, naming the field', async (_what, over, path) => {
    const { status, body } = await world.manager.post('equipment', itemBody(over));
    expect(status).toBe(400);
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  test('REQ-EQP-002: 120 % of the price is not too much, nor a purchase today', async () => {
    await madeItem(world.manager, { currentValue: usd(24_000), purchaseDate: '2026-10-01' });
  });

  test('REQ-EQP-003: its name is unique in its category, its barcode everywhere, both free again when it is deleted', async () => {
    const { manager } = world;
    const first = await madeItem(manager, { name: 'Table à rallonge', barcode: 'B-1' });
    const twin = await manager.post('equipment', itemBody({ name: 'TABLE A RALLONGE' }));
    expect([twin.status, twin.body.type, twin.body.field]).toEqual([409, 'urn:marquee:problem:already_exists', 'name']);
    await madeItem(manager, { name: 'Table à rallonge', category: 'other' });
    const code = await manager.post('equipment', itemBody({ category: 'power', barcode: 'B-1' }));
    expect([code.status, code.body.field]).toEqual([409, 'barcode']);
    expect((await manager.delete(`equipment/${first.id}`)).status).toBe(204);
    expect((await manager.get(`equipment/${first.id}`)).status).toBe(404);
    await madeItem(manager, { name: 'Table à rallonge', barcode: 'B-1' });
  });

  test('REQ-EQP-004: PATCH changes what it names, PUT the whole; facts say what changed', async () => {
    const { manager } = world;
    const item = await madeItem(manager, { description: 'Old', currentValue: usd(1000) });
    const path = `equipment/${item.id}`;
    const patched = await manager.patch(path, { description: null, quantity: 12, currentValue: { amount: 2000 } });
    expect(patched.body).toMatchObject({ quantity: 12, currentValue: usd(2000), units: { inStock: 12 } });
    expect(patched.body).not.toHaveProperty('description');
    const { condition: _, ...whole } = itemBody({ name: item.name, specifications: [{ key: 'W', value: '1' }] });
    const put = await manager.put(path, whole);
    expect(put.body).toMatchObject({ quantity: 10, condition: 'good', specifications: [{ key: 'W', value: '1' }] });
    expect(put.body).not.toHaveProperty('currentValue');
    const facts = (await world.facts(item.id)).slice(1);
    expect(facts.map(({ type, data }) => [type, data.changes])).toEqual([
      [
        'EquipmentItemUpdated',
        {
          description: { from: 'Old', to: null },
          quantity: { from: 10, to: 12 },
          currentValue: { from: usd(1000), to: usd(2000) },
        },
      ],
      ['EquipmentItemUpdated', { quantity: { from: 12, to: 10 }, currentValue: { from: usd(2000), to: null } }],
      ['EquipmentSpecificationsUpdated', { specifications: { from: [], to: [{ key: 'W', value: '1' }] } }],
    ]);
    expect((await manager.patch(path, { currentValue: usd(24_001) })).status).toBe(400);
    expect((await manager.patch(path, { purchaseDate: '2027-01-01' })).body.errors[0].path).toBe('body.purchaseDate');
    expect((await manager.patch(path, { condition: 'poor' })).body.errors[0].path).toBe('body.condition');
    const stale = await manager.patch(path, { quantity: 3 }, { 'if-match': patched.headers.get('etag') ?? '' });
    expect(stale.status).toBe(412);
  });

  test('REQ-EQP-080: PUT replaces the specifications as a set', async () => {
    const { manager } = world;
    const item = await madeItem(manager, { specifications: [{ key: 'Weight', value: '30', unit: 'kg' }] });
    const next = [
      { key: 'Height', value: '74', unit: 'cm' },
      { key: 'Colour', value: 'White' },
    ];
    const put = await manager.put(`equipment/${item.id}/specifications`, { specifications: next });
    expect([put.status, put.body.specifications]).toEqual([200, next]);
    expect((await world.facts(item.id)).at(-1)?.type).toBe('EquipmentSpecificationsUpdated');
    const twice = { specifications: [next[0], { ...next[0], key: 'HEIGHT' }] };
    expect((await manager.put(`equipment/${item.id}/specifications`, twice)).status).toBe(400);
    expect(
      (await manager.put(`equipment/${item.id}/specifications`, { specifications: [] })).body.specifications,
    ).toEqual([]);
  });

  test('REQ-EQP-061: its condition goes up and down, each with its own fact, by technicians', async () => {
    const item = await madeItem(world.manager);
    const path = `equipment/${item.id}/condition`;
    const technician = world.as('maintenanceTechnician');
    const down = await technician.put(path, { condition: 'needsRepair', reason: 'A leg is loose' });
    expect([down.status, down.body.condition]).toEqual([200, 'needsRepair']);
    expect((await technician.put(path, { condition: 'needsRepair' })).headers.get('etag')).toBe(
      down.headers.get('etag'),
    );
    expect((await technician.put(path, { condition: 'excellent' })).body.condition).toBe('excellent');
    expect((await world.facts(item.id)).slice(1).map(({ type, data }) => [type, data])).toEqual([
      ['EquipmentConditionDowngraded', { from: 'good', to: 'needsRepair', reason: 'A leg is loose' }],
      ['EquipmentConditionUpgraded', { from: 'needsRepair', to: 'excellent' }],
    ]);
    expect((await world.as('warehouseManager').put(path, { condition: 'fair' })).status).toBe(403);
    expect((await technician.patch(`equipment/${item.id}`, { name: 'Mine' })).status).toBe(403);
  });

  test('REQ-EQP-101 to 105: the warehouse manager adds and changes, but does not retire', async () => {
    const warehouse = world.as('warehouseManager');
    const item = await madeItem(warehouse);
    expect((await warehouse.patch(`equipment/${item.id}`, { warehouseLocation: 'Row 4' })).status).toBe(200);
    expect((await warehouse.post(`equipment/${item.id}/retire`, { reason: 'Old' })).status).toBe(403);
    expect((await warehouse.delete(`equipment/${item.id}`)).status).toBe(204);
    expect((await world.as('viewer').post('equipment', itemBody())).status).toBe(403);
    expect((await world.as('customer').get('equipment')).status).toBe(403);
  });
});

describe('REQ-EQP-055 preventive maintenance', () => {
  test.each([
    ['2026-08-31', '2027-02-28T00:00:00Z'],
    ['2027-08-31', '2028-02-29T00:00:00Z'],
    ['2026-03-31T23:15:30Z', '2026-09-30T23:15:30Z'],
    ['2026-07-01', '2027-01-01T00:00:00Z'],
    ['2026-10-31T12:00:00Z', '2027-04-30T12:00:00Z'],
  ])('after %s is due %s', (at, due) => {
    expect(preventiveDueAfter(at)).toBe(due);
  });

  test('is due six months after it was added where none is known of, however old it is, and after the last', async () => {
    const item = await madeItem(world.manager, { purchaseDate: '2019-05-10' });
    expect(item.nextPreventiveDueAt).toBe('2027-04-01T09:00:00Z');
    const changed = await world.manager.patch(`equipment/${item.id}`, { purchaseDate: '2020-06-10' });
    expect(changed.body.nextPreventiveDueAt).toBe('2027-04-01T09:00:00Z');
    const done = await madeItem(world.manager, { lastPreventiveAt: '2026-09-01T00:00:00Z' });
    const same = await world.manager.patch(`equipment/${done.id}`, { purchaseDate: '2026-06-10' });
    expect(same.body.nextPreventiveDueAt).toBe('2027-03-01T00:00:00Z');
  });
});

test('REQ-EQP-002: a purchase is judged by the day it is where the organization is', async () => {
  const [east, west] = await Promise.all([
    startWorld({ at: '2026-10-01T12:00:00Z', timeZone: 'Pacific/Kiritimati' }),
    startWorld({ at: '2026-10-01T09:00:00Z', timeZone: 'Pacific/Pago_Pago' }),
  ]);
  expect((await east.manager.post('equipment', itemBody({ purchaseDate: '2026-10-02' }))).status).toBe(201);
  expect((await east.manager.post('equipment', itemBody({ purchaseDate: '2026-10-03' }))).status).toBe(400);
  expect((await west.manager.post('equipment', itemBody({ purchaseDate: '2026-09-30' }))).status).toBe(201);
  expect((await west.manager.post('equipment', itemBody({ purchaseDate: '2026-10-01' }))).status).toBe(400);
  await Promise.all([east.close(), west.close()]);
});
