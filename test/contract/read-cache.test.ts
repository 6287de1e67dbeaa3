/** Both read caches pass the whole contract: each process by itself, and shared through the real Redis server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { redisCaches } from '../../shared/platform/read-cache.redis.ts';
import { localCaches, type ReadCache } from '../../shared/platform/read-cache.ts';
import { sealerOf } from '../../shared/platform/redis.keys.ts';
import { openRedis, type Redis } from '../../shared/platform/redis.ts';
import { silentLog } from '../support/platform.ts';
import { describeRedis, type RedisServer, reached, startRedis } from '../support/redis.ts';
import {
  cacheContract,
  FRESH_MS,
  held,
  key,
  ORG,
  options,
  type Person,
  person,
  source,
} from './read-cache.contract.ts';

const SECRET = 'a secret of thirty-two characters';

cacheContract('In the process', async () => ({ caches: localCaches(), close: async () => {} }));

describeRedis('Through Redis', () => {
  let server: RedisServer;
  const connections: Redis[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => server.run('FLUSHALL'));
  afterEach(async () => {
    for (const redis of connections.splice(0)) await redis.close();
  });

  function connect(): Redis {
    // Patient, since a machine that is busy with tests is no reason to read for oneself.
    const redis = openRedis({ url: server.url, log: silentLog, patience: 5000 });
    connections.push(redis);
    return redis;
  }
  async function process(secret = SECRET): Promise<ReadCache<Person>> {
    const redis = connect();
    const cache = redisCaches(
      redis,
      sealerOf(async () => secret),
    ).open(options);
    await reached(redis);
    return cache;
  }
  /** What was kept is there for the next one to find. */
  const kept = (count: number) => expect.poll(async () => (await server.dump()).length).toBe(count);

  cacheContract('One process', async () => {
    const redis = connect();
    await reached(redis);
    return {
      caches: redisCaches(
        redis,
        sealerOf(async () => SECRET),
      ),
      close: async () => {},
    };
  });

  test('what one process has read, another need not', async () => {
    const [one, other] = [await process(), await process()];
    await one.get(key('1'), source(person('Ada')).load);
    await kept(1);
    const { load, reads } = source(person('nobody'));
    expect(await other.get(key('1'), load)).toEqual(person('Ada'));
    expect(reads()).toBe(0);
  });

  test('and never for longer than from the beginning of the reading', async () => {
    const [one, other] = [await process(), await process()];
    const slow = held();
    const first = one.get(key('1'), slow.load);
    await slow.begun;
    await sleep(FRESH_MS - 600);
    slow.end(person('Ada'));
    await first;
    await kept(1);
    expect(await other.get(key('1'), source(null).load)).toEqual(person('Ada'));
    await sleep(700);
    expect(await other.get(key('1'), source(null).load)).toBe(null);
    expect(await server.dump()).toHaveLength(1);
  });

  test('what one drops, all drop at once', async () => {
    const [one, other, third] = [await process(), await process(), await process()];
    const ada = source(person('Ada'));
    for (const cache of [one, other, third]) await cache.get(key('1'), ada.load);
    ada.become(null);
    await one.drop({ orgId: ORG, userId: 'ada', id: '1' });
    const since = performance.now();
    for (const cache of [one, other, third]) {
      await expect.poll(() => cache.get(key('1'), ada.load), { interval: 5 }).toBe(null);
    }
    expect(performance.now() - since).toBeLessThan(FRESH_MS / 3);
  });

  test('what another began to read before a drop is not kept for anybody', async () => {
    const [one, other, third] = [await process(), await process(), await process()];
    const slow = held();
    const first = other.get(key('1'), slow.load);
    await slow.begun;
    await one.drop({ orgId: ORG });
    slow.end(person('Ada'));
    expect(await first).toEqual(person('Ada'));
    await sleep(50);
    expect(await third.get(key('1'), source(null).load)).toBe(null);
  });

  test('what is kept late, after Redis hung, is not kept', async () => {
    const [one, other] = [await process(), await process()];
    const slow = held();
    const first = one.get(key('1'), slow.load);
    await slow.begun;
    await server.signal('SIGSTOP');
    slow.end(person('Ada'));
    await first;
    await sleep(FRESH_MS + 100);
    await server.signal('SIGCONT');
    await sleep(50);
    expect(await server.dump()).toEqual([]);
    expect(await other.get(key('1'), source(null).load)).toBe(null);
  });

  test('nobody can be told from what Redis holds', async () => {
    const cache = await process();
    await cache.get(key('ada-session', 'ada@example.com'), source(person('Ada Lovelace')).load);
    await kept(1);
    await cache.drop({ orgId: ORG, userId: 'ada@example.com' });
    const dump = (await server.dump()).join('\n');
    expect(dump).toContain(`marquee:{${ORG}}:person:`);
    expect(dump).not.toMatch(/ada@|ada-session|lovelace|events:read/i);
  });

  test('nor can anybody be given rights through it: not made up, not moved, not under another secret', async () => {
    const one = await process();
    await one.get(key('admin'), source(person('The admin')).load);
    await one.get(key('viewer', 'bob'), source(person('A viewer')).load);
    await kept(2);
    const names = (await server.run('KEYS', '*')) as string[];
    const values = (await Promise.all(names.map((name) => server.run('GET', name)))).map(String);
    // Each gets the other's, whole as it was.
    for (const [at, name] of names.entries()) await server.run('SET', name, values[1 - at] ?? '', 'KEEPTTL');
    const other = await process();
    expect(await other.get(key('viewer', 'bob'), source(null).load)).toBe(null);
    const made = Buffer.from(JSON.stringify(person('Mallory'))).toString('base64url');
    for (const name of names) await server.run('SET', name, `0.0 ${made}`, 'KEEPTTL');
    expect(await (await process()).get(key('admin'), source(null).load)).toBe(null);
    await server.run('FLUSHALL');
    await (await process('another secret of many characters')).get(key('admin'), source(person('Mallory')).load);
    await kept(1);
    expect(await (await process()).get(key('admin'), source(null).load)).toBe(null);
  });

  test('what somebody else keeps under the names of ours is read anew, and drops are heard all the same', async () => {
    const one = await process();
    await one.get(key('1'), source(person('Ada')).load);
    await kept(1);
    await one.drop({ orgId: ORG, userId: 'ada' });
    await one.drop({ orgId: ORG });
    const names = (await server.run('KEYS', '*')) as string[];
    expect(names).toHaveLength(3);
    for (const name of names) {
      await server.run('DEL', name);
      await server.run('RPUSH', name, 'what is this');
    }
    const [other, third] = [await process(), await process()];
    expect(await other.get(key('1'), source(person('Ada')).load)).toEqual(person('Ada'));
    const { load, reads } = source(person('nobody'));
    await expect.poll(() => server.run('TYPE', names.find((name) => !name.includes('drops')) ?? '')).toBe('string');
    expect(await third.get(key('1'), load)).toEqual(person('Ada'));
    expect(reads()).toBe(0);
    await one.drop({ orgId: ORG, userId: 'ada' });
    await expect.poll(() => third.get(key('1'), source(null).load), { interval: 5, timeout: FRESH_MS / 3 }).toBe(null);
  });

  test('a connection that was lost may have missed drops: all is read anew when it is back', async () => {
    const [one, other] = [await process(), await process()];
    const ada = source(person('Ada'));
    for (const cache of [one, other]) await cache.get(key('1'), ada.load);
    ada.become(null);
    const [, lost] = connections;
    const ids = [...String(await server.run('CLIENT', 'LIST', 'TYPE', 'pubsub')).matchAll(/^id=(\d+)/gm)];
    await server.run('CLIENT', 'KILL', 'ID', ids.at(-1)?.[1] ?? '');
    await one.drop({ orgId: ORG, userId: 'ada' });
    if (lost) await reached(lost);
    expect(await other.get(key('1'), ada.load)).toBe(null);
  });
});
