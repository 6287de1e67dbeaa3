/** What was read a moment ago and may be answered again: remembered by each process (`read-cache.redis.ts` shares it). */
import { LRUCache } from 'lru-cache';
import type * as z from 'zod';

/** What is remembered, and about whom. */
export interface CacheKey {
  readonly orgId: string;
  readonly userId: string;
  readonly id: string;
}
/** One entry, all of a user, or all of an organization. */
export interface Dropped {
  readonly orgId: string;
  readonly userId?: string | undefined;
  readonly id?: string | undefined;
}

export interface ReadCache<V> {
  /**
   * What was loaded less than `freshMs` ago, counted from the beginning of the loading; else loads it, once for all who
   * wait for it. A load that fails fails for them, and is not remembered.
   */
  get(key: CacheKey, load: () => Promise<V>): V | Promise<V>;
  /**
   * To be called once a change is committed: whoever asks this process after it loads anew. Other processes that share
   * the cache are told, and do the same at once; when they cannot be told, `freshMs` is the bound. Never throws.
   */
  drop(what: Dropped): Promise<void>;
}

export interface CacheOptions<V> {
  /** Of all caches that are opened; the same in every process. */
  readonly name: string;
  /** Entries that a process remembers at most. */
  readonly max: number;
  readonly freshMs: number;
  /** From JSON and back. */
  readonly schema: z.ZodType<V>;
}
export interface Caches {
  open<V>(options: CacheOptions<V>): ReadCache<V>;
}

export interface Loaded<V> {
  readonly value: V;
  /** Of `performance.now()`. */
  readonly until: number;
}
interface Entry<V> {
  readonly key: CacheKey;
  loaded: Loaded<V> | undefined;
  loading: Promise<V> | undefined;
}

const nameOf = ({ orgId, userId, id }: CacheKey) => `${orgId}/${userId}/${id}`;

/** What one process remembers, whatever it is loaded from. */
export function memory<V>(max: number) {
  const entries = new LRUCache<string, Entry<V>>({ max });
  return {
    get(key: CacheKey, load: () => Promise<Loaded<V>>): V | Promise<V> {
      const name = nameOf(key);
      let entry = entries.get(name);
      if (!entry) {
        entry = { key, loaded: undefined, loading: undefined };
        entries.set(name, entry);
      }
      if (entry.loaded && performance.now() < entry.loaded.until) return entry.loaded.value;
      entry.loading ??= fill(entry, load);
      return entry.loading;
    },
    /** Everything, when nothing is named. Who waits for a load gets it; whoever comes after has it loaded anew. */
    forget(what?: Dropped): void {
      const { orgId, userId, id } = what ?? {};
      if (orgId === undefined) entries.clear();
      else if (userId !== undefined && id !== undefined) entries.delete(nameOf({ orgId, userId, id }));
      else {
        for (const [name, { key }] of entries.entries()) {
          if (orgId === key.orgId && (userId ?? key.userId) === key.userId) entries.delete(name);
        }
      }
    },
  };
}

async function fill<V>(entry: Entry<V>, load: () => Promise<Loaded<V>>): Promise<V> {
  try {
    entry.loaded = await load();
    return entry.loaded.value;
  } finally {
    entry.loading = undefined;
  }
}

/** Each process by itself. */
export function localCaches(): Caches {
  return {
    open<V>({ max, freshMs }: CacheOptions<V>): ReadCache<V> {
      const remembered = memory<V>(max);
      return {
        get: (key, load) =>
          remembered.get(key, async () => {
            const until = performance.now() + freshMs;
            return { value: await load(), until };
          }),
        async drop(what) {
          remembered.forget(what);
        },
      };
    },
  };
}
