/** Both keepers of rate counters pass the whole contract: the process, and the real Redis server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisLimits } from '../../shared/platform/limits.redis.ts';
import { localLimits } from '../../shared/platform/limits.ts';
import { sealerOf } from '../../shared/platform/redis.keys.ts';
import { openRedis } from '../../shared/platform/redis.ts';
import { silentLog, testClock } from '../support/platform.ts';
import { describeRedis, keptLog, type RedisServer, reached, startRedis } from '../support/redis.ts';
import { limitsContract } from './limits.contract.ts';

limitsContract('In the process', async () => {
  const clock = testClock();
  const limits = localLimits(clock.time);
  return {
    one: limits,
    other: limits,
    now: clock.time,
    pass: async (milliseconds) => clock.advance(milliseconds),
    async close() {},
  };
});

describeRedis('In Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  limitsContract('Two processes', async () => {
    await server.run('FLUSHALL');
    // Patient, since a machine that is busy with tests is no reason to count for oneself.
    const connections = [1, 2].map(() => openRedis({ url: server.url, log: silentLog, patience: 5000 }));
    const [one, other] = connections.map((redis) =>
      redisLimits({
        redis,
        sealer: sealerOf(async () => 'a secret of thirty-two characters'),
        // Counts nothing: what it would answer is seen at once.
        own: localLimits(() => Number.NaN),
        now: Date.now,
      }),
    );
    if (!one || !other) throw new Error('no limits');
    await Promise.all(connections.map(reached));
    return {
      one,
      other,
      now: Date.now,
      pass: sleep,
      async close() {
        for (const redis of connections) await redis.close();
      },
    };
  });

  test.each([
    ['SET', 'many'],
    ['RPUSH', 'many'],
    ['SET', '9223372036854775807'],
  ] as const)(
    'a counter that %s has made something else of begins anew, and Redis is not away: %s',
    async (command, value) => {
      await server.run('FLUSHALL');
      const log = keptLog();
      const redis = openRedis({ url: server.url, log, patience: 5000 });
      const sealer = sealerOf(async () => 'a secret of thirty-two characters');
      const limits = redisLimits({ redis, sealer, own: localLimits(() => Number.NaN), now: Date.now });
      const budget = { limit: 5, windowSeconds: 60 };
      await reached(redis);
      await limits.take('key', budget);
      const [key = ''] = (await server.run('KEYS', '*')) as string[];
      await server.run('DEL', key);
      await server.run(command, key, value);
      await limits.peek('key', budget);
      expect(await limits.take('key', budget)).toMatchObject({ allowed: true, remaining: 4 });
      expect(await limits.peek('key', budget)).toMatchObject({ allowed: true, remaining: 4 });
      expect(log.warnings).toEqual([]);
      await redis.close();
    },
  );
});
