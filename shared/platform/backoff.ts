/** How long to wait before something is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';

/** After a race lost to somebody else: a random part of 2 to the power of `round` milliseconds, of at most `most`; `round` counts from 1. */
export function afterLostRace(round: number, most = 128): Promise<void> {
  return sleep(Math.random() * Math.min(2 ** round, most));
}

/**
 * Milliseconds to wait after so many failures in a row (from 1): `first`, doubled with each up to `longest`, less up to
 * half of it at random, so that those who failed together do not come again together.
 */
export function delayAfter(failures: number, first: number, longest: number): number {
  return Math.min(longest, first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
