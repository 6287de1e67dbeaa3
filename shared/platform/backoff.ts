/** How long to wait before what was lost to someone else is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits a random part of 2 to the power of `round` milliseconds, of at most `most`; `round` counts from 1. */
export function afterLostRace(round: number, most = 128): Promise<void> {
  return sleep(Math.random() * Math.min(2 ** round, most));
}
