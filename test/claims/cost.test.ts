/** What the conflict engine costs: round trips and documents, whatever came before (chapter 05). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claim, Claims } from '../../shared/claims/model.ts';
import { claimDocument } from '../../shared/claims/stored.ts';
import { HOUR, instantOf } from '../../shared/platform/clock.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform } from '../support/platform.ts';
import type { Tally } from './support.ts';
import { counted, engine, fresh, HALL, held, hour, hours, ORG, request } from './support.ts';

let platform: TestPlatform;
let claims: Claims;
let tally: Tally;
/** The engine of a process that has met nothing yet. */
let another: () => Claims;
beforeEach(async () => {
  platform = await testPlatform();
  const counting = counted(platform.store);
  tally = counting.tally;
  another = () => engine({ ...platform, store: counting.store });
  claims = another();
});
afterEach(() => platform.close());

/** The round trips of some work. */
async function cost(work: () => Promise<unknown>): Promise<Tally> {
  const before = { ...tally };
  await work();
  return {
    reads: tally.reads - before.reads,
    queries: tally.queries - before.queries,
    commits: tally.commits - before.commits,
    answered: tally.answered - before.answered,
  };
}

describe('round trips', () => {
  test('a claim is one point read, one query and one batch; a refused one takes no batch', async () => {
    expect(await cost(() => claims.claim(request()))).toEqual({ reads: 1, queries: 1, commits: 1, answered: 0 });
    const refused = (by: Claims) => cost(() => by.claim(request()).catch(() => undefined));
    expect(await refused(another())).toEqual({ reads: 1, queries: 1, commits: 0, answered: 1 });
    // While the head stands, whoever looked there before need not look again.
    expect(await refused(claims)).toEqual({ reads: 1, queries: 0, commits: 0, answered: 0 });
  });

  test('a series of 366 windows costs the same', async () => {
    const windows = Array.from({ length: 366 }, (_, at) => hours(at * 24, at * 24 + 2));
    expect(await cost(() => claims.claim(request({ windows })))).toEqual({
      reads: 1,
      queries: 1,
      commits: 1,
      answered: 0,
    });
  });

  test('keeping and giving back a hold needs no query', async () => {
    const [first, second] = [held(hour(0)), held(hour(0), { windows: hours(18, 19) })];
    for (const one of [first, second]) await claims.claim(one);
    const one = { reads: 0, queries: 0, commits: 1, answered: 0 };
    // Under the head that this very process has just written nothing needs to be read.
    expect(await cost(() => claims.extend(HALL, first.id, hour(1)))).toEqual(one);
    expect(await cost(() => claims.firm(HALL, first.id))).toEqual(one);
    // That nothing is to be done is never taken from memory.
    expect(await cost(() => claims.firm(HALL, first.id))).toEqual({ ...one, reads: 2, commits: 0 });
    expect(await cost(() => claims.release(HALL, second.id))).toEqual(one);
  });

  test('what another process wrote meanwhile costs one batch that is refused, and two looks', async () => {
    const hold = held(hour(0));
    await claims.claim(hold);
    const elsewhere = another();
    await elsewhere.claim(request({ windows: hours(18, 19) }));
    expect(await cost(() => claims.firm(HALL, hold.id))).toEqual({ reads: 2, queries: 0, commits: 2, answered: 0 });
    await elsewhere.release(HALL, hold.id);
    await expect(claims.firm(HALL, hold.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a month of a busy venue, 300 claims, is one query', async () => {
    await history(300, (at) => hours(at * 2, at * 2 + 2));
    const month = { start: '2026-12-01T00:00:00Z', end: '2027-01-01T00:00:00Z' };
    expect(await cost(() => claims.busy(HALL, month))).toMatchObject({ reads: 0, queries: 1, answered: 300 });
  });

  test('of 500 resources, those that are free: one query', async () => {
    const venues = Array.from({ length: 500 }, (_, at) => ({ resource: `venue:${at}`, capacity: 1 }) as const);
    await claims.claim(request({ resource: 'venue:7' }));
    await claims.claim(request({ resource: 'staff:7' }));
    const work = () => claims.freeAmong(venues, hours(9, 10), 1);
    expect(await cost(work)).toEqual({ reads: 0, queries: 1, commits: 0, answered: 1 });
    expect(await work()).toHaveLength(499);
  });
});

/** Writes claims on the hall straight into the store. */
async function history(count: number, windowOf: (at: number) => Claim['use'], state: Claim['state'] = 'active') {
  await engine(platform).setCapacity(HALL, 1);
  for (let from = 0; from < count; from += 100) {
    const writes = Array.from({ length: Math.min(100, count - from) }, (_, at) => {
      const use = windowOf(from + at);
      const owner = { type: 'event', id: fresh('event') };
      const rest = { resource: HALL, quantity: 1, mode: 'firm', state } as const;
      const document = claimDocument(ORG, { id: fresh(), owner, use, windows: [use], ...rest });
      return { op: 'create', document } as const;
    });
    await platform.store.commit('claims', [ORG, HALL], writes);
  }
}

describe('10,000 claims of the past', () => {
  test.each([
    ['long over', 'active', (at: number) => hours(-2 * at - 30, -2 * at - 28)],
    ['released, on the very day', 'released', () => hours(9, 17)],
    ['still to come', 'active', (at: number) => hours(2 * at + 48, 2 * at + 50)],
  ] as const)('%s: not one of them is fetched', async (_, state, windowOf) => {
    await history(10_000, windowOf, state);
    const { claim } = await claims.claim(request({ windows: hours(9, 12) }));
    const to = { windows: [hours(10, 13)], use: hours(10, 13), quantity: 1 };
    expect(await cost(() => another().claim(request({ windows: hours(13, 14) })))).toMatchObject({ answered: 1 });
    expect(await cost(() => another().move(HALL, claim.id, to))).toMatchObject({ answered: 2 });
    expect(await cost(() => claims.busy(HALL, hours(0, 24)))).toMatchObject({ queries: 1, answered: 2 });
    expect(await cost(() => claims.free(HALL, hours(0, 24), 1))).toMatchObject({ queries: 1, answered: 2 });
    expect(await cost(() => claims.freeAmong([{ resource: HALL, capacity: 1 }], hours(0, 24), 1))).toMatchObject({
      queries: 1,
      answered: 2,
    });
  });

  test('a cut of capacity fetches what is still to come only', async () => {
    await history(10_000, (at) => ({ start: shifted(-2 * at - 3), end: shifted(-2 * at - 1) }));
    await claims.claim(request());
    expect(await cost(() => claims.setCapacity(HALL, 0))).toEqual({ reads: 1, queries: 1, commits: 1, answered: 1 });
  });

  /** Hours from now. */
  function shifted(by: number): string {
    return instantOf(platform.clock.time() + by * HOUR);
  }
});
