/** Rate limits: counters per key in fixed windows, in-process by default (`limits.redis.ts` shares them). */
export interface Budget {
  readonly limit: number;
  readonly windowSeconds: number;
}
export interface Spent {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the window starts anew. */
  readonly resetSeconds: number;
  /** The same as seconds since 1970. */
  readonly resetAt: number;
}
/** `orgId`: whose count it is, where it is an organization's; the same key is another one in another organization. */
export interface Limits {
  /** Counts one and answers. */
  take(key: string, budget: Budget, orgId?: string): Spent | Promise<Spent>;
  /** Answers without counting. */
  peek(key: string, budget: Budget, orgId?: string): Spent | Promise<Spent>;
}
interface Window {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** What a window leaves of a budget; undefined: none has begun. */
export function spentOf(window: Window | undefined, budget: Budget, at: number): Spent {
  const count = window?.count ?? 0;
  return {
    allowed: count <= budget.limit,
    limit: budget.limit,
    remaining: Math.max(0, budget.limit - count),
    resetSeconds: window ? Math.max(1, Math.ceil((window.endsAt - at) / 1000)) : budget.windowSeconds,
    resetAt: Math.ceil((window?.endsAt ?? at + budget.windowSeconds * 1000) / 1000),
  };
}

/** Windows held before those that are over are looked for; then again when there are twice as many as were left. */
const SWEEP_AT = 50_000;

/** `now` in milliseconds. */
export function localLimits(now: () => number): Limits {
  const windows = new Map<string, { count: number; readonly endsAt: number }>();
  let sweepAt = SWEEP_AT;

  function sweep(at: number): void {
    for (const [old, { endsAt }] of windows) if (endsAt <= at) windows.delete(old);
    sweepAt = Math.max(SWEEP_AT, 2 * windows.size);
  }

  function live(name: string, at: number) {
    const window = windows.get(name);
    return window && window.endsAt > at ? window : undefined;
  }
  const nameOf = (key: string, orgId: string | undefined) => (orgId === undefined ? key : `${orgId}/${key}`);
  return {
    take(key, budget, orgId) {
      const at = now();
      const name = nameOf(key, orgId);
      let window = live(name, at);
      if (!window) {
        if (windows.size >= sweepAt) sweep(at);
        window = { count: 0, endsAt: at + budget.windowSeconds * 1000 };
        windows.set(name, window);
      }
      window.count += 1;
      return spentOf(window, budget, at);
    },
    peek(key, budget, orgId) {
      const at = now();
      const window = live(nameOf(key, orgId), at);
      const answer = spentOf(window, budget, at);
      return { ...answer, allowed: (window?.count ?? 0) < budget.limit };
    },
  };
}

/** What a client is told of its budget; `x-…-reset` in seconds since 1970. */
export function limitHeaders(spent: Spent): Record<string, string> {
  return {
    'ratelimit-limit': String(spent.limit),
    'ratelimit-remaining': String(spent.remaining),
    'ratelimit-reset': String(spent.resetSeconds),
    'x-ratelimit-limit': String(spent.limit),
    'x-ratelimit-remaining': String(spent.remaining),
    'x-ratelimit-reset': String(spent.resetAt),
  };
}
