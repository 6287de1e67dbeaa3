/** Changes of a resource's claims, one after another: the head's etag decides who was first. */
import { afterLostRace } from '../platform/backoff.ts';
import type { Documents } from '../platform/documents.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Write } from '../platform/store.ts';
import { CommitRefused } from '../platform/store.ts';
import { HEAD_ID } from './checked.ts';
import type { Known } from './stored.ts';
import { headOf, headWrite, readClaim } from './stored.ts';

/** What a decision is made on. */
export interface Round {
  readonly documents: Documents;
  /** Undefined for a resource the engine has not met yet. */
  readonly capacity: number | undefined;
  readonly now: string;
  /** Counts from 1. */
  readonly number: number;
  /** The claim that was asked for by id. */
  readonly own: Known | undefined;
}

export interface Outcome<T> {
  readonly result: T;
  /** Committed with the head, at most 99. Nothing to write: nothing is committed. */
  readonly change?: { readonly capacity: number; readonly writes: readonly Write[] };
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

  async function attempt(number: number): Promise<Outcome<T> | undefined> {
    // One look each, side by side: a claim that is newer or older than the head is refused with the batch.
    const [head, own] = await Promise.all([
      documents.read(HEAD_ID),
      claimId === undefined ? undefined : readClaim(documents, claimId),
    ]);
    const capacity = head && headOf(head).capacity;
    const outcome = await decide({ documents, capacity, now: scope.now(), number, own });
    if (!outcome.change) return outcome;
    try {
      await documents.commit([headWrite(head, outcome.change.capacity), ...outcome.change.writes]);
      return outcome;
    } catch (error) {
      if (error instanceof CommitRefused) return undefined;
      throw error;
    }
  }

  return scope.platform.queue.run(`claims/${scope.orgId}/${resource}`, async () => {
    for (let number = 1; number <= ROUNDS; number += 1) {
      const outcome = await attempt(number);
      if (outcome) return outcome.result;
      await afterLostRace(number, LONGEST_WAIT_MS);
    }
    throw new Refusal('unavailable', 'Too many want this at once; try again.', { retryAfter: 1 });
  });
}
