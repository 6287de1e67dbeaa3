/**
 * What processes have read, shared through Redis: one that has just read something saves the others the reading, and one
 * that has changed it tells them. Redis is believed for `freshMs` at most, by its own clock, so that the oldest thing
 * anybody is told is no older than without it.
 */
import * as z from 'zod';
import { type CacheKey, type CacheOptions, type Caches, memory, type ReadCache } from './read-cache.ts';
import { keyIn, LUA, type Sealer } from './redis.keys.ts';
import type { Redis } from './redis.ts';

/** How often the organization's and the user's things have been dropped of late. What was loaded before is void after. */
const STAMP = `${LUA}
local stamp = (textAt(KEYS[2]) or '0') .. '.' .. (textAt(KEYS[3]) or '0')
local head = stamp .. ' '
`;
const READ = `${STAMP}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = textAt(KEYS[1])
if kept and string.sub(kept, 1, #head) == head then
  return {stamp, now, redis.call('PTTL', KEYS[1]), string.sub(kept, #head + 1)}
end
return {stamp, now}`;
/** Until a time of Redis's own, however late the command comes; not when something was dropped since the reading. */
const KEEP = `${STAMP}
if stamp == ARGV[1] then redis.call('SET', KEYS[1], head .. ARGV[3], 'PXAT', ARGV[2]) end
return stamp`;
const DROP = `${LUA}
oneMore(KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('PUBLISH', ARGV[2], ARGV[3])`;

const Found = z.union([z.tuple([z.string(), z.number(), z.number(), z.string()]), z.tuple([z.string(), z.number()])]);
const Dropping = z.object({ orgId: z.string(), userId: z.string().optional(), id: z.string().optional() });

/** Drops are remembered longer than anything loaded before them could be kept. */
const DROPS_FOR = 10;

export function redisCaches(redis: Redis, sealer: Sealer): Caches {
  return { open: (options) => sharedCache(redis, sealer, options) };
}

function sharedCache<V>(redis: Redis, sealer: Sealer, options: CacheOptions<V>): ReadCache<V> {
  const { name, max, freshMs, schema } = options;
  const channel = keyIn(undefined, name, 'dropped');
  const remembered = memory<V>(max);

  async function dropsOf(orgId: string, userId: string | undefined): Promise<string> {
    return keyIn(orgId, name, 'drops', ...(userId === undefined ? [] : [await sealer.name(userId)]));
  }

  async function opened(sealed: string, key: string): Promise<{ readonly value: V } | undefined> {
    const text = await sealer.unseal(sealed, key);
    // Another version of ours may have kept it in another shape.
    const parsed = text === undefined ? undefined : schema.safeParse(parsedJson(text));
    return parsed?.success ? { value: parsed.data } : undefined;
  }

  async function load({ orgId, userId, id }: CacheKey, work: () => Promise<V>) {
    const began = performance.now();
    const key = keyIn(orgId, name, await sealer.name(`${userId}/${id}`));
    const keys = ['3', key, await dropsOf(orgId, undefined), await dropsOf(orgId, userId)];
    const found = await redis.ask(['EVAL', READ, ...keys], Found);
    const [stamp, now, left, sealed] = found ?? [];
    const known = sealed === undefined ? undefined : await opened(sealed, key);
    if (known && left !== undefined) return { value: known.value, until: began + Math.min(left, freshMs) };
    const until = performance.now() + freshMs;
    const value = await work();
    if (stamp !== undefined && now !== undefined) {
      const hidden = await sealer.seal(JSON.stringify(z.encode(schema, value)), key);
      // Nobody waits for it: it is for the next process that asks.
      void redis.ask(['EVAL', KEEP, ...keys, stamp, String(now + freshMs), hidden], z.string());
    }
    return { value, until };
  }

  function heard(message: string): void {
    const what = Dropping.safeParse(parsedJson(message));
    // What cannot be read is no reason to go on with what may be void.
    remembered.forget(what.data);
  }

  redis.hear(channel, heard, () => remembered.forget());
  return {
    get: (key, work) => remembered.get(key, () => load(key, work)),
    async drop(what) {
      remembered.forget(what);
      const drops = await dropsOf(what.orgId, what.userId);
      const told = ['EVAL', DROP, '1', drops, String(DROPS_FOR * freshMs), channel, JSON.stringify(what)];
      await redis.ask(told, z.number());
    },
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
