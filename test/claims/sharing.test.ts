/** Groups that share, capacity that changes, and looking without taking (spec chapter 05). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claims } from '../../shared/claims/model.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform } from '../support/platform.ts';
import { clashes, engine, HALL, hour, hours, refusal, request } from './support.ts';

let platform: TestPlatform;
let claims: Claims;
beforeEach(async () => {
  platform = await testPlatform();
  claims = engine(platform);
});
afterEach(() => platform.close());

describe('groups', () => {
  const group = { id: 'yoga', capacity: 3 };
  const join = (seats: number, some = {}) => request({ group, seats, ...some });

  test('take the resource once between them, up to their seats', async () => {
    await claims.claim(join(1));
    await claims.claim(join(2));
    expect(await clashes(claims.claim(join(1)))).toEqual([
      { resource: HALL, window: hours(9, 17), owner: { type: 'group', id: 'yoga' }, short: 1 },
    ]);
    expect((await clashes(claims.claim(request()))).length).toBe(1);
  });

  test('a seat given back can be taken; the last to go frees the resource', async () => {
    const all = [join(1), join(2)];
    for (const one of all) await claims.claim(one);
    const [first, second] = all.map(({ id }) => id);
    await claims.release(HALL, second ?? '');
    await claims.claim(join(2));
    await claims.release(HALL, first ?? '');
    expect((await refusal(claims.claim(request()))).code).toBe('conflict');
  });

  test('with other windows, or another group, clash like anyone', async () => {
    await claims.claim(join(1));
    expect((await refusal(claims.claim(join(1, { windows: hours(9, 18) })))).code).toBe('conflict');
    expect((await refusal(claims.claim(join(1, { group: { id: 'chess', capacity: 9 } })))).code).toBe('conflict');
  });

  test('more seats than the group has are refused, though it is the first', async () => {
    expect(await clashes(claims.claim(join(4)))).toMatchObject([{ owner: { type: 'group' }, short: 1 }]);
  });
});

describe('capacity', () => {
  test('cut below use leaves every claim and names each that is short, from now on', async () => {
    const chairs = { resource: 'item:chairs', capacity: 10 } as const;
    const past = request({
      ...chairs,
      quantity: 9,
      windows: { start: '2026-11-20T07:00:00Z', end: '2026-11-20T08:00:00Z' },
    });
    const first = request({ ...chairs, quantity: 5, windows: hours(9, 12) });
    const second = request({ ...chairs, quantity: 3, windows: hours(11, 14) });
    for (const one of [past, first, second]) await claims.claim(one);
    expect(await claims.setCapacity('item:chairs', 6)).toEqual([
      { claimId: first.id, owner: first.owner, window: hours(11, 12), short: 2 },
      { claimId: second.id, owner: second.owner, window: hours(11, 12), short: 2 },
    ]);
    expect(await claims.setCapacity('item:chairs', 8)).toEqual([]);
    expect(await claims.get('item:chairs', first.id)).toMatchObject({ state: 'active' });
  });

  test('of a resource not met yet is kept, and counts from then on', async () => {
    expect(await claims.setCapacity(HALL, 2)).toEqual([]);
    for (let n = 0; n < 2; n += 1) await claims.claim(request({ capacity: 1 }));
    expect((await refusal(claims.claim(request({ capacity: 9 })))).code).toBe('conflict');
  });
});

describe('looking', () => {
  test('check says what a claim would clash with, takes nothing, and leaves out one claim', async () => {
    const first = request();
    expect(await claims.check(first)).toEqual([]);
    await claims.claim(first);
    expect(await claims.check(request({ windows: hours(16, 18) }))).toMatchObject([{ owner: first.owner }]);
    expect(await claims.check(request({ windows: hours(16, 18) }), first.id)).toEqual([]);
    expect(await claims.busy(HALL, hours(0, 24))).toHaveLength(1);
  });

  test('busy lists what overlaps the range, window by window', async () => {
    const series = request({ windows: [hours(9, 10), hours(33, 34)], reason: 'Rehearsal' });
    await claims.claim(series);
    const { owner, use } = series;
    expect(await claims.busy(HALL, hours(9.5, 24))).toEqual([
      { window: hours(9, 10), claimId: series.id, owner, quantity: 1, mode: 'firm', use, reason: 'Rehearsal' },
    ]);
  });

  test('of several resources, those free for the whole window', async () => {
    const some = ['venue:a', 'venue:b', 'venue:c'] as const;
    await claims.claim(request({ resource: 'venue:a', windows: hours(9, 10) }));
    await claims.claim(request({ resource: 'venue:b', windows: hours(12, 13), capacity: 2 }));
    await claims.claim(request({ resource: 'staff:c', windows: hours(9, 13) }));
    await engine(platform, 'org-2').claim(request({ resource: 'venue:c', windows: hours(9, 13) }));
    const asked = some.map((resource) => ({ resource, capacity: resource === 'venue:b' ? 2 : 1 }));
    expect(await claims.freeAmong(asked, hours(9, 13), 1)).toEqual(['venue:b', 'venue:c']);
    expect(await claims.freeAmong(asked, hours(10, 13), 1)).toEqual(['venue:a', 'venue:b', 'venue:c']);
    expect(await claims.freeAmong([], hours(10, 13), 1)).toEqual([]);
  });

  test('the next free windows of a length, around what is taken', async () => {
    await claims.claim(request({ windows: hours(10, 12) }));
    const { claim } = await claims.claim(request({ windows: hours(13, 14) }));
    const wanted = { from: hour(8), minutes: 90, quantity: 1, capacity: 1, count: 3, withinDays: 2 };
    expect(await claims.nextFree(HALL, wanted)).toEqual([hours(8, 9.5), hours(14, 15.5), hours(15.5, 17)]);
    expect(await claims.nextFree(HALL, { ...wanted, ignore: claim.id })).toEqual([
      hours(8, 9.5),
      hours(12, 13.5),
      hours(13.5, 15),
    ]);
    expect(await claims.nextFree(HALL, { ...wanted, quantity: 2 })).toEqual([]);
  });
});
