/** What a process knows of documents without asking the file holds while others write to it too. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Json, Write } from '../../shared/platform/store.ts';
import { CommitRefused } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

let folder: string;
let clock: ReturnType<typeof testClock>;
/** Two processes, as far as the file can tell. */
let stores: SqliteStore[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-latest-'));
  clock = testClock();
  stores = [0, 1].map(() => openSqliteStore({ file: join(folder, 's.db'), clock }));
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(folder, { recursive: true, force: true });
});

const at = ['claims', ['o', 'venue:1']] as const;
const IDS = ['a', 'b', 'c'];
const TTL = 60;

interface Step {
  readonly by: number;
  readonly do: 'create' | 'upsert' | 'expiring' | 'replace' | 'delete' | 'sweep' | 'wait';
  readonly id: string;
  /** Another document that the same process writes at the same time, in a batch of its own. */
  readonly beside: string;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    by: fc.nat(1),
    do: fc.constantFrom('create', 'upsert', 'expiring', 'replace', 'delete', 'sweep', 'wait'),
    id: fc.constantFrom(...IDS),
    beside: fc.constantFrom(...IDS),
  }),
  { minLength: 3, maxLength: 25 },
);

/** The documents as they must be, by id. */
type Model = Map<string, { body: Json; endsAt: number }>;

/** Runs a step in its store and in the model; both agree on what is refused. */
async function taken(step: Step, model: Model, body: number): Promise<void> {
  const store = stores[step.by];
  if (!store) throw new Error('There are two stores');
  if (step.do === 'wait') return clock.advance((TTL * 1000) / 2);
  if (step.do === 'sweep') return void (await store.sweep());
  const { id, beside } = step;
  const document = { id, kind: 'claim', body, ...(step.do === 'expiring' ? { ttl: TTL } : {}) };
  const op = step.do === 'expiring' ? 'upsert' : step.do;
  const writes: Record<typeof op, Write> = {
    create: { op: 'create', document },
    upsert: { op: 'upsert', document },
    replace: { op: 'replace', document, ifMatch: (await store.read(...at, id))?.etag ?? '' },
    delete: { op: 'delete', id },
  };
  const write = writes[op];
  const there = model.has(id);
  const refused = op === 'create' ? there : op !== 'upsert' && !there;
  const other: Write = { op: 'upsert', document: { id: beside, kind: 'claim', body } };
  const both = beside === id ? [] : [store.commit(...at, [other])];
  const outcomes = await Promise.allSettled([store.commit(...at, [write]), ...both]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    refused ? 'rejected' : 'fulfilled',
    ...both.map(() => 'fulfilled'),
  ]);
  if (both.length > 0) model.set(beside, { body, endsAt: Number.POSITIVE_INFINITY });
  if (refused) return;
  if (op === 'delete') model.delete(id);
  else model.set(id, { body, endsAt: step.do === 'expiring' ? clock.time() + TTL * 1000 : Number.POSITIVE_INFINITY });
}

describe('two processes on one file', () => {
  test('each reads what is there, whoever wrote, deleted, or swept it', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (walk) => {
        for (const id of IDS) await stores[0]?.commit(...at, [{ op: 'delete', id }]).catch(() => undefined);
        const model: Model = new Map();
        for (const [n, step] of walk.entries()) {
          await taken(step, model, n);
          for (const [id, { endsAt }] of model) if (endsAt <= clock.time()) model.delete(id);
          for (const store of stores) {
            const found = await Promise.all(IDS.map((id) => store.read(...at, id)));
            expect(found.map((one) => one?.document.body)).toEqual(IDS.map((id) => model.get(id)?.body));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('a version that another process replaced is no more good for a guarded write', async () => {
    const [mine, other] = stores;
    const document = (body: number) => ({ id: 'a', kind: 'claim', body });
    const [etag = ''] = (await mine?.commit(...at, [{ op: 'create', document: document(1) }])) ?? [];
    expect((await mine?.read(...at, 'a'))?.etag).toBe(etag);
    await other?.commit(...at, [{ op: 'replace', document: document(2), ifMatch: etag }]);
    await expect(mine?.commit(...at, [{ op: 'replace', document: document(3), ifMatch: etag }])).rejects.toThrow(
      CommitRefused,
    );
    expect((await mine?.read(...at, 'a'))?.document.body).toBe(2);
  });

  test('a document that another process has swept can be written anew, though its row was known', async () => {
    const [mine, other] = stores;
    const expiring = { id: 'a', kind: 'claim', body: 1, sets: { days: ['d'] }, ttl: TTL };
    await mine?.commit(...at, [{ op: 'create', document: expiring }]);
    // More than is kept of documents, so that of this one only the row is known.
    const large = 'x'.repeat(200_000);
    for (let n = 0; n < 25; n += 1) {
      await mine?.commit(...at, [{ op: 'create', document: { id: `large-${n}`, kind: 'claim', body: large } }]);
    }
    clock.advance(TTL * 1000);
    expect(await other?.sweep()).toBe(1);
    await mine?.commit(...at, [{ op: 'create', document: { ...expiring, body: 2 } }]);
    const { items } = (await other?.query(...at, {
      kind: 'claim',
      where: [{ set: 'days', any: ['d'] }],
      limit: 9,
    })) ?? {
      items: [],
    };
    expect(items.map(({ document }) => document.body)).toEqual([2]);
  });

  test('a row that another process gave to another document is not read as the one it held', async () => {
    const [mine, other] = stores;
    const document = (id: string, body: string) => ({ id, kind: 'claim', body });
    await mine?.commit(...at, [{ op: 'create', document: document('a', 'mine') }]);
    await mine?.commit(...at, [{ op: 'create', document: document('b', 'mine too') }]);
    // Of the second only the row is known.
    const large = Array.from({ length: 25 }, (_, n) => ({
      id: `large-${n}`,
      kind: 'claim',
      body: 'x'.repeat(200_000),
    }));
    for (const document of large) await other?.commit(...at, [{ op: 'upsert', document }]);
    for (const { id } of large) await other?.commit(...at, [{ op: 'delete', id }]);
    await mine?.read(...at, 'b');
    for (const document of large)
      await mine?.commit('events', ['o'], [{ op: 'upsert', document: { ...document, kind: 'event' } }]);
    const file = new Database(join(folder, 's.db'));
    const looked = mine?.read(...at, 'a');
    // Two commits of another process, before this one has a turn again.
    file.exec(`BEGIN; UPDATE meta SET value = value + 2 WHERE name = 'seq';
      UPDATE d_claims SET id = 'c', seq = seq + 1000, body = replace(replace(body, 'mine too', 'theirs'), '"b"', '"c"')
      WHERE id = 'b'; COMMIT`);
    file.close();
    const found = mine?.read(...at, 'b');
    expect([(await looked)?.document.body, await found]).toEqual(['mine', undefined]);
  });

  test('what was rolled back was never known', async () => {
    const [mine] = stores;
    await mine?.commit(...at, [{ op: 'create', document: { id: 'a', kind: 'claim', body: 1 } }]);
    const file = new Database(join(folder, 's.db'));
    file.exec(
      "CREATE TRIGGER b BEFORE INSERT ON d_claims WHEN NEW.kind = 'bad' BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    file.close();
    const broken = { id: 'b', kind: 'bad', body: 1 };
    const lost = mine?.commit(...at, [
      { op: 'upsert', document: { id: 'a', kind: 'claim', body: 2 } },
      { op: 'create', document: broken },
    ]);
    await expect(lost).rejects.toThrow('broken');
    expect((await mine?.read(...at, 'a'))?.document.body).toBe(1);
    await mine?.commit(...at, [{ op: 'create', document: { id: 'b', kind: 'claim', body: 3 } }]);
    expect((await mine?.read(...at, 'b'))?.document.body).toBe(3);
  });
});

test('a batch that is tried by itself and meets the lock of another process is told to come again', async () => {
  const file = new Database(join(folder, 's.db'));
  file.exec(
    "CREATE TRIGGER b BEFORE INSERT ON d_claims WHEN NEW.kind = 'bad' BEGIN SELECT RAISE(ABORT, 'broken'); END",
  );
  const onCommit = () => file.exec('BEGIN IMMEDIATE');
  const store = openSqliteStore({ file: join(folder, 's.db'), clock, patience: 1, onCommit });
  const kinds = ['bad', 'claim', 'claim'];
  const work = kinds.map((kind, n) =>
    store
      .commit(...at, [{ op: 'create', document: { id: `${n}`, kind, body: n } }])
      .catch((error: Error) => error.name),
  );
  expect(await Promise.all(work)).toEqual(['SqliteError', [expect.any(String)], 'StoreUnavailable']);
  file.exec('ROLLBACK');
  file.close();
  await store.close();
});
