/** Several hosts that share one Redis, over HTTP: what one counts and revokes the others know; and none needs it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAzureParts } from '../../shared/platform/compose.azure.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { apiClient } from '../support/client.ts';
import { startTestHost, type TestHost } from '../support/host.ts';
import { describeRedis, keptLog, type RedisServer, startRedis } from '../support/redis.ts';

const SECRET = { LINK_SECRET: 'a secret of thirty-two characters' };
/** A machine that is busy with tests is no reason to count for oneself. */
const PATIENT = { REDIS_TIMEOUT_MS: '5000' };

let folder: string;
let hosts: TestHost[];
let log: ReturnType<typeof keptLog>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-shared-'));
  hosts = [];
  log = keptLog();
});
afterEach(async () => {
  for (const host of hosts.reverse()) await host.close();
  await rm(folder, { recursive: true, force: true });
});

/** A host on the folder that all of them share, as workers share a database. */
async function start(env: Readonly<Record<string, string>>): Promise<TestHost> {
  const host = await startTestHost({ folder, log, env: { ...SECRET, ...env } });
  hosts.push(host);
  return host;
}
async function redisState({ origin }: TestHost) {
  const { response, data } = await apiClient(origin).GET('/api/health/ready');
  return { status: response.status, state: data?.parts.redis?.state };
}
async function connected(...all: TestHost[]): Promise<void> {
  for (const host of all) {
    await expect.poll(() => redisState(host), { timeout: 10_000 }).toEqual({ status: 200, state: 'up' });
  }
}
const venues = ({ origin }: TestHost, token: string) => apiClient(origin, token).GET('/api/venues');

/** Milliseconds until a host that has just let a session in refuses it, once it is revoked at another. */
async function revokedAt(one: TestHost, other: TestHost, username: string): Promise<number> {
  const [ender, ended] = [await one.signIn(username), await other.signIn(username)];
  for (const host of [one, other]) expect((await venues(host, ended.token)).response.status).toBe(200);
  const { sid } = decodeJwt(ended.token);
  const path = { params: { path: { sessionId: String(sid) } } };
  expect((await ender.api.DELETE('/api/sessions/{sessionId}', path)).response.status).toBe(204);
  const since = performance.now();
  await expect
    .poll(async () => (await venues(other, ended.token)).response.status, { interval: 10, timeout: 6000 })
    .toBe(401);
  return performance.now() - since;
}

describe('Two hosts without Redis', () => {
  test('REQ-SESSION-003 count each for itself, and learn of a revoked session within 5 seconds, not at once', async () => {
    const [one, two] = [await start({ RATE_SIGNED_IN: '20' }), await start({ RATE_SIGNED_IN: '20' })];
    await expect.poll(() => redisState(one), { timeout: 10_000 }).toEqual({ status: 200, state: undefined });
    const { admin } = await one.organization();
    for (let at = 0; at < 20; at += 1) await venues(one, admin.token);
    expect((await venues(one, admin.token)).response.status).toBe(429);
    expect((await venues(two, admin.token)).response.status).toBe(200);
    const [three, four] = [await start({}), await start({})];
    const after = await revokedAt(three, four, admin.username);
    expect(after).toBeGreaterThan(1000);
    expect(after).toBeLessThan(5000);
  });
});

describeRedis('Hosts that share a Redis', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(() => server.stop());

  test('count together: what one has let through, the other counts', async () => {
    const env = { REDIS_URL: server.url, RATE_SIGNED_IN: '20', ...PATIENT };
    const [one, two] = [await start(env), await start(env)];
    await connected(one, two);
    const { admin } = await one.organization();
    const left = async (host: TestHost) => {
      const { response } = await venues(host, admin.token);
      return [response.status, Number(response.headers.get('ratelimit-remaining'))];
    };
    const seen: number[][] = [];
    for (let at = 0; at < 22; at += 1) seen.push(await left(at % 2 === 0 ? one : two));
    expect(seen.map(([, remaining]) => remaining)).toEqual([...Array(20).keys()].reverse().concat(0, 0));
    expect(seen.map(([status]) => status)).toEqual([...Array(20).fill(200), 429, 429]);
    const refused = await venues(two, admin.token);
    expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(log.warnings).toEqual([]);
  });

  test('bound guesses together: failures at one count at the other', async () => {
    const env = { REDIS_URL: server.url, RATE_FAILURES: '5', ...PATIENT };
    const [one, two] = [await start(env), await start(env)];
    await connected(one, two);
    const { username } = (await one.organization()).admin;
    const guess = async ({ origin }: TestHost) => {
      const body = { username, password: 'no password of hers' };
      return (await apiClient(origin).POST('/api/identity/authenticate', { body })).response.status;
    };
    const seen: number[] = [];
    for (let at = 0; at < 7; at += 1) seen.push(await guess(at % 2 === 0 ? one : two));
    expect(seen).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  test('on Azure are workers that count together, and say how Redis is', async () => {
    const config = readConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent', REDIS_URL: server.url, ...SECRET, ...PATIENT });
    const [one, two] = [(await openAzureParts(config, true)).platform, (await openAzureParts(config, true)).platform];
    for (const { probes } of [one, two]) {
      const redis = probes.find(({ name }) => name === 'redis');
      expect(redis?.optional).toBe(true);
      await redis?.check();
    }
    const budget = { limit: 2, windowSeconds: 60 };
    const spent = [await one.limits.take('key', budget), await two.limits.take('key', budget)];
    expect(spent.map(({ remaining }) => remaining)).toEqual([1, 0]);
    for (const { store } of [one, two]) await store.close();
  });

  test('REQ-SESSION-003 refuse a session at once, whichever of them revoked it', async () => {
    const env = { REDIS_URL: server.url, ...PATIENT };
    const [one, two] = [await start(env), await start(env)];
    await connected(one, two);
    const { username } = (await one.organization()).admin;
    expect(await revokedAt(one, two, username)).toBeLessThan(800);
    expect(await revokedAt(two, one, username)).toBeLessThan(800);
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'serve on under load when it goes (%s): no request fails, one warning, and back by themselves',
    async (how) => {
      const host = await start({ REDIS_URL: server.url, REDIS_TIMEOUT_MS: '300' });
      await connected(host);
      const { admin } = await host.organization();
      const statuses = new Map<number, number>();
      let slowest = 0;
      let ended = false;
      const load = Array.from({ length: 8 }, async () => {
        while (!ended) {
          const since = performance.now();
          const { response } = await venues(host, admin.token);
          slowest = Math.max(slowest, performance.now() - since);
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        }
      });
      await sleep(500);
      await server.signal(how);
      await expect.poll(() => redisState(host), { timeout: 10_000 }).toEqual({ status: 200, state: 'degraded' });
      await sleep(3000);
      expect(log.warnings).toHaveLength(1);
      await (how === 'SIGKILL' ? server.restart() : server.signal('SIGCONT'));
      await connected(host);
      await sleep(500);
      ended = true;
      await Promise.all(load);
      expect([...statuses.keys()]).toEqual([200]);
      // One that waited for Redis would have waited for longer.
      expect(slowest).toBeLessThan(3000);
      expect(log.warnings).toEqual([expect.stringMatching(/^redis is away/)]);
      expect(log.told.filter((line) => line === 'redis is back')).toHaveLength(1);
      expect((await server.dump()).some((entry) => /^marquee:\{.*\}:rate:\S+ = [1-9]/.test(entry))).toBe(true);
      process.stdout.write(`${how}: ${statuses.get(200)} requests, the slowest took ${slowest.toFixed(0)} ms\n`);
    },
  );

  test('limit by themselves while it is away, and go on from what they have let through', async () => {
    const host = await start({ REDIS_URL: server.url, RATE_SIGNED_IN: '20', ...PATIENT });
    await connected(host);
    const { admin } = await host.organization();
    for (let at = 0; at < 12; at += 1) expect((await venues(host, admin.token)).response.status).toBe(200);
    await server.signal('SIGKILL');
    const statuses: number[] = [];
    for (let at = 0; at < 10; at += 1) statuses.push((await venues(host, admin.token)).response.status);
    expect(statuses).toEqual([...Array(8).fill(200), 429, 429]);
  });

  test.each([
    ['a wrong password', ({ url }: RedisServer) => url.replace('redis://', 'redis://:wrong@')],
    ['none there at all', () => 'redis://127.0.0.1:1'],
  ])('start and serve with %s', async (_, urlOf) => {
    await server.run('CONFIG', 'SET', 'requirepass', 'right');
    const host = await start({ REDIS_URL: urlOf(server) });
    const { admin } = await host.organization();
    expect((await venues(host, admin.token)).response.status).toBe(200);
    await expect.poll(() => redisState(host), { timeout: 10_000 }).toEqual({ status: 200, state: 'degraded' });
    await sleep(500);
    expect(log.warnings).toEqual([expect.stringMatching(/^redis is away/)]);
  });

  test('nobody can be told from what it holds', async () => {
    const host = await start({ REDIS_URL: server.url, RATE_FAILURES: '5', ...PATIENT });
    await connected(host);
    const { admin, orgId } = await host.organization();
    await venues(host, admin.token);
    const body = { username: 'ada@lovelace.example', password: 'no password of hers' };
    await apiClient(host.origin).POST('/api/identity/authenticate', { body });
    await apiClient(host.origin).POST('/api/identity/forgot-password', { body: { username: admin.username } });
    const dump = (await server.dump()).join('\n');
    expect(dump).toContain(`marquee:{${orgId}}:actor:`);
    expect(dump).toContain(`marquee:{${orgId}}:rate:`);
    expect(dump).toMatch(/marquee:rate:/);
    expect(dump).not.toMatch(/lovelace|@org1|127\.0\.0\.1|The admin|venues:read/);
    expect(dump).not.toContain(admin.userId);
    expect(
      await server.run(
        'EVAL',
        "local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', k) < 0 then n = n + 1 end end return n",
        '0',
      ),
    ).toBe(0);
  });
});
