/** Two processes on one data folder: one serves the sockets, both reach them, and either may go. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openAzureParts } from '../../shared/platform/compose.azure.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { openRealtime } from '../../shared/platform/realtime.azure.ts';
import { callerOf } from '../support/callers.ts';
import { apiClient } from '../support/client.ts';
import { startTestHost, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';
import { endpoint, type Listener, listening, PATIENCE } from './support.ts';

let folder: string;
let one: TestHost;
let two: TestHost;
let org: TestOrganization;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-processes-'));
  one = await startTestHost({ folder });
  two = await startTestHost({ folder });
  org = await one.organization();
}, 60_000);
afterAll(async () => {
  await two.close();
  await one.close();
  await rm(folder, { recursive: true, force: true });
});

async function connected(host: TestHost, { token }: TestUser): Promise<Listener> {
  const url = async () => (await callerOf(host.origin, token).post('realtime/negotiate')).body.url;
  return listening(url, { reconnectRetryOptions: { retryDelayInMs: 200 } });
}

test('REQ-NTF-010 what either process sends arrives, and a session ended at either loses its socket within 5 s', async () => {
  const { username, userId } = org.admin;
  const [first, second, ender] = [await one.signIn(username), await two.signIn(username), await two.signIn(username)];
  const sockets = [await connected(one, first), await connected(two, second)];
  await one.platform.realtime.send(org.orgId, userId, { type: 'notification', data: 1 });
  await two.platform.realtime.send(org.orgId, userId, { type: 'notification', data: 2 });
  for (const socket of sockets) {
    await socket.until(2);
    expect(socket.got).toMatchObject([{ data: 1 }, { data: 2 }]);
  }
  const since = performance.now();
  const { response } = await apiClient(two.origin, ender.token).DELETE('/api/sessions');
  expect(response.status).toBe(204);
  await vi.waitUntil(() => sockets.every(({ lost }) => lost.length > 0), { timeout: 5000, interval: 10 });
  process.stdout.write(`Ended at the other process: closed after ${(performance.now() - since).toFixed(0)} ms\n`);
  for (const { client } of sockets) client.stop();
});

test('REQ-NTF-010 when the process that serves goes, its sockets come back at the other', async () => {
  const { userId } = org.admin;
  const socket = await connected(two, await two.signIn(org.admin.username));
  await one.close();
  await vi.waitUntil(() => socket.connections() === 2, PATIENCE);
  await two.platform.realtime.send(org.orgId, userId, { type: 'unread', data: { total: 1 } });
  await socket.until(1);
  socket.client.stop();
});

test('a service that is gone is unavailable, one that does not know our key is a fault of ours', async () => {
  const service = await endpoint();
  const stranger = openRealtime({
    connectionString: service.connectionString.replace(/AccessKey=[^;]+/, 'AccessKey=x'),
  });
  const unknown = { name: 'RestError', statusCode: 401 };
  await stranger.ping();
  await expect(stranger.send('org', 'user', { type: 'unread', data: {} })).rejects.toMatchObject(unknown);
  await expect(stranger.ping()).rejects.toMatchObject(unknown);
  const realtime = openRealtime(service);
  await realtime.ping();
  await service.close();
  const gone = { code: 'unavailable' };
  await expect(realtime.ping()).rejects.toMatchObject(gone);
  await expect(realtime.send('org', 'user', { type: 'unread', data: {} })).rejects.toMatchObject(gone);
  await expect(realtime.closeSession('session', 'Go')).rejects.toMatchObject(gone);
  await expect(openRealtime({}).closeSession('session', 'Go')).rejects.toThrow(
    /WEB_PUBSUB_CONNECTION .* or WEB_PUBSUB_ENDPOINT/,
  );
});

test('under Azure Functions Core Tools without a service nobody is told, and a client that asks hears why', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-development-'));
  const { platform } = await openAzureParts(readConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent' }), true);
  const somebody = { orgId: 'org', userId: 'user', sessionId: 'session' };
  await platform.realtime.send('org', 'user', { type: 'unread', data: {} });
  await expect(platform.realtime.negotiate(somebody)).rejects.toMatchObject({ code: 'unavailable' });
  expect(platform.probes.map(({ name }) => name)).not.toContain('realtime');
  await platform.store.close();
  await rm(folder, { recursive: true, force: true });
});
