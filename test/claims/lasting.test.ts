/** What was lent is taken until it is back: claims that go on once their windows are over (spec chapters 05, 06). */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claim, Claims } from '../../shared/claims/model.ts';
import { freeOf } from '../../shared/claims/rules.ts';
import type { Store } from '../../shared/platform/store.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform } from '../support/platform.ts';
import { clashes, engine, engines, fresh, hour, hours, refusal, request, settled } from './support.ts';

let platform: TestPlatform;
let claims: Claims;
beforeEach(async () => {
  platform = await testPlatform({ at: hour(8) });
  claims = engine(platform);
});
afterEach(() => platform.close());

const chairs = { resource: 'item:chairs', capacity: 10 } as const;
const { resource } = chairs;
/** Long after, so that no bucket of the late claim's own window is asked for. */
const nextYear = hours(9000, 9005);

describe('a lasting claim', () => {
  test('takes its window alone while that is not over', async () => {
    await claims.claim(request({ ...chairs, quantity: 10, windows: hours(9, 17), lasting: true }));
    expect(await claims.free(resource, hours(17, 20), 10)).toBe(10);
    await claims.claim(request({ ...chairs, quantity: 10, windows: hours(17, 20) }));
  });

  test('is taken before its window, from the moment on that it is made so', async () => {
    const lent = request({ ...chairs, quantity: 8, windows: [hours(12, 14), hours(16, 18)] });
    await claims.claim(lent);
    platform.clock.set(hour(9));
    expect(await claims.free(resource, hours(9, 12), 10)).toBe(10);
    await claims.keepOn(resource, lent.id);
    const wanted = request({ ...chairs, quantity: 3, windows: hours(10, 11) });
    const clash = { resource, window: hours(10, 11), owner: lent.owner, short: 1 };
    expect(await clashes(claims.claim(wanted))).toEqual([clash]);
    expect(await claims.unitsFree([chairs], hours(9, 12))).toEqual(new Map([[resource, 2]]));
    expect(await claims.free(resource, hours(14, 16), 10)).toBe(10);
    expect((await claims.get(resource, lent.id))?.windows).toEqual(lent.windows);
  });

  test('goes on from the end of its window until it is released, in every answer', async () => {
    const lent = request({ ...chairs, quantity: 8, windows: [hours(9, 11), hours(15, 17)], lasting: true });
    await claims.claim(lent);
    platform.clock.set(hour(17));
    const wanted = request({ ...chairs, quantity: 3, windows: nextYear });
    const clash = { resource, window: nextYear, owner: lent.owner, short: 1 };
    expect(await clashes(claims.claim(wanted))).toEqual([clash]);
    expect(await claims.check(wanted)).toEqual([clash]);
    expect(await claims.free(resource, nextYear, 10)).toBe(2);
    expect(await claims.unitsFree([chairs], nextYear)).toEqual(new Map([[resource, 2]]));
    expect(await claims.freeAmong([chairs], nextYear, 3)).toEqual([]);
    expect((await claims.busy(resource, nextYear)).map(({ claimId }) => claimId)).toEqual([lent.id]);
    const next = { from: hour(18), minutes: 60, quantity: 3, capacity: 10, count: 1, withinDays: 30 };
    expect(await claims.nextFree(resource, next)).toEqual([]);
    // Between its windows it never was taken.
    expect(await claims.free(resource, hours(11, 15), 10)).toBe(10);
    await claims.release(resource, lent.id);
    await claims.claim(wanted);
  });

  test('that was made so later, and one moved to fewer units, hold what they still have', async () => {
    const lent = request({ ...chairs, quantity: 8, windows: hours(9, 17) });
    await claims.claim(lent);
    await claims.keepOn(resource, lent.id);
    await claims.keepOn(resource, lent.id);
    platform.clock.set(hour(20));
    expect(await claims.free(resource, nextYear, 10)).toBe(2);
    await claims.move(resource, lent.id, { windows: lent.windows, use: lent.use, quantity: 3 });
    expect(await claims.free(resource, nextYear, 10)).toBe(7);
    expect((await claims.get(resource, lent.id))?.windows).toEqual([hours(9, 17)]);
  });

  test('makes nobody short: it is expected back', async () => {
    await claims.claim(request({ ...chairs, quantity: 6, windows: hours(9, 17), lasting: true }));
    await claims.claim(request({ ...chairs, quantity: 6, windows: hours(18, 20) }));
    platform.clock.set(hour(19));
    expect(await claims.setCapacity(resource, 6)).toEqual([]);
  });

  test('is not made of what is released, not there, or in a group', async () => {
    const lent = request({ ...chairs, quantity: 8, windows: hours(9, 17) });
    await claims.claim(lent);
    await claims.release(resource, lent.id);
    await claims.keepOn(resource, lent.id);
    await claims.keepOn(resource, fresh());
    platform.clock.set(hour(20));
    expect(await claims.free(resource, nextYear, 10)).toBe(10);
    const grouped = request({ ...chairs, group: { id: 'g', capacity: 3 }, lasting: true });
    expect((await refusal(claims.claim(grouped))).code).toBe('invalid');
  });
});

test('any instant: what is free is what a look at every hour says', () => {
  const span = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 10 })).map(([from, long]) => ({ from, to: from + long }));
  const some = fc.record({ span, quantity: fc.integer({ min: 1, max: 4 }), lasting: fc.boolean() });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 8 }), fc.nat(60), span, (all, now, asked) => {
      const held = all.map(({ span: { from, to }, quantity, lasting }): Claim => {
        const { capacity: _, besideOwn: __, ...claim } = request({ ...chairs, quantity, windows: hours(from, to) });
        return { ...claim, state: 'active', ...(lasting ? { lasting: true } : {}) };
      });
      const used = (at: number) =>
        all
          .filter(({ span: { from, to }, lasting }) => {
            const begins = lasting ? Math.min(from, now) : from;
            return begins <= at && (at < to || (lasting && to <= now));
          })
          .reduce((sum, { quantity }) => sum + quantity, 0);
      const most = Math.max(...Array.from({ length: asked.to - asked.from }, (_, at) => used(asked.from + at)));
      const free = freeOf(held, hours(asked.from, asked.to), 10, hour(now));
      expect(free).toBe(Math.max(0, 10 - most));
    }),
  );
});

describe('20 processes that claim 1 of 10 while 8 come back late', () => {
  /** They start as the claim is being released; how many came through before that, and in all. */
  async function race(through: (store: Store) => Store = (store) => store) {
    const lent = request({ ...chairs, quantity: 8, windows: hours(9, 17), lasting: true });
    await claims.claim(lent);
    platform.clock.set(hour(20));
    const many = engines(platform, 20, through);
    const ask = () => many.map((one) => one.claim(request({ ...chairs, windows: nextYear })));
    const before = (await settled(ask())).done.length;
    const [after] = await Promise.all([settled(ask()), claims.release(resource, lent.id)]);
    return { before, all: before + after.done.length, free: await claims.free(resource, nextYear, 10) };
  }

  test('get the 2 that are there, and of the others none twice', async () => {
    const { before, all, free } = await race();
    expect(before).toBe(2);
    expect(all).toBeLessThanOrEqual(10);
    expect(free).toBe(10 - all);
  });

  test('twin: where nobody sees what lasts, more are promised than are there', async () => {
    const blind = (store: Store): Store => ({
      ...store,
      query: (container, partition, { where = [], ...query }) =>
        store.query(container, partition, {
          ...query,
          where: where.map((condition) =>
            'any' in condition ? { ...condition, any: condition.any.filter((term) => term !== 'item:o') } : condition,
          ),
        }),
    });
    expect((await race(blind)).before).toBeGreaterThan(2);
  });
});
