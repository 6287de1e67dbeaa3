/** Transactions sent while the one before is still written come to what they would one after another (docs/adr/0003). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { aside } from '../../shared/platform/store.sqlite.aside.ts';
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
