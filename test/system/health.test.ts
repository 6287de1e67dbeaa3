import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { startAzurite } from '../../infra/local/azurite.ts';
import { apiClient } from '../support/client.ts';
import { startTestHost, type TestHost } from '../support/host.ts';

const UP = { state: 'up', milliseconds: expect.any(Number) };
const DOWN = { ...UP, state: 'down' };
/** Longer than the two seconds that a part is given, on a busy machine. */
const PATIENT_MS = 6000;

function ready({ origin }: TestHost) {
  return apiClient(origin).GET('/api/health/ready');
}

async function expectLive({ origin }: TestHost): Promise<void> {
  const since = performance.now();
  const { response, data } = await apiClient(origin).GET('/api/health/live');
  expect(response.status).toBe(200);
  expect(data).toEqual({ status: 'live' });
  expect(performance.now() - since).toBeLessThan(PATIENT_MS);
}

async function expectBlobsDown(host: TestHost): Promise<number> {
  const since = performance.now();
  const { response, error } = await ready(host);
  expect(response.status).toBe(503);
  expect(response.headers.get('content-type')).toMatch('application/problem+json');
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(error).toMatchObject({
    type: 'urn:marquee:problem:unavailable',
    status: 503,
    parts: { store: UP, bus: UP, blobs: DOWN, realtime: UP },
  });
  expect(JSON.stringify(error)).not.toMatch(/ECONN|azurite|devstore|127\.0\.0\.1/i);
  expect(performance.now() - since).toBeLessThan(PATIENT_MS);
  const { parts } = error as unknown as { parts: { blobs: { milliseconds: number } } };
  return parts.blobs.milliseconds;
}

/** Blob storage behind a door: open, shut, or with nobody who answers behind it. */
async function doorTo(connection: string) {
  const endpoint = new URL(/BlobEndpoint=([^;]+)/.exec(connection)?.[1] ?? '');
  const sockets = new Set<Socket>();
  let hung = false;
  let server: Server | undefined;
  async function open(port: number): Promise<number> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
      if (hung) return;
      const inner = connect(Number(endpoint.port), endpoint.hostname);
      inner.on('error', () => socket.destroy());
      socket.pipe(inner).pipe(socket);
      socket.on('close', () => inner.destroy());
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  async function shut(): Promise<void> {
    const closed = server && once(server, 'close');
    server?.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  const port = await open(0);
  return {
    connection: connection.replace(endpoint.host, `127.0.0.1:${port}`),
    shut,
    async reopen(as: 'serving' | 'hung') {
      await shut();
      hung = as === 'hung';
      await open(port);
    },
  };
}

let host: TestHost | undefined;
afterEach(() => host?.close());

describe('GET /health/live and /health/ready', () => {
  test('name every part, its state and how many milliseconds it took; no token is asked for', async () => {
    host = await startTestHost();
    await expectLive(host);
    const { response, data, error } = await ready(host);
    expect(response.status, JSON.stringify(error)).toBe(200);
    expect(data).toEqual({ status: 'ready', parts: { store: UP, bus: UP, blobs: UP, realtime: UP } });
    for (const { milliseconds } of Object.values(data?.parts ?? {})) expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('retry-after')).toBeNull();
  });

  test('say that blobs are down when Azurite was stopped, while the process is live and the rest works', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marquee-health-'));
    const azurite = await startAzurite({ folder });
    try {
      host = await startTestHost({ env: { BLOB_CONNECTION: azurite.connectionString } });
      expect((await ready(host)).data?.parts.blobs).toEqual(UP);
    } finally {
      await azurite.stop();
      await rm(folder, { recursive: true, force: true });
    }
    await expectBlobsDown(host);
    await expectLive(host);
    const { admin } = await host.organization();
    expect((await admin.api.GET('/api/venues')).response.status).toBe(200);
  });

  describe('as storage comes and goes', () => {
    let door: Awaited<ReturnType<typeof doorTo>>;
    beforeAll(async () => {
      door = await doorTo(inject('azurite'));
    });
    afterAll(() => door.shut());

    test('storage that does not answer is down after two seconds, that refuses at once; one that is back is up', async () => {
      host = await startTestHost({ env: { BLOB_CONNECTION: door.connection } });
      expect((await ready(host)).data?.status).toBe('ready');
      await door.reopen('hung');
      const patience = await expectBlobsDown(host);
      expect(patience).toBeGreaterThanOrEqual(1900);
      await expectLive(host);
      await door.shut();
      await expectBlobsDown(host);
      await door.reopen('serving');
      const { response, data } = await ready(host);
      expect(response.status).toBe(200);
      expect(data?.parts.blobs).toEqual(UP);
    });
  });
});
