/**
 * At most one winner per unit under any concurrency (spec chapter 05). The engines share nothing but the file: each has
 * a queue of its own, half of them a second connection; so only the head's etag decides. Each proof has a twin whose
 * guard is off, and which must show the fault that the guard prevents.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claim, Claims, Resource } from '../../shared/claims/model.ts';
import type { Store } from '../../shared/platform/store.ts';
import { unguarded } from '../support/faults.ts';
import type { TestPlatform } from '../support/platform.ts';
import { engine, engines, HALL, hours, moveToNewOrganization, peak, request, settled, waiting } from './support.ts';

/** All of it, on the stores of the platforms that `open` makes. */
export function concurrencySuite(open: () => Promise<TestPlatform>): void {
  let platform: TestPlatform;
  beforeEach(async () => {
    moveToNewOrganization();
    platform = await open();
  });
  afterEach(() => platform.close());

  const guarded = (store: Store) => store;
  const CHAIRS: Resource = 'item:chairs';
  const day = hours(0, 24);

  async function taken(resource: Resource): Promise<Pick<Claim, 'windows' | 'quantity'>[]> {
    const busy = await engine(platform).busy(resource, hours(0, 100 * 24));
    return busy.map(({ window, quantity }) => ({ windows: [window], quantity }));
  }

  /** The resource is met already, so that the head is there for all to see. */
  async function meet(resource: Resource, capacity: number): Promise<void> {
    await engine(platform).setCapacity(resource, capacity);
  }

  describe('200 parallel claims on one window', () => {
    async function run(through: (store: Store) => Store) {
      const outcome = await settled(engines(platform, 200, through).map((one) => one.claim(request())));
      return { winners: outcome.done.length, refused: outcome.refused, taken: await taken(HALL) };
    }

    test.each([
      ['of a resource met before', true],
      ['of a resource that no one has met', false],
    ])('%s: exactly 1 wins, and 199 are told who has it', async (_, met) => {
      if (met) await meet(HALL, 1);
      const { winners, refused, taken } = await run(guarded);
      expect(winners).toBe(1);
      expect(taken).toHaveLength(1);
      expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['conflict']));
      for (const { extra } of refused) expect(extra).toMatchObject({ conflicts: [{ owner: { type: 'event' } }] });
    });

    test.each([
      ['met before', true],
      ['not met', false],
    ])('twin with the guard off, resource %s: several win', async (_, met) => {
      if (met) await meet(HALL, 1);
      const { winners, taken } = await run(unguarded);
      expect(winners).toBeGreaterThan(1);
      expect(peak(taken)).toBeGreaterThan(1);
    });
  });

  describe('200 parallel claims of 3 units out of 50', () => {
    async function run(through: (store: Store) => Store) {
      await meet(CHAIRS, 50);
      const three = () => request({ resource: CHAIRS, quantity: 3, capacity: 50 });
      const { done } = await settled(engines(platform, 200, through).map((one) => one.claim(three())));
      return { winners: done.length, peak: peak(await taken(CHAIRS)) };
    }

    test('exactly 16 win, 48 units are taken', async () => {
      expect(await run(guarded)).toEqual({ winners: 16, peak: 48 });
    });

    test('twin with the guard off: more units are taken than there are', async () => {
      expect((await run(unguarded)).peak).toBeGreaterThan(50);
    });
  });

  describe('200 parallel claims that all fit', () => {
    test('all win: no one is turned away for being slow', async () => {
      const all = engines(platform, 200).map((one) => one.claim(request({ capacity: 200 })));
      expect((await settled(all)).done).toHaveLength(200);
      expect(peak(await taken(HALL))).toBe(200);
    });
  });

  describe('parallel moves', () => {
    /** Pairs of claims, each pair on a day of its own: 8 to 9 and 12 to 13. */
    async function pairs(through: (store: Store) => Store) {
      const one = engine(platform);
      const made: { early: Claim; late: Claim; day: number }[] = [];
      for (let at = 0; at < 20; at += 1) {
        const early = (await one.claim(request({ windows: hours(at * 24 + 8, at * 24 + 9) }))).claim;
        const late = (await one.claim(request({ windows: hours(at * 24 + 12, at * 24 + 13) }))).claim;
        made.push({ early, late, day: at * 24 });
      }
      return { made, movers: engines(platform, 40, through) };
    }
    const move = (claims: Claims | undefined, { id }: Claim, from: number, to: number) => {
      if (!claims) throw new Error('Too few engines');
      return claims.move(HALL, id, { windows: [hours(from, to)], use: hours(from, to), quantity: 1 });
    };

    async function cross(through: (store: Store) => Store) {
      const { made, movers } = await pairs(through);
      const work = made.flatMap(({ early, late, day }, at) => [
        move(movers[2 * at], early, day + 9, day + 11),
        move(movers[2 * at + 1], late, day + 10, day + 12),
      ]);
      return { ...(await settled(work)), peak: peak(await taken(HALL)) };
    }

    test('that would swap two claims are both refused, and both stand where they were', async () => {
      const { made, movers } = await pairs(guarded);
      const before = await taken(HALL);
      const work = made.flatMap(({ early, late, day }, at) => [
        move(movers[2 * at], early, day + 12, day + 13),
        move(movers[2 * at + 1], late, day + 8, day + 9),
      ]);
      const { done, refused } = await settled(work);
      expect([done.length, refused.length]).toEqual([0, 40]);
      expect(await taken(HALL)).toEqual(before);
    });

    test('that would cross in a gap: one of each pair wins, nothing overlaps', async () => {
      const { done, refused, peak } = await cross(guarded);
      expect([done.length, refused.length, peak]).toEqual([20, 20, 1]);
    });

    test('twin with the guard off: both of a pair move into the gap', async () => {
      expect((await cross(unguarded)).peak).toBe(2);
    });
  });

  describe('parallel claims and a cut of capacity', () => {
    /**
     * 40 claims of 1 unit while the capacity falls from 40 to 10. What must hold: no claim stands that was decided against
     * a capacity no longer in force. So a claim is either named by the cut as short, or it fits in what the cut left.
     * `waits`: whose commits are held back until the others', decided at the same time, are through.
     */
    async function run(waits: 'claims' | 'cut' | 'nobody', through: (store: Store) => Store) {
      await meet(CHAIRS, 40);
      const others: Promise<unknown>[] = [];
      const behind = (store: Store) => waiting(through(store), () => Promise.allSettled(others));
      const cutters = engines(platform, 1, waits === 'cut' ? behind : through);
      const claimers = engines(platform, 40, waits === 'claims' ? behind : through);
      const one = () => request({ resource: CHAIRS, capacity: 40 });
      const claiming = claimers.map((each) => each.claim(one()));
      const cutting = cutters.map((each) => each.setCapacity(CHAIRS, 10));
      others.push(...(waits === 'cut' ? claiming : cutting));

      const accepted = (await settled(claiming)).done.map(({ claim }) => claim.id);
      const named = new Set((await Promise.all(cutting)).flat().map(({ claimId }) => claimId));
      const unnamed = accepted.filter((id) => !named.has(id)).length;
      return { accepted: accepted.length, named: named.size, unnamed };
    }

    test('the cut comes first: the claims that waited are decided anew, and 10 fit', async () => {
      expect(await run('claims', guarded)).toEqual({ accepted: 10, named: 0, unnamed: 10 });
    });

    test('the claims come first: the cut names all 40 of them', async () => {
      expect(await run('cut', guarded)).toEqual({ accepted: 40, named: 40, unnamed: 0 });
    });

    test('at the same time: each claim is named by the cut, or fits in what it left', async () => {
      const { accepted, named, unnamed } = await run('nobody', guarded);
      expect(accepted).toBeGreaterThanOrEqual(10);
      expect(named > 0 ? unnamed : Math.max(0, accepted - 10)).toBe(0);
    });

    test.each(['claims', 'cut'] as const)(
      'twin with the guard off, the %s wait: claims stand that no one named',
      async (waits) => {
        expect(await run(waits, unguarded)).toEqual({ accepted: 40, named: 0, unnamed: 40 });
      },
    );
  });

  describe('parallel repeats', () => {
    test('of one claim by the same id make one claim, and all are answered with it', async () => {
      const same = request();
      const { done } = await settled(engines(platform, 50).map((one) => one.claim(same)));
      expect(done).toHaveLength(50);
      for (const { claim } of done) expect(claim).toEqual(done[0]?.claim);
      expect(await engine(platform).busy(HALL, day)).toHaveLength(1);
    });

    test('parallel releases and a claim that waits for them: it is free, and is taken once', async () => {
      const first = await engine(platform).claim(request());
      const all = engines(platform, 40);
      await settled(all.map((one) => one.release(HALL, first.claim.id)));
      const { done } = await settled(all.map((one) => one.claim(request())));
      expect(done).toHaveLength(1);
    });
  });
}
