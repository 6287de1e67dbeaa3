/** Changes of a resource's claims, one after another: the head's etag decides who was first. */
import { LRUCache } from 'lru-cache';
import { afterLostRace } from '../platform/backoff.ts';
import type { Documents } from '../platform/documents.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Platform, Scope } from '../platform/scope.ts';
import type { Stored, Write } from '../platform/store.ts';
import { CommitRefused } from '../platform/store.ts';
import { HEAD_ID } from './checked.ts';
import type { Limits } from './model.ts';
import type { Known } from './stored.ts';
import { headOf, headWrite, knownOf, readClaim } from './stored.ts';

/** What a decision is made on. */
export interface Round {
  readonly documents: Documents;
  /** Undefined for a resource the engine has not met yet. */
  readonly capacity: number | undefined;
  readonly limits: Limits;
  readonly now: string;
  /** Counts from 1. */
  readonly number: number;
  /** The claim that was asked for by id. */
  readonly own: Known | undefined;
}

export interface Outcome<T> {
  readonly result: T;
  /** Committed with the head, at most 99. Nothing to write: nothing is committed. Limits left out stay. */
  readonly change?: { readonly capacity: number; readonly limits?: Limits; readonly writes: readonly Write[] };
}

/** What this process committed last of a resource: still so while the head's etag stands, so it is tried without reading. */
interface Remembered {
  readonly head: Stored;
  /** Its newest claims: mostly a hold is made firm in a moment. */
  readonly claims: ReadonlyMap<string, Known>;
}
const MOST_RESOURCES = 500;
const MOST_CLAIMS = 16;
const remembered = new WeakMap<Platform, LRUCache<string, Remembered>>();

function rememberedIn({ platform }: Scope): LRUCache<string, Remembered> {
  const known = remembered.get(platform) ?? new LRUCache<string, Remembered>({ max: MOST_RESOURCES });
  remembered.set(platform, known);
  return known;
}

/** Enough for hundreds of processes that change one resource at the same time. */
const ROUNDS = 60;
const LONGEST_WAIT_MS = 500;

/**
 * Reads the head (and a claim, where its id is given), decides, commits with the head replaced under its etag; when someone else was first, all of it again.
 * Changes of one resource queue up inside this process. Throws `unavailable` after 60 lost rounds (some 13 seconds).
 */
export function underHead<T>(
  scope: Scope,
  resource: string,
  decide: (round: Round) => Promise<Outcome<T>>,
  claimId?: string,
): Promise<T> {
  const documents = scope.documents('claims', resource);
  const memory = rememberedIn(scope);
  const key = `claims/${scope.orgId}/${resource}`;

  async function attempt(number: number, known?: Remembered): Promise<Outcome<T> | undefined> {
    // One look each, side by side: a claim that is newer or older than the head is refused with the batch.
    const [head, own] = known
      ? [known.head, known.claims.get(claimId ?? '')]
      : await Promise.all([documents.read(HEAD_ID), claimId === undefined ? undefined : readClaim(documents, claimId)]);
    const { capacity, ...limits } = head ? headOf(head) : { capacity: undefined, cuts: [] };
    const outcome = await decide({ documents, capacity, limits, now: scope.now(), number, own });
    const { change } = outcome;
    if (!change) return outcome;
    const writes = [headWrite(head, change.capacity, change.limits ?? limits), ...change.writes];
    try {
      const etags = await documents.commit(writes);
      memory.set(key, rememberedOf(writes, etags, memory.get(key)));
      return outcome;
    } catch (error) {
      if (!(error instanceof CommitRefused)) throw error;
      memory.delete(key);
      return undefined;
    }
  }

  /** Makes firm, in one round trip, what this process has just claimed. Only a change proves that nothing else has. */
  async function atOnce(): Promise<Outcome<T> | undefined> {
    const known = memory.get(key);
    if (claimId === undefined || !known?.claims.has(claimId)) return undefined;
    try {
      const outcome = await attempt(1, known);
      return outcome?.change && outcome;
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  return scope.platform.queue.run(key, async () => {
    const done = await atOnce();
    if (done) return done.result;
    for (let number = 1; number <= ROUNDS; number += 1) {
      const outcome = await attempt(number);
      if (outcome) return outcome.result;
      await afterLostRace(number, LONGEST_WAIT_MS);
    }
    throw new Refusal('unavailable', 'Too many want this at once; try again.', { retryAfter: 1 });
  });
}

/** What is known after a commit: of earlier claims, those that stand under the very head that it replaced. */
function rememberedOf(writes: readonly Write[], etags: readonly string[], before: Remembered | undefined): Remembered {
  const [head, ...changed] = writes.map((write, at): Stored | undefined =>
    write.op === 'delete' ? undefined : { document: write.document, etag: etags[at] ?? '' },
  );
  const [first] = writes;
  if (!head || !first) throw new Error('A resource is changed under its head');
  const claims = new Map(first.op === 'replace' && first.ifMatch === before?.head.etag ? before?.claims : []);
  for (const stored of changed) {
    if (!stored) continue;
    claims.delete(stored.document.id);
    claims.set(stored.document.id, knownOf(stored));
  }
  for (const id of [...claims.keys()].slice(0, -MOST_CLAIMS)) claims.delete(id);
  return { head, claims };
}
