import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { openSpool } from '../../shared/platform/spool.ts';

const waiting = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('marquee-upload-'));

test('a received file is read as it was written, as often as wanted, and told by its digest', async () => {
  const spool = await openSpool();
  const parts = ['Doors ', 'at ', 'seven'].map((part) => Buffer.from(part));
  for (const part of parts) spool.write(part);
  await spool.written();
  const { size, digest, read } = await spool.done();
  expect(size).toBe(14);
  expect(Buffer.from(await read()).toString()).toBe('Doors at seven');
  expect(Buffer.from(await read()).toString()).toBe('Doors at seven');
  expect(digest).toEqual(createHash('sha256').update('Doors at seven').digest());
  await spool.discard();
  await spool.discard();
});

test('an empty file is one', async () => {
  const spool = await openSpool();
  const { size, read } = await spool.done();
  expect([size, (await read()).byteLength]).toEqual([0, 0]);
  await spool.discard();
});

// Windows keeps the name while the file is open.
test.skipIf(process.platform === 'win32')('a crash leaves no file behind: it has no name', async () => {
  const before = await waiting();
  const spool = await openSpool();
  spool.write(Buffer.alloc(1000));
  await spool.written();
  expect((await waiting()).filter((name) => !before.includes(name))).toEqual([]);
  await spool.discard();
});
