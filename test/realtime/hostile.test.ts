/** What the local endpoint does with those who mean it ill, or do not keep up. */
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RELIABLE } from '../../infra/local/web-pubsub-frames.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { type Bare, bare, declined, type Endpoint, endpoint, keyOf, listening, PATIENCE } from './support.ts';

let here: Endpoint;
afterEach(() => here.close());

interface Forged {
  readonly key?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expires?: number;
}

async function forged({ key = keyOf(here), audience = '', expires = 60 }: Forged = {}): Promise<string> {
  const token = new SignJWT({ 'webpubsub.group': ['crew'] }).setProtectedHeader({ alg: 'HS256' }).setSubject('ann');
  return token
    .setAudience(audience)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expires)
    .sign(new TextEncoder().encode(key));
}

/** `http://127.0.0.1:…` */
const originOf = async () => new URL((await here.url()).replace('ws:', 'http:')).origin;
const clientUrl = (origin: string, token: string) =>
  `${origin.replace('http:', 'ws:')}/client/hubs/notifications?access_token=${token}`;

describe('a client is let in by a token that is good, for this hub, and not over', () => {
  test('and by no other', async () => {
    here = await endpoint();
    const origin = await originOf();
    const audience = `${origin}/client/hubs/notifications`;
    const tries: [string, number][] = [
      [await forged({ audience, key: 'a key of somebody else' }), 401],
      [await forged({ audience, expires: -1 }), 401],
      [await forged({ audience: `${origin}/client/hubs/other` }), 401],
      [await forged({ audience: 'https://elsewhere.webpubsub.azure.com/client/hubs/notifications' }), 401],
      [`${(await forged({ audience })).split('.').slice(0, 2).join('.')}.`, 401],
      ['rubbish', 401],
      ['', 401],
    ];
    for (const [token, status] of tries) expect(await declined(clientUrl(origin, token))).toBe(status);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ aud: audience, exp: 9e9 })).toString('base64url')}.`;
    expect(await declined(clientUrl(origin, none))).toBe(401);
    const good = clientUrl(origin, await forged({ audience }));
    expect((await bare(good)).frames).toMatchObject([{ event: 'connected', userId: 'ann' }]);
    expect(await declined(good, ['mqtt'])).toBe(400);
    expect(await declined(good.replace('/hubs/', '/rooms/'))).toBe(404);
  });

  test('who is not admitted stays out, whatever the token says', async () => {
    here = await endpoint({ admit: async ({ userId }) => userId === 'bob' });
    expect(await declined(await here.url({ userId: 'ann' }))).toBe(401);
    expect((await bare(await here.url({ userId: 'bob' }))).frames).toHaveLength(1);
  });

  test('of whom it cannot be told yet is sent away with 503, and let in when it can be', async () => {
    let whole = false;
    here = await endpoint({
      async admit() {
        if (!whole) throw new Refusal('unavailable', 'The system is still being started.');
        return true;
      },
    });
    const url = await here.url({ userId: 'ann' });
    expect(await declined(url)).toBe(503);
    whole = true;
    expect((await bare(url)).frames).toMatchObject([{ event: 'connected' }]);
  });

  test('a user has so many connections and no more', async () => {
    here = await endpoint({ limits: { connectionsPerUser: 2, connections: 3 } });
    const [ann, bob] = [await here.url({ userId: 'ann' }), await here.url({ userId: 'bob' })];
    const first = await bare(ann);
    await bare(ann);
    expect(await declined(ann)).toBe(429);
    await bare(bob);
    expect(await declined(bob)).toBe(429);
    first.socket.close();
    await first.closed;
    await vi.waitUntil(async () => (await bare(ann).catch(() => undefined)) !== undefined, PATIENCE);
  });
});

test('REST answers to the key alone, and each token is for one address', async () => {
  here = await endpoint();
  const origin = await originOf();
  const path = '/api/hubs/notifications/:send?api-version=2024-12-01';
  const sent = async (token?: string, to = path) => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    return (await fetch(`${origin}${to}`, { method: 'POST', headers, body: '{}' })).status;
  };
  const audience = `${origin}${path}`;
  expect(await sent()).toBe(401);
  expect(await sent(await forged({ audience, key: 'another' }))).toBe(401);
  expect(await sent(await forged({ audience, expires: -1 }))).toBe(401);
  expect(await sent(await forged({ audience: `${origin}/api/hubs/notifications/:closeConnections` }))).toBe(401);
  // What a client was given opens nothing here.
  expect(await sent(new URL(await here.url()).searchParams.get('access_token') ?? '')).toBe(401);
  expect(await sent(await forged({ audience }))).toBe(202);
  const bare = `${origin}/api/hubs/notifications/:send`;
  expect(await sent(await forged({ audience: bare }), '/api/hubs/notifications/:send')).toBe(400);
  expect((await fetch(`${origin}/api/health`, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${origin}/anything`)).status).toBe(404);
});

describe('what is no frame ends the connection that sent it, and no other', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  test.each<[string, (bad: Bare) => void, number | undefined]>([
    ['text that is not JSON', ({ socket }) => socket.send('hello'), 1008],
    ['JSON that is nothing', ({ socket }) => socket.send('null'), 1008],
    ['a type nobody knows', (bad) => bad.send({ type: 'launch' }), 1008],
    ['a group without a name', (bad) => bad.send({ type: 'joinGroup', group: '' }), 1008],
    [
      'bytes that are none',
      (bad) => bad.send({ type: 'sendToGroup', group: 'a', dataType: 'binary', data: '%' }),
      1008,
    ],
    ['nesting without an end', ({ socket }) => socket.send(deep), 1008],
    ['a binary frame', ({ socket }) => socket.send(Buffer.from('{"type":"ping"}')), 1008],
    [
      'an event, which nobody handles',
      (bad) => bad.send({ type: 'event', event: 'go', dataType: 'text', data: '' }),
      1008,
    ],
    ['1 MB and a byte', ({ socket }) => socket.send('x'.repeat(1024 * 1024 + 1)), 1009],
  ])('%s', async (_, send, code) => {
    here = await endpoint();
    const good = await listening(await here.url({ userId: 'bob' }));
    for (const protocol of [undefined, RELIABLE]) {
      const bad = await bare(await here.url({ userId: 'ann' }), protocol);
      send(bad);
      expect((await bad.closed).code).toBe(code);
      await vi.waitUntil(async () => !(await here.service.userExists('ann')), PATIENCE);
    }
    await here.service.sendToAll({ still: 'here' });
    await good.until(1);
    good.client.stop();
  });

  test('bytes that are no WebSocket, and connections that never ask', async () => {
    here = await endpoint();
    const { port } = new URL(await originOf());
    const mute = connect(Number(port), '127.0.0.1');
    const noisy = connect(Number(port), '127.0.0.1');
    for (const socket of [mute, noisy]) socket.on('error', () => {});
    noisy.write(Buffer.from([0x81, 0xfe, 0xff, 0xff, 0, 1, 2, 3]));
    const bad = await bare(await here.url({ userId: 'ann' }), RELIABLE);
    // A frame that is not masked, past the library's own care.
    (bad.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
      Buffer.from([0x81, 0x05, 1, 2, 3, 4, 5]),
    );
    await bad.closed;
    await vi.waitUntil(async () => !(await here.service.userExists('ann')), PATIENCE);
    mute.destroy();
    noisy.destroy();
  });

  test('a ping is answered, a frame with fields nobody knows is taken', async () => {
    here = await endpoint();
    const one = await bare(await here.url());
    one.send({ type: 'ping', more: true });
    await vi.waitUntil(() => one.frames.length > 1, PATIENCE);
    expect(one.frames[1]).toEqual({ type: 'pong' });
  });
});

describe('who does not keep up is dropped, and holds up nobody', () => {
  test.each([undefined, RELIABLE])('a socket that is not read (%s)', async (protocol) => {
    here = await endpoint({ limits: { buffered: 256 * 1024, farewell: 100 } });
    const slow = await bare(await here.url({ userId: 'ann' }), protocol);
    const good = await listening(await here.url({ userId: 'bob' }));
    slow.socket.pause();
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 200; n += 1) {
      await here.service.sendToAll({ n, text });
      if (!(await here.service.userExists('ann'))) break;
      // The reader acknowledges once a second; nobody here is to be slow but the one.
      await (good.client as unknown as { _trySendSequenceAck(): Promise<void> })._trySendSequenceAck();
      await good.until(n + 1);
    }
    expect(await here.service.userExists('ann')).toBe(false);
    expect(await here.service.userExists('bob')).toBe(true);
    expect(good.got.map((message) => (message as { n: number }).n)).toEqual(good.got.map((_, n) => n));
    slow.socket.resume();
    await slow.closed;
    good.client.stop();
  });

  test('a reliable client that acknowledges nothing', async () => {
    here = await endpoint({ limits: { unacknowledged: 5 } });
    const [deaf, good] = [await bare(await here.url(), RELIABLE), await bare(await here.url(), RELIABLE)];
    for (let n = 1; n <= 10; n += 1) {
      await here.service.sendToAll({ n });
      good.send({ type: 'sequenceAck', sequenceId: n });
      await vi.waitUntil(() => good.frames.length > n, PATIENCE);
    }
    expect(await deaf.closed).toEqual({ code: 1008, reason: 'SlowClient' });
    expect(good.frames.filter(({ type }) => type === 'message')).toHaveLength(10);
  });

  test('one that does not answer a ping is taken for dead', async () => {
    here = await endpoint({ limits: { heartbeat: 50 } });
    const [dead, live] = [await bare(await here.url({ userId: 'ann' })), await bare(await here.url({ userId: 'bob' }))];
    dead.socket.pause();
    await vi.waitUntil(async () => !(await here.service.userExists('ann')), PATIENCE);
    expect(await here.service.userExists('bob')).toBe(true);
    expect(live.socket.readyState).toBe(live.socket.OPEN);
    dead.socket.terminate();
  });
});
