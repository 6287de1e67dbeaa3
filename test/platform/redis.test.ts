/** The connection to Redis: it answers, or says at once that it cannot, and never fails whoever asks. */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../../shared/platform/config.ts';
import { credentialsOf } from '../../shared/platform/redis.azure.ts';
import { openRedis, type Redis, type RedisOptions } from '../../shared/platform/redis.ts';
import { describeRedis, keptLog, type RedisServer, reached, startRedis } from '../support/redis.ts';
import { onFreePort } from '../support/servers.ts';

const AWAY = /^redis is away: this process counts and remembers by itself /;
const pong = (redis: Redis) => redis.ask(['PING'], z.literal('PONG'));

let log: ReturnType<typeof keptLog>;
let opened: Redis[];
beforeEach(() => {
  log = keptLog();
  opened = [];
});
afterEach(async () => {
  for (const redis of opened) await redis.close();
});
function open(url: string, options: Partial<RedisOptions> = {}): Redis {
  const redis = openRedis({ url, log, patience: 200, ...options });
  opened.push(redis);
  return redis;
}
/** Milliseconds that some work takes. */
async function took(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

describe('Where there is no Redis', () => {
  test('nobody waits, one line says so however often one asks, and no secret of the URL is in it', async () => {
    const redis = open('redis://someone:secret-word@127.0.0.1:1');
    for (let at = 0; at < 50; at += 1) {
      expect(await pong(redis)).toBeUndefined();
      await sleep(20);
    }
    expect(log.warnings).toHaveLength(1);
    expect(log.warnings[0]).toMatch(AWAY);
    expect(log.warnings.join()).not.toMatch(/secret-word|someone/);
    await expect(redis.ping()).rejects.toThrow('Redis is away');
  });

  test('one that takes connections and says nothing is given up, and nobody waits for that either', async () => {
    const silent = createServer(() => {});
    const redis = open(`redis://127.0.0.1:${(await onFreePort(silent)).port}`);
    expect(await took(() => pong(redis))).toBeLessThan(50);
    await expect(redis.ping()).rejects.toThrow('Redis is away');
    expect(log.warnings).toEqual([expect.stringMatching(AWAY)]);
    silent.close();
  });

  test('an identity that cannot be had is like no Redis', async () => {
    const redis = open('rediss://127.0.0.1:1', { credentials: () => Promise.reject(new Error('no identity here')) });
    await expect(redis.ping()).rejects.toThrow('Redis is away');
    expect(await pong(redis)).toBeUndefined();
    expect(log.warnings).toEqual([expect.stringContaining('no identity here')]);
  });

  test.each(['http://example.com', 'localhost:6379'])('REDIS_URL=%s is refused', (REDIS_URL) => {
    expect(() => readConfig({ REDIS_URL })).toThrow('REDIS_URL');
  });
});

describeRedis('A Redis', () => {
  let server: RedisServer;
  afterEach(() => server.stop());

  test('is connected to when it is first asked, not before', async () => {
    server = await startRedis();
    const redis = open(server.url);
    await sleep(200);
    expect(String(await server.run('CLIENT', 'LIST')).match(/^id=/gm)).toHaveLength(1);
    expect(await pong(redis)).toBeUndefined();
    await expect.poll(() => pong(redis)).toBe('PONG');
    expect(log.warnings).toEqual([]);
  });

  test('with another password is away, and is back when the password is right', async () => {
    server = await startRedis({ password: 'right' });
    const redis = open(server.url.replace('right', 'wrong'));
    await expect(redis.ping()).rejects.toThrow('Redis is away');
    expect(await pong(redis)).toBeUndefined();
    await sleep(1000);
    expect(log.warnings).toEqual([expect.stringMatching(/WRONGPASS/)]);
    expect(log.warnings.join()).not.toMatch(/:wrong@|right/);
    await server.run('ACL', 'SETUSER', 'default', '>wrong');
    await reached(redis);
    expect(log.told).toEqual(['redis is back']);
  });

  test('that crashes or hangs answers nobody late, is one warning each time, and comes back by itself', async () => {
    server = await startRedis();
    const redis = open(server.url);
    await reached(redis);
    for (const [round, how] of (['SIGKILL', 'SIGSTOP'] as const).entries()) {
      await server.signal(how);
      const times: number[] = [];
      for (let at = 0; at < 40; at += 1) {
        times.push(await took(async () => expect(await pong(redis)).toBeUndefined()));
        await sleep(10);
      }
      // The first to find it hung has waited; the others have not.
      expect(Math.max(...times)).toBeLessThan(1000);
      expect(times.filter((time) => time > 150).length).toBeLessThanOrEqual(4);
      expect(log.warnings).toHaveLength(round + 1);
      await (how === 'SIGKILL' ? server.restart() : server.signal('SIGCONT'));
      await reached(redis);
      expect(await pong(redis)).toBe('PONG');
      expect(log.told).toHaveLength(round + 1);
    }
  });

  test('a process that was itself held up does not take Redis for away', async () => {
    server = await startRedis();
    const redis = open(server.url);
    await reached(redis);
    const asked = pong(redis);
    // Lets the command leave, then keeps the process from reading the reply.
    await new Promise(setImmediate);
    const until = performance.now() + 400;
    while (performance.now() < until);
    expect(await asked).toBe('PONG');
    expect(log.warnings).toEqual([]);
  });

  test('that answers with an error, or what is no answer, counts as away', async () => {
    server = await startRedis();
    const redis = open(server.url);
    await reached(redis);
    expect(await redis.ask(['INCR', 'text', 'too many'], z.number())).toBeUndefined();
    expect(log.warnings).toHaveLength(1);
    await reached(redis);
    expect(await redis.ask(['PING'], z.number())).toBeUndefined();
    expect(log.warnings).toHaveLength(2);
  });

  test('a token is renewed on the standing connection before it ends', async () => {
    server = await startRedis();
    let round = 0;
    const credentials = async () => {
      round += 1;
      await server.run('ACL', 'SETUSER', 'identity', 'reset', 'on', `>token-${round}`, '~*', '&*', '+@all');
      return { username: 'identity', password: `token-${round}`, renewAfter: round < 3 ? 200 : 60_000 };
    };
    const redis = open(server.url, { credentials });
    redis.hear(
      'channel',
      () => {},
      () => {},
    );
    await reached(redis);
    const clientId = () => redis.ask(['CLIENT', 'ID'], z.number());
    const id = await clientId();
    await expect.poll(() => round, { timeout: 5000 }).toBe(3);
    await sleep(100);
    expect(await clientId()).toBe(id);
    expect(await redis.ask(['ACL', 'WHOAMI'], z.string())).toBe('identity');
    expect(String(await server.run('INFO', 'commandstats'))).toMatch(/cmdstat_auth:calls=2,.*failed_calls=0/);
    expect(log.warnings).toEqual([]);
  });
});

describe('The managed identity', () => {
  const at = Date.parse('2026-11-20T09:00:00Z');
  const token = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;

  test('is known to Redis by its object id, and its token is renewed four minutes before the end', () => {
    const oid = '11111111-2222-3333-4444-555555555555';
    const given = { token: token({ oid, name: 'marquee' }), expiresOnTimestamp: at + 3_600_000 };
    expect(credentialsOf(given, at)).toEqual({ username: oid, password: given.token, renewAfter: 3_360_000 });
    expect(credentialsOf({ ...given, expiresOnTimestamp: at + 1000 }, at).renewAfter).toBe(30_000);
  });

  test('without an object id is nobody', () => {
    expect(() => credentialsOf({ token: token({}), expiresOnTimestamp: at }, at)).toThrow('oid');
  });
});
