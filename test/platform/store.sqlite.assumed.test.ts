/** What is created and not known is taken not to be there: what comes of it where it is there after all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { CommitRefused, type Json, type Write } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

const at = ['customers', ['o']] as const;
const customer = (id: string, body: Json) => ({ id, kind: 'customer', body });
const create = (id: string, body: Json): Write => ({ op: 'create', document: customer(id, body) });
let clock: ReturnType<typeof testClock>;
let folder: string;
let store: SqliteStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-assumed-'));
  clock = testClock();
  store = openSqliteStore({ file: join(folder, 's.db'), clock });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** The same file by a process that knows nothing of it yet. */
async function reopen(): Promise<void> {
  await store.close();
  store = openSqliteStore({ file: join(folder, 's.db'), clock });
}

test('what is there refuses its own creation though it is deleted right after', async () => {
  await store.commit(...at, [create('a', 1)]);
  await reopen();
  await store.commit(...at, [create('other', 1)]);
  const refused = store.commit(...at, [create('a', 2)]);
  const deleted = store.commit(...at, [{ op: 'delete', id: 'a' }]);
  await expect(refused).rejects.toMatchObject({ reason: 'exists' });
  expect(await deleted).toEqual(['']);
  await reopen();
  expect(await store.read(...at, 'a')).toBeUndefined();
});

test('what is there is what its batch is refused for, not a later write of it', async () => {
  await store.commit(...at, [create('a', 1)]);
  await reopen();
  await store.commit(...at, [create('b', 1)]);
  const refused = new CommitRefused('exists', 0);
  const stale: Write = { op: 'replace', document: customer('b', 2), ifMatch: 'other' };
  await expect(store.commit(...at, [create('a', 2), stale])).rejects.toEqual(refused);
  await expect(store.commit(...at, [create('a', 2), create('b', 2)])).rejects.toEqual(refused);
  await expect(store.commit(...at, [create('c', 1), stale])).rejects.toEqual(new CommitRefused('stale', 1));
});

test('what is there refuses its own creation alone', async () => {
  await store.commit(...at, [create('there', 1)]);
  await reopen();
  await store.commit(...at, [create('first', 1)]);
  const early = [create('a', 1), create('there', 2), create('b', 1)].map((write) => store.commit(...at, [write]));
  await new Promise(setImmediate);
  const late = store.commit(...at, [create('c', 1)]);
  const outcomes = await Promise.allSettled([...early, late]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  await expect(early[1]).rejects.toEqual(new CommitRefused('exists', 0));
  const page = await store.query(...at, { kind: 'customer', limit: 9 });
  expect(page.items.map(({ document: { id, body } }) => [id, body]).sort()).toEqual(
    ['a', 'b', 'c', 'first', 'there'].map((id) => [id, 1]),
  );
});

test('what is there and has expired makes way', async () => {
  const claims = ['claims', ['o', 'venue:1']] as const;
  const hold = (body: Json): Write => ({ op: 'create', document: { id: 'a', kind: 'claim', body, ttl: 50 } });
  await store.commit(...claims, [hold(1)]);
  await reopen();
  await store.commit(...at, [create('first', 1)]);
  clock.advance(55_000);
  await store.commit(...claims, [hold(2)]);
  expect((await store.read(...claims, 'a'))?.document.body).toBe(2);
});

test('what is changed is looked up', async () => {
  const [etag = ''] = await store.commit(...at, [create('a', 1)]);
  await reopen();
  await store.commit(...at, [create('first', 1)]);
  await store.commit(...at, [{ op: 'replace', document: customer('a', 2), ifMatch: etag }]);
  await expect(store.commit(...at, [{ op: 'delete', id: 'never' }])).rejects.toEqual(new CommitRefused('missing', 0));
  await store.commit(...at, [{ op: 'upsert', document: customer('a', 3) }]);
  expect((await store.read(...at, 'a'))?.document.body).toBe(3);
});
