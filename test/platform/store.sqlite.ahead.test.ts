/** Transactions sent while the one before is still written come to what they would one after another (docs/adr/0003). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { aside } from '../../shared/platform/store.sqlite.aside.ts';
import { committerOf } from '../../shared/platform/store.sqlite.commit.ts';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Json, Write } from '../../shared/platform/store.ts';
import { CommitRefused, StoreUnavailable } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

let folder: string;
let file: string;
let clock: ReturnType<typeof testClock>;
let store: SqliteStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-ahead-'));
  file = join(folder, 's.db');
  clock = testClock();
  store = openSqliteStore({ file, clock });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** The same file by a process that knows nothing of it yet. */
async function reopen(): Promise<void> {
  await store.close();
  store = openSqliteStore({ file, clock });
}

const at = ['customers', ['o']] as const;
const wordOf = (body: Json) => `w${String(body).padStart(3, '0')}`;
const customer = (id: string, body: Json, ttl?: number) => ({
  id,
  kind: 'customer',
  body,
  ix: { name: String(body) },
  words: [wordOf(body)],
  ...(ttl === undefined ? {} : { ttl }),
});
const create = (id: string, body: Json): Write => ({ op: 'create', document: customer(id, body) });
const nextTurn = () => new Promise(setImmediate);

describe('what is not known', () => {
  test('and is there refuses its own creation alone', async () => {
    await store.commit(...at, [create('there', 1)]);
    await reopen();
    await store.commit(...at, [create('first', 1)]);
    const early = [create('a', 1), create('there', 2), create('b', 1)].map((write) => store.commit(...at, [write]));
    await nextTurn();
    const late = store.commit(...at, [create('c', 1)]);
    const outcomes = await Promise.allSettled([...early, late]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    await expect(early[1]).rejects.toEqual(new CommitRefused('exists', 0));
    const page = await store.query(...at, { kind: 'customer', limit: 9 });
    expect(page.items.map(({ document: { id, body } }) => [id, body]).sort()).toEqual(
      ['a', 'b', 'c', 'first', 'there'].map((id) => [id, 1]),
    );
  });

  test('and has expired makes way', async () => {
    const claims = ['claims', ['o', 'venue:1']] as const;
    const hold = (body: Json): Write => ({ op: 'create', document: { id: 'a', kind: 'claim', body, ttl: 50 } });
    await store.commit(...claims, [hold(1)]);
    await reopen();
    await store.commit(...at, [create('first', 1)]);
    clock.advance(55_000);
    await store.commit(...claims, [hold(2)]);
    expect((await store.read(...claims, 'a'))?.document.body).toBe(2);
  });

  test('is looked up where it is changed', async () => {
    const [etag = ''] = await store.commit(...at, [create('a', 1)]);
    await reopen();
    await store.commit(...at, [create('first', 1)]);
    await store.commit(...at, [{ op: 'replace', document: customer('a', 2), ifMatch: etag }]);
    await expect(store.commit(...at, [{ op: 'delete', id: 'never' }])).rejects.toEqual(new CommitRefused('missing', 0));
    await store.commit(...at, [{ op: 'upsert', document: customer('a', 3) }]);
    expect((await store.read(...at, 'a'))?.document.body).toBe(3);
  });
});

describe('somebody who was not noticed', () => {
  let etag: string;
  beforeEach(async () => {
    [etag = ''] = await store.commit(...at, [create('a', 1)]);
    await store.commit(...at, [create('b', 1)]);
  });

  function elsewhere(sql: string): void {
    const other = new Database(file);
    other.exec(`BEGIN IMMEDIATE; ${sql}; INSERT OR REPLACE INTO meta VALUES ('seq', 3), ('writer', 'other'); COMMIT`);
    other.close();
  }

  test('has changed a document: nothing is decided on what it was', async () => {
    elsewhere(`UPDATE d_customers SET seq = 3, body = json_set(body, '$.body', 2) WHERE id = 'a'`);
    const late = store.commit(...at, [{ op: 'replace', document: customer('a', 3), ifMatch: etag }]);
    await expect(late).rejects.toEqual(new CommitRefused('stale', 0));
    expect((await store.read(...at, 'a'))?.document.body).toBe(2);
  });

  test('has given the next number of a group: it is not given again', async () => {
    elsewhere(`INSERT INTO groups (scope, kind) VALUES ('elsewhere|', 'customer')`);
    expect(await store.commit('customers', ['new'], [create('c', 1)])).toEqual(['4']);
    expect(illGrouped()).toBe(0);
  });
});

/** Documents whose group is not that of their partition and kind. */
function illGrouped(): number {
  const db = new Database(file);
  const counts = ['d_customers', 'd_venues'].map((table) =>
    db
      .prepare(
        `SELECT count(*) FROM ${table} d LEFT JOIN groups g USING (g) WHERE g.scope IS NOT d.pk OR g.kind IS NOT d.kind`,
      )
      .raw(true)
      .get([]),
  ) as [number][];
  db.close();
  return counts.reduce((sum, [count]) => sum + count, 0);
}

interface Step {
  readonly do: 'create' | 'upsert' | 'replace' | 'delete';
  readonly id: string;
  /** When the next is sent. */
  readonly next: 'at once' | 'in a turn' | 'when answered' | 'when opened anew';
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom('create', 'upsert', 'replace', 'delete'),
    id: fc.constantFrom('a', 'b', 'c'),
    next: fc.constantFrom('at once', 'at once', 'in a turn', 'in a turn', 'when answered', 'when opened anew'),
  }),
  { minLength: 5, maxLength: 40 },
);

/** Names partitions that are new. */
let partitions = 0;

test('whatever is sent before the answers, it comes to what it would one after another', { timeout: 120_000 }, () =>
  fc.assert(
    fc.asyncProperty(steps, async (all) => {
      for (const id of ['a', 'b', 'c']) await store.commit(...at, [{ op: 'delete', id }]).catch(() => undefined);
      /** By id, what was written last, and what was answered last with its etag. */
      const model = new Map<string, Json>();
      const known = new Map<string, { body: Json; etag: string }>();
      const answers: Promise<string>[] = [];
      const expected: string[] = [];
      for (const [body, { do: op, id, next }] of all.entries()) {
        const there = model.has(id);
        const before = known.get(id);
        const stale = op === 'replace' && before?.body !== model.get(id);
        const refused = op === 'create' ? there : op !== 'upsert' && (!there || stale);
        expected.push(refused ? 'refused' : 'done');
        if (!refused && op === 'delete') model.delete(id);
        else if (!refused) model.set(id, body);
        const document = customer(id, body);
        const writes: Record<typeof op, Write> = {
          create: { op: 'create', document },
          upsert: { op: 'upsert', document },
          replace: { op: 'replace', document, ifMatch: before?.etag ?? 'none' },
          delete: { op: 'delete', id },
        };
        // Beside it something in a partition that is new.
        partitions += 1;
        void store.commit('venues', [`o${partitions}`], [{ op: 'create', document: { id: 'v', kind: 'venue', body } }]);
        const answer = store.commit(...at, [writes[op]]).then(
          ([etag = '']) => {
            known.set(id, { body, etag });
            return 'done';
          },
          (error: unknown) => (error instanceof CommitRefused ? 'refused' : String(error)),
        );
        answers.push(answer);
        if (next === 'in a turn') await nextTurn();
        if (next === 'when answered') await answer;
        if (next === 'when opened anew') await reopen();
      }
      expect(await Promise.all(answers)).toEqual(expected);
      const page = await store.query(...at, { kind: 'customer', limit: 9 });
      expect(new Map(page.items.map(({ document: { id, body } }) => [id, body]))).toEqual(model);
      expect(illGrouped()).toBe(0);
      for (const [id, body] of model) {
        expect((await store.read(...at, id))?.document.body).toBe(body);
        const found = await store.query(...at, { kind: 'customer', search: [wordOf(body)], limit: 9 });
        expect(found.items.map(({ document }) => document.id)).toEqual([id]);
      }
    }),
    { numRuns: 100 },
  ),
);

test('of two scripts on their way the one sent first runs first', async () => {
  const db = new Database(join(folder, 'order.db'));
  db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, sent)');
  const insert = (sent: number) => aside(db, `INSERT INTO t (sent) VALUES (${sent})`);
  for (let sent = 0; sent < 600; sent += 2) await Promise.all([insert(sent), insert(sent + 1)]);
  expect(db.prepare('SELECT count(*) FROM t WHERE sent <> n - 1').raw(true).get([])).toEqual([0]);
  db.close();
});

test('one that the disk lets nobody decide is tried again under the lock, then told so, and holds up none after it', async () => {
  await store.commit(...at, [create('first', 1)]);
  const fail = () => {
    throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' });
  };
  const venues = (id: string) =>
    ['venues', ['o'], [{ op: 'create', document: { id, kind: 'venue', body: 1 } }]] as const;
  vi.spyOn(Database.prototype, 'prepare').mockImplementationOnce(fail).mockImplementationOnce(fail);
  await expect(store.commit(...venues('v'))).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await Promise.all([store.commit(...venues('v')), store.commit(...venues('w'))])).toEqual([['2'], ['3']]);
});

describe('one that is lost', () => {
  /** Two that were sent ahead, of one batch each, whose fate the test decides; `done` are those done under the lock. */
  async function twoSent() {
    const fates: { land(): void; lose(code: string): void }[] = [];
    const done: string[][] = [];
    const committer = committerOf({
      transactions: {
        ahead(batches) {
          const landed = new Promise<void>((resolve, reject) => {
            fates.push({ land: resolve, lose: (code) => reject(Object.assign(new Error(code), { code })) });
          });
          return { landed, result: batches.map((batch) => [batch, ['ahead']]) };
        },
        async underLock(batches) {
          done.push(batches.flatMap(({ keys }) => keys));
          return batches.map((batch) => [batch, ['under the lock']]);
        },
        sweep: async () => 0,
        lost: async () => undefined,
      },
      now: () => 0,
      onCommit: undefined,
      isAlone: () => true,
      noticed: Promise.resolve(),
    });
    const commit = (id: string) =>
      committer.commit({ container: 'customers', writes: [], keys: [id], texts: [''], scopes: [] });
    const answers = [];
    for (const id of ['a', 'b']) {
      answers.push(commit(id));
      await nextTurn();
      await nextTurn();
    }
    const [first, second] = fates;
    if (!first || !second) throw new Error('Two were to be sent');
    return { first, second, answers, done, commit };
  }

  test('is done again under the lock, and what was sent after it, in their order', async () => {
    const { first, second, answers, done, commit } = await twoSent();
    answers.push(commit('c'));
    first.lose('SQLITE_BUSY');
    second.lose('SQLITE_CONSTRAINT_PRIMARYKEY');
    expect(await Promise.all(answers)).toEqual(Array(3).fill(['under the lock']));
    expect(done).toEqual([['a', 'b', 'c']]);
  });

  test('to the disk is not known to be undone: whoever asked for it is told so, and the one after it is done again', async () => {
    const { first, second, answers, done } = await twoSent();
    first.lose('SQLITE_IOERR_FSYNC');
    second.lose('SQLITE_CONSTRAINT_PRIMARYKEY');
    await expect(answers[0]).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await answers[1]).toEqual(['under the lock']);
    expect(done).toEqual([['b']]);
  });

  test('while the one after it landed is told as it is', async () => {
    const { first, second, answers, done } = await twoSent();
    second.land();
    first.lose('SQLITE_IOERR_FSYNC');
    await expect(answers[0]).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await answers[1]).toEqual(['ahead']);
    expect(done).toEqual([]);
  });
});
