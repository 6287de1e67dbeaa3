/** Real time from sign-in to socket: who gets what, and when a socket ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { endedSockets } from '../../functions/timers/ended-sockets.ts';
import { addUser } from '../../shared/identity/accounts.ts';
import { openRealtime } from '../../shared/platform/realtime.azure.ts';
import type { RealtimeMessage } from '../../shared/platform/realtime.ts';
import { runTick } from '../../shared/platform/run-timer.ts';
import { callerOf } from '../support/callers.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { declined, type Endpoint, endpoint, type Listener, listening, PATIENCE } from './support.ts';

let host: TestHost;
let org: TestOrganization;
let other: TestOrganization;
const listeners: Listener[] = [];
beforeAll(async () => {
  host = await startTestHost();
  [org, other] = [await host.organization(), await host.organization()];
}, 60_000);
afterEach(() => {
  for (const { client } of listeners.splice(0)) client.stop();
});
afterAll(() => host.close());

async function urlFor({ token }: Pick<TestUser, 'token'>, origin = host.origin): Promise<string> {
  const { status, body } = await callerOf(origin, token).post('realtime/negotiate');
  expect(status).toBe(200);
  return body.url;
}

const quickly = { reconnectRetryOptions: { retryDelayInMs: 100 } };
async function connected(user: Pick<TestUser, 'token'>): Promise<Listener> {
  const listener = await listening(() => urlFor(user), quickly);
  listeners.push(listener);
  return listener;
}

const sessionOf = ({ token }: Pick<TestUser, 'token'>): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid;
const notification = (n: number) => ({ type: 'notification', data: { n } });

describe('REQ-NTF-010 POST /realtime/negotiate', () => {
  test('answers with an address that lets in for minutes, by the header or by ?access_token= (REQ-AUTH-004)', async () => {
    const { token } = await org.as('viewer');
    const since = Date.now();
    for (const [query, headers] of [
      ['', { authorization: `Bearer ${token}` }],
      [`?access_token=${token}`, {}],
    ] as const) {
      const response = await fetch(`${host.origin}/api/realtime/negotiate${query}`, { method: 'POST', headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-store');
      const { url, expiresAt } = (await response.json()) as { url: string; expiresAt: string };
      expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/client\/hubs\/notifications\?access_token=/);
      const minutes = (Date.parse(expiresAt) - since) / 60_000;
      expect(minutes).toBeGreaterThan(4);
      expect(minutes).toBeLessThan(6);
    }
    expect((await fetch(`${host.origin}/api/realtime/negotiate`, { method: 'POST' })).status).toBe(401);
  });

  test('gives a client its own messages and its organization’s, and no right to send', async () => {
    const [viewer, manager, stranger] = [await org.as('viewer'), await org.as('manager'), other.admin];
    const [one, two, third] = [await connected(viewer), await connected(manager), await connected(stranger)];
    const { realtime } = host.platform;
    await realtime.send(org.orgId, viewer.userId, notification(1));
    await realtime.send(org.orgId, manager.userId, notification(2));
    // The ids of users are unique within an organization only, as far as this knows.
    await realtime.send(other.orgId, viewer.userId, notification(3));
    await realtime.sendToOrganization(org.orgId, notification(4));
    await realtime.sendToOrganization(other.orgId, notification(5));
    await Promise.all([one.until(2), two.until(2), third.until(1)]);
    expect([one.got, two.got, third.got]).toEqual([
      [notification(1), notification(4)],
      [notification(2), notification(4)],
      [notification(5)],
    ]);
    const retry = { messageRetryOptions: { maxRetries: 0 } };
    const bad = await listening(await urlFor(viewer), retry);
    listeners.push(bad);
    for (const group of [`org.${org.orgId}`, `user.${org.orgId}.${viewer.userId}`, 'everybody']) {
      const forbidden = { errorDetail: { name: 'Forbidden' } };
      await expect(bad.client.sendToGroup(group, {}, 'json')).rejects.toMatchObject(forbidden);
      await expect(bad.client.joinGroup(group)).rejects.toMatchObject(forbidden);
    }
    await expect(bad.client.joinGroup(`user.${other.orgId}.${stranger.userId}`)).rejects.toThrow();
  });

  test('a message reaches every socket of its user, and nobody is no error', async () => {
    const viewer = await org.as('viewer');
    const again = await host.signIn(viewer.username);
    const [one, two] = [await connected(viewer), await connected(again)];
    await host.platform.realtime.send(org.orgId, viewer.userId, notification(1));
    await host.platform.realtime.send(org.orgId, 'nobody', notification(2));
    await Promise.all([one.until(1), two.until(1)]);
  });

  test('messages to a user arrive in the order they were sent in, however long each takes', async () => {
    const viewer = await org.as('viewer');
    const socket = await connected(viewer);
    // A long one takes longer on its way than the short one sent right after it.
    const messages = Array.from({ length: 10 }, (_, n) => ({
      type: 'notification',
      data: { n, text: 'x'.repeat(n % 2 === 0 ? 300_000 : 1) },
    }));
    await Promise.all(messages.map((message) => host.platform.realtime.send(org.orgId, viewer.userId, message)));
    await socket.until(messages.length);
    expect(socket.got.map((message) => (message as (typeof messages)[0]).data.n)).toEqual(messages.map((_, n) => n));
  });
});

describe('REQ-NTF-010 a socket ends with its session, within 5 s', () => {
  /** Milliseconds until the socket is closed; fails after five seconds. */
  async function closedAfter(listener: Listener, ending: () => Promise<unknown>): Promise<number> {
    const since = performance.now();
    await ending();
    await vi.waitUntil(() => listener.lost.length > 0, { timeout: 5000, interval: 5 });
    expect(listener.lost[0]).toBe('The session has ended');
    return performance.now() - since;
  }

  /** A fresh session of a user nobody else in this file needs, and another of the same. */
  let count = 0;
  async function twoSessions() {
    count += 1;
    const username = `person${count}@ends.example`;
    const input = { username, displayName: 'Somebody', roles: ['viewer'], password: PASSWORD };
    const userId = await addUser(testScope(host.platform, org.orgId), input);
    const [mine, others] = [await host.signIn(username), await host.signIn(username)];
    return { userId, username, mine, others, socket: await connected(mine), otherSocket: await connected(others) };
  }

  test('when it is revoked, and it does not come back by the address it has', async () => {
    const { mine, others, otherSocket, userId } = await twoSessions();
    const url = await urlFor(mine);
    const socket = await listening(url, quickly);
    listeners.push(socket);
    const revoked = () => callerOf(host.origin, others.token).delete(`sessions/${sessionOf(mine)}`);
    expect(await closedAfter(socket, revoked)).toBeLessThan(5000);
    expect(await declined(url)).toBe(401);
    await host.platform.realtime.send(org.orgId, userId, notification(1));
    await otherSocket.until(1);
    expect(otherSocket.lost).toEqual([]);
    expect(socket.got).toEqual([]);
  });

  test('when its user signs out', async () => {
    const { mine, socket, otherSocket } = await twoSessions();
    await closedAfter(socket, () => callerOf(host.origin, mine.token).post('identity/sign-out'));
    expect(otherSocket.lost).toEqual([]);
  });

  test('when its user ends all others, or changes the password: the others', async () => {
    const first = await twoSessions();
    await closedAfter(first.otherSocket, () => callerOf(host.origin, first.mine.token).delete('sessions'));
    expect(first.socket.lost).toEqual([]);
    const second = await twoSessions();
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} anew` };
    await closedAfter(second.otherSocket, () =>
      callerOf(host.origin, second.mine.token).put('identity/password', body),
    );
    await host.settled();
    expect(second.socket.lost).toEqual([]);
  });

  test('when its user is suspended: all', async () => {
    const { userId, socket, otherSocket } = await twoSessions();
    await closedAfter(socket, () => callerOf(host.origin, org.admin.token).post(`users/${userId}/suspend`));
    await vi.waitUntil(() => otherSocket.lost.length > 0, PATIENCE);
  });

  test('when it has run out, at the sweep of that minute', async () => {
    const { mine, socket } = await twoSessions();
    const tick = () => runTick(host.platform, endedSockets, host.clock.now());
    expect(await tick()).toBe('done');
    expect(socket.lost).toEqual([]);
    const before = host.clock.now();
    host.clock.advance(8 * 24 * 3_600_000);
    try {
      await closedAfter(socket, tick);
      expect((await callerOf(host.origin, mine.token).get('users/me')).status).toBe(401);
    } finally {
      host.clock.set(before);
    }
  });

  test('twin: without the reaction it stays open', async () => {
    const { mine, others, socket } = await twoSessions();
    const { realtime } = host.platform;
    const closing = vi.spyOn(realtime, 'closeSession').mockResolvedValue();
    await callerOf(host.origin, others.token).delete(`sessions/${sessionOf(mine)}`);
    await host.settled();
    expect(closing).toHaveBeenCalledTimes(1);
    expect(socket.lost).toEqual([]);
    closing.mockRestore();
    await closedAfter(socket, () => runTick(host.platform, endedSockets, host.clock.now()));
  });
});

describe('REQ-NTF-010 200 clients', () => {
  const CLIENTS = 200;
  const BURST = 3;
  const PACED = 400;
  /** A send every so many milliseconds. */
  const INTERVAL = 10;
  let service: Endpoint;
  beforeAll(async () => {
    service = await endpoint();
  });
  afterAll(() => service.close());

  test('get their own messages only, in order, within 200 ms at p95 when 100 a second are sent', async () => {
    const realtime = openRealtime(service);
    const people = Array.from({ length: CLIENTS }, (_, n) => `person${n}`);
    const sockets = await Promise.all(
      people.map(async (userId) => {
        const { url } = await realtime.negotiate({ orgId: 'org', userId, sessionId: userId });
        const listener = await listening(url);
        listeners.push(listener);
        return listener;
      }),
    );
    const sent: { readonly message: RealtimeMessage; readonly at: number }[][] = people.map(() => []);
    const send = (n: number) => {
      const [own, userId] = [sent[n] ?? [], people[n] ?? ''];
      const message = { type: 'notification', data: { userId, sequence: own.length } };
      own.push({ message, at: performance.now() });
      return realtime.send('org', userId, message);
    };
    // All at once, and several to each without waiting for the first.
    await Promise.all(Array.from({ length: BURST * CLIENTS }, (_, n) => send(n % CLIENTS)));
    const since = performance.now();
    const sending: Promise<void>[] = [];
    for (let n = 0; n < PACED; n += 1) {
      await sleep(Math.max(0, since + n * INTERVAL - performance.now()));
      sending.push(send((n * 7) % CLIENTS));
    }
    await Promise.all(sending);
    const latencies: number[] = [];
    for (const [n, socket] of sockets.entries()) {
      const own = sent[n] ?? [];
      await socket.until(own.length);
      expect(socket.got).toEqual(own.map(({ message }) => message));
      for (let m = BURST; m < own.length; m += 1) latencies.push((socket.times[m] ?? 0) - (own[m]?.at ?? 0));
    }
    expect(latencies).toHaveLength(PACED);
    latencies.sort((a, b) => a - b);
    const [p50, p95] = [0.5, 0.95].map((share) => latencies[Math.floor(PACED * share)] ?? 0);
    process.stdout.write(
      `Send to socket, 200 sockets, 100 a second: p50 ${p50?.toFixed(1)} ms, p95 ${p95?.toFixed(1)} ms\n`,
    );
    // The bench holds it to 100 ms; here other tests run beside it.
    expect(p95).toBeLessThan(1000);
  }, 120_000);
});
