/** What the conflict engine answers, on the real store (spec chapter 05). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claims } from '../../shared/claims/model.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform } from '../support/platform.ts';
import { clashes, engine, fresh, HALL, held, hour, hours, refusal, request } from './support.ts';

let platform: TestPlatform;
let claims: Claims;
beforeEach(async () => {
  platform = await testPlatform();
  claims = engine(platform);
});
afterEach(() => platform.close());

describe('claim', () => {
  test('a second event cannot take the hall while the first has it, and is told who has it', async () => {
    const first = request({ windows: hours(9, 17) });
    await claims.claim(first);
    expect(await clashes(claims.claim(request({ windows: hours(16, 20) })))).toEqual([
      { resource: HALL, window: hours(16, 17), owner: first.owner, short: 1 },
    ]);
  });

  test('back to back is legal, on either side', async () => {
    await claims.claim(request({ windows: hours(9, 17) }));
    await claims.claim(request({ windows: hours(17, 20) }));
    await claims.claim(request({ windows: hours(5, 9) }));
    expect(await claims.busy(HALL, hours(0, 24))).toHaveLength(3);
  });

  test('one second of overlap is a clash', async () => {
    await claims.claim(request({ windows: hours(9, 17) }));
    const late = request({ windows: { start: '2026-12-01T16:59:59Z', end: hour(18) } });
    expect(await clashes(claims.claim(late))).toMatchObject([{ window: { start: '2026-12-01T16:59:59Z' } }]);
  });

  test('every clash is listed, by time', async () => {
    const two = [hours(14, 16), hours(9, 11)].map((windows) => request({ windows }));
    for (const one of two) await claims.claim(one);
    expect(await clashes(claims.claim(request({ windows: hours(10, 15) })))).toEqual([
      { resource: HALL, window: hours(10, 11), owner: two[1]?.owner, short: 1 },
      { resource: HALL, window: hours(14, 15), owner: two[0]?.owner, short: 1 },
    ]);
  });

  test('units are decided by peak use, not by counting claims', async () => {
    const chairs = { resource: 'item:chairs', capacity: 10 } as const;
    await claims.claim(request({ ...chairs, quantity: 6, windows: hours(8, 10) }));
    await claims.claim(request({ ...chairs, quantity: 6, windows: hours(10, 12) }));
    await claims.claim(request({ ...chairs, quantity: 4, windows: hours(8, 12) }));
    const refused = await clashes(claims.claim(request({ ...chairs, quantity: 3, windows: hours(9, 11) })));
    expect(refused.map(({ short }) => short)).toEqual([3, 3, 3]);
    expect(await claims.free('item:chairs', hours(12, 14), 10)).toBe(10);
  });

  test('more than there ever is says so, though nothing else is claimed', async () => {
    const many = request({ resource: 'item:chairs', quantity: 12, capacity: 10 });
    expect(await clashes(claims.claim(many))).toEqual([
      { resource: 'item:chairs', window: hours(9, 17), owner: { type: 'capacity', id: 'item:chairs' }, short: 2 },
    ]);
  });

  test('the capacity that counts is the one the engine knows', async () => {
    await claims.claim(request({ windows: hours(9, 10), capacity: 1 }));
    expect((await refusal(claims.claim(request({ windows: hours(9, 10), capacity: 5 })))).code).toBe('conflict');
  });

  test('a series is one claim, taken whole or not at all', async () => {
    const week = (from: number) => [0, 1, 2].map((day) => hours(from + day * 24, from + 2 + day * 24));
    await claims.claim(request({ windows: week(9) }));
    expect(await clashes(claims.claim(request({ windows: [hours(12, 13), hours(34, 35), hours(60, 61)] })))).toEqual([
      expect.objectContaining({ window: hours(34, 35) }),
    ]);
    await claims.claim(request({ windows: week(11) }));
    expect(await claims.busy(HALL, hours(12, 13))).toHaveLength(1);
  });

  test('resources and organizations do not meet', async () => {
    await claims.claim(request());
    await claims.claim(request({ resource: 'venue:barn' }));
    await engine(platform, 'org-2').claim(request());
    expect(await claims.busy(HALL, hours(0, 24))).toHaveLength(1);
  });

  test.each([
    ['of no length', { windows: hours(9, 9) }],
    ['reversed', { windows: hours(10, 9) }],
    ['without any', { windows: [] }],
    ['of 367', { windows: Array.from({ length: 367 }, (_, at) => hours(at, at + 0.5)) }],
    ['over 1096 days apart', { windows: [hours(0, 1), hours(1097 * 24, 1097 * 24 + 1)] }],
    ['not in UTC', { windows: { start: '2026-12-01T09:00:00+01:00', end: '2026-12-01T12:00:00Z' } }],
  ])('windows %s are refused', async (_, some) => {
    expect((await refusal(claims.claim(request(some)))).code).toBe('invalid');
    expect(await claims.busy(HALL, hours(0, 100 * 24))).toEqual([]);
  });

  test.each([
    ['no units', { quantity: 0 }],
    ['half a unit', { quantity: 1.5 }],
    ['the id of the head', { id: 'head' }],
    ['a hold without an end', { mode: 'held' }],
    ['a hold that has ended', { mode: 'held', expiresAt: '2026-11-20T09:00:00Z' }],
    ['seats without a group', { seats: 2 }],
    ['a resource without a kind', { resource: ':hall' }],
  ] as const)('%s is refused', async (_, some) => {
    expect((await refusal(claims.claim(request(some)))).code).toBe('invalid');
  });

  test('366 windows over three years are one claim that holds in each of them', async () => {
    const windows = Array.from({ length: 366 }, (_, at) => hours(at * 71, at * 71 + 4));
    const { claim } = await claims.claim(request({ windows }));
    expect(claim.windows).toEqual(windows);
    expect(await claims.busy(HALL, { start: hour(0), end: hour(1096 * 24) })).toHaveLength(366);
    expect((await refusal(claims.claim(request({ windows: hours(365 * 71, 365 * 71 + 1) })))).code).toBe('conflict');
    await claims.claim(request({ windows: hours(365 * 71 + 4, 365 * 71 + 5) }));
  });

  test('a block of a year is met by an hour in the middle of it, and by a month', async () => {
    await claims.claim(request({ windows: hours(0, 365 * 24) }));
    for (const windows of [hours(4000, 4001), hours(4000, 4000 + 30 * 24), hours(4000, 12_000)]) {
      expect(await claims.check(request({ windows }))).toHaveLength(1);
    }
    expect(await claims.check(request({ windows: hours(365 * 24, 12_000) }))).toEqual([]);
  });
});

describe('a repeated claim', () => {
  test('answers with the claim that is there, also when it has been made firm', async () => {
    const hold = held('2026-11-20T09:10:00Z');
    const first = await claims.claim(hold);
    expect(await claims.claim({ ...hold, expiresAt: '2026-11-20T09:20:00Z' })).toEqual(first);
    const firm = await claims.firm(HALL, hold.id);
    expect(await claims.claim(hold)).toEqual({ claim: firm, over: [] });
    expect(await claims.busy(HALL, hours(0, 24))).toHaveLength(1);
  });

  test('with other content is refused, wherever its windows are', async () => {
    const first = request();
    await claims.claim(first);
    for (const windows of [hours(9, 16), hours(40, 41)]) {
      const refused = await refusal(claims.claim({ ...first, windows: [windows] }));
      expect(refused.code).toBe('already_exists');
    }
  });

  test('takes anew what was released, and is refused when another has it now', async () => {
    const first = request();
    await claims.claim(first);
    await claims.release(HALL, first.id);
    expect((await claims.claim({ ...first, windows: [hours(9, 12)] })).claim.windows).toEqual([hours(9, 12)]);
    await claims.release(HALL, first.id);
    await claims.claim(request());
    expect((await refusal(claims.claim(first))).code).toBe('conflict');
  });
});

describe('override', () => {
  test('takes it all the same, says over what, and is recorded with who and why', async () => {
    const first = request();
    await claims.claim(first);
    const override = { by: 'user-1', reason: 'The director wants both' };
    const second = request({ windows: hours(16, 18), override });
    const over = [{ resource: HALL, window: hours(16, 17), owner: first.owner, short: 1 }];
    expect(await claims.claim(second)).toMatchObject({ over, claim: { overridden: override } });
    expect(await claims.claim(second)).toMatchObject({ over });
    expect(await claims.get(HALL, second.id)).toMatchObject({ overridden: override });
  });

  test('of nothing is not recorded', async () => {
    const { claim, over } = await claims.claim(request({ override: { by: 'user-1', reason: 'To be safe' } }));
    expect([claim.overridden, over]).toEqual([undefined, []]);
  });

  test('a third claim meets both of two that overlap', async () => {
    await claims.claim(request());
    await claims.claim(request({ override: { by: 'user-1', reason: 'x' } }));
    expect((await clashes(claims.claim(request()))).map(({ short }) => short)).toEqual([2, 2]);
  });
});

describe('move', () => {
  test('does not count the claim itself, and frees what it left', async () => {
    const { claim } = await claims.claim(request({ windows: hours(9, 17) }));
    const to = { windows: [hours(10, 18)], use: hours(10, 18), quantity: 1 };
    expect((await claims.move(HALL, claim.id, to)).claim).toMatchObject(to);
    await claims.claim(request({ windows: hours(9, 10) }));
    expect((await claims.busy(HALL, hours(0, 24))).map(({ window }) => window)).toEqual([hours(9, 10), hours(10, 18)]);
  });

  test('that clashes leaves the old claim as it was', async () => {
    const { claim } = await claims.claim(request({ windows: hours(9, 12) }));
    await claims.claim(request({ windows: hours(13, 15) }));
    const to = { windows: [hours(9, 14)], use: hours(9, 14), quantity: 1 };
    expect((await refusal(claims.move(HALL, claim.id, to))).code).toBe('conflict');
    expect(await claims.get(HALL, claim.id)).toEqual(claim);
    await claims.claim(request({ windows: hours(12, 13) }));
  });

  test('of quantity is decided like a claim, and giving units back always fits', async () => {
    const chairs = { resource: 'item:chairs', capacity: 10 } as const;
    const { claim } = await claims.claim(request({ ...chairs, quantity: 6 }));
    await claims.claim(request({ ...chairs, quantity: 4 }));
    const to = (quantity: number) => ({ windows: claim.windows, use: claim.use, quantity });
    expect(await clashes(claims.move('item:chairs', claim.id, to(7)))).toMatchObject([{ short: 1 }]);
    await claims.setCapacity('item:chairs', 3);
    expect((await claims.move('item:chairs', claim.id, to(5))).claim.quantity).toBe(5);
    expect((await refusal(claims.move('item:chairs', claim.id, to(6)))).code).toBe('conflict');
  });

  test('of a claim that was released, or never was, is not found', async () => {
    const { claim } = await claims.claim(request());
    await claims.release(HALL, claim.id);
    for (const id of [claim.id, fresh()]) {
      expect((await refusal(claims.move(HALL, id, { ...claim, windows: [hours(1, 2)] }))).code).toBe('not_found');
    }
  });

  test('may be overridden, and a later one without a clash clears that', async () => {
    await claims.claim(request({ windows: hours(9, 12) }));
    const { claim } = await claims.claim(request({ windows: hours(12, 14) }));
    const override = { by: 'user-1', reason: 'They share' };
    const there = { windows: [hours(11, 14)], use: hours(11, 14), quantity: 1 };
    expect(await claims.move(HALL, claim.id, { ...there, override })).toMatchObject({
      claim: { overridden: override },
      over: [{ window: hours(11, 12) }],
    });
    const away = { windows: [hours(15, 16)], use: hours(15, 16), quantity: 1 };
    expect((await claims.move(HALL, claim.id, away)).claim.overridden).toBeUndefined();
  });

  test('across a crash: a new window is held beside the owner’s old one, and counts for all others', async () => {
    const { owner } = (await claims.claim(request({ windows: hours(9, 12) }))).claim;
    const beside = held('2026-11-20T09:10:00Z', { windows: hours(10, 13), owner, besideOwn: true });
    await claims.claim(beside);
    expect(await clashes(claims.claim(request({ windows: hours(12, 13) })))).toMatchObject([{ owner }]);
    expect((await refusal(claims.claim(request({ windows: hours(11, 12), besideOwn: true })))).code).toBe('conflict');
    platform.clock.set('2026-11-20T09:30:00Z');
    expect(await claims.firm(HALL, beside.id)).toMatchObject({ mode: 'firm' });
  });
});

describe('release', () => {
  test('frees at once, and again does nothing', async () => {
    const { claim } = await claims.claim(request());
    await claims.release(HALL, claim.id);
    await claims.release(HALL, claim.id);
    await claims.release(HALL, fresh());
    await claims.release('venue:never-met', fresh());
    expect(await claims.busy(HALL, hours(0, 24))).toEqual([]);
    await claims.claim(request());
  });
});
