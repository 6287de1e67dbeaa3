/** Who has a file of the embedded store open, and what the others may take from it (docs/adr/0003). */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lockIn } from '../../shared/platform/lock.ts';
import { enter } from '../../shared/platform/store.sqlite.presence.ts';
import type { SqliteStore } from '../../shared/platform/store.sqlite.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Write } from '../../shared/platform/store.ts';
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

  test('one whose own name is gone is not alone: nobody can see it', async () => {
    const one = enter(file, 'one');
    expect(one.quietUntil(1000)).toBe(1050);
    await rm(`${file}-open`, { recursive: true });
    expect(one.quietUntil(1050)).toBe(0);
    const two = enter(file, 'two');
    two.leave();
    expect(one.quietUntil(1100)).toBe(0);
    one.leave();
  });

  test('one whose name others clear away while it locks it enters under it all the same', async () => {
    const { exec } = Database.prototype;
    const lock = join(`${file}-open`, 'one.lock');
    vi.spyOn(Database.prototype, 'exec').mockImplementationOnce(function (this: Database.Database, sql) {
      // Open and not yet locked it is one who died, to the first who looks; the second finds that out with a file of its own.
      rmSync(lock);
      writeFileSync(lock, '');
      exec.call(this, sql);
      rmSync(lock);
      return this;
    });
    const one = enter(file, 'one');
    expect(await present()).toEqual(['one.lock']);
    one.leave();
  });

  test('one whose name another keeps locked gives up after 5 s', async () => {
    await mkdir(`${file}-open`);
    const other = lockIn(`${file}-open`, 'one');
    expect(other.held()).toBe(true);
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 1000;
      return now;
    });
    expect(() => enter(file, 'one')).toThrow('cannot be had');
    expect(now).toBeLessThan(10_000);
    other.release();
  });

  test('processes that come and go at the same moment do not hinder each other', async () => {
    const visitor = join(folder, 'visitor.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'store.sqlite.visitor.ts')],
      outfile: visitor,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    });
    await symlink(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
    const visitors = [0, 1, 2].map(() => fork(visitor, [file, '400'], { silent: true }));
    const said = visitors.map(({ stderr }) => text(stderr ?? Readable.from([])));
    const exits = await Promise.all(visitors.map((one) => once(one, 'exit')));
    expect([exits.map(([code]) => code), await Promise.all(said)]).toEqual([
      [0, 0, 0],
      ['', '', ''],
    ]);
  }, 20_000);

  test('one that could not open the file is not there', async () => {
    await writeFile(file, 'no database '.repeat(1000));
    expect(() => openSqliteStore({ file, clock: testClock() })).toThrow('cannot be opened');
    await writeFile(file, '');
    const store = openSqliteStore({ file, clock: testClock() });
    expect(await present()).toHaveLength(1);
    await store.close();
  });

  test('one that could not enter has closed both of its connections', async () => {
    await writeFile(`${file}-open`, 'no folder');
    const close = vi.spyOn(Database.prototype, 'close');
    expect(() => openSqliteStore({ file, clock: testClock() })).toThrow('cannot be opened');
    expect(new Set(close.mock.contexts).size).toBe(2);
  });
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

  test('they see each other though one has opened it through a link', async () => {
    one = opened();
    await one.commit(...at, [{ op: 'upsert', document: document(0) }]);
    const link = join(folder, 'link.db');
    await symlink(file, link);
    two = openSqliteStore({ file: link, clock: testClock() });
    for (let n = 1; n <= 5; n += 1) {
      await two.commit(...at, [{ op: 'upsert', document: document(n) }]);
      // The first asks the file for the row, the next need not.
      for (let look = 0; look < 3; look += 1) expect((await one.read(...at, 'a'))?.document.body).toBe(n);
    }
  });

  test('one goes on reading what the other writes when the folder of names was deleted', async () => {
    one = opened();
    two = opened();
    await two.commit(...at, [{ op: 'upsert', document: document(0) }]);
    expect((await one.read(...at, 'a'))?.document.body).toBe(0);
    await rm(`${file}-open`, { recursive: true });
    for (let n = 1; n <= 5; n += 1) {
      await sleep(30);
      await two.commit(...at, [{ op: 'upsert', document: document(n) }]);
      expect((await one.read(...at, 'a'))?.document.body).toBe(n);
    }
  });

  /** Ways to be shown what was written beside the document `a`. */
  const looks = {
    async changes() {
      const changes: unknown[] = [];
      for await (const { document } of one.changes('claims')) changes.push(document.body);
      return changes.at(-1);
    },
    query: async () => (await one.query(...at, { kind: 'beside', limit: 1 })).items[0]?.document.body,
    read: async () => (await one.read(...at, 'b'))?.document.body,
  };
  test.each(Object.entries(looks))('after %s showed something newer, nothing older is read', async (_, look) => {
    one = opened();
    two = opened();
    await one.commit(...at, [{ op: 'upsert', document: document(0) }]);
    // No time passes: a look at the file is all that can tell.
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    expect((await one.read(...at, 'a'))?.document.body).toBe(0);
    const beside: Write = { op: 'create', document: { id: 'b', kind: 'beside', body: 'new' } };
    await two.commit(...at, [{ op: 'upsert', document: document(1) }, beside]);
    expect(await look()).toBe('new');
    expect((await one.read(...at, 'a'))?.document.body).toBe(1);
  });

  test('nor after a later page of changes, which another has written to since the first', async () => {
    one = opened();
    two = opened();
    await one.commit(...at, [{ op: 'upsert', document: document(0) }]);
    for (const from of [0, 100, 200]) {
      const many = Array.from({ length: 100 }, (_, n): Write => {
        return { op: 'create', document: { id: `${from + n}`, kind: 'beside', body: 'old' } };
      });
      await two.commit(...at, many);
    }
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const bodies: unknown[] = [];
    for await (const change of one.changes('claims')) {
      if (bodies.push(change.document.body) > 1) continue;
      // The first asks the file for the row, the next need not.
      for (let look = 0; look < 2; look += 1) expect((await one.read(...at, 'a'))?.document.body).toBe(0);
      await two.commit(...at, [{ op: 'upsert', document: document(1) }]);
    }
    expect(bodies.at(-1)).toBe(1);
    expect((await one.read(...at, 'a'))?.document.body).toBe(1);
  });
});
