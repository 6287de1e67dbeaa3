/** Changes of a resource's claims, one after another: the head's etag decides who was first. */
import { afterLostRace } from '../platform/backoff.ts';
import type { Documents } from '../platform/documents.ts';
import type { Window } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused } from '../platform/store.ts';
import { bucketsAsked } from './buckets.ts';
import { HEAD_ID } from './checked.ts';
import { memoryOf, type Remembered, recalled, rememberedAfter } from './memory.ts';
import type { Limits } from './model.ts';
import type { ClaimWrite, Known } from './stored.ts';
import { claimsFiled, headOf, headWrite, readClaim } from './stored.ts';

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
  /** The active claims that may overlap the windows (`claimsNear`), from memory where the head is as it was then. */
  near(windows: readonly Window[]): Promise<readonly Known[]>;
}

export interface Outcome<T> {
  readonly result: T;
  /** Committed with the head, at most 99. Nothing to write: nothing is committed. Limits left out stay. */
  readonly change?: { readonly capacity: number; readonly limits?: Limits; readonly writes: readonly ClaimWrite[] };
}

/** Enough for hundreds of processes that change one resource at the same time. */
const ROUNDS = 60;
const LONGEST_WAIT_MS = 500;

/**
 * Reads the head (and a claim, where its id is given), decides, commits with the head replaced under its etag; when
 * someone else was first, all of it again. A claim that this process changed last is first tried without reading.
 * Changes of one resource queue up inside this process. Throws `unavailable` after 60 lost rounds (some 13 seconds).
 */
export function underHead<T>(
  scope: Scope,
  resource: string,
  decide: (round: Round) => Promise<Outcome<T>>,
  claimId?: string,
): Promise<T> {
  const documents = scope.documents('claims', resource);
  const memory = memoryOf(scope.platform);
  const key = `claims/${scope.orgId}/${resource}`;

  async function attempt(number: number, known?: Remembered): Promise<Outcome<T> | undefined> {
    // One look each, side by side: a claim that is newer or older than the head is refused with the batch.
    const [head, own] = known
      ? [known.head, known.newest.get(claimId ?? '')]
      : await Promise.all([documents.read(HEAD_ID), claimId === undefined ? undefined : readClaim(documents, claimId)]);
    const { capacity, ...limits } = head ? headOf(head) : { capacity: undefined, cuts: [] };
    const seen = new Map<string, Map<string, Known>>();
    const near = async (windows: readonly Window[]): Promise<readonly Known[]> => {
      const buckets = bucketsAsked(resource, windows);
      const there = recalled(memory.get(key), head, buckets);
      if (there) return there;
      const found = await claimsFiled(documents, buckets);
      for (const bucket of buckets) {
        const filed = found.filter(({ days }) => days.includes(bucket));
        seen.set(bucket, new Map(filed.map((one) => [one.claim.id, one])));
      }
      return found;
    };
    const outcome = await decide({ documents, capacity, limits, now: scope.now(), number, own, near });
    const { change } = outcome;
    if (!change) return outcome;
    const writes: [ClaimWrite, ...ClaimWrite[]] = [
      headWrite(head, change.capacity, change.limits ?? limits),
      ...change.writes,
    ];
    try {
      const etags = await documents.commit(writes);
      memory.set(key, rememberedAfter(writes, etags, memory.get(key), seen));
      return outcome;
    } catch (error) {
      if (!(error instanceof CommitRefused)) throw error;
      memory.delete(key);
      return undefined;
    }
  }

  /** Changes, in one round trip, a claim that this process knows. Only a commit proves that it is still as it was. */
  async function atOnce(): Promise<Outcome<T> | undefined> {
    const known = memory.get(key);
    if (claimId === undefined || !known?.newest.has(claimId)) return undefined;
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
