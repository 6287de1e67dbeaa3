/** Contract: random documents and queries, page by page, against a model that sorts and filters in memory. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition, Document, IndexValue, Order, Query, Write } from '../../shared/platform/store.ts';
import { CommitRefused } from '../../shared/platform/store.ts';
import type { Subject } from './store.contract.ts';
import { create, customer, newOrg, walk } from './store.contract.ts';

const names = ['', 'a', 'B', 'b', 'bé', 'z', '\uffee', '😀', "o'neil", '%_'];
const statuses = ['active', 'blocked', 'lead'];
const tags = ['vip', 'press', 'x y', 'é'];
const words = ['a', 'an', 'ann', 'anna', 'annabel', 'smith', 'smithers', 'zoe'];

interface Made {
  readonly name: string;
  readonly status: string;
  readonly type: string;
  readonly createdAt: string;
  readonly segment: string | undefined;
  readonly tags: string[];
  readonly words: string[];
}

const documents: fc.Arbitrary<Made[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...names),
    status: fc.constantFrom(...statuses),
    type: fc.constantFrom('person', 'company'),
    createdAt: fc.integer({ min: 10, max: 15 }).map((n) => `20${n}`),
    segment: fc.option(fc.constantFrom('gold', 'silver'), { nil: undefined }),
    tags: fc.uniqueArray(fc.constantFrom(...tags), { maxLength: 3 }),
    words: fc.uniqueArray(fc.constantFrom(...words), { maxLength: 4 }),
  }),
  { maxLength: 40 },
);
const ids = fc.infiniteStream(fc.integer({ min: 0, max: 999 }));

const bounds = fc.record(
  {
    gte: fc.constantFrom('2010', '2012'),
    gt: fc.constantFrom('2009', '2011'),
    lt: fc.constantFrom('2013', '2014'),
    lte: fc.constantFrom('2012', '2015'),
  },
  { requiredKeys: [] },
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ path: fc.constant('status'), eq: fc.constantFrom(...statuses) }),
  fc.record({ path: fc.constant('status'), in: fc.array(fc.constantFrom(...statuses), { maxLength: 3 }) }),
  fc.record({
    path: fc.constant('type'),
    in: fc.array(fc.constantFrom('person', 'company', 'none'), { maxLength: 3 }),
  }),
  fc.record({ path: fc.constant('name'), in: fc.array(fc.constantFrom(...names), { maxLength: 4 }) }),
  fc.record({ path: fc.constant('segment'), eq: fc.constantFrom('gold', 'none') }),
  bounds.map((range) => ({ path: 'createdAt', ...range })),
  fc.record({ set: fc.constant('tags'), all: fc.array(fc.constantFrom(...tags), { maxLength: 2 }) }),
  fc.record({ set: fc.constant('tags'), any: fc.array(fc.constantFrom(...tags), { maxLength: 3 }) }),
);
const where = fc.array(condition, { maxLength: 3 });
const direction = fc.boolean();
const orderBy: fc.Arbitrary<Order[]> = fc
  .tuple(fc.shuffledSubarray(['name', 'createdAt', 'id'], { maxLength: 3 }), fc.tuple(direction, direction, direction))
  .map(([paths, down]) => paths.map((path, at) => ({ path, ...(down[at] ? { descending: true } : {}) })));
const limit = fc.integer({ min: 1, max: 7 });

function compared(a: IndexValue, b: IndexValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function holds(document: Document, test: Condition): boolean {
  if ('set' in test) {
    const values = document.sets?.[test.set] ?? [];
    return 'all' in test
      ? test.all.every((value) => values.includes(value))
      : test.any.some((value) => values.includes(value));
  }
  const value = document.ix?.[test.path];
  if (value === undefined) return false;
  if ('eq' in test) return value === test.eq;
  if ('in' in test) return test.in.includes(value);
  return (
    (test.gte === undefined || compared(value, test.gte) >= 0) &&
    (test.gt === undefined || compared(value, test.gt) > 0) &&
    (test.lt === undefined || compared(value, test.lt) < 0) &&
    (test.lte === undefined || compared(value, test.lte) <= 0)
  );
}

function tier(document: Document, search: readonly string[]): number {
  const has = document.words ?? [];
  if (search.every((word) => has.includes(word))) return 0;
  return search.every((word) => has.some((one) => one.startsWith(word))) ? 1 : 2;
}

/** The ids that a query should give, in order. */
function expected(all: readonly Document[], query: Query): string[] {
  const matches = all.filter((document) => (query.where ?? []).every((test) => holds(document, test)));
  const { search } = query;
  if (search && search.length > 0) {
    const found = matches.filter((document) => tier(document, search) < 2);
    return found.sort((a, b) => tier(a, search) - tier(b, search) || compared(b.id, a.id)).map(({ id }) => id);
  }
  const order = query.orderBy ?? [];
  const keys = [...order, { path: 'id', descending: order.at(-1)?.descending ?? false }];
  const fieldOf = (document: Document, path: string) => (path === 'id' ? document.id : (document.ix?.[path] ?? ''));
  const sorted = matches.sort((a, b) => {
    for (const { path, descending } of keys) {
      const sign = compared(fieldOf(a, path), fieldOf(b, path));
      if (sign !== 0) return descending ? -sign : sign;
    }
    return 0;
  });
  return sorted.map(({ id }) => id);
}

export function randomContract({ store }: Subject, runs: number): void {
  const parameters = { numRuns: runs };

  async function filled(records: readonly Made[], stream: Iterator<number>): Promise<[string, Document[]]> {
    const org = newOrg();
    const made = new Map<string, Document>();
    for (const { tags: set, words: some, segment, ...rest } of records) {
      const ix = segment === undefined ? rest : { ...rest, segment };
      const id = `c${stream.next().value}`;
      made.set(id, customer(id, { ix, sets: { tags: set }, words: some }));
    }
    await create(store(), [org], ...made.values());
    return [org, [...made.values()]];
  }

  test('every list, in every order, page by page', async () => {
    const property = fc.asyncProperty(
      documents,
      ids,
      where,
      orderBy,
      limit,
      async (records, stream, conditions, order, size) => {
        const [org, all] = await filled(records, stream[Symbol.iterator]());
        const query: Query = { kind: 'customer', where: conditions, orderBy: order, limit: size };
        const right = expected(all, query);
        expect(await walk(store(), [org], query)).toEqual(right);
        expect((await store().query('customers', [org], { ...query, count: true })).total).toBe(right.length);
      },
    );
    await fc.assert(property, parameters);
  });

  test('every search, page by page', async () => {
    const asked = fc.array(fc.constantFrom(...words, 's', 'zo', 'nobody'), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(
      documents,
      ids,
      where,
      asked,
      limit,
      async (records, stream, conditions, search, size) => {
        const [org, all] = await filled(records, stream[Symbol.iterator]());
        const query: Query = { kind: 'customer', where: conditions, search, limit: size };
        const right = expected(all, query);
        expect(await walk(store(), [org], query)).toEqual(right);
        expect((await store().query('customers', [org], { ...query, count: true })).total).toBe(right.length);
      },
    );
    await fc.assert(property, parameters);
  });

  test('after random creations, replacements and deletions the store holds what a map would', async () => {
    const step = fc.record({
      op: fc.constantFrom('create', 'upsert', 'replace', 'delete'),
      id: fc.integer({ min: 0, max: 5 }),
      fresh: fc.boolean(),
    });
    const batches = fc.array(fc.uniqueArray(step, { minLength: 1, maxLength: 4, selector: ({ id }) => id }), {
      maxLength: 15,
    });
    const property = fc.asyncProperty(batches, async (all) => {
      const org = newOrg();
      let model = new Map<string, { body: number; etag: string }>();
      let body = 0;
      for (const steps of all) {
        const next = new Map(model);
        // Which of several the store names is its own choice.
        const refusals: string[] = [];
        const writes = steps.map((one, at): Write => {
          body += 1;
          const id = `c${one.id}`;
          const there = model.get(id);
          const document = customer(id, { body, ix: { name: String(body) }, words: [`w${body}`] });
          const ifMatch = one.fresh && there ? there.etag : 'old';
          const guarded = one.op === 'replace' || (one.op === 'delete' && !one.fresh);
          if (one.op === 'create' && there) refusals.push(`exists ${at}`);
          if ((one.op === 'replace' || one.op === 'delete') && !there) refusals.push(`missing ${at}`);
          if (guarded && there && ifMatch === 'old') refusals.push(`stale ${at}`);
          if (one.op === 'delete') {
            next.delete(id);
            return { op: 'delete', id, ...(guarded ? { ifMatch } : {}) };
          }
          next.set(id, { body, etag: `${at}` });
          return one.op === 'replace' ? { op: 'replace', document, ifMatch } : { op: one.op, document };
        });
        try {
          const etags = await store().commit('customers', [org], writes);
          expect(refusals).toEqual([]);
          for (const [at, { id }] of steps.entries()) {
            const kept = next.get(`c${id}`);
            if (kept) next.set(`c${id}`, { ...kept, etag: etags[at] ?? '' });
          }
          model = next;
        } catch (error) {
          if (!(error instanceof CommitRefused)) throw error;
          expect(refusals).toContain(`${error.reason} ${error.index}`);
        }
      }
      const page = await store().query('customers', [org], { kind: 'customer', limit: 100 });
      const right = [...model]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, { body: kept, etag }]) => [id, kept, etag]);
      expect(page.items.map(({ document, etag }) => [document.id, document.body, etag])).toEqual(right);
      for (const [id, { body: kept }] of model) {
        expect(await walk(store(), [org], { kind: 'customer', search: [`w${kept}`], limit: 9 })).toContain(id);
      }
    });
    await fc.assert(property, parameters);
  });
}
