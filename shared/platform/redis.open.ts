/** What processes share where there is a Redis (`REDIS_URL`), and each has for itself where there is none. */
import type { Config } from './config.ts';
import type { Probe } from './health.ts';
import { redisLimits } from './limits.redis.ts';
import { type Limits, localLimits } from './limits.ts';
import { secretOf } from './links.ts';
import type { Log } from './log.ts';
import { redisCaches } from './read-cache.redis.ts';
import { type Caches, localCaches } from './read-cache.ts';
import { identityCredentials } from './redis.azure.ts';
import { sealerOf } from './redis.keys.ts';
import { openRedis } from './redis.ts';

interface Shared {
  readonly limits: Limits;
  readonly caches: Caches;
  readonly probes: readonly Probe[];
  close(): Promise<void>;
}

/** `now` in milliseconds since 1970. Nothing is connected before it is needed, and nothing fails without Redis. */
export function openShared(config: Config, log: Log, now: () => number): Shared {
  const own = localLimits(now);
  const { REDIS_URL: address, REDIS_TIMEOUT_MS: patience } = config;
  if (address === undefined) return { limits: own, caches: localCaches(), probes: [], close: async () => {} };
  const url = new URL(address);
  const byIdentity = url.protocol === 'rediss:' && url.password === '';
  const redis = openRedis({
    url: address,
    log,
    patience,
    ...(byIdentity && { credentials: identityCredentials(now) }),
  });
  const sealer = sealerOf(() => secretOf(config));
  return {
    limits: redisLimits({ redis, sealer, own, now }),
    caches: redisCaches(redis, sealer),
    probes: [{ name: 'redis', check: () => redis.ping(), optional: true }],
    close: () => redis.close(),
  };
}
