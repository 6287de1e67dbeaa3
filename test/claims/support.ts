/** What the tests of the conflict engine share: requests, many engines on one store, and what came of them. */
import { claimsOf } from '../../shared/claims/engine.ts';
import type { Claim, ClaimRequest, Claims, Clash, Resource } from '../../shared/claims/model.ts';
import { sweepExpiredHolds } from '../../shared/claims/sweep.ts';
import { HOUR, instantOf } from '../../shared/platform/clock.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store } from '../../shared/platform/store.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testScope } from '../support/platform.ts';

const run = `${process.pid.toString(36)}${Math.random().toString(36).slice(2, 8)}`;
let organizations = 0;

/** The organization of the engines that follow. Never one of another test, though they share an account. */
export let ORG = `org-${run}`;
export function moveToNewOrganization(): void {
  organizations += 1;
  ORG = `org-${run}-${organizations}`;
}
export const HALL: Resource = 'venue:hall';

let made = 0;
/** A fresh id, as good as a UUID here. */
export function fresh(prefix = 'claim'): string {
  made += 1;
  return `${prefix}-${made}`;
}

/** Hours of 2026-12-01, UTC: `hours(9, 10.5)`; beyond 24 the days go on. */
export function hours(from: number, to: number): Window {
  return { start: hour(from), end: hour(to) };
}
export function hour(at: number): string {
  return instantOf(Date.UTC(2026, 11, 1) + at * HOUR);
}

type Some = Partial<Omit<ClaimRequest, 'windows'>> & { readonly windows?: Window | readonly Window[] };

/** A firm claim on the hall by an event of its own, unless told otherwise. */
export function request(some: Some = {}): ClaimRequest {
  const windows = some.windows === undefined ? [hours(9, 17)] : [some.windows].flat();
  const starts = windows.map(({ start }) => start).sort();
  const ends = windows.map(({ end }) => end).sort();
  return {
    id: fresh(),
    resource: HALL,
    quantity: 1,
    use: { start: starts[0] ?? hour(9), end: ends.at(-1) ?? hour(17) },
    owner: { type: 'event', id: fresh('event') },
    mode: 'firm',
    capacity: 1,
    ...some,
    windows,
  };
}

export function held(expiresAt: string, some: Some = {}): ClaimRequest {
  return request({ ...some, mode: 'held', expiresAt });
}

/** The engine as one process sees it. */
export function engine(platform: Platform, orgId = ORG): Claims {
  return claimsOf(testScope(platform, orgId));
}

/**
 * Engines that share nothing but the file: each with a queue of its own, every other one through a second connection.
 * `through` is what each process's store is wrapped in.
 */
export function engines(platform: TestPlatform, count: number, through = (store: Store) => store): Claims[] {
  const other = platform.twin();
  return Array.from({ length: count }, (_, at) => {
    const { store } = at % 2 === 0 ? platform : other;
    return engine({ ...platform, store: through(store), queue: keyedQueue() });
  });
}

/** A process that stalls before its first commit, its decision made, until something is through. */
export function waiting(store: Store, until: () => Promise<unknown>): Store {
  let stalled = false;
  return {
    ...store,
    async commit(container, partition, writes) {
      if (!stalled) {
        stalled = true;
        await until();
      }
      return store.commit(container, partition, writes);
    },
  };
}

export interface Tally {
  reads: number;
  queries: number;
  commits: number;
  /** Documents that queries answered with. */
  answered: number;
}

/** A store that counts its round trips. */
export function counted(store: Store): { readonly store: Store; readonly tally: Tally } {
  const tally: Tally = { reads: 0, queries: 0, commits: 0, answered: 0 };
  return {
    tally,
    store: {
      ...store,
      read(container, partition, id) {
        tally.reads += 1;
        return store.read(container, partition, id);
      },
      async query(container, partition, query) {
        tally.queries += 1;
        const page = await store.query(container, partition, query);
        tally.answered += page.items.length;
        return page;
      },
      commit(container, partition, writes) {
        tally.commits += 1;
        return store.commit(container, partition, writes);
      },
    },
  };
}

/** What came of things done side by side. Only refusals are expected; anything else is thrown. */
export async function settled<T>(
  work: readonly Promise<T>[],
): Promise<{ readonly done: readonly T[]; readonly refused: readonly Refusal[] }> {
  const outcomes = await Promise.allSettled(work);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  for (const reason of refused) if (!(reason instanceof Refusal)) throw reason;
  return { done: outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])), refused };
}

/** The refusal that a promise is rejected with; fails the test when it is not one. */
export async function refusal(work: Promise<unknown>): Promise<Refusal> {
  const { refused } = await settled([work]);
  const [first] = refused;
  if (!first) throw new Error('It was not refused');
  return first;
}

/** The clashes of a refused claim. */
export async function clashes(work: Promise<unknown>): Promise<readonly Clash[]> {
  const refused = await refusal(work);
  if (refused.code !== 'conflict') throw new Error(`Refused as ${refused.code}`);
  return refused.extra.conflicts as Clash[];
}

/** The most units that claims take at any instant, reckoned the slow way: at every start. */
export function peak(claims: readonly Pick<Claim, 'windows' | 'quantity'>[]): number {
  const instants = claims.flatMap(({ windows }) => windows.map(({ start }) => start));
  const at = (instant: string) =>
    claims
      .filter(({ windows }) => windows.some(({ start, end }) => start <= instant && instant < end))
      .reduce((sum, { quantity }) => sum + quantity, 0);
  return Math.max(0, ...instants.map(at));
}

/** One run of the timer that sweeps expired holds; how many it released. */
export function sweep(platform: Platform): Promise<number> {
  const scope = testScope(platform, '');
  return sweepExpiredHolds(scope, (orgId) => scope.inOrganization(orgId));
}
