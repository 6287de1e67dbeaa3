/**
 * What this process knows of a resource's claims. Every change of them replaces the head, so all of it is true for as
 * long as the head has the etag it was seen under; a commit that is guarded by that etag proves it.
 */
import { LRUCache } from 'lru-cache';
import type { Platform } from '../platform/scope.ts';
import type { Stored } from '../platform/store.ts';
import type { ClaimWrite, Known } from './stored.ts';
import { knownOf } from './stored.ts';

type Claims = ReadonlyMap<string, Known>;

export interface Remembered {
  readonly head: Stored;
  /** The claims changed last, by id: mostly a hold is made firm in a moment. */
  readonly newest: Claims;
  /** Buckets with all their active claims by id, those met last at the end. */
  readonly buckets: ReadonlyMap<string, Claims>;
}

/** Entries of all resources together; about a kilobyte each. */
const MOST = 10_000;
const MOST_OF_ONE = 200;
const NEWEST = 16;

const remembered = new WeakMap<Platform, LRUCache<string, Remembered>>();

/** The memory of a process, by organization and resource. */
export function memoryOf(platform: Platform): LRUCache<string, Remembered> {
  const known =
    remembered.get(platform) ??
    new LRUCache<string, Remembered>({
      maxSize: MOST,
      sizeCalculation: (one) => 1 + one.newest.size + sizeOf(one.buckets),
    });
  remembered.set(platform, known);
  return known;
}

/** The active claims in any of the buckets, by id; undefined when the store must be asked. */
export function recalled(
  known: Remembered | undefined,
  head: Stored | undefined,
  buckets: readonly string[],
): Known[] | undefined {
  if (!known || known.head.etag !== head?.etag) return undefined;
  const found = new Map<string, Known>();
  for (const bucket of buckets) {
    const claims = known.buckets.get(bucket);
    if (!claims) return undefined;
    for (const [id, claim] of claims) found.set(id, claim);
  }
  return [...found.values()].sort((one, other) => (one.claim.id < other.claim.id ? -1 : 1));
}

/**
 * What is known after a commit of `writes`, of which the first is the head's: what was known before, where it belongs to
 * the very head that was replaced, and the buckets `seen` on the way, with the changes made.
 */
export function rememberedAfter(
  writes: readonly [ClaimWrite, ...ClaimWrite[]],
  etags: readonly string[],
  before: Remembered | undefined,
  seen: ReadonlyMap<string, Claims>,
): Remembered {
  const [first, ...rest] = writes;
  const head = { document: first.document, etag: etags[0] ?? '' };
  const still = first.op === 'replace' && first.ifMatch === before?.head.etag ? before : undefined;
  const newest = new Map(still?.newest);
  const buckets = new Map(still?.buckets);
  for (const [bucket, claims] of seen) renew(buckets, bucket, claims);
  for (const [at, { document }] of rest.entries()) {
    const known = knownOf({ document, etag: etags[at + 1] ?? '' });
    const { id } = known.claim;
    const earlier = newest.get(id);
    // One that was seen longer ago may stand anywhere.
    file(known, earlier ? new Set([...earlier.days, ...known.days]) : [...buckets.keys()], buckets);
    renew(newest, id, known);
  }
  shorten(newest, () => newest.size > NEWEST);
  shorten(buckets, () => sizeOf(buckets) > MOST_OF_ONE);
  return { head, newest, buckets };
}

/** Of some buckets, puts a changed claim into those it is filed in now, and takes it out of the others. */
function file(known: Known, some: Iterable<string>, buckets: Map<string, Claims>): void {
  const { id } = known.claim;
  for (const bucket of some) {
    const claims = buckets.get(bucket);
    const filed = known.days.includes(bucket);
    if (!claims || (!filed && !claims.has(id))) continue;
    const changed = new Map(claims);
    if (filed) changed.set(id, known);
    else changed.delete(id);
    buckets.set(bucket, changed);
  }
}

function renew<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
}

/** Takes out what was met longest ago while there is too much. */
function shorten(map: Map<string, unknown>, tooMuch: () => boolean): void {
  for (const key of map.keys()) {
    if (!tooMuch()) return;
    map.delete(key);
  }
}

function sizeOf(buckets: ReadonlyMap<string, Claims>): number {
  let size = 0;
  for (const claims of buckets.values()) size += 1 + claims.size;
  return size;
}
