/** The change feed of the embedded store, of which the last part comes from memory: it tells the same as the file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../shared/platform/clock.ts';
import type { ContainerName } from '../../shared/platform/containers.ts';
import { FACT_KIND } from '../../shared/platform/facts.ts';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Change, Document, Write } from '../../shared/platform/store.ts';

const at = ['customers', ['o|n\n']] as const;
let folder: string;
let stores: SqliteStore[];
let store: SqliteStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-recent-'));
  stores = [];
  store = opened();
});
afterEach(async () => {
  for (const one of stores) await one.close();
  await rm(folder, { recursive: true });
});

function opened(): SqliteStore {
  const one = openSqliteStore({ file: join(folder, 'store.db'), clock: systemClock });
  stores.push(one);
  return one;
}

/** A kind that no other memory of the store keeps: who gets the very document that was written gets it from this one. */
function fact(id: string, body = 'x'): Document {
  return { id, kind: FACT_KIND, body };
}

function create(id: string, body = 'x'): Write {
  return { op: 'create', document: fact(id, body) };
}

async function changes(from: string | undefined, of = store): Promise<Change[]> {
  const found: Change[] = [];
  for await (const change of of.changes('customers', from)) found.push(change);
  return found;
}

const idsIn = (found: readonly Change[]) => found.map(({ document }) => document.id);

test('what was committed here is told without a look at the file, as the file has it', async () => {
  await store.commit(...at, [create('before')]);
  const [before] = await changes(undefined);
  const [etag = ''] = await store.commit(...at, [create('a'), create('gone'), create('b')]);
  await store.commit(...at, [{ op: 'delete', id: 'gone' }]);
  const changed = fact('a', 'changed');
  await store.commit(...at, [{ op: 'replace', document: changed, ifMatch: etag }]);
  const own = await changes(before?.position);
  expect(idsIn(own)).toEqual(['b', 'a']);
  expect(own.at(-1)?.document).toBe(changed);
  expect(own).toEqual(await changes(before?.position, opened()));
  expect(own.at(-1)).toMatchObject({ partition: ['o|n\n'], document: changed });
  // Who asks from further back than was last asked from gets it from the file.
  expect(await changes(own[0]?.position)).toEqual(own.slice(1));
  expect(idsIn(await changes('0'))).toEqual(['before', 'b', 'a']);
});

test('a document that one transaction writes twice is told once, in the place of the second', async () => {
  await store.commit(...at, [create('before')]);
  const [before] = await changes(undefined);
  const upsert = (document: Document) => store.commit(...at, [{ op: 'upsert', document }]);
  const last = fact('a', 'second');
  await Promise.all([upsert(fact('a')), upsert(fact('b')), upsert(last)]);
  const own = await changes(before?.position);
  expect(idsIn(own)).toEqual(['b', 'a']);
  expect(own.at(-1)?.document).toBe(last);
});

test('a follower of two processes that write in turns misses nothing and gets nothing twice', async () => {
  const other = opened();
  const found: Change[] = [];
  for (let n = 0; n < 40; n += 1) {
    const writer = n % 3 === 0 ? other : store;
    await writer.commit(...at, [create(`${n}`)]);
    if (n % 2 === 0) found.push(...(await changes(found.at(-1)?.position)));
  }
  found.push(...(await changes(found.at(-1)?.position)));
  expect(idsIn(found)).toEqual(Array.from({ length: 40 }, (_, n) => `${n}`));
});

test('what another process was told is committed is told at once', async () => {
  const other = opened();
  await store.commit(...at, [create('before')]);
  let position = (await changes(undefined)).at(-1)?.position;
  for (let n = 0; n < 100; n += 1) {
    let told: string | undefined;
    const committed = other.commit(...at, [{ op: 'upsert', document: fact('a', `${n}`) }]).then(([etag]) => {
      told = etag;
    });
    // Looked at a moment ago, whenever that was.
    for (; told === undefined; await new Promise(setImmediate)) await changes(position);
    await committed;
    const [change] = await changes(position);
    expect(change?.etag).toBe(told);
    position = change?.position;
  }
});

test('a follower that stops half-way goes on from there, whatever came meanwhile', async () => {
  await store.commit(...at, [create('before')]);
  const [before] = await changes(undefined);
  await store.commit(...at, [create('a'), create('b'), create('c')]);
  let position = before?.position;
  for await (const change of store.changes('customers', position)) {
    position = change.position;
    break;
  }
  await store.commit(...at, [create('d')]);
  expect(idsIn(await changes(position))).toEqual(['b', 'c', 'd']);
});

test('where nobody follows no more is kept than two million characters in all, and nothing is missed', async () => {
  await store.commit(...at, [create('before')]);
  const [before] = await changes(undefined);
  const large = fact('large', 'x'.repeat(700_000));
  const write = (container: ContainerName, document: Document) =>
    store.commit(container, at[1], [{ op: 'create', document }]);
  await write('customers', large);
  await write('venues', large);
  const [kept] = await changes(before?.position);
  expect(kept?.document).toBe(large);
  await write('customers', { ...large, id: 'next' });
  await write('venues', { ...large, id: 'next' });
  const found = await changes(before?.position);
  expect(idsIn(found)).toEqual(['large', 'next']);
  expect(found[0]?.document).not.toBe(large);
});

test('what a follower has is not kept: it gets the next from memory, however much there was', async () => {
  await store.commit(...at, [create('before')]);
  let position = (await changes(undefined)).at(-1)?.position;
  for (const id of ['a', 'b', 'c', 'd']) {
    const document = fact(id, 'x'.repeat(700_000));
    await store.commit(...at, [{ op: 'create', document }]);
    const [change] = await changes(position);
    expect(change?.document).toBe(document);
    position = change?.position;
  }
});
