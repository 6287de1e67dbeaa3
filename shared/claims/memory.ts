/**
 * What this process knows of a resource's claims. Every change of them replaces the head, so all of it is true for as
 * long as the head has the etag it was seen under; a commit that is guarded by that etag proves it.
 */
import { LRUCache } from 'lru-cache';
import type { Platform } from '../platform/scope.ts';
import type { Stored } from '../platform/store.ts';
import type { ClaimWrite, Known } from './stored.ts';
import { knownOf } from './stored.ts';

type Claims = Map<string, Known>;

export interface Remembered {
  readonly head: Stored;
  /** The claims changed last, by id: mostly a hold is made firm in a moment. */
  readonly newest: Claims;
  /** Buckets with all their active claims by id, those met last at the end. */
  readonly buckets: Map<string, Claims>;
  /** How many buckets there are, and claims in them, together. */
  readonly size: number;
}

/** Entries of all resources together; about a kilobyte each. */
const MOST = 4000;
const MOST_OF_ONE = 200;
const NEWEST = 16;

const remembered = new WeakMap<Platform, LRUCache<string, Remembered>>();

/** The memory of a process, by organization and resource. */
export function memoryOf(platform: Platform): LRUCache<string, Remembered> {
  const known =
    remembered.get(platform) ??
    new LRUCache<string, Remembered>({
      maxSize: MOST,
      sizeCalculation: ({ newest, size }) => 1 + newest.size + size,
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
 * the very head that was replaced, and the buckets `seen` on the way, with the changes made. The maps of `before` and of
 * `seen` are changed and go on into it: neither is to be used afterwards.
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
  const newest: Claims = still?.newest ?? new Map();
  const buckets: Map<string, Claims> = still?.buckets ?? new Map();
  for (const [bucket, claims] of seen) renew(buckets, bucket, claims);
  for (const [at, { op, document }] of rest.entries()) {
    const known = knownOf({ document, etag: etags[at + 1] ?? '' });
    const earlier = op === 'create' ? [] : newest.get(known.claim.id)?.days;
    // A new one stands nowhere yet, one that was seen longer ago may stand anywhere.
    file(known, earlier ? new Set([...earlier, ...known.days]) : buckets.keys(), buckets);
    renew(newest, known.claim.id, known);
  }
  shorten(newest, NEWEST, newest.size, () => 1);
  const size = shorten(buckets, MOST_OF_ONE, sizeOf(buckets), (claims) => 1 + claims.size);
  return { head, newest, buckets, size };
}

/** Of some buckets, puts a changed claim into those it is filed in now, and takes it out of the others. */
function file(known: Known, some: Iterable<string>, buckets: ReadonlyMap<string, Claims>): void {
  const { id } = known.claim;
  for (const bucket of some) {
    if (known.days.includes(bucket)) buckets.get(bucket)?.set(id, known);
    else buckets.get(bucket)?.delete(id);
  }
}

function renew<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
}

/** Takes out what was met longest ago while the whole is larger than `most`; returns the size that is left. */
function shorten<T>(map: Map<string, T>, most: number, whole: number, sizeOfOne: (value: T) => number): number {
  let size = whole;
  for (const [key, value] of map) {
    if (size <= most) break;
    size -= sizeOfOne(value);
    map.delete(key);
  }
  return size;
}

function sizeOf(buckets: ReadonlyMap<string, Claims>): number {
  let size = 0;
  for (const claims of buckets.values()) size += 1 + claims.size;
  return size;
}
