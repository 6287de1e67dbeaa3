/** Who has a file of the embedded store open, and what the others may take from it (docs/adr/0003). */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { latestOf } from '../../shared/platform/store.sqlite.latest.ts';
import { enter } from '../../shared/platform/store.sqlite.presence.ts';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';
import { testClock } from '../support/platform.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-presence-'));
  file = join(folder, 's.db');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const present = async () => (await readdir(`${file}-open`)).filter((name) => name.endsWith('.lock'));

describe('who is there', () => {
  test('one alone is quiet for 50 ms from each look, and does not wait', async () => {
    const one = enter(file, 'one');
    const order: string[] = [];
    const waited = one.noticed.then(() => order.push('noticed'));
    await new Promise(setImmediate);
    order.push('a turn later');
    await waited;
    expect(order).toEqual(['noticed', 'a turn later']);
    expect([one.quietUntil(1000), one.quietUntil(1049), one.quietUntil(1050)]).toEqual([1050, 1050, 1100]);
    one.leave();
    expect(await present()).toEqual([]);
  });

  test('who comes later waits until the first must have seen it; when it has left, the first is alone again', async () => {
    const one = enter(file, 'one');
    one.quietUntil(1000);
    const startedAt = performance.now();
    const two = enter(file, 'two');
    expect(one.quietUntil(1049)).toBe(1050);
    expect(one.quietUntil(1050)).toBe(0);
    expect(two.quietUntil(1050)).toBe(0);
    await two.noticed;
    expect(performance.now() - startedAt).toBeGreaterThan(98);
    two.leave();
    expect(one.quietUntil(1099)).toBe(0);
    expect(one.quietUntil(1100)).toBe(1150);
    one.leave();
  });

  test('the name of one who died is cleared away: its lock is free', async () => {
    const one = enter(file, 'one');
    await writeFile(join(`${file}-open`, 'dead.lock'), '');
    expect(one.quietUntil(1000)).toBe(1050);
    expect(await present()).toEqual(['one.lock']);
    await writeFile(join(`${file}-open`, 'dead.lock'), '');
    const two = enter(file, 'two');
    expect(await present()).toEqual(['one.lock', 'two.lock']);
    one.leave();
    two.leave();
  });
});

test('the file is asked for its last write with each look for others while nobody is there, and after any other read', () => {
  let looks = 0;
  let now = 0;
  const latest = latestOf({
    seqOf() {
      looks += 1;
      return 7;
    },
    isMine: () => true,
    written: () => undefined,
    quietUntil: () => 50,
    ticks: () => now,
  });
  latest.find('a');
  for (now = 1; now <= 50; now += 1) latest.find('a');
  expect(looks).toBe(1);
  now = 50.1;
  latest.find('a');
  expect(looks).toBe(2);
  latest.doubt();
  latest.find('a');
  expect(looks).toBe(3);
});

test('what one has written that left while it was looked for is not missed', () => {
  let last = 7;
  let now = 0;
  let leaves = false;
  const latest = latestOf({
    seqOf: () => last,
    isMine: () => false,
    written: () => undefined,
    quietUntil() {
      if (!leaves) return 0;
      last = 8;
      return now + 50;
    },
    ticks: () => now,
  });
  latest.find('a');
  latest.learn('a', { n: 1, seq: 7, expiresAt: null });
  expect(latest.find('a')?.seq).toBe(7);
  leaves = true;
  now = 1;
  expect(latest.find('a')).toBeUndefined();
});

test('one that could not open the file is not there afterwards', async () => {
  await mkdir(file);
  expect(() => openSqliteStore({ file, clock: testClock() })).toThrow(StoreUnavailable);
  expect(await present()).toEqual([]);
});

describe('two stores on one file', () => {
  const at = ['claims', ['o', 'venue:1']] as const;
  const document = (body: number) => ({ id: 'a', kind: 'claim', body });
  let one: SqliteStore;
  let two: SqliteStore;
  afterEach(async () => {
    await one.close();
    await two.close();
  });
  const opened = () => openSqliteStore({ file, clock: testClock() });

  test('what one who has just come has written is read by the one who was alone, at once', async () => {
    one = opened();
    for (let n = 1; n <= 5; n += 1) {
      await one.commit(...at, [{ op: 'upsert', document: document(0) }]);
      expect((await one.read(...at, 'a'))?.document.body).toBe(0);
      two = opened();
      await two.commit(...at, [{ op: 'upsert', document: document(n) }]);
      expect((await one.read(...at, 'a'))?.document.body).toBe(n);
      await two.close();
    }
    two = opened();
  });

  test.each(['changes', 'query'] as const)('after %s showed something newer, nothing older is read', async (look) => {
    one = opened();
    two = opened();
    await one.commit(...at, [{ op: 'upsert', document: document(0) }]);
    // No time passes: a look at the file is all that can tell.
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    expect((await one.read(...at, 'a'))?.document.body).toBe(0);
    await two.commit(...at, [{ op: 'upsert', document: document(1) }]);
    const seen: unknown[] = [];
    if (look === 'changes') for await (const change of one.changes('claims')) seen.push(change.document.body);
    else for (const item of (await one.query(...at, { kind: 'claim', limit: 9 })).items) seen.push(item.document.body);
    expect(seen).toEqual([1]);
    expect((await one.read(...at, 'a'))?.document.body).toBe(1);
  });
});
