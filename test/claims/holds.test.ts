/** Holds: what they keep, for how long, and what becomes of them after (spec chapter 05). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expiredHolds } from '../../functions/timers/expired-holds.ts';
import type { Claims } from '../../shared/claims/model.ts';
import { SECOND } from '../../shared/platform/clock.ts';
import { unguarded } from '../support/faults.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform, testScope } from '../support/platform.ts';
import { engine, engines, fresh, HALL, held, hours, refusal, request, settled, sweep, waiting } from './support.ts';

/** The clock starts at 09:00. */
const TEN_PAST = '2026-11-20T09:10:00Z';
const HALF_PAST = '2026-11-20T09:30:00Z';

let platform: TestPlatform;
let claims: Claims;
beforeEach(async () => {
  platform = await testPlatform({ at: '2026-11-20T09:00:00Z' });
  claims = engine(platform);
});
afterEach(() => platform.close());

const system = () => testScope(platform, '');

describe('a hold', () => {
  test('keeps others out until the instant it expires, and not after, swept or not', async () => {
    await claims.claim(held(TEN_PAST));
    platform.clock.set('2026-11-20T09:09:59Z');
    expect((await refusal(claims.claim(request()))).code).toBe('conflict');
    platform.clock.set(TEN_PAST);
    expect(await claims.busy(HALL, hours(0, 24))).toEqual([]);
    expect(await claims.free(HALL, hours(9, 17), 1)).toBe(1);
    expect(await claims.check(request())).toEqual([]);
    await claims.claim(request());
  });

  test('made firm stays, and again does nothing', async () => {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    const firm = await claims.firm(HALL, hold.id);
    expect(firm).toMatchObject({ mode: 'firm', state: 'active' });
    expect(firm.expiresAt).toBeUndefined();
    expect(await claims.firm(HALL, hold.id)).toEqual(firm);
    platform.clock.set(HALF_PAST);
    expect((await refusal(claims.claim(request()))).code).toBe('conflict');
  });

  test('extended lasts until then; never shorter; a firm claim stays firm', async () => {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    expect(await claims.extend(HALL, hold.id, HALF_PAST)).toMatchObject({ expiresAt: HALF_PAST });
    expect(await claims.extend(HALL, hold.id, TEN_PAST)).toMatchObject({ expiresAt: HALF_PAST });
    platform.clock.set('2026-11-20T09:20:00Z');
    expect((await refusal(claims.claim(request()))).code).toBe('conflict');
    expect((await refusal(claims.extend(HALL, hold.id, TEN_PAST))).code).toBe('invalid');
    const firm = await claims.firm(HALL, hold.id);
    expect(await claims.extend(HALL, hold.id, '2026-11-21T09:00:00Z')).toEqual(firm);
  });

  test('moved keeps its expiry; one that expired is not found', async () => {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    const to = { windows: [hours(18, 20)], use: hours(18, 20), quantity: 1 };
    expect((await claims.move(HALL, hold.id, to)).claim).toMatchObject({ mode: 'held', expiresAt: TEN_PAST });
    platform.clock.set(TEN_PAST);
    expect((await refusal(claims.move(HALL, hold.id, to))).code).toBe('not_found');
  });

  test('released is not to be had by making it firm', async () => {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    await claims.release(HALL, hold.id);
    for (const id of [hold.id, fresh()]) {
      expect((await refusal(claims.firm(HALL, id))).code).toBe('not_found');
      expect((await refusal(claims.extend(HALL, id, HALF_PAST))).code).toBe('not_found');
    }
  });
});

describe.each([
  ['before it is swept', async () => 0],
  ['after it was swept', () => sweep(platform)],
])('a hold that expired, %s', (_, swept) => {
  const make = async () => {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    platform.clock.set(TEN_PAST);
    await swept();
    return hold;
  };

  test('is taken anew by firm, where it still fits', async () => {
    const { id } = await make();
    expect(await claims.firm(HALL, id)).toMatchObject({ mode: 'firm', state: 'active' });
    expect(await claims.get(HALL, id)).not.toHaveProperty('lapsed');
    expect((await refusal(claims.claim(request()))).code).toBe('conflict');
  });

  test('is refused by firm, when another has it now', async () => {
    const { id } = await make();
    await claims.claim(request());
    expect((await refusal(claims.firm(HALL, id))).code).toBe('conflict');
    expect((await refusal(claims.extend(HALL, id, HALF_PAST))).code).toBe('conflict');
    expect(await claims.busy(HALL, hours(0, 24))).toHaveLength(1);
  });

  test('is taken anew by extend and by a repeated claim', async () => {
    const hold = await make();
    expect(await claims.extend(HALL, hold.id, HALF_PAST)).toMatchObject({ state: 'active', expiresAt: HALF_PAST });
    platform.clock.set(HALF_PAST);
    await swept();
    await claims.claim({ ...hold, expiresAt: '2026-11-20T10:00:00Z' });
    expect((await refusal(claims.claim(request()))).code).toBe('conflict');
  });

  test('is gone for good once it is released', async () => {
    const { id } = await make();
    await claims.release(HALL, id);
    expect((await refusal(claims.firm(HALL, id))).code).toBe('not_found');
  });
});

describe('the race for a hold that runs out', () => {
  /** One process makes it firm a second before it expires, and stalls; another takes the time a second after. */
  async function race(through: typeof unguarded) {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    platform.clock.set('2026-11-20T09:09:29Z');
    const taker = engines(platform, 1, through)[0];
    let taking: Promise<unknown> | undefined;
    const late = engines(platform, 1, (store) =>
      waiting(through(store), async () => {
        platform.clock.set(TEN_PAST);
        taking = taker?.claim(request());
        await taking;
      }),
    )[0];
    await settled([late?.firm(HALL, hold.id) ?? Promise.reject(new Error('No engine'))]);
    await taking;
    return (await claims.busy(HALL, hours(0, 24))).length;
  }

  test('has one winner', async () => {
    expect(await race((store) => store)).toBe(1);
  });

  test('twin with the guard off: both have it', async () => {
    expect(await race(unguarded)).toBe(2);
  });

  test('has one winner though the clocks of two processes differ by some seconds', async () => {
    const hold = held(TEN_PAST);
    await claims.claim(hold);
    platform.clock.set('2026-11-20T09:09:50Z');
    const behind = platform.clock.now();
    const fast = engine({ ...platform, clock: { now: () => TEN_PAST } });
    await fast.claim(request());
    expect(platform.clock.now()).toBe(behind);
    expect((await refusal(claims.firm(HALL, hold.id))).code).toBe('conflict');
  });
});

describe('the sweep', () => {
  test('releases what has expired, in every organization, and nothing else', async () => {
    const other = engine(platform, 'org-2');
    const gone = [held(TEN_PAST), held(TEN_PAST, { resource: 'venue:barn' })];
    for (const one of gone) await claims.claim(one);
    const theirs = held(TEN_PAST);
    await other.claim(theirs);
    const longer = held(HALF_PAST, { windows: hours(18, 19) });
    const firm = request({ windows: hours(20, 21) });
    for (const one of [longer, firm]) await claims.claim(one);

    platform.clock.set('2026-11-20T09:15:00Z');
    await expiredHolds.handle(system());
    for (const { resource, id } of gone) {
      expect(await claims.get(resource, id)).toMatchObject({ state: 'released', lapsed: true });
    }
    expect(await other.get(HALL, theirs.id)).toMatchObject({ state: 'released' });
    for (const { id } of [longer, firm]) expect(await claims.get(HALL, id)).toMatchObject({ state: 'active' });
    expect(await sweep(platform)).toBe(0);
  });

  test('takes many holds of many resources in small batches', async () => {
    const venues = Array.from({ length: 5 }, (_, at) => `venue:${at}` as const);
    for (const resource of venues) {
      for (let at = 0; at < 50; at += 1) await claims.claim(held(TEN_PAST, { resource, windows: hours(at, at + 1) }));
    }
    platform.clock.set(HALF_PAST);
    expect(await sweep(platform)).toBe(250);
    expect(await sweep(platform)).toBe(0);
  });

  test('leaves a hold alone that was made firm or longer while it ran', async () => {
    const [first, second] = [held(TEN_PAST), held(TEN_PAST, { windows: hours(18, 19) })];
    for (const one of [first, second]) await claims.claim(one);
    platform.clock.set(HALF_PAST);
    const store = waiting(platform.store, async () => {
      await claims.firm(HALL, first.id);
      await claims.extend(HALL, second.id, '2026-11-20T10:00:00Z');
    });
    expect(await sweep({ ...platform, store, queue: platform.twin().queue })).toBe(0);
    expect(await claims.busy(HALL, hours(0, 24))).toHaveLength(2);
    platform.clock.advance(SECOND);
    expect(await claims.get(HALL, first.id)).toMatchObject({ mode: 'firm', state: 'active' });
  });
});
