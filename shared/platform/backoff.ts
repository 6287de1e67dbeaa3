/** How long to wait before what was lost to someone else is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits a random part of 2 to the power of `round` milliseconds, of at most 128; `round` counts from 1. */
export function afterLostRace(round: number): Promise<void> {
  return sleep(Math.random() * 2 ** Math.min(round, 7));
}
