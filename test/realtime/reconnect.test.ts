/** Sockets that break, services that stop, and processes that take over. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WebPubSubServiceClient } from '@azure/web-pubsub';
import { WebPubSubJsonProtocol } from '@azure/web-pubsub-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { RELIABLE } from '../../infra/local/web-pubsub-frames.ts';
import { bare, type Endpoint, endpoint, keyOf, type Listener, listening, PATIENCE } from './support.ts';

let here: Endpoint;
const listeners: Listener[] = [];
afterEach(async () => {
  for (const { client } of listeners.splice(0)) client.stop();
  await here.close();
});

async function joined(...given: Parameters<typeof listening>): Promise<Listener> {
  const listener = await listening(...given);
  listeners.push(listener);
  return listener;
}

/** Cuts the client's socket as a network would. */
function cut({ client }: Listener): void {
  (client as unknown as { _wsClient: { _socket: WebSocket } })._wsClient._socket.terminate();
}
const quickly = { reconnectRetryOptions: { retryDelayInMs: 50 } };

describe('a socket that breaks', () => {
  test('loses a reliable client nothing: it comes back to the same connection and gets what it missed, once', async () => {
    here = await endpoint();
    const ann = await joined(await here.url({ userId: 'ann' }));
    const { connectionId } = ann;
    const expected: { n: number }[] = [];
    for (let n = 0; n < 60; n += 1) {
      expected.push({ n });
      await here.service.sendToUser('ann', { n });
      if (n % 20 === 10) cut(ann);
    }
    await ann.until(60);
    expect(ann.got).toEqual(expected);
    expect(ann.connectionId).toBe(connectionId);
    expect(ann.connections()).toBe(1);
  });

  test('brings a plain client back by a new address', async () => {
    here = await endpoint();
    let asked = 0;
    const url = () => {
      asked += 1;
      return here.url({ userId: 'ann' });
    };
    const ann = await joined(url, { protocol: WebPubSubJsonProtocol(), ...quickly });
    cut(ann);
    await vi.waitUntil(() => ann.connections() === 2, PATIENCE);
    expect(asked).toBe(2);
    await here.service.sendToUser('ann', { again: true });
    await ann.until(1);
    expect(ann.got).toEqual([{ again: true }]);
  });

  test('of a client that does not come back is forgotten', async () => {
    here = await endpoint({ limits: { recoverable: 100 } });
    const ann = await bare(await here.url({ userId: 'ann' }), RELIABLE);
    ann.socket.terminate();
    await vi.waitUntil(async () => !(await here.service.userExists('ann')), PATIENCE);
  });

  test('can be taken up by who was given its token, and nobody else; not once it was closed', async () => {
    here = await endpoint();
    const url = await here.url({ userId: 'ann' });
    const ann = await bare(url, RELIABLE);
    const { connectionId, reconnectionToken } = ann.frames[0] ?? {};
    const recovery = (id: unknown, token: unknown) =>
      `${url.split('?')[0]}?awps_connection_id=${id}&awps_reconnection_token=${token}`;
    for (const [id, token] of [
      [connectionId, 'guessed'],
      [connectionId, ''],
      ['another', reconnectionToken],
    ]) {
      expect((await (await bare(recovery(id, token), RELIABLE)).closed).code).toBe(1008);
    }
    const again = await bare(recovery(connectionId, reconnectionToken), RELIABLE);
    expect(again.frames[0]).toMatchObject({ event: 'connected', connectionId });
    await ann.closed;
    await here.service.closeUserConnections('ann', { reason: 'Go' });
    expect(await again.closed).toEqual({ code: 1008, reason: 'Go' });
    expect((await (await bare(recovery(connectionId, reconnectionToken), RELIABLE)).closed).code).toBe(1008);
  });
});

describe('a service that stops', () => {
  test('says so, closes every socket and is gone', async () => {
    here = await endpoint();
    const sockets = await Promise.all([1, 2, 3].map(async () => bare(await here.url(), RELIABLE)));
    const stuck = await bare(await here.url());
    stuck.socket.pause();
    const since = performance.now();
    await here.stop();
    expect(performance.now() - since).toBeLessThan(5000);
    for (const { closed, frames } of sockets) {
      expect((await closed).code).toBe(1001);
      expect(frames.at(-1)).toEqual({ type: 'system', event: 'disconnected', message: 'The service is stopping' });
    }
    stuck.socket.terminate();
    await expect(here.service.userExists('ann', { abortSignal: AbortSignal.timeout(200) })).rejects.toThrow();
  });

  test('keeps its key where only its owner reads it', async () => {
    here = await endpoint();
    const file = await stat(join(here.folder, 'web-pubsub.json'));
    expect(file.mode & 0o777).toBe(0o600);
    expect(Buffer.from(keyOf(here), 'base64url').length).toBe(32);
  });

  test('is replaced by another process on the folder: clients come back, and both processes reach them', async () => {
    here = await endpoint();
    const twin = await here.twin();
    expect([here.serves(), twin.serves()]).toEqual([true, false]);
    expect(twin.connectionString).toBe(here.connectionString);
    const other = new WebPubSubServiceClient(twin.connectionString, 'notifications', { allowInsecureConnection: true });
    const ann = await joined(() => here.url({ userId: 'ann' }), quickly);
    await here.service.sendToUser('ann', { from: 'one' });
    await other.sendToUser('ann', { from: 'two' });
    await ann.until(2);
    await here.stop();
    await vi.waitUntil(() => ann.connections() === 2, PATIENCE);
    expect(twin.serves()).toBe(true);
    await other.sendToUser('ann', { from: 'three' });
    await here.service.sendToUser('ann', { from: 'four' });
    await ann.until(4);
    expect(ann.got).toEqual([{ from: 'one' }, { from: 'two' }, { from: 'three' }, { from: 'four' }]);
  });

  test('comes back where it was after a restart', async () => {
    here = await endpoint();
    await here.stop();
    const again = await here.twin();
    expect(again.connectionString).toBe(here.connectionString);
    expect(again.serves()).toBe(true);
  });
});
