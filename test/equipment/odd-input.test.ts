/** Input at and beyond the limits, and changes that meet others: refused by the field, or taken whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { happened } from '../support/items.ts';
import { itemBody, madeItem, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const usd = (amount: number) => ({ amount, currency: 'USD' });
const path = ({ id }: { readonly id: string }) => `equipment/${id}`;

describe('REQ-EQP-004 a PATCH with null', () => {
  const optional = {
    description: 'Round',
    serialNumber: 'S-1',
    manufacturer: 'Acme',
    model: 'M',
    barcode: 'B-100',
    currentValue: usd(1),
    dailyRate: usd(1),
    warehouseLocation: 'Row 4',
  };

  test.each(Object.keys(optional))('clears %s, and nothing else', async (name) => {
    const item = await madeItem(world.manager, { ...optional, quantity: 1 });
    const { body } = await world.manager.patch(path(item), { [name]: null });
    const { [name]: _, modifiedAt: __, ...rest } = item;
    expect(body).toEqual({ ...rest, modifiedAt: body.modifiedAt });
    await world.manager.delete(path(item));
  });

  test('empties the specifications', async () => {
    const item = await madeItem(world.manager, { specifications: [{ key: 'Height', value: '74', unit: 'cm' }] });
    expect((await world.manager.patch(path(item), { specifications: null })).body.specifications).toEqual([]);
  });

  test.each([
    'name',
    'category',
    'quantity',
    'purchaseDate',
    'purchasePrice',
    'condition',
    'active',
    'photos',
    'lastPreventiveAt',
  ])('is refused for %s, which has a value always, or is not for PATCH', async (name) => {
    const item = await madeItem(world.manager);
    const answer = await world.manager.patch(path(item), { [name]: null });
    expect([answer.status, answer.body.errors.map((error: { path: string }) => error.path)]).toEqual([
      400,
      [`body.${name}`],
    ]);
    expect((await world.manager.get(path(item))).body).toEqual(item);
  });
});

describe('REQ-EQP-002 of units', () => {
  test.each([0, -1, 1.5, 1_000_001, 1e300, '5', null])('%s are refused', async (quantity) => {
    const item = await madeItem(world.manager);
    for (const answer of [
      await world.manager.post('equipment', itemBody({ quantity })),
      await world.manager.patch(path(item), { quantity }),
    ]) {
      expect([answer.status, answer.body.errors[0].path]).toEqual([400, 'body.quantity']);
    }
  });

  test('a million are taken, and one where none are named', async () => {
    expect((await madeItem(world.manager, { quantity: 1_000_000 })).units.inStock).toBe(1_000_000);
    expect((await madeItem(world.manager, { quantity: undefined, serialNumber: 'S-2' })).quantity).toBe(1);
  });
});

describe('REQ-EQP-003 a change', () => {
  test('into a name or a barcode that is taken is refused, by way of the category too, and its own is not', async () => {
    const { manager } = world;
    const table = await madeItem(manager, { name: 'Twin', category: 'table', barcode: 'B-200' });
    const game = await madeItem(manager, { name: 'TWÍN', category: 'game' });
    const moved = await manager.patch(path(game), { category: 'table' });
    expect([moved.status, moved.body.type, moved.body.field]).toEqual([
      409,
      'urn:marquee:problem:already_exists',
      'name',
    ]);
    expect((await manager.patch(path(game), { barcode: ' B-200 ' })).body.field).toBe('barcode');
    expect((await manager.get(path(game))).body).toEqual(game);
    expect((await manager.patch(path(table), { name: 'twin' })).body.name).toBe('twin');
    // Both are free as soon as they are given up.
    await manager.patch(path(table), { name: 'Other', barcode: null });
    expect((await manager.patch(path(game), { category: 'table', barcode: 'B-200' })).status).toBe(200);
  });

  test('of twenty at once into one name one wins', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => madeItem(world.manager, { category: 'power' })));
    const answers = await Promise.all(all.map((one) => world.manager.patch(path(one), { name: 'The generator' })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.field === 'name')).toHaveLength(19);
  });
});

test('REQ-EQP-002 a serial number is for one unit, whichever of the two is changed, and may change while it is out', async () => {
  const { manager } = world;
  const item = await madeItem(manager, { quantity: 1, serialNumber: 'S-3' });
  await happened(world.scope(), item.id, { type: 'EquipmentUnitsMoved', data: { to: 'atVenue', quantity: 1 } });
  expect((await manager.patch(path(item), { quantity: 2 })).body.errors[0].path).toBe('body.quantity');
  const corrected = await manager.patch(path(item), { serialNumber: 'S-3B' });
  expect(corrected.body).toMatchObject({ serialNumber: 'S-3B', status: 'atVenue', units: { inStock: 0, atVenue: 1 } });
  const bulk = await manager.patch(path(item), { quantity: 3, serialNumber: null });
  expect(bulk.body).toMatchObject({ quantity: 3, status: 'available', units: { inStock: 2, atVenue: 1 } });
  expect((await manager.patch(path(item), { serialNumber: 'S-3' })).body.errors[0].path).toBe('body.quantity');
  // Makers give the same number twice, so it is no key.
  await madeItem(manager, { quantity: 1, serialNumber: 'S-4' });
  await madeItem(manager, { quantity: 1, serialNumber: 'S-4' });
});

describe('REQ-EQP-011 a search for odd text', () => {
  const OTHERS = 'O\'Neill "Großer" 50% \\ 卓球台 ﬁne 😀';
  beforeAll(() => madeItem(world.manager, { name: OTHERS, category: 'other', barcode: 'CH-77' }));

  test.each([
    ["o'neill", 1],
    ['NEILL O', 1],
    ['"großer"', 1],
    ['50%', 1],
    ['50_', 1],
    ['卓球', 1],
    ['fine', 1],
    ['ﬁ', 1],
    ['ch-7', 1],
    ["'; DROP TABLE", 0],
    ['NEAR(', 0],
    ['50 OR nothing', 0],
    ['neill*', 1],
    ['x'.repeat(200), 0],
  ])('%s finds %i', async (q, many) => {
    const { status, body } = await world.manager.get(`equipment?category=other&q=${encodeURIComponent(q)}`);
    expect([status, body.data.length]).toEqual([200, many]);
  });

  test('longer than 200 is refused, by its name', async () => {
    const { status, body } = await world.manager.get(`equipment?q=${'x'.repeat(201)}`);
    expect([status, body.errors[0].path]).toEqual([400, 'query.q']);
  });
});

test.each(['name', '-name', 'condition', '-currentValue', 'purchaseDate', 'q=paged'])(
  'REQ-EQP-010 paging by %s neither repeats nor skips what does not change meanwhile',
  async (by) => {
    const { manager } = world;
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        madeItem(manager, {
          name: `Paged ${String(at).padStart(2, '0')} ${by}`,
          category: 'lighting',
          condition: at % 2 ? 'good' : 'fair',
          currentValue: usd((at % 3) + 1),
        }),
      ),
    );
    const [first, last] = [made[0], made[11]];
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page += 1) {
      const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const asked = by.startsWith('q=') ? by : `sort=${by}`;
      const { body } = await manager.get(`equipment?category=lighting&limit=3&${asked}${from}`);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.page.nextCursor;
      if (page !== 1) continue;
      await manager.patch(path(first ?? { id: '' }), { name: `Paged zz ${by}`, currentValue: usd(20) });
      await manager.patch(path(last ?? { id: '' }), { name: `Paged 00a ${by}`, currentValue: null });
      await madeItem(manager, { name: `Paged 05b ${by}`, category: 'lighting' });
    }
    const still = made.slice(1, 11).map(({ id }) => id);
    for (const id of still) expect(seen.filter((one) => one === id)).toHaveLength(1);
  },
);
