/**
 * Taking resources for something that lives in another partition: every taking is a hold of its own, which the owner's
 * commit decides on (ADR 0004).
 */
import { later, MINUTE } from '../platform/clock.ts';
import { isRefusal, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { claimsOf } from './engine.ts';
import type { ClaimRequest, Clash, Resource } from './model.ts';

/** How long something stays taken when a crash leaves nobody to decide. */
const HOLD = 15 * MINUTE;

/** A claim as its owner's state names it. */
export interface ClaimRef {
  readonly resource: Resource;
  readonly claimId: string;
}
interface TakenClaim extends ClaimRef {
  /** What an override went over. */
  readonly over: readonly Clash[];
}

/** What is asked for; id, mode and the end of the hold come with the taking. */
export type Wanted = Omit<ClaimRequest, 'id' | 'mode' | 'expiresAt' | 'besideOwn'>;

/** Holds what is wanted; throws `conflict`. Asked once more for the same, it answers with the hold that is there. */
export type TakeClaim = (wanted: Wanted) => Promise<TakenClaim>;

export interface Outcome<T> {
  readonly result: T;
  /** The claims that the committed owners name. */
  readonly kept: readonly ClaimRef[];
  /** The claims they gave up with this. */
  readonly released: readonly ClaimRef[];
}

/**
 * Runs a command that may take resources. What it took and did not commit is given back; what it committed is made
 * firm, and what it gave up is freed. After a failure that leaves open whether the commit happened nothing is given
 * back: the hold runs out by itself, or the settling reaction makes it firm. `about` goes into the log.
 */
export async function taking<T>(
  scope: Scope,
  about: Readonly<Record<string, string>>,
  work: (take: TakeClaim) => Promise<Outcome<T>>,
): Promise<T> {
  const taken = new Map<string, TakenClaim>();
  const take: TakeClaim = async (wanted) => {
    const { override: _, ...demand } = wanted;
    const key = JSON.stringify(demand);
    // Deciding once more, after a lost race, for the same: it is held already.
    const held = taken.get(key);
    if (held) return held;
    const { over, claim } = await claimsOf(scope).claim({
      id: freshId(scope),
      ...wanted,
      mode: 'held',
      expiresAt: later(scope.now(), HOLD),
      besideOwn: true,
    });
    const made = { resource: wanted.resource, claimId: claim.id, over };
    taken.set(key, made);
    return made;
  };
  let outcome: Outcome<T>;
  try {
    outcome = await work(take);
  } catch (error) {
    if (error instanceof Refusal) await giveBack(scope, about, taken.values());
    throw error;
  }
  const { kept, released, result } = outcome;
  try {
    const names = new Set(kept.map(({ claimId }) => claimId));
    const mine = [...taken.values()].filter(({ claimId }) => names.has(claimId));
    const unused = [...taken.values()].filter(({ claimId }) => !names.has(claimId));
    await Promise.all([...unused, ...released].map((ref) => free(scope, ref)));
    await Promise.all(mine.map(({ resource, claimId }) => claimsOf(scope).firm(resource, claimId)));
  } catch (error) {
    // The owners are committed and say which claims are their own; the settling reaction sees to the rest.
    scope.platform.log.warn(
      { ...about, correlationId: scope.correlationId, err: error },
      'a claim is left to the settling reaction',
    );
  }
  return result;
}

/**
 * The same again in a retry of a request, which finds its own hold. A reaction that is told twice may want something
 * else by then, so its holds are new each time; what a crash left of the first runs out.
 */
function freshId(scope: Scope): string {
  return scope.reaction ? scope.platform.ids.next() : scope.newId();
}

/** What cannot be given back now runs out by itself. */
async function giveBack(scope: Scope, about: object, taken: Iterable<ClaimRef>): Promise<void> {
  try {
    for (const ref of taken) await free(scope, ref);
  } catch (error) {
    scope.platform.log.warn({ ...about, correlationId: scope.correlationId, err: error }, 'a hold is left to run out');
  }
}

/** Harmless when done again, at any time: claim ids are never used twice. */
export async function free(scope: Scope, { resource, claimId }: ClaimRef): Promise<void> {
  await claimsOf(scope).release(resource, claimId);
}

interface Settling {
  /** Whether the owner still names the claim, asked anew every time. */
  readonly named: () => Promise<boolean>;
  /** Takes it over others: they and this owner were promised the same. */
  readonly takeBack: () => Promise<void>;
}

/** Makes what a fact says was taken firm while its owner still names it, and frees it when not. */
export async function settleTaken(scope: Scope, taken: ClaimRef, { named, takeBack }: Settling): Promise<void> {
  const [isNamed, claim] = await Promise.all([named(), claimsOf(scope).get(taken.resource, taken.claimId)]);
  if (!isNamed) return free(scope, taken);
  // As almost always: whoever committed the owner made it so.
  if (claim?.state === 'active' && claim.mode === 'firm') return;
  try {
    await claimsOf(scope).firm(taken.resource, taken.claimId);
  } catch (error) {
    if (!isRefusal(error, 'conflict', 'not_found')) throw error;
    // Given up in this very moment by a later fact, which frees it; or lost in an outage longer than the hold.
    if (await named()) await takeBack();
  }
}
