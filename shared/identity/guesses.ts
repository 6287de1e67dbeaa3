/** Guessing secrets is bounded: so many failures a minute per account and per address, however parallel. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../platform/limits.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Platform } from '../platform/scope.ts';

interface UnderWay {
  count: number;
  readonly waiting: (() => void)[];
}

const underWay = new WeakMap<Limits, Map<string, UnderWay>>();

/** Lets an attempt start when, even if all those under way fail, it is still within the budget. */
async function admitted({ limits, config }: Platform, key: string): Promise<() => void> {
  const budget = { limit: config.RATE_FAILURES, windowSeconds: 60 };
  const known = underWay.get(limits) ?? new Map<string, UnderWay>();
  underWay.set(limits, known);
  for (;;) {
    const spent = await limits.peek(key, budget);
    if (!spent.allowed) {
      throw new Refusal('too_many_requests', 'Too many failed attempts; wait before you try again.', {
        retryAfter: spent.resetSeconds,
        spent,
      });
    }
    const now = known.get(key) ?? { count: 0, waiting: [] };
    known.set(key, now);
    if (now.count < spent.remaining) {
      now.count += 1;
      return () => {
        now.count -= 1;
        for (const wake of now.waiting.splice(0)) wake();
        if (now.count === 0) known.delete(key);
      };
    }
    await new Promise<void>((wake) => now.waiting.push(wake));
  }
}

/**
 * Runs an attempt that may turn out to be a wrong guess (undefined), which is counted under every key. Throws
 * `too_many_requests` when a key has used up its minute; right ones never count.
 */
export async function guarded<T>(
  platform: Platform,
  keys: readonly string[],
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const [key, ...rest] = keys;
  if (key === undefined) return attempt();
  const release = await admitted(platform, key);
  try {
    const result = await guarded(platform, rest, attempt);
    if (result === undefined)
      await platform.limits.take(key, { limit: platform.config.RATE_FAILURES, windowSeconds: 60 });
    return result;
  } finally {
    release();
  }
}

/** Answers that must not tell cases apart by their time leave on a grid of this many milliseconds. */
const GRID_MS = 250;

/** Waits for the next point of the grid. `startedAt`: of `performance.now()`. */
export async function alikeInTime(startedAt: number): Promise<void> {
  await sleep(GRID_MS - ((performance.now() - startedAt) % GRID_MS));
}
