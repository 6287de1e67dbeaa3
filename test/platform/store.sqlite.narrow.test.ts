/** Filters beside the index of the order: few matches are read and sorted, many are met on the way; one result. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planOf } from '../../shared/platform/store.plan.ts';
import { groupsFor } from '../../shared/platform/store.sqlite.groups.ts';
import { narrowed } from '../../shared/platform/store.sqlite.narrow.ts';
import type { Reach } from '../../shared/platform/store.sqlite.reach.ts';
import { reachOf } from '../../shared/platform/store.sqlite.reach.ts';
import { statementsOf } from '../../shared/platform/store.sqlite.statements.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Condition, Query, Write } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const TOTAL = 3000;
const documents = Array.from({ length: TOTAL }, (_, n) => ({
  id: `c${String(n).padStart(5, '0')}`,
  kind: 'customer',
  body: null,
  ix: {
    name: `n${(n * 7919) % 1009}`,
    createdAt: String(n % 100),
    type: n % 2 === 0 ? 'person' : 'company',
    segment: n % 100 === 0 ? 'gold' : 'plain',
    status: n % 3 === 0 ? 'lead' : 'active',
  },
  sets: { tags: [n % 2 === 0 ? 'even' : 'odd', ...(n % 150 === 0 ? ['rare'] : [])] },
}));

let folder: string;
let store: ReturnType<typeof openSqliteStore>;
let db: Database.Database;
let reach: Reach;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-narrow-'));
  store = openSqliteStore({ file: join(folder, 's.db'), clock: testClock() });
  for (let from = 0; from < TOTAL; from += 100) {
    const writes = documents.slice(from, from + 100).map((document): Write => ({ op: 'create', document }));
    await store.commit('customers', ['o'], writes);
  }
  db = new Database(join(folder, 's.db'));
  reach = reachOf('customers', ['o'], 'customer', 0, groupsFor(statementsOf(db)));
});
afterAll(async () => {
  db.close();
  await store.close();
  await rm(folder, { recursive: true });
});

type One = (typeof documents)[number];
const cases: [string, Condition[], (one: One) => boolean, index: readonly string[] | undefined][] = [
  ['half of them', [{ path: 'type', eq: 'person' }], ({ ix }) => ix.type === 'person', undefined],
  ['a hundredth of them', [{ path: 'segment', eq: 'gold' }], ({ ix }) => ix.segment === 'gold', ['segment', 'name']],
  [
    'half of them, and a hundredth of them',
    [
      { path: 'type', eq: 'person' },
      { path: 'segment', eq: 'gold' },
    ],
    ({ ix }) => ix.type === 'person' && ix.segment === 'gold',
    ['segment', 'name'],
  ],
  [
    'half of them, and a third of them',
    [
      { path: 'type', eq: 'company' },
      { path: 'status', eq: 'lead' },
    ],
    ({ ix }) => ix.type === 'company' && ix.status === 'lead',
    undefined,
  ],
  ['none of them', [{ path: 'segment', eq: 'none' }], () => false, ['segment', 'name']],
  [
    'a set that half of them have',
    [{ set: 'tags', all: ['even'] }],
    ({ sets }) => sets.tags.includes('even'),
    undefined,
  ],
  ['a set that few have', [{ set: 'tags', any: ['rare', 'x'] }], ({ sets }) => sets.tags.includes('rare'), undefined],
];

test.each(cases)('%s, by date', async (_, where, matches, index) => {
  const right = documents
    .filter(matches)
    .sort((a, b) =>
      a.ix.createdAt === b.ix.createdAt ? (a.id < b.id ? -1 : 1) : a.ix.createdAt < b.ix.createdAt ? -1 : 1,
    )
    .map(({ id }) => id);
  const query: Query = { kind: 'customer', where, orderBy: [{ path: 'createdAt' }], limit: 20 };
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query('customers', ['o'], { ...query, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.items.map(({ document }) => document.id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(right);
  expect((await store.query('customers', ['o'], { ...query, count: true })).total).toBe(right.length);
  const plan = planOf('customers', ['o'], query);
  expect(narrowed(statementsOf(db), reach, plan, 21)?.index).toEqual(index);
});

test('an order of ids is narrowed as well', () => {
  const plan = planOf('customers', ['o'], { kind: 'customer', where: [{ path: 'segment', eq: 'gold' }], limit: 20 });
  expect(narrowed(statementsOf(db), reach, plan, 21)?.index).toEqual(['segment', 'name']);
});
