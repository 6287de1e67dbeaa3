/** Rate limits over all processes: a counter in Redis for each key and window, with this process's own beside it. */
import * as z from 'zod';
import { type Budget, type Limits, type Spent, spentOf } from './limits.ts';
import { keyIn, LUA, type Sealer } from './redis.keys.ts';
import type { Redis } from './redis.ts';

/** Counts one, and begins a window where there is none. The window's end is Redis's: processes need not agree on the time. */
const TAKE = `${LUA}
local count = oneMore(KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}`;
const PEEK = `${LUA}
return {tonumber(textAt(KEYS[1])) or 0, redis.call('PTTL', KEYS[1])}`;

/** How many so far, and milliseconds to the window's end (negative: there is no window). */
const Counted = z.tuple([z.number(), z.number()]);

interface RedisLimitsOptions {
  readonly redis: Redis;
  readonly sealer: Sealer;
  /** Counts along, and answers while Redis is away: so what a process has let through it still knows. */
  readonly own: Limits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function redisLimits({ redis, sealer, own, now }: RedisLimitsOptions): Limits {
  async function counted(script: string, key: string, budget: Budget, orgId: string | undefined) {
    const name = keyIn(orgId, 'rate', await sealer.name(key));
    return redis.ask(['EVAL', script, '1', name, String(budget.windowSeconds * 1000)], Counted);
  }
  function spent([count, left]: readonly [number, number], budget: Budget): Spent {
    const at = now();
    return spentOf(left < 0 ? undefined : { count, endsAt: at + left }, budget, at);
  }
  return {
    async take(key, budget, orgId) {
      const here = own.take(key, budget, orgId);
      const counts = await counted(TAKE, key, budget, orgId);
      return counts ? spent(counts, budget) : here;
    },
    async peek(key, budget, orgId) {
      const counts = await counted(PEEK, key, budget, orgId);
      if (!counts) return own.peek(key, budget, orgId);
      return { ...spent(counts, budget), allowed: counts[0] < budget.limit };
    },
  };
}
