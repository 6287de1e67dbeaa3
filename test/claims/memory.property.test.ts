/** What processes know of a resource's claims is what the store says, whatever happened (chapter 05, docs/adr/0005). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { memoryOf } from '../../shared/claims/memory.ts';
import type { Claims } from '../../shared/claims/model.ts';
import type { Known } from '../../shared/claims/stored.ts';
import { claimsFiled, readClaim } from '../../shared/claims/stored.ts';
import { HOUR, later, MINUTE } from '../../shared/platform/clock.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store } from '../../shared/platform/store.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';
import { testPlatform, testScope } from '../support/platform.ts';
import { fresh, hours, request, sweep } from './support.ts';

const RESOURCE = 'item:chairs';

/** Short ones about the turn of a month, some that touch nine days and more, some of months. */
const window: fc.Arbitrary<Window> = fc
  .tuple(
    fc.integer({ min: 28 * 24, max: 36 * 24 }),
    fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.constantFrom(200, 300, 1000, 3000)),
  )
  .map(([from, length]) => hours(from, from + length));
const windows = fc.array(window, { minLength: 1, maxLength: 3 });
const which = fc.nat(30);

type Act = (claims: Claims, ids: string[], platform: Platform) => Promise<unknown>;
const id = (ids: readonly string[], at: number) => ids.at(-1 - (at % Math.max(1, ids.length))) ?? 'none';

const claiming = fc
  .record({ windows, hold: fc.boolean(), lasting: fc.boolean(), group: fc.boolean(), again: fc.boolean(), which })
  .map(({ windows, hold, lasting, group, again, which }): Act => {
    return (claims, ids, { clock }) => {
      const made = again ? id(ids, which) : fresh();
      ids.push(made);
      const some = {
        ...(hold ? ({ mode: 'held', expiresAt: later(clock.now(), 90 * MINUTE) } as const) : {}),
        ...(group ? { group: { id: 'g', capacity: 9 } } : lasting ? { lasting } : {}),
      };
      return claims.claim(request({ id: made, resource: RESOURCE, capacity: 9, windows, ...some }));
    };
  });
const changing = fc
  .tuple(fc.constantFrom('firm', 'release', 'release', 'extend', 'keepOn', 'move', 'move'), which, windows)
  .map(([what, at, windows]): Act => {
    return (claims, ids, { clock }) => {
      const one = id(ids, at);
      if (what === 'extend') return claims.extend(RESOURCE, one, later(clock.now(), 3 * HOUR));
      if (what !== 'move') return claims[what](RESOURCE, one);
      return claims.move(RESOURCE, one, { windows, use: windows[0] ?? hours(0, 1), quantity: 1 });
    };
  });
const capacity = fc.integer({ min: 2, max: 9 }).map(
  (to): Act =>
    (claims) =>
      claims.setCapacity(RESOURCE, to),
);
const sweeping = fc.constant<Act>((_, __, platform) => sweep(platform));
const step = fc.record({
  act: fc.oneof(
    { weight: 6, arbitrary: claiming },
    { weight: 6, arbitrary: changing },
    { weight: 1, arbitrary: capacity },
    { weight: 1, arbitrary: sweeping },
  ),
  by: fc.nat(1),
  org: fc.nat(1),
  /** Whether it waits for what was begun before it, and how many minutes pass then. */
  wait: fc.option(fc.constantFrom(0, 1, 45, 100), { freq: 3 }),
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'lost request', 'lost reply'),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A store whose next commit is lost, or done without an answer, when it is told so. */
function lossy(store: Store) {
  const next: Step['fault'][] = [];
  const commit: Store['commit'] = async (...args) => {
    const fault = next.shift() ?? 'none';
    if (fault === 'lost request') throw new StoreUnavailable('No answer');
    const etags = await store.commit(...args);
    if (fault === 'lost reply') throw new StoreUnavailable('No answer');
    return etags;
  };
  return { store: { ...store, commit }, next };
}

const plain = (known: Iterable<readonly [string, Known]>) => Object.fromEntries(known);

test('buckets and claims that are remembered under the head as it is are those of the store (property)', async () => {
  const platform = await testPlatform();
  const processes = [platform, platform.twin()].map((one) => {
    const { store, next } = lossy(one.store);
    return { process: { ...one, store, clock: platform.clock } satisfies Platform, next };
  });
  let compared = 0;
  let run = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        run += 1;
        const orgs = [`one-${run}`, `two-${run}`];
        const ids: string[][] = [[], []];
        let begun: Promise<unknown>[] = [];
        for (const { act, by, org, wait, fault } of steps) {
          const { process, next } = processes[by] ?? { process: platform, next: [] as Step['fault'][] };
          if (fault !== 'none') next.push(fault);
          const work = act(claimsOf(testScope(process, orgs[org] ?? '')), ids[org] ?? [], process);
          begun.push(
            work.catch((error) => {
              if (!(error instanceof Refusal || error instanceof StoreUnavailable)) throw error;
            }),
          );
          if (wait === null) continue;
          await Promise.all(begun);
          begun = [];
          platform.clock.advance(wait * MINUTE);
          for (const { process } of processes) await compare(process, orgs);
        }
        await Promise.all(begun);
        for (const { process } of processes) await compare(process, orgs);
      }),
      { numRuns: 40 },
    );
    expect(compared).toBeGreaterThan(1000);
  } finally {
    await platform.close();
  }

  async function compare(process: Platform, orgs: readonly string[]): Promise<void> {
    for (const org of orgs) {
      const known = memoryOf(process).get(`claims/${org}/${RESOURCE}`);
      const documents = testScope(platform, org).documents('claims', RESOURCE);
      if (!known || (await documents.read('head'))?.etag !== known.head.etag) continue;
      for (const [bucket, claims] of known.buckets) {
        const stored = await claimsFiled(documents, [bucket]);
        expect(plain(claims)).toEqual(plain(stored.map((one) => [one.claim.id, one])));
        compared += claims.size;
      }
      for (const [id, one] of known.newest) expect(one).toEqual(await readClaim(documents, id));
    }
  }
});
