/** Random claims, moves, releases, holds and capacities against a model that looks at every minute (chapter 05). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClaimRequest, Claims } from '../../shared/claims/model.ts';
import { HOUR } from '../../shared/platform/clock.ts';
import type { Window } from '../../shared/platform/fields.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { minuteOf, minutesOf, minuteText } from '../support/minutes.ts';
import type { TestPlatform } from '../support/platform.ts';
import { testPlatform } from '../support/platform.ts';
import type { Change, Taken } from './minutes.ts';
import { BEFORE_ALL, CHANGES, fits, usedAt, windowsIn } from './minutes.ts';
import { engine, engines, fresh, request } from './support.ts';

type Step =
  | { do: 'claim'; windows: Window[]; quantity: number; hold: boolean; group: string | undefined; seats: number }
  | { do: 'move'; which: number; windows: Window[]; quantity: number }
  | { do: 'release' | 'firm'; which: number }
  | { do: 'capacity'; capacity: number }
  | { do: 'wait'; hours: number }
  | { do: 'look'; window: Window; quantity: number; minutes: number };

const which = fc.nat(50);
const quantity = fc.integer({ min: 1, max: 4 });

/** Each with the process that takes it, of two that share the file. */
function stepsIn(change: Change): fc.Arbitrary<[number, Step][]> {
  const window = windowsIn(change);
  // Few different windows, so that groups meet and moves land on what is taken.
  const windows = fc.array(window, { minLength: 1, maxLength: 3 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('claim' as const),
        windows,
        quantity,
        hold: fc.boolean(),
        group: fc.option(fc.constantFrom('a', 'b'), { nil: undefined, freq: 3 }),
        seats: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('move' as const), which, windows, quantity }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'firm' as const), which }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('capacity' as const), capacity: fc.integer({ min: 0, max: 8 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 3 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('look' as const),
        window,
        quantity,
        minutes: fc.integer({ min: 1, max: 300 }),
      }),
    },
  );
  return fc.array(fc.tuple(fc.nat(1), step), { minLength: 5, maxLength: 30 });
}

const GROUP_SEATS = 4;

/** Walks through the steps in the engine and in the model side by side. */
class Walk {
  readonly taken = new Map<string, Taken>();
  readonly requests: ClaimRequest[] = [];
  readonly platform: TestPlatform;
  readonly processes: readonly Claims[];
  claims: Claims;
  readonly resource = `item:${fresh()}` as const;
  capacity = 5;
  constructor(platform: TestPlatform) {
    this.platform = platform;
    this.claims = engine(platform);
    this.processes = [this.claims, ...engines(platform, 2).slice(1)];
  }

  standing(but?: string): Taken[] {
    const now = this.platform.clock.now();
    return [...this.taken.values()].filter(({ id, expiresAt }) => id !== but && (expiresAt ?? '9') > now);
  }

  async step(process: number, step: Step): Promise<void> {
    this.claims = this.processes[process] ?? this.claims;
    if (step.do === 'claim') return this.claim(step);
    if (step.do === 'capacity') return this.setCapacity(step.capacity);
    if (step.do === 'look') return this.look(step);
    if (step.do === 'wait') return this.platform.clock.advance(step.hours * HOUR);
    const target = this.requests[step.which % Math.max(1, this.requests.length)];
    if (!target) return;
    if (step.do === 'move') await this.move(target.id, step);
    else if (step.do === 'firm') await this.firm(target.id);
    else {
      await this.claims.release(this.resource, target.id);
      this.taken.delete(target.id);
    }
  }

  async claim({ windows, quantity, hold, group, seats }: Extract<Step, { do: 'claim' }>): Promise<void> {
    const earlier = this.requests.at(-1);
    const made = request({
      resource: this.resource,
      // Every other member of a group asks for the windows that the claim before has.
      windows: group && seats > 1 && earlier ? earlier.windows : windows,
      quantity,
      capacity: this.capacity,
      ...(hold ? { mode: 'held', expiresAt: minuteText(minuteOf(this.platform.clock.now()) + 100) } : {}),
      ...(group ? { group: { id: group, capacity: GROUP_SEATS }, seats } : {}),
    });
    const wanted: Taken = { ...made, minutes: minutesOf(made.windows) };
    const expected = fits(wanted, this.standing(), this.capacity);
    expect((await this.claims.check(made)).length === 0).toBe(expected);
    expect(await accepted(this.claims.claim(made))).toBe(expected ? 'done' : 'conflict');
    if (!expected) return;
    this.requests.push(made);
    this.taken.set(made.id, wanted);
  }

  async move(id: string, { windows, quantity }: Extract<Step, { do: 'move' }>): Promise<void> {
    const use = { start: windows[0]?.start ?? '', end: windows[0]?.end ?? '' };
    const old = this.standing().find((one) => one.id === id);
    const outcome = await accepted(this.claims.move(this.resource, id, { windows, use, quantity }));
    if (!old) return expect(outcome).toBe('not_found');
    const moved = { ...old, minutes: minutesOf(windows), quantity };
    const givesBack = !old.group && quantity <= old.quantity && [...moved.minutes].every((m) => old.minutes.has(m));
    const expected = givesBack || fits(moved, this.standing(id), this.capacity);
    expect(outcome).toBe(expected ? 'done' : 'conflict');
    if (expected) this.taken.set(id, moved);
  }

  async firm(id: string): Promise<void> {
    const old = this.taken.get(id);
    const outcome = await accepted(this.claims.firm(this.resource, id));
    if (!old) return expect(outcome).toBe('not_found');
    const stands = this.standing().includes(old);
    const expected = stands || fits(old, this.standing(id), this.capacity);
    expect(outcome).toBe(expected ? 'done' : 'conflict');
    const { expiresAt: _, ...firm } = old;
    if (expected) this.taken.set(id, firm);
  }

  async setCapacity(capacity: number): Promise<void> {
    const shortages = await this.claims.setCapacity(this.resource, capacity);
    this.capacity = capacity;
    const standing = this.standing();
    const short = (taken: Taken) =>
      Math.max(0, ...[...taken.minutes].map((minute) => usedAt(standing, minute) - capacity));
    const expected = new Map(standing.flatMap((one) => (short(one) > 0 ? [[one.id, short(one)] as const] : [])));
    const found = new Map<string, number>();
    for (const { claimId, short } of shortages) found.set(claimId, Math.max(short, found.get(claimId) ?? 0));
    expect(found).toEqual(expected);
  }

  async look({ window, quantity, minutes }: Extract<Step, { do: 'look' }>): Promise<void> {
    const { resource, capacity } = this;
    const standing = this.standing();
    const most = (range: Window) => Math.max(...[...minutesOf([range])].map((minute) => usedAt(standing, minute)));
    expect(await this.claims.free(resource, window, capacity)).toBe(Math.max(0, capacity - most(window)));
    const busy = new Set((await this.claims.busy(resource, window)).map(({ claimId }) => claimId));
    const inside = [...minutesOf([window])];
    const expected = standing.filter((one) => inside.some((minute) => one.minutes.has(minute)));
    expect(busy).toEqual(new Set(expected.map(({ id }) => id)));

    const wanted = { from: window.start, minutes, quantity, capacity, count: 1, withinDays: 5 };
    const [next] = await this.claims.nextFree(resource, wanted);
    let start = minuteOf(window.start);
    const fitsFrom = () => most({ start: minuteText(start), end: minuteText(start + minutes) }) + quantity <= capacity;
    if (quantity > capacity) return expect(next).toBeUndefined();
    while (!fitsFrom()) start += 1;
    expect(next).toEqual({ start: minuteText(start), end: minuteText(start + minutes) });
  }
}

async function accepted(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe.each(CHANGES)('around $day in $zone', (change) => {
  test('the engine decides as a look at every minute does', async () => {
    const platform = await testPlatform({ at: BEFORE_ALL });
    try {
      await fc.assert(
        fc.asyncProperty(stepsIn(change), async (steps) => {
          platform.clock.set(BEFORE_ALL);
          const walk = new Walk(platform);
          for (const [process, step] of steps) await walk.step(process, step);
        }),
        { numRuns: 60 },
      );
    } finally {
      await platform.close();
    }
  });
});
