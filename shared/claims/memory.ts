/**
 * What this process knows of a resource's claims. Every change of them replaces the head, so all of it is true for as
 * long as the head has the etag it was seen under; a commit that is guarded by that etag proves it.
 */
import { LRUCache } from 'lru-cache';
import type { Platform } from '../platform/scope.ts';
import type { Stored, Write } from '../platform/store.ts';
import type { Known } from './stored.ts';
import { knownOf } from './stored.ts';

export interface Remembered {
  readonly head: Stored;
  /** By id, those changed last at the end. */
  readonly claims: ReadonlyMap<string, Known>;
  /** The buckets of which all active claims are known. */
  readonly whole: ReadonlySet<string>;
}

/** Active claims that were looked up, and all the buckets that they were looked up in. */
export interface Seen {
  readonly claims: Map<string, Known>;
  readonly buckets: Set<string>;
}

/** Claims of all resources together; about a kilobyte each. */
const MOST_CLAIMS = 8000;
/** Of a resource with more, only those changed last are kept: mostly a hold is made firm in a moment. */
const MOST_OF_ONE = 150;
const NEWEST = 16;

const remembered = new WeakMap<Platform, LRUCache<string, Remembered>>();

/** The memory of a process, by organization and resource. */
export function memoryOf(platform: Platform): LRUCache<string, Remembered> {
  const known =
    remembered.get(platform) ??
    new LRUCache<string, Remembered>({ maxSize: MOST_CLAIMS, sizeCalculation: ({ claims }) => 1 + claims.size });
  remembered.set(platform, known);
  return known;
}

/** The active claims in any of the buckets, by id; undefined when the file must be asked. */
export function recalled(
  known: Remembered | undefined,
  head: Stored | undefined,
  buckets: readonly string[],
): Known[] | undefined {
  if (!known || known.head.etag !== head?.etag || !buckets.every((bucket) => known.whole.has(bucket))) return undefined;
  const found = [...known.claims.values()].filter(({ days }) => days.some((day) => buckets.includes(day)));
  return found.sort((one, other) => (one.claim.id < other.claim.id ? -1 : 1));
}

/**
 * What is known after a commit of `writes`, of which the first is the head's: what was known before and what was seen on
 * the way, where it belongs to the very head that was replaced, with the changes made.
 */
export function rememberedAfter(
  writes: readonly Write[],
  etags: readonly string[],
  before: Remembered | undefined,
  seen: Seen,
): Remembered {
  const [head, ...changed] = writes.map((write, at): Stored => {
    if (write.op === 'delete') throw new Error('Claims are released, never deleted');
    return { document: write.document, etag: etags[at] ?? '' };
  });
  const [first] = writes;
  if (!head || !first) throw new Error('Claims are changed under their head');
  const still = first.op === 'replace' && first.ifMatch === before?.head.etag ? before : undefined;
  const claims = new Map([...(still?.claims ?? []), ...seen.claims]);
  for (const stored of changed) {
    claims.delete(stored.document.id);
    claims.set(stored.document.id, knownOf(stored));
  }
  if (claims.size > MOST_OF_ONE) return { head, claims: new Map([...claims].slice(-NEWEST)), whole: new Set() };
  return { head, claims, whole: new Set([...(still?.whole ?? []), ...seen.buckets]) };
}
