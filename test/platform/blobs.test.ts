import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, inject, test } from 'vitest';
import { delegationKey, openBlobs } from '../../shared/platform/blobs.azure.ts';
import type { KeptBlob } from '../../shared/platform/blobs.ts';
import { type Clock, instantOf, systemClock } from '../../shared/platform/clock.ts';
import { closed, onFreePort } from '../support/servers.ts';

const connectionString = inject('azurite');
const at = (now: string): Clock => ({ now: () => now });
const open = (clock: Clock = systemClock) => openBlobs({ connectionString, clock });
const hello = new TextEncoder().encode('hello');

test('what is put can be read through a link, with its content type', async () => {
  const blobs = open();
  await blobs.put('o1/things/a.txt', hello, 'text/plain');
  const reply = await fetch(await blobs.link('o1/things/a.txt'));
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toBe('text/plain');
  expect(await reply.text()).toBe('hello');
});

test('the container is private: without a link nothing is read', async () => {
  const blobs = open();
  await blobs.put('o1/things/b.txt', hello, 'text/plain');
  const [bare = ''] = (await blobs.link('o1/things/b.txt')).split('?');
  expect((await fetch(bare)).ok).toBe(false);
});

test('a link opens its own blob alone, and only to read', async () => {
  const blobs = open();
  await blobs.put('o1/things/c.txt', hello, 'text/plain');
  await blobs.put('o2/things/c.txt', hello, 'text/plain');
  const link = await blobs.link('o1/things/c.txt');
  expect((await fetch(link.replace('/o1/', '/o2/'))).status).toBe(403);
  const write = await fetch(link, { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } });
  expect(write.status).toBe(403);
  expect((await fetch(link, { method: 'DELETE' })).status).toBe(403);
});

test('a link expires in 15 minutes (REQ-VEN-014)', async () => {
  const link = await open(at('2026-11-20T09:14:59Z')).link('x');
  expect(new URL(link).searchParams.get('se')).toBe('2026-11-20T09:29:59Z');
});

test('a link that has expired opens nothing', async () => {
  const blobs = open();
  await blobs.put('o1/things/d.txt', hello, 'text/plain');
  const old = open(at(instantOf(Date.now() - 16 * 60_000)));
  expect((await fetch(await old.link('o1/things/d.txt'))).status).toBe(403);
});

test('removing is harmless when there is nothing', async () => {
  const blobs = open();
  await blobs.put('o1/things/e.txt', hello, 'text/plain');
  await blobs.remove('o1/things/e.txt');
  await blobs.remove('o1/things/e.txt');
  expect((await fetch(await blobs.link('o1/things/e.txt'))).status).toBe(404);
});

test('the probe answers when the service does, and says so when it cannot', async () => {
  await expect(open().ping()).resolves.toBeUndefined();
  const gone = connectionString.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9');
  const blobs = openBlobs({ connectionString: gone, clock: systemClock });
  await expect(blobs.ping()).rejects.toMatchObject({ code: 'unavailable', extra: { retryAfter: 5 } });
});

/** Stands before Azurite: `disturb` answers, or breaks off, what it says true to; all else goes through. */
async function proxied(disturb: (request: IncomingMessage, reply: ServerResponse) => boolean, patience?: number) {
  const behind = new URL(/BlobEndpoint=([^;]+)/.exec(connectionString)?.[1] ?? '');
  const server = createServer((request, reply) => {
    if (disturb(request, reply)) return;
    const { method, url: path, headers } = request;
    const through = forward({ host: behind.hostname, port: behind.port, method, path, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(reply);
    });
    request.pipe(through);
  });
  const { port } = await onFreePort(server);
  const by = connectionString.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
  return {
    blobs: openBlobs({ connectionString: by, clock: systemClock, ...(patience ? { patience } : {}) }),
    close: () => closed(server),
  };
}

test('a service that takes a call and says nothing holds nobody for ever', async () => {
  // The container is made: what is silent is each call itself.
  const { blobs, close } = await proxied(({ method, url }) => method !== 'PUT' || !url?.includes('restype'), 500);
  const calls = [
    () => blobs.put('o1/silent.txt', Buffer.from('x'), 'text/plain'),
    () => blobs.remove('o1/silent.txt'),
    () => blobs.list('o1/')[Symbol.asyncIterator]().next(),
  ];
  const begun = performance.now();
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'unavailable' });
  expect(performance.now() - begun).toBeLessThan(10_000);
  await close();
});

const isUpload = ({ method, url }: IncomingMessage) => method === 'PUT' && !url?.includes('restype=container');

/** Busy, refused in the middle, and silent: what a service does for a moment. */
const faults = {
  'is busy': (_: IncomingMessage, reply: ServerResponse) => {
    reply.writeHead(503, { 'content-length': '0' }).end();
  },
  'breaks off': (request: IncomingMessage) => {
    request.once('data', () => request.socket.destroy());
  },
} as const;

test.each(Object.keys(faults) as (keyof typeof faults)[])(
  'REQ-EQP-110: an upload gets through when the service %s twice; the blob is whole',
  async (fault) => {
    const bytes = new Uint8Array(2 * 1024 * 1024).map((_, at) => at % 251);
    let uploads = 0;
    const { blobs, close } = await proxied((request, reply) => {
      if (!isUpload(request)) return false;
      uploads += 1;
      if (uploads > 2) return false;
      faults[fault](request, reply);
      return true;
    });
    const path = `o1/things/retried-${fault.replace(' ', '-')}`;
    await blobs.put(path, bytes, 'image/png');
    expect(uploads).toBe(3);
    const kept = new Uint8Array(await (await fetch(await open().link(path))).arrayBuffer());
    expect(Buffer.compare(kept, bytes)).toBe(0);
    await close();
  },
);

test('REQ-EQP-110: an upload is tried three times, then it is unavailable', async () => {
  let uploads = 0;
  const { blobs, close } = await proxied((request, reply) => {
    if (!isUpload(request)) return false;
    uploads += 1;
    request.resume();
    faults['is busy'](request, reply);
    return true;
  });
  await expect(blobs.put('x', hello, 'text/plain')).rejects.toMatchObject({ code: 'unavailable' });
  expect(uploads).toBe(3);
  await close();
});

test('what is there is listed by path, with its version; one that was put again is not removed by the old one', async () => {
  const blobs = open();
  for (const name of ['c', 'a', 'b']) await blobs.put(`o1/listed/${name}`, hello, 'text/plain');
  const listed = async () => {
    const found: KeptBlob[] = [];
    for await (const page of blobs.list('o1/listed/')) found.push(...page);
    return found;
  };
  const before = await listed();
  expect(before.map(({ path }) => path)).toEqual(['o1/listed/a', 'o1/listed/b', 'o1/listed/c']);
  const [first, second] = before;
  expect(Math.abs(Date.parse(first?.modifiedAt ?? '') - Date.now())).toBeLessThan(60_000);
  await blobs.put('o1/listed/a', hello, 'text/plain');
  await blobs.remove('o1/listed/a', first?.version);
  await blobs.remove('o1/listed/b', second?.version);
  await blobs.remove('o1/listed/b', second?.version);
  expect((await listed()).map(({ path }) => path)).toEqual(['o1/listed/a', 'o1/listed/c']);
});

test('on Azure one user delegation key serves a day of links, and a refusal is not remembered', async () => {
  let now = '2026-11-20T09:00:00Z';
  let asked = 0;
  const key = delegationKey({ now: () => now }, async (from, until) => {
    asked += 1;
    if (asked === 1) throw new Error('not yet');
    return {
      signedObjectId: 'o',
      signedTenantId: 't',
      signedStartsOn: from,
      signedExpiresOn: until,
      signedService: 'b',
      signedVersion: 'v',
      value: 'k',
    };
  });
  await expect(key()).rejects.toThrow('not yet');
  const [first, second] = await Promise.all([key(), key()]);
  expect(first).toBe(second);
  expect(asked).toBe(2);
  now = '2026-11-21T07:59:59Z';
  expect(await key()).toBe(first);
  // The longest link given out just now ends before the key does.
  expect(first.signedExpiresOn.getTime() - Date.parse(now)).toBeGreaterThan(30 * 60_000);
  now = '2026-11-21T08:00:00Z';
  expect(await key()).not.toBe(first);
});

test('without an account there is one clear message', async () => {
  const blobs = openBlobs({ clock: systemClock });
  await expect(blobs.ping()).rejects.toThrow('BLOB_CONNECTION or BLOB_ACCOUNT_URL');
});
