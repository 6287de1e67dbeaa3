/** Uploads on their way: how much memory they hold, and what is left of them. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { received } from '../../shared/platform/body.ts';
import type { RawRequest } from '../../shared/platform/http.ts';
import { uploadRoute } from '../../shared/platform/route.ts';

const MB = 1024 * 1024;
const LIMIT = 10 * MB;
const CHUNK = 64 * 1024;

const route = uploadRoute({
  method: 'POST',
  path: 'files',
  summary: 'Upload',
  tag: 'Files',
  access: 'signedIn',
  params: z.strictObject({}),
  file: { limit: LIMIT },
  reply: z.object({}),
  handle: async () => ({ body: {} }),
});

const edge = (text: string) => Buffer.from(text);
const HEAD = edge('--b\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n');
const TAIL = edge('\r\n--b--\r\n');

/** A form whose file has so many bytes, each chunk made when it is asked for; it may end too early. */
function form(size: number, { seed = 0, tail = TAIL, before = async () => {} } = {}): RawRequest & { sent(): number } {
  let sent = 0;
  async function* body() {
    yield HEAD;
    for (; sent < size; sent += CHUNK) {
      await before();
      yield Buffer.alloc(Math.min(CHUNK, size - sent), (sent / CHUNK + seed) % 256);
    }
    yield tail;
  }
  return {
    method: 'POST',
    path: '/api/files',
    search: '',
    params: {},
    header: (name) => (name === 'content-type' ? 'multipart/form-data; boundary=b' : undefined),
    body: body(),
    peer: '127.0.0.1',
    origin: 'http://127.0.0.1',
    sent: () => sent,
  };
}

function expected(size: number, seed: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += CHUNK) {
    hash.update(Buffer.alloc(Math.min(CHUNK, size - at), (at / CHUNK + seed) % 256));
  }
  return hash.digest('hex');
}
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A folder of its own, so that nobody else's files are seen. */
const before = process.env.TMPDIR;
const folder = mkdtempSync(join(tmpdir(), 'marquee-uploads-'));
beforeAll(() => {
  process.env.TMPDIR = folder;
});
afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  rmSync(folder, { recursive: true });
});

const HANDLES = '/proc/self/fd';
/** Handles of files in the folder, with or without a name; where the system does not tell, none. */
function openFiles(): number {
  if (!existsSync(HANDLES)) return 0;
  return readdirSync(HANDLES).filter((fd) => {
    try {
      return readlinkSync(`${HANDLES}/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe('REQ-EQP-110 uploads', () => {
  test('of 10 MB, 50 at once, hold no more memory than a few of them, and come out whole', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const held = () => process.memoryUsage().arrayBuffers;
    const before = held();
    let most = 0;
    let chunks = 0;
    // What is held, and not what waits to be collected.
    const watch = async () => {
      chunks += 1;
      if (chunks % 500 !== 0) return;
      collect();
      most = Math.max(most, held() - before);
    };
    const requests = Array.from({ length: 50 }, (_, seed) => form(LIMIT, { seed, before: watch }));
    const all = await Promise.all(requests.map((request) => received(route, request)));
    collect();
    most = Math.max(most, held() - before);
    expect(most / MB).toBeLessThan(100);
    for (const [seed, { file, bytes }] of all.entries()) {
      expect(file?.size).toBe(LIMIT);
      const digest = expected(LIMIT, seed);
      expect(Buffer.from(bytes).toString('hex')).toBe(digest);
      if (seed % 10 === 0) expect(digestOf((await file?.read()) ?? new Uint8Array())).toBe(digest);
      await file?.discard();
    }
    expect(openFiles()).toBe(0);
  });

  test.each([1, CHUNK - 1, CHUNK, CHUNK + 1, LIMIT])('of %d bytes come out as they went in', async (size) => {
    const { file } = await received(route, form(size));
    expect([file?.fileName, file?.size]).toEqual(['a.jpg', size]);
    expect(digestOf((await file?.read()) ?? new Uint8Array())).toBe(expected(size, 0));
    expect(digestOf((await file?.read()) ?? new Uint8Array())).toBe(expected(size, 0));
    await file?.discard();
  });

  test('over the limit end when they are over it, not when they are whole, and leave nothing', async () => {
    const one = form(LIMIT + 1);
    await expect(received(route, one)).rejects.toMatchObject({ code: 'too_large', extra: { limit: LIMIT } });
    const endless = form(1000 * MB);
    await expect(received(route, endless)).rejects.toMatchObject({ code: 'too_large' });
    expect(endless.sent()).toBeLessThan(LIMIT + MB);
    expect(openFiles()).toBe(0);
  });

  test('that break off, or never end their form, are refused and leave nothing', async () => {
    let chunks = 0;
    const gone = form(5 * MB, {
      async before() {
        chunks += 1;
        if (chunks === 30) throw new Error('The client went away');
      },
    });
    await expect(received(route, gone)).rejects.toMatchObject({ code: 'invalid' });
    await expect(received(route, form(5 * MB, { tail: edge('\r\n--') }))).rejects.toMatchObject({ code: 'invalid' });
    await expect(received(route, form(10, { tail: edge('') }))).rejects.toMatchObject({ code: 'invalid' });
    await setImmediate();
    expect(openFiles()).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });
});
