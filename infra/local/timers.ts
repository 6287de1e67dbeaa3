/** The clockwork of the local host: each timer runs at its instants, one tick after another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE } from '../../shared/platform/clock.ts';
import type { Timer } from '../../shared/platform/reaction.ts';
import { missedTick, runTick, scheduleOf } from '../../shared/platform/run-timer.ts';
import type { Platform } from '../../shared/platform/scope.ts';

export interface Scheduler {
  /** Lets running ticks end, for at most these milliseconds. */
  stop(within?: number): Promise<void>;
}

/** Longest sleep, so that a changed clock is noticed. */
const LONGEST_SLEEP = MINUTE;

/**
 * Starts all timers. A tick missed while nothing ran is made up for once, at the start; a tick that falls due while an
 * earlier one is still running is made up for once when that has ended. Throws when a schedule cannot be read.
 */
export function startTimers(given: { readonly platform: Platform; readonly timers: readonly Timer[] }): Scheduler {
  const { platform, timers } = given;
  const { clock, log } = platform;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function until(instant: string): Promise<void> {
    for (let left = 1; left > 0 && !signal.aborted; ) {
      left = Date.parse(instant) - Date.parse(clock.now());
      if (left > 0) await sleep(Math.min(left, LONGEST_SLEEP), undefined, { signal }).catch(() => {});
    }
  }

  async function run(timer: Timer): Promise<void> {
    const schedule = scheduleOf(timer);
    let last = clock.now();
    const missed = await missedTick(platform, timer, last);
    if (missed !== undefined) await runTick(platform, timer, missed);
    while (!signal.aborted) {
      const next = schedule.after(last);
      if (next === undefined) return;
      await until(next);
      if (signal.aborted) return;
      last = schedule.upTo(clock.now()) ?? next;
      await runTick(platform, timer, last);
    }
  }

  async function keepRunning(timer: Timer): Promise<void> {
    while (!signal.aborted) {
      try {
        return await run(timer);
      } catch (error) {
        log.error({ timer: timer.name, err: error }, 'a timer cannot run and is tried again');
        await sleep(MINUTE / 6, undefined, { signal }).catch(() => {});
      }
    }
  }

  for (const timer of timers) scheduleOf(timer);
  const running = timers.map(keepRunning);
  return {
    async stop(within = 10_000) {
      stopping.abort();
      await Promise.race([Promise.all(running), sleep(within, undefined, { ref: false })]);
    },
  };
}
