import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { happened } from '../support/items.ts';
import { madeItem, startWorld, type World } from './support.ts';

let world: World;
const ids: Record<string, string> = {};

beforeAll(async () => {
  world = await startWorld();
  const usd = (amount: number) => ({ amount, currency: 'USD' });
  const some = [
    { name: 'Amber lamp', category: 'lighting', condition: 'excellent', currentValue: usd(500), manufacturer: 'Zeiß' },
    { name: 'Bar stool', category: 'seating', condition: 'poor', purchaseDate: '2026-01-01', model: 'Högdal-3' },
    { name: 'Chess set', category: 'game', condition: 'needsRepair', quantity: 1, serialNumber: 'CH-77' },
    { name: 'Dance floor', category: 'staging', condition: 'fair', currentValue: usd(9000), barcode: '590123412345' },
    { name: 'Éclair generator', category: 'power', condition: 'good', purchaseDate: '2026-09-30' },
  ];
  for (const one of some) ids[one.name.slice(0, 1)] = (await madeItem(world.manager, one)).id;
  await world.manager.post(`equipment/${ids.B}/deactivate`);
  await world.manager.post(`equipment/${ids.D}/retire`, { reason: 'Rotten' });
  await happened(world.scope(), ids.C ?? '', { type: 'EquipmentUnitsMoved', data: { to: 'atVenue', quantity: 1 } });
});
afterAll(() => world.close());

async function found(query: string): Promise<string> {
  const { status, body } = await world.manager.get(`equipment?${query}`);
  expect(status, query).toBe(200);
  return body.data.map(({ name }: { name: string }) => name.slice(0, 1)).join('');
}

describe('REQ-EQP-010, 090 the list of equipment', () => {
  test.each([
    ['', 'ABCDÉ'],
    ['sort=-name', 'ÉDCBA'],
    ['sort=purchaseDate&limit=1', 'B'],
    ['sort=-purchaseDate&limit=1', 'É'],
    ['sort=condition', 'AÉDBC'],
    ['sort=-condition', 'CBDÉA'],
    ['sort=currentValue&limit=2', 'AD'],
    ['category=lighting', 'A'],
    ['category=game,seating&sort=name', 'BC'],
    ['status=available', 'ABÉ'],
    ['status=retired', 'D'],
    ['status=atVenue,retired', 'CD'],
    ['condition=poor,good', 'BÉ'],
    ['active=false', 'B'],
    ['active=true', 'ACDÉ'],
    ['active=true,false&category=seating,power&condition=good', 'É'],
  ])('%s', async (query, names) => {
    expect(await found(query)).toBe(names);
  });

  test.each([
    ['category=boat', 'query.category.0'],
    ['active=maybe', 'query.active.0'],
    ['condition=0', 'query.condition.0'],
    ['sort=status', 'query.sort'],
    ['colour=red', 'query.colour'],
  ])('%s is refused, naming it', async (query, path) => {
    const { status, body } = await world.manager.get(`equipment?${query}`);
    expect([status, body.errors[0].path]).toEqual([400, path]);
  });

  test('is paged without repeats, counted and trimmed', async () => {
    const names: string[] = [];
    let query = 'equipment?limit=2&count=true';
    for (;;) {
      const { body } = await world.manager.get(query);
      expect(body.page.totalCount).toBe(5);
      names.push(...body.data.map(({ name }: { name: string }) => name[0]));
      if (body.page.nextCursor === null) break;
      query = `equipment?limit=2&count=true&cursor=${encodeURIComponent(body.page.nextCursor)}`;
    }
    expect(names.join('')).toBe('ABCDÉ');
    const trimmed = await world.manager.get('equipment?fields=id,status&limit=1');
    expect(trimmed.body.data).toEqual([{ id: ids.A, status: 'available' }]);
  });
});

describe('REQ-EQP-011, 091 the search finds words by their beginnings in', () => {
  test.each([
    ['the name', 'lam amb', 'A'],
    ['the name, without accents', 'eclair', 'É'],
    ['the manufacturer', 'zei', 'A'],
    ['the model', 'hogdal', 'B'],
    ['the serial number', 'ch-77', 'C'],
    ['the barcode', '5901', 'D'],
    ['nothing else', 'lighting', ''],
    ['all words, not one', 'amber stool', ''],
  ])('%s', async (_what, q, names) => {
    expect(await found(`q=${encodeURIComponent(q)}`)).toBe(names);
  });

  test('among those a filter lets through', async () => {
    expect(await found('q=chess&status=available')).toBe('');
    expect(await found('q=chess&status=atVenue')).toBe('C');
  });
});
