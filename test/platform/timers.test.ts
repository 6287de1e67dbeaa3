import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Scheduler, startTimers } from '../../infra/local/timers.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { type Timer, timer } from '../../shared/platform/reaction.ts';
import { missedTick, runTick, scheduleOf } from '../../shared/platform/run-timer.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { unguardedProcess } from '../support/faults.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';

let platform: TestPlatform;
let children: ChildProcess[];
let schedulers: Scheduler[];

beforeEach(async () => {
  platform = await testPlatform();
  children = [];
  schedulers = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const scheduler of schedulers) await scheduler.stop();
  await platform.close();
});

const TICK = '2026-11-20T03:00:00Z';
function nightly(handle: Timer['handle'], schedule = '0 0 3 * * *'): Timer {
  return timer({ name: 'nightly', schedule, handle });
}

function started(timers: readonly Timer[], on: Platform = platform): void {
  schedulers.push(startTimers({ platform: on, timers }));
}

describe('one tick', () => {
  /** How often a tick ran when two processes began it at the same moment. */
  async function runs(one: Platform, other: Platform): Promise<number> {
    let count = 0;
    const job = nightly(async () => {
      count += 1;
    });
    const outcomes = await Promise.all([runTick(one, job, TICK), runTick(other, job, TICK)]);
    expect(outcomes.toSorted()).toEqual(count === 1 ? ['done', 'taken'] : ['done', 'done']);
    return count;
  }

  test('runs once, however many processes begin it', async () => {
    expect(await runs(platform, platform.twin())).toBe(1);
    expect(
      await runTick(
        platform,
        nightly(async () => {}),
        TICK,
      ),
    ).toBe('taken');
  });

  test('twin: without the marker it runs twice', async () => {
    expect(await runs(unguardedProcess(platform), unguardedProcess(platform.twin()))).toBe(2);
  });

  test('that fails is marked so, is not repeated, and the next one comes anyway', async () => {
    const job = nightly(async () => {
      throw new Error('the mail server is gone');
    });
    expect(await runTick(platform, job, TICK)).toBe('failed');
    expect(await runTick(platform, job, TICK)).toBe('taken');
    const marker = await platform.store.read('system', ['timer:nightly'], `tick:${TICK}`);
    expect(marker?.document.body).toMatchObject({ state: 'failed', error: 'Error: the mail server is gone' });
    expect(
      await runTick(
        platform,
        nightly(async () => {}),
        '2026-11-21T03:00:00Z',
      ),
    ).toBe('done');
  });

  test('works as the system, in no organization', async () => {
    let kind = '';
    const job = nightly(async (scope) => {
      kind = `${scope.actor.kind}${scope.orgId}`;
      expect(() => scope.documents('events')).toThrow('without an organization');
    });
    expect(await runTick(platform, job, TICK)).toBe('done');
    expect(kind).toBe('system');
  });
});

test('a schedule names its instants in UTC, the given one included backwards and excluded forwards', () => {
  const schedule = scheduleOf(nightly(async () => {}));
  expect(schedule.after(TICK)).toBe('2026-11-21T03:00:00Z');
  expect(schedule.after('2026-11-20T02:59:59Z')).toBe(TICK);
  expect(schedule.upTo(TICK)).toBe(TICK);
  expect(schedule.upTo('2026-11-20T02:59:59Z')).toBe('2026-11-19T03:00:00Z');
  // The night of the change to summer time in Europe is an ordinary one in UTC.
  expect(schedule.after('2027-03-27T12:00:00Z')).toBe('2027-03-28T03:00:00Z');
  expect(() => scheduleOf(nightly(async () => {}, '0 3 * * *'))).toThrow('six fields');
  expect(() => scheduleOf(nightly(async () => {}, 'every night at three o clock'))).toThrow();
});

describe('a tick missed while nothing ran', () => {
  async function ran(): Promise<string[]> {
    const at: string[] = [];
    const job = nightly(async (scope) => {
      at.push(scope.now());
    });
    started([job]);
    await sleep(50);
    for (const scheduler of schedulers.splice(0)) await scheduler.stop();
    return at;
  }

  test('is made up for once at the next start, the latest alone', async () => {
    platform.clock.set('2026-11-20T02:00:00Z');
    expect(await ran()).toEqual([]);
    platform.clock.set('2026-11-24T09:00:00Z');
    expect(await ran()).toEqual(['2026-11-24T09:00:00Z']);
    expect(await ran()).toEqual([]);
    const marker = await platform.store.read('system', ['timer:nightly'], 'tick:2026-11-24T03:00:00Z');
    expect(marker?.document.body).toMatchObject({ state: 'done' });
  });

  test('does not exist when a timer is seen for the first time, or when its last tick was run', async () => {
    const job = nightly(async () => {});
    expect(await missedTick(platform, job, '2026-11-20T09:00:00Z')).toBeUndefined();
    await runTick(platform, job, '2026-11-21T03:00:00Z');
    expect(await missedTick(platform, job, '2026-11-21T09:00:00Z')).toBeUndefined();
    expect(await missedTick(platform, job, '2026-11-22T03:00:00Z')).toBe('2026-11-22T03:00:00Z');
  });

  test('is remembered longer than the markers of ticks are kept', async () => {
    const job = nightly(async () => {}, '0 0 3 1 * *');
    platform.clock.set('2026-11-01T03:00:00Z');
    await runTick(platform, job, '2026-11-01T03:00:00Z');
    platform.clock.set('2026-11-20T09:00:00Z');
    expect(await platform.store.read('system', ['timer:nightly'], 'tick:2026-11-01T03:00:00Z')).toBeUndefined();
    expect(await missedTick(platform, job, platform.clock.now())).toBeUndefined();
  });
});

test('a timer runs when its instant comes, and a slow one does not hold up others', async () => {
  const ticks: string[] = [];
  const every = (name: string, handle: Timer['handle']) => timer({ name, schedule: '* * * * * *', handle });
  let release = () => {};
  const stuck = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = every('slow', () => stuck);
  const quick = every('quick', async (scope) => {
    ticks.push(scope.now());
  });
  started([slow, quick], { ...platform, clock: systemClock });
  await expect.poll(() => ticks.length, { timeout: 6000 }).toBeGreaterThanOrEqual(2);
  release();
  expect(ticks).toEqual([...new Set(ticks)].sort());
});

test('two processes that share the data folder run each tick once', async () => {
  const said = [everySecond(), everySecond()];
  await Promise.all(said.map(({ child }) => once(child.stdout ?? child, 'data')));
  await sleep(4500);
  for (const { child } of said) child.kill('SIGTERM');
  await Promise.all(said.map(({ child }) => once(child, 'close')));
  const ticks = said.flatMap(({ lines }) => lines()).filter((line) => line !== 'started');
  expect(ticks.length).toBeGreaterThanOrEqual(3);
  expect(new Set(ticks).size).toBe(ticks.length);
});

function everySecond(): { readonly child: ChildProcess; lines(): string[] } {
  const args = ['infra/local/cli/run.mjs', 'test/support/timer-child.ts', platform.folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, lines: () => text.trim().split('\n') };
}
