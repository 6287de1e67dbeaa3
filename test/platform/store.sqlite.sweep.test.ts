/** How the embedded store sweeps what has expired. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Document, Write } from '../../shared/platform/store.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const at = ['customers', ['o']] as const;
const customer = (id: string, ttl?: number): Document => ({
  id,
  kind: 'customer',
  body: null,
  ...(ttl === undefined ? {} : { ttl }),
});
const create = (id: string, ttl?: number): Write => ({ op: 'create', document: customer(id, ttl) });

let folder: string;
let clock: ReturnType<typeof testClock>;
let store: SqliteStore;
/** Another connection to the file. */
let db: Database.Database;
let faults: unknown[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-sweep-'));
  const file = join(folder, 's.db');
  clock = testClock();
  faults = [];
  store = openSqliteStore({ file, clock, patience: 50, onFault: (error) => faults.push(error) });
  db = new Database(file);
});
afterEach(async () => {
  db.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const count = (table: string) =>
  (db.prepare(`SELECT count(DISTINCT id) FROM ${table}`).raw(true).get([]) as [number])[0];

test('a sweep removes the expired with their words and sets, and leaves the rest', async () => {
  for (let n = 0; n < 30; n += 1) {
    const ttl = n % 3 === 0 ? undefined : n % 3 === 1 ? 10 : 1000;
    const document = { ...customer(`c${n}`, ttl), words: ['word', `w${n}`], sets: { tags: ['t'] } };
    await store.commit(...at, [{ op: 'create', document }]);
  }
  expect(await store.sweep()).toBe(0);
  clock.advance(10_000);
  expect(await store.sweep()).toBe(10);
  expect(await store.sweep()).toBe(0);
  expect([count('d_customers'), count('t_customers')]).toEqual([20, 20]);
});

test('commits sweep by themselves, at most once a minute', async () => {
  await store.commit(...at, [create('brief', 10)]);
  const rows = () => db.prepare('SELECT id FROM d_customers ORDER BY id').raw(true).all([]);
  clock.advance(30_000);
  await store.commit(...at, [create('c1')]);
  expect(rows()).toEqual([['brief'], ['c1']]);
  clock.advance(30_000);
  await store.commit(...at, [create('c2')]);
  await store.close();
  expect(rows()).toEqual([['c1'], ['c2']]);
});

test('while a sweep does not come to the end of what has expired, the next comes a second later', async () => {
  for (let n = 0; n < 2100; n += 100) {
    await store.commit(
      ...at,
      Array.from({ length: 100 }, (_, one) => create(`c${n + one}`, 10)),
    );
  }
  const steps = [
    { pause: 60, left: 1100 },
    { pause: 0, left: 1100 },
    { pause: 1, left: 100 },
    { pause: 1, left: 0 },
  ];
  for (const { pause, left } of steps) {
    clock.advance(pause * 1000);
    await store.commit(...at, [{ op: 'upsert', document: customer('other') }]);
    expect(count('d_customers') - 1).toBe(left);
  }
  // From then on once a minute again.
  await store.commit(...at, [create('brief', 1)]);
  clock.advance(59_000);
  await store.commit(...at, [create('late')]);
  expect(count('d_customers')).toBe(3);
});

test('with what has expired its words and sets are counted: they take as long', async () => {
  for (let n = 0; n < 300; n += 100) {
    const documents = Array.from({ length: 100 }, (_, one) => customer(`c${n + one}`, 10));
    const writes = documents.map(
      (one): Write => ({ op: 'create', document: { ...one, sets: { tags: ['a', 'b', 'c'] } } }),
    );
    await store.commit(...at, writes);
  }
  clock.advance(60_000);
  await store.commit(...at, [create('other')]);
  expect([count('d_customers') - 1, count('t_customers')]).toEqual([50, 50]);
  expect(await store.sweep()).toBe(50);
});

test('a sweep that fails is told of, unless that may pass, and holds up no commit', async () => {
  await store.commit(...at, [create('brief', 10)]);
  db.exec("CREATE TRIGGER t BEFORE DELETE ON d_customers BEGIN SELECT RAISE(ABORT, 'broken'); END");
  clock.advance(60_000);
  await store.commit(...at, [create('a')]);
  expect(faults).toEqual([expect.objectContaining({ message: 'broken' })]);
  clock.advance(60_000);
  db.exec('BEGIN IMMEDIATE');
  await expect(store.commit(...at, [create('b')])).rejects.toBeInstanceOf(StoreUnavailable);
  db.exec('ROLLBACK; DROP TRIGGER t');
  await store.commit(...at, [create('b')]);
  expect(faults).toHaveLength(1);
});
