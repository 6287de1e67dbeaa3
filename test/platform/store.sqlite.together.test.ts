/** Group commit under a load of writes: what is answered holds, whatever became of the batches beside it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Json, Write } from '../../shared/platform/store.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const WORKERS = 24;
const ROUNDS = 12;
const SHARED = 5;

let folder: string;
let stores: SqliteStore[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-together-'));
  const file = join(folder, 's.db');
  stores = [0, 1].map(() => openSqliteStore({ file, clock: testClock() }));
  const db = new Database(file);
  db.exec(`CREATE TRIGGER poison BEFORE INSERT ON d_customers WHEN NEW.id LIKE 'poison%'
    BEGIN SELECT RAISE(ABORT, 'poisoned'); END`);
  db.close();
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(folder, { recursive: true, force: true });
});

const customer = (id: string, body: Json) => ({
  id,
  kind: 'customer',
  body,
  ix: { name: id, status: String(body) },
  words: [`w${body}`],
});

/** The versions that were answered, by id; the last has the highest number. */
type Answered = Map<string, { etag: string; body: Json }>;

function keep(answered: Answered, id: string, etag: string, body: Json): void {
  const before = answered.get(id);
  if (!before || Number.parseInt(etag, 36) > Number.parseInt(before.etag, 36)) answered.set(id, { etag, body });
}

/** Writes one document of its own and one that all share in each round, and something that the engine refuses in some. */
async function work(store: SqliteStore, who: string, answered: Answered, poisoned: boolean): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const body = `${who}-${round}`;
    const shared = `shared-${round % SHARED}`;
    const writes: Write[] = [
      { op: 'create', document: customer(body, body) },
      { op: 'upsert', document: customer(shared, body) },
    ];
    if (poisoned && round % 4 === 3) {
      const ill: Write = { op: 'create', document: customer(`poison-${body}`, body) };
      await expect(store.commit('customers', ['o'], [...writes, ill])).rejects.toThrow('poisoned');
      continue;
    }
    const [own = '', other = ''] = await store.commit('customers', ['o'], writes);
    keep(answered, body, own, body);
    keep(answered, shared, other, body);
    // What was answered is there at once.
    expect((await store.read('customers', ['o'], body))?.etag).toBe(own);
    const [next = ''] = await store.commit(
      'customers',
      ['o'],
      [{ op: 'replace', document: customer(body, `${body}!`), ifMatch: own }],
    );
    keep(answered, body, next, `${body}!`);
    if (round % 3 === 2) {
      await store.commit('customers', ['o'], [{ op: 'delete', id: body, ifMatch: next }]);
      answered.delete(body);
    }
  }
}

async function everything(store: SqliteStore): Promise<Answered> {
  const found: Answered = new Map();
  let cursor: string | undefined;
  do {
    const page = await store.query('customers', ['o'], { kind: 'customer', limit: 500, ...(cursor ? { cursor } : {}) });
    for (const { document, etag } of page.items) found.set(document.id, { etag, body: document.body });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

test.each([
  ['one process', 1, false],
  ['one process, and batches that the engine refuses', 1, true],
  ['two processes', 2, false],
  ['two processes, and batches that the engine refuses', 2, true],
])('%s: what was answered is there, with its version, and nothing else', async (_, processes, poisoned) => {
  const answered: Answered = new Map();
  const workers = Array.from({ length: WORKERS }, (_none, at) => {
    const store = stores[at % processes];
    if (!store) throw new Error('There are two stores');
    return work(store, `w${at}`, answered, poisoned && at % 6 === 0);
  });
  await Promise.all(workers);
  const sorted = (all: Answered) => [...all].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const store of stores) expect(sorted(await everything(store))).toEqual(sorted(answered));
  // Words and fields followed: each document is found by its present word, and by none of before.
  for (const [id, { body }] of [...answered].slice(0, 40)) {
    const found = await stores[0]?.query('customers', ['o'], { kind: 'customer', search: [`w${body}`], limit: 5 });
    expect(found?.items.map(({ document }) => document.id)).toContain(id);
  }
  const seen: number[] = [];
  for await (const { position } of stores[1]?.changes('customers') ?? []) seen.push(Number(position));
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  const db = new Database(join(folder, 's.db'));
  expect(db.prepare('PRAGMA integrity_check').raw(true).all([])).toEqual([['ok']]);
  const terms = db.prepare('SELECT count(*) FROM t_customers t LEFT JOIN d_customers d ON d.n = t.n WHERE d.n IS NULL');
  expect(terms.raw(true).get([])).toEqual([0]);
  db.close();
});

test('large documents that come at once are written in several transactions, whatever they are made of', async () => {
  let commits = 0;
  const file = join(folder, 'large.db');
  const onCommit = () => {
    commits += 1;
  };
  const odd = ["'", '?', '$&', '\u0000', '\ud800', '\\', '";COMMIT;--'];
  const bodies = Array.from({ length: 21 }, (_, n) => (odd[n % odd.length] ?? '').padEnd(1_800_000, n % 7 ? 'x' : "'"));
  const writing = openSqliteStore({ file, clock: testClock(), onCommit });
  await Promise.all(
    bodies.map((body, n) =>
      writing.commit('customers', ['o'], [{ op: 'create', document: { id: `${n}`, kind: 'customer', body } }]),
    ),
  );
  await writing.close();
  expect(commits).toBe(3);
  const reading = openSqliteStore({ file, clock: testClock() });
  for (const [n, body] of bodies.entries()) {
    expect((await reading.read('customers', ['o'], `${n}`))?.document.body === body).toBe(true);
  }
  await reading.close();
});

test('closing in the middle of a load ends it: what was answered is there, and the rest is told', async () => {
  const file = join(folder, 'closed.db');
  for (const workers of [1, 2, 3]) {
    const store = openSqliteStore({ file, clock: testClock() });
    const answered: string[] = [];
    const load = Array.from({ length: workers }, async (_, worker) => {
      for (let n = 0; ; n += 1) {
        const id = `${workers}-${worker}-${n}`;
        await store.commit('customers', ['o'], [{ op: 'create', document: customer(id, n) }]);
        answered.push(id);
      }
    });
    while (answered.length < 20) await new Promise(setImmediate);
    // Whoever is told last begins anew while the store waits for those before.
    await Promise.all([store.close(), store.close(), ...load.map((one) => expect(one).rejects.toThrow('closed'))]);
    const next = openSqliteStore({ file, clock: testClock() });
    for (const id of answered) expect(await next.read('customers', ['o'], id)).toBeDefined();
    await next.close();
  }
});

test('while another keeps the lock, no more than one wait for it goes by before all who wait are told', async () => {
  const file = join(folder, 'locked.db');
  const store = openSqliteStore({ file, clock: testClock(), patience: 1000 });
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');
  const began = performance.now();
  // More than fit into one transaction.
  const load = Array.from({ length: 1500 }, (_, n) =>
    store.commit('customers', ['o'], [{ op: 'create', document: customer(`c${n}`, n) }]),
  );
  await Promise.all(load.map((one) => expect(one).rejects.toBeInstanceOf(StoreUnavailable)));
  expect(performance.now() - began).toBeLessThan(2000);
  other.exec('ROLLBACK');
  other.close();
  await store.commit('customers', ['o'], [{ op: 'create', document: customer('c0', 0) }]);
  await store.close();
});
