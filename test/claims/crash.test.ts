/**
 * A crash at any point leaves no claim without an owner for longer than its hold, and no owner without its claim
 * (chapter 05). The slices' way of booking, cut off before and after every commit that it makes.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claims } from '../../shared/claims/model.ts';
import { later, MINUTE } from '../../shared/platform/clock.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Store } from '../../shared/platform/store.ts';
import { Crash, crashing } from '../support/faults.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform } from '../support/platform.ts';
import { engine, HALL, hours, ORG, request, sweep } from './support.ts';

let platform: TestPlatform;
beforeEach(async () => {
  platform = await testPlatform();
});
afterEach(() => platform.close());

interface Point {
  /** The commit, counted from 1, at which the process dies, */
  readonly at: number;
  /** before it reaches the store or after the store has it. */
  readonly when: 'before' | 'after';
}

const OLD = hours(9, 12);
const NEW = hours(11, 14);
const EVENT = 'event-1';
const owner = { type: 'event', id: EVENT };
const HOLD_MINUTES = 5;
const expiry = () => later(platform.clock.now(), HOLD_MINUTES * MINUTE);

/** The event as its slice keeps it: the claim it stands on. */
async function keep(store: Store, claimId: string | undefined): Promise<void> {
  const document = { id: EVENT, kind: 'event', body: { claimId: claimId ?? null } };
  await store.commit(
    'events',
    [ORG],
    [claimId === undefined ? { op: 'delete', id: EVENT } : { op: 'upsert', document }],
  );
}
async function kept(): Promise<string | undefined> {
  const stored = await platform.store.read('events', [ORG], EVENT);
  const body = stored?.document.body;
  return body && typeof body === 'object' && 'claimId' in body ? String(body.claimId) : undefined;
}

type Steps = (store: Store, claims: Claims) => Promise<void>;

const book: Steps = async (store, claims) => {
  await claims.claim(request({ id: 'first', windows: OLD, owner, mode: 'held', expiresAt: expiry() }));
  await keep(store, 'first');
  await claims.firm(HALL, 'first');
};
const reschedule: Steps = async (store, claims) => {
  const beside = { windows: NEW, owner, besideOwn: true, mode: 'held', expiresAt: expiry() } as const;
  await claims.claim(request({ id: 'second', ...beside }));
  await keep(store, 'second');
  await claims.firm(HALL, 'second');
  await claims.release(HALL, 'first');
};
const drop: Steps = async (store, claims) => {
  await keep(store, undefined);
  await claims.release(HALL, 'first');
};

/** What the reaction to the event's fact does, in the process that comes after: the claim it names stays, no other. */
async function react(): Promise<void> {
  const claims = engine({ ...platform, queue: keyedQueue() });
  const named = await kept();
  for (const id of ['first', 'second']) {
    if (id === named) await claims.firm(HALL, id);
    else if ((await claims.get(HALL, id))?.mode === 'firm') await claims.release(HALL, id);
  }
}

async function crashed(steps: Steps, { at, when }: Point): Promise<void> {
  const { platform: dying } = crashing(platform, at, when);
  await expect(steps(dying.store, engine(dying))).rejects.toBeInstanceOf(Crash);
}

async function commitsOf(steps: Steps): Promise<number> {
  const { platform: immortal, commits } = crashing(platform, Number.POSITIVE_INFINITY, 'before');
  await steps(immortal.store, engine(immortal));
  return commits();
}

/** Who has the hall once the hold is over and the sweep has been. */
async function afterTheHold(): Promise<readonly string[]> {
  platform.clock.advance(HOLD_MINUTES * MINUTE);
  const before = await engine(platform).busy(HALL, hours(0, 24));
  await sweep(platform);
  const after = await engine(platform).busy(HALL, hours(0, 24));
  expect(after).toEqual(before);
  return after.map(({ claimId }) => claimId);
}

const bothSides = (commits: number): Point[] =>
  Array.from({ length: commits }, (_, n) => n + 1).flatMap((at) => [
    { at, when: 'before' },
    { at, when: 'after' },
  ]);

describe.each([
  ['booking', [], book, 3],
  ['rescheduling', [book], reschedule, 4],
  ['deleting', [book], drop, 2],
] as const)('%s', (_, earlier, steps, commits) => {
  test.each(bothSides(commits))('dies $when commit $at: the hall is its owner’s, or free', async (point) => {
    for (const step of earlier) await step(platform.store, engine(platform));
    await crashed(steps, point);
    await react();
    const named = await kept();
    expect(await afterTheHold()).toEqual(named === undefined ? [] : [named]);
  });

  test(`makes ${commits} commits, so every one of them was tried`, async () => {
    for (const step of earlier) await step(platform.store, engine(platform));
    expect(await commitsOf(steps)).toBe(commits);
  });
});

test('a late reaction finds its event’s claim though the hold was swept long ago', async () => {
  await crashed(book, { at: 2, when: 'after' });
  platform.clock.advance(60 * MINUTE);
  await sweep(platform);
  await react();
  expect((await engine(platform).busy(HALL, hours(0, 24))).map(({ claimId }) => claimId)).toEqual(['first']);
});

test('twin without holds: a crash leaves the hall taken by nobody for good', async () => {
  const careless: Steps = async (store, claims) => {
    await claims.claim(request({ id: 'first', windows: OLD, owner }));
    await keep(store, 'first');
  };
  await crashed(careless, { at: 1, when: 'after' });
  expect(await kept()).toBeUndefined();
  expect(await afterTheHold()).toEqual(['first']);
});
