/** Searches for a beginning that very many words share: by a look at the newest, or by sorting, with one result. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Query, Write } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const TOTAL = 4000;
/** Documents 0 to 999 carry `old…`, the newest `new…`, every 40th `mid…`; each word is in one document only. */
const numbers = Array.from({ length: TOTAL }, (_, n) => n);
const idOf = (n: number) => `c${String(n).padStart(5, '0')}`;
const wordsFor = (n: number) => [
  n < 1000 ? `older${n}` : `newer${n}`,
  ...(n % 5 === 0 ? [`middle${n}`] : []),
  ...(n === 77 ? ['newer'] : []),
  // A thousand different beginnings of three letters, behind one letter.
  `${n < 1000 ? 'q' : 'k'}${(36 + (n % 1000)).toString(36).padStart(2, '0')}${n}`,
];

/** One that has short beginnings of words as terms, and one that does without. */
const CONTAINERS = ['customers', 'events'] as const;

let folder: string;
let store: ReturnType<typeof openSqliteStore>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-search-'));
  store = openSqliteStore({ file: join(folder, 's.db'), clock: testClock() });
  for (let from = 0; from < TOTAL; from += 100) {
    const writes = numbers.slice(from, from + 100).map((n): Write => {
      const document = { id: idOf(n), kind: 'thing', body: null, words: wordsFor(n), ix: { status: `s${n % 2}` } };
      return { op: 'create', document };
    });
    for (const container of CONTAINERS) await store.commit(container, ['o'], writes);
  }
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

describe.each(CONTAINERS)('in %s', (container) => {
  test.each([
    ['all of them old', ['older'], (n: number) => n < 1000],
    ['all of them new, and one whole word among the old', ['newer'], (n: number) => n >= 1000 && n !== 77],
    ['a fifth of them', ['middle'], (n: number) => n % 5 === 0],
    ['two beginnings', ['middle', 'newer'], (n: number) => n % 5 === 0 && n >= 1000],
    ['one letter of many beginnings', ['k'], (n: number) => n >= 1000],
    ['one letter of many beginnings among the old', ['q'], (n: number) => n < 1000],
    ['two letters', ['ol'], (n: number) => n < 1000],
    ['two beginnings among the old', ['middle', 'older'], (n: number) => n % 5 === 0 && n < 1000],
  ])('%s', async (_, search, matches) => {
    const right = numbers.filter(matches).reverse().map(idOf);
    if (search.join() === 'newer') right.unshift(idOf(77));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query: Query = { kind: 'thing', search, limit: 150, ...(cursor === undefined ? {} : { cursor }) };
      const page = await store.query(container, ['o'], query);
      seen.push(...page.items.map(({ document }) => document.id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(right);
    const where = [{ path: 'status', eq: 's0' }];
    const even = right.filter((id) => Number(id.slice(1)) % 2 === 0);
    const page = await store.query(container, ['o'], { kind: 'thing', search, where, limit: 1000, count: true });
    expect(page.total).toBe(even.length);
    expect(page.items.map(({ document }) => document.id)).toEqual(even.slice(0, 1000));
  });
});
