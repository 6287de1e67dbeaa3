/** The folder of those who have a file open, where no file can be removed that anybody has open: on Windows. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LOCK_ENDING, lockIn } from '../../shared/platform/lock.ts';
import { enter } from '../../shared/platform/store.sqlite.presence.ts';

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    rmSync(path: string) {
      const lock = lockIn(dirname(path), basename(path, LOCK_ENDING));
      if (!lock.held()) throw Object.assign(new Error('resource busy or locked'), { code: 'EBUSY' });
      lock.release();
      fs.rmSync(path);
    },
  };
});

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-kept-'));
  file = join(folder, 's.db');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the name of one who died is cleared away once its file is let go of', async () => {
  await mkdir(`${file}-open`);
  await writeFile(join(`${file}-open`, 'dead.lock'), '');
  const one = enter(file, 'one');
  expect(await readdir(`${file}-open`)).not.toContain('dead.lock');
  expect(one.quietUntil(1000)).toBe(1050);
  one.leave();
  expect(await readdir(`${file}-open`)).toEqual([]);
});
