/** Contract: conditions, orders, pages, cursors, counts, partitions by prefix. */
import { expect, test } from 'vitest';
import type { Document, Query, Write } from '../../shared/platform/store.ts';
import type { Subject } from './store.contract.ts';
import { create, customer, ids, idsOf, newOrg, walk } from './store.contract.ts';

const crew: Document[] = [
  customer('c1', {
    ix: { name: 'bo', status: 'active', type: 'person', at: '2026-01-01T00:00:00Z' },
    sets: { tags: ['vip', 'press'] },
  }),
  customer('c2', {
    ix: { name: 'al', status: 'active', type: 'company', at: '2026-02-01T00:00:00Z' },
    sets: { tags: ['vip'] },
  }),
  customer('c3', { ix: { name: 'di', status: 'blocked', type: 'person', at: '2026-03-01T00:00:00Z' } }),
  customer('c4', {
    ix: { name: 'bo', status: 'blocked', type: 'person', at: '2026-04-01T00:00:00Z' },
    sets: { tags: ['press'] },
  }),
  customer('n1', { kind: 'note', ix: { name: 'aa', status: 'active' }, sets: { tags: ['vip'] } }),
];

export function queryContract({ store }: Subject): void {
  async function crewed(): Promise<string> {
    const org = newOrg();
    await create(store(), [org], ...crew);
    return org;
  }
  const venues = async (): Promise<string> => {
    const org = newOrg();
    const sizes = [5, 100, 20, 3.5, -1];
    const documents = sizes.map((capacity, at) => ({
      id: `v${at}`,
      kind: 'venue',
      body: null,
      ix: { capacity, status: 's' },
    }));
    await store().commit(
      'venues',
      [org],
      documents.map((document): Write => ({ op: 'create', document })),
    );
    return org;
  };

  test('a query sees its kind only, ordered by id', async () => {
    expect(await ids(store(), [await crewed()])).toEqual(['c1', 'c2', 'c3', 'c4']);
  });

  const cases: [string, Query['where'], string[]][] = [
    ['eq', [{ path: 'status', eq: 'active' }], ['c1', 'c2']],
    ['eq of nothing there', [{ path: 'status', eq: 'none' }], []],
    [
      'two of them',
      [
        { path: 'status', eq: 'active' },
        { path: 'type', eq: 'person' },
      ],
      ['c1'],
    ],
    ['in', [{ path: 'status', in: ['active', 'blocked', 'none'] }], ['c1', 'c2', 'c3', 'c4']],
    ['in with one value', [{ path: 'status', in: ['blocked'] }], ['c3', 'c4']],
    ['in with a value twice', [{ path: 'status', in: ['blocked', 'blocked'] }], ['c3', 'c4']],
    ['in with nothing', [{ path: 'status', in: [] }], []],
    [
      'in and eq',
      [
        { path: 'type', eq: 'person' },
        { path: 'status', in: ['active', 'none'] },
      ],
      ['c1'],
    ],
    ['ids in', [{ path: 'id', in: ['c4', 'c2', 'n1', 'c9'] }], ['c2', 'c4']],
    ['gte and lt', [{ path: 'at', gte: '2026-02-01T00:00:00Z', lt: '2026-04-01T00:00:00Z' }], ['c2', 'c3']],
    ['gt and lte', [{ path: 'at', gt: '2026-02-01T00:00:00Z', lte: '2026-04-01T00:00:00Z' }], ['c3', 'c4']],
    ['set all', [{ set: 'tags', all: ['vip'] }], ['c1', 'c2']],
    ['set all of several', [{ set: 'tags', all: ['vip', 'press'] }], ['c1']],
    ['set all of none', [{ set: 'tags', all: [] }], ['c1', 'c2', 'c3', 'c4']],
    ['set any', [{ set: 'tags', any: ['vip', 'press', 'none'] }], ['c1', 'c2', 'c4']],
    ['set any of none', [{ set: 'tags', any: [] }], []],
    [
      'set and field',
      [
        { set: 'tags', any: ['press'] },
        { path: 'status', eq: 'blocked' },
      ],
      ['c4'],
    ],
  ];
  test.each(cases)('condition: %s', async (_, where, expected) => {
    const org = await crewed();
    const query = { kind: 'customer', where, limit: 100, count: true };
    const page = await store().query('customers', [org], query);
    expect(idsOf(page).sort()).toEqual(expected);
    expect(page.total).toBe(expected.length);
    expect(page.cursor).toBeUndefined();
  });

  test('numbers are compared as numbers, booleans as booleans', async () => {
    const org = await venues();
    const sized = async (query: Partial<Query>) =>
      idsOf(
        await store().query('venues', [org], { kind: 'venue', limit: 10, orderBy: [{ path: 'capacity' }], ...query }),
      );
    expect(await sized({})).toEqual(['v4', 'v3', 'v0', 'v2', 'v1']);
    expect(await sized({ where: [{ path: 'capacity', gte: 5, lt: 100 }] })).toEqual(['v0', 'v2']);
    expect(await sized({ where: [{ path: 'capacity', eq: 3.5 }] })).toEqual(['v3']);
    const event = (id: string, listed: boolean): Write => ({
      op: 'create',
      document: { id, kind: 'event', body: null, ix: { listed, startsAt: '2026' } },
    });
    await store().commit('events', [org], [event('e1', true), event('e2', false)]);
    const query: Query = {
      kind: 'event',
      where: [{ path: 'listed', eq: true }],
      orderBy: [{ path: 'startsAt' }],
      limit: 9,
    };
    expect(idsOf(await store().query('events', [org], query))).toEqual(['e1']);
  });

  test.each([
    ['ascending, ties by id', [{ path: 'name' }], ['c2', 'c1', 'c4', 'c3']],
    ['descending, ties by id descending', [{ path: 'name', descending: true }], ['c3', 'c4', 'c1', 'c2']],
    ['id descending', [{ path: 'id', descending: true }], ['c4', 'c3', 'c2', 'c1']],
    ['a declared pair', [{ path: 'status' }, { path: 'name' }], ['c2', 'c1', 'c4', 'c3']],
    ['mixed directions', [{ path: 'status', descending: true }, { path: 'name' }], ['c4', 'c3', 'c2', 'c1']],
    ['mixed the other way', [{ path: 'name' }, { path: 'id', descending: true }], ['c2', 'c4', 'c1', 'c3']],
    ['a pair that no index has', [{ path: 'name' }, { path: 'at', descending: true }], ['c2', 'c4', 'c1', 'c3']],
  ])('order: %s', async (_, orderBy, expected) => {
    const org = await crewed();
    expect(await ids(store(), [org], { orderBy })).toEqual(expected);
    expect(await walk(store(), [org], { kind: 'customer', orderBy, limit: 1 })).toEqual(expected);
  });

  test('texts are ordered by code point: capitals first, accents and other scripts after z', async () => {
    const org = newOrg();
    const names = ['', 'Z', 'a', 'ab', 'b', 'z', 'é', '日本', '\uffee', '😀'];
    await create(
      store(),
      [org],
      ...[...names].reverse().map((name, at) => customer(`c${at}`, { ix: { name }, body: name })),
    );
    const page = await store().query('customers', [org], { kind: 'customer', orderBy: [{ path: 'name' }], limit: 100 });
    expect(page.items.map(({ document }) => document.body)).toEqual(names);
  });

  test('a document without the field it would be ordered by is not in the list', async () => {
    const org = newOrg();
    await create(store(), [org], customer('c1', { ix: { name: 'a' } }), customer('c2'));
    expect(await ids(store(), [org], { orderBy: [{ path: 'name' }] })).toEqual(['c1']);
  });

  test('a replaced document is found by its new values and no longer by its old ones', async () => {
    const org = await crewed();
    const document = customer('c1', { ix: { name: 'zz', status: 'lead' }, sets: { tags: ['new'] } });
    await store().commit('customers', [org], [{ op: 'upsert', document }]);
    expect(await ids(store(), [org], { where: [{ path: 'status', eq: 'active' }] })).toEqual(['c2']);
    expect(await ids(store(), [org], { where: [{ path: 'status', eq: 'lead' }] })).toEqual(['c1']);
    expect(await ids(store(), [org], { where: [{ set: 'tags', all: ['vip'] }] })).toEqual(['c2']);
    expect(await ids(store(), [org], { where: [{ set: 'tags', any: ['new', 'x'] }] })).toEqual(['c1']);
    expect((await ids(store(), [org], { orderBy: [{ path: 'name' }] })).at(-1)).toBe('c1');
  });

  test('what the container does not declare, or no index serves, is a bug, and refused', async () => {
    const org = newOrg();
    const bad: [Partial<Query>, string][] = [
      [{ where: [{ path: 'shoeSize', eq: 1 }] }, 'shoeSize'],
      [{ where: [{ path: 'name', eq: 1 }] }, 'not a text'],
      [{ where: [{ set: 'friends', any: ['x'] }] }, 'friends'],
      [{ orderBy: [{ path: 'shoeSize' }] }, 'shoeSize'],
      [{ orderBy: [{ path: 'tag' }, { path: 'shoeSize' }] }, 'shoeSize'],
      [{ orderBy: [{ path: 'communicationKind' }] }, 'No index'],
      [{ search: ['a'], orderBy: [{ path: 'name' }] }, 'cannot be ordered'],
      [{ limit: 0 }, '1 to 1000'],
      [{ limit: 1001 }, '1 to 1000'],
      [{ limit: 1.5 }, '1 to 1000'],
    ];
    for (const [part, named] of bad) await expect(ids(store(), [org], part)).rejects.toThrow(named);
    await expect(store().query('events', [org], { kind: 'event', limit: 1, search: ['a'] })).resolves.toEqual({
      items: [],
    });
    await expect(store().query('claims', [org], { kind: 'x', limit: 1, search: ['a'] })).rejects.toThrow('no words');
    await expect(store().query('customers', [org, 'more'], { kind: 'x', limit: 1 })).rejects.toThrow('1 values');
  });

  test('a query by a prefix of the key sees all partitions below it, and no other organization', async () => {
    const [org, other] = [newOrg(), `${newOrg()}x`];
    const claim = (id: string, end: string): Document => ({
      id,
      kind: 'claim',
      body: null,
      ix: { state: 'active', end, expiresAt: end },
      sets: { days: [end] },
    });
    const places = ['venue:1', 'venue:2', 'venue:10', 'staff:1', 'staff:2'];
    for (const [n, resource] of places.entries()) {
      // The same ids in every partition, so that only the partition tells them apart.
      const documents = [claim('head', 'd0'), claim('c1', `d${n % 2}`), claim('c2', 'd9')];
      const writes = documents.map((document): Write => ({ op: 'create', document }));
      await store().commit('claims', [org, resource], writes);
      await store().commit('claims', [other, resource], writes);
    }
    const all: Query = { kind: 'claim', limit: 2 };
    expect((await walk(store(), [org], all, undefined, 'claims')).length).toBe(15);
    expect((await walk(store(), [org, 'venue:1'], all, undefined, 'claims')).sort()).toEqual(['c1', 'c2', 'head']);
    const active: Query = { ...all, where: [{ path: 'state', eq: 'active' }], count: true };
    expect((await store().query('claims', [org], active)).total).toBe(15);
    expect((await walk(store(), [org], active, undefined, 'claims')).length).toBe(15);
    const days: Query = { ...all, where: [{ set: 'days', any: ['d0', 'd1'] }], count: true };
    expect((await store().query('claims', [org], days)).total).toBe(10);
    expect(await walk(store(), [org], days, undefined, 'claims')).toEqual([
      ...Array(5).fill('c1'),
      ...Array(5).fill('head'),
    ]);
  });

  test('an index that is declared for prefixes orders all partitions below one', async () => {
    const [org, other] = [newOrg(), `${newOrg()}x`];
    for (const [n, user] of ['u1', 'u2', 'u10'].entries()) {
      const writes = ['a', 'b'].map((id, at): Write => {
        return { op: 'create', document: { id, kind: 'session', body: null, ix: { sessionId: `s${n + at}` } } };
      });
      await store().commit('sessions', [org, user], writes);
      await store().commit('sessions', [other, user], writes);
    }
    const down: Query = { kind: 'session', limit: 2, orderBy: [{ path: 'sessionId', descending: true }] };
    expect(await walk(store(), [org], down, undefined, 'sessions')).toEqual(['b', 'b', 'a', 'b', 'a', 'a']);
    const one: Query = { ...down, where: [{ path: 'sessionId', eq: 's1' }], count: true };
    expect((await store().query('sessions', [org], one)).total).toBe(2);
    const undeclared: Query = { ...down, orderBy: [{ path: 'lastUsedAt' }] };
    await expect(store().query('sessions', [org], undeclared)).rejects.toThrow('declare it in containers.ts');
    expect((await store().query('sessions', [org, 'u1'], undeclared)).items).toEqual([]);
  });

  test('a timer looks across organizations by an index that is declared for it', async () => {
    const [one, two] = [newOrg(), newOrg()];
    const kind = `due-${one}`;
    for (const [org, dueAt] of [
      [one, '2026-03'],
      [two, '2026-01'],
      [two, '2026-02'],
    ] as const) {
      const document: Document = { id: 'same', kind, body: dueAt, ix: { dueAt } };
      await store().commit(
        'events',
        [org],
        [{ op: 'upsert', document: { ...document, id: dueAt < '2026-02' ? 'same' : `s${dueAt}` } }],
      );
      await store().commit(
        'events',
        [org],
        [{ op: 'upsert', document: { ...document, id: 'tie', ix: { dueAt: '2026-09' } } }],
      );
    }
    const due: Query = { kind, where: [{ path: 'dueAt', lt: '2026-03' }], orderBy: [{ path: 'dueAt' }], limit: 1 };
    expect(await walk(store(), [], due, undefined, 'events')).toEqual(['same', 's2026-02']);
    const all: Query = { kind, orderBy: [{ path: 'dueAt' }], limit: 1 };
    expect(await walk(store(), [], all, undefined, 'events')).toEqual(['same', 's2026-02', 's2026-03', 'tie', 'tie']);
    await expect(store().query('events', [], { kind, orderBy: [{ path: 'title' }], limit: 1 })).rejects.toThrow(
      'No index',
    );
  });
}
