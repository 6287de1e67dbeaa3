/** Contract: keyset pages and their cursors. */
import { expect, test } from 'vitest';
import type { Query, Write } from '../../shared/platform/store.ts';
import { BadCursor } from '../../shared/platform/store.ts';
import type { Subject } from './store.contract.ts';
import { create, customer, idsOf, newOrg, walk } from './store.contract.ts';

const crew = [
  customer('c1', { ix: { name: 'bo', status: 'active' } }),
  customer('c2', { ix: { name: 'al', status: 'active' } }),
  customer('c3', { ix: { name: 'di', status: 'blocked' } }),
  customer('c4', { ix: { name: 'bo', status: 'blocked' } }),
];

export function pageContract({ store }: Subject): void {
  async function crewed(): Promise<string> {
    const org = newOrg();
    await create(store(), [org], ...crew);
    return org;
  }

  test('there is a cursor exactly when more may follow, and the count is of all pages', async () => {
    const org = await crewed();
    const page = async (limit: number) => store().query('customers', [org], { kind: 'customer', limit, count: true });
    expect((await page(4)).cursor).toBeUndefined();
    expect((await page(3)).cursor).toEqual(expect.any(String));
    expect((await page(3)).total).toBe(4);
    const first = await page(3);
    const rest = await store().query('customers', [org], {
      kind: 'customer',
      limit: 3,
      count: true,
      cursor: first.cursor ?? '',
    });
    expect([idsOf(rest), rest.total, rest.cursor]).toEqual([['c4'], 4, undefined]);
  });

  test('a pair of fields that no index has is walked in order, however many documents tie in the first', async () => {
    const org = newOrg();
    const two = (n: number) => String(n).padStart(3, '0');
    const tied = Array.from({ length: 240 }, (_, n) =>
      customer(`c${two(n)}`, { ix: { name: `n${n % 3}`, createdAt: two((n * 7) % 80) } }),
    );
    await create(store(), [org], ...tied);
    const keyOf = ({ id, ix }: (typeof tied)[number]) =>
      `${ix?.name} ${999 - Number(ix?.createdAt)} ${999 - Number(id.slice(1))}`;
    const right = [...tied].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(({ id }) => id);
    const orderBy = [{ path: 'name' }, { path: 'createdAt', descending: true }];
    expect(await walk(store(), [org], { kind: 'customer', orderBy, limit: 2 })).toEqual(right);
    expect(await walk(store(), [org], { kind: 'customer', orderBy, limit: 100 })).toEqual(right);
  });

  test('a walk sees each document that does not change once and in order, while others come and go', async () => {
    const org = newOrg();
    const at = (n: number) => `n${String(n % 17).padStart(2, '0')}`;
    const still = Array.from({ length: 60 }, (_, n) =>
      customer(`s${String(n).padStart(3, '0')}`, { ix: { name: at(n) } }),
    );
    const passing = Array.from({ length: 60 }, (_, n) =>
      customer(`p${String(n).padStart(3, '0')}`, { ix: { name: at(n) } }),
    );
    await create(store(), [org], ...still, ...passing);
    let n = 0;
    const between = async () => {
      const writes: Write[] = [3, 29].map((step) => ({
        op: 'delete',
        id: `p${String((n + step) % 60).padStart(3, '0')}`,
      }));
      const added = customer(`x${n}`, { ix: { name: at(n * 5) } });
      await store().commit('customers', [org], [{ op: 'create', document: added }]);
      for (const write of writes)
        await store()
          .commit('customers', [org], [write])
          .catch(() => []);
      n += 1;
    };
    const seen = await walk(store(), [org], { kind: 'customer', orderBy: [{ path: 'name' }], limit: 7 }, between);
    const order = [...still]
      .sort((a, b) => (`${a.ix?.name}${a.id}` < `${b.ix?.name}${b.id}` ? -1 : 1))
      .map(({ id }) => id);
    expect(seen.filter((id) => id.startsWith('s'))).toEqual(order);
    expect(new Set(seen).size).toBe(seen.length);
    expect(n).toBeGreaterThan(10);
  });

  test('a cursor is good for the query that gave it out, and for no other', async () => {
    const org = await crewed();
    const query: Query = {
      kind: 'customer',
      where: [{ path: 'status', in: ['active', 'blocked'] }],
      limit: 1,
      orderBy: [{ path: 'name' }],
    };
    const { cursor = '' } = await store().query('customers', [org], query);
    const others: Query[] = [
      { ...query, kind: 'note' },
      { ...query, where: [{ path: 'status', eq: 'active' }] },
      { ...query, where: [] },
      { ...query, orderBy: [{ path: 'name', descending: true }] },
      { ...query, orderBy: [] },
      { kind: 'customer', limit: 1, search: ['a'] },
    ];
    for (const other of others) {
      await expect(store().query('customers', [org], { ...other, cursor })).rejects.toThrow(BadCursor);
    }
    await expect(store().query('customers', [newOrg()], { ...query, cursor })).rejects.toThrow(BadCursor);
    expect(idsOf(await store().query('customers', [org], { ...query, cursor, limit: 9, count: true }))).toEqual([
      'c1',
      'c4',
      'c3',
    ]);
  });

  test('a broken cursor is refused', async () => {
    const org = await crewed();
    const query: Query = { kind: 'customer', limit: 1, orderBy: [{ path: 'name' }] };
    const { cursor = '' } = await store().query('customers', [org], query);
    const [shape, ...place] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const broken = [
      '',
      'x',
      '%%%',
      `${cursor}A`,
      `${cursor}=`,
      cursor.slice(1),
      forged(null),
      forged({}),
      forged([shape]),
    ];
    broken.push(
      forged([shape, ...place, 1]),
      forged([shape, 5, 'c1']),
      forged([shape, null, 'c1']),
      forged([shape, ['a'], 'c1']),
    );
    for (const bad of broken) {
      await expect(store().query('customers', [org], { ...query, cursor: bad })).rejects.toThrow(BadCursor);
    }
  });
}
