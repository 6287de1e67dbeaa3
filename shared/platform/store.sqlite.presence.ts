/** Who has a file open: while that is one process alone, it knows of every write to it. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK_ENDING, lockIn } from './lock.ts';

/** Milliseconds for which it is good that nobody else was there. */
const LOOK_EVERY = 50;
/** Milliseconds before the first write of one who is not alone: by then all others have looked. */
const NOTICED_WITHIN = 100;
/** Failures to lock the own name; each takes some 0.1 ms. */
const MOST_FAILURES = 50;
/** Milliseconds to enter within: whoever is at the own name has been stopped, or the folder does not show what is in it. */
const ENTERED_WITHIN = 5000;

export interface Presence {
  /** Until when nobody else writes to the file, by `now` (milliseconds of `performance`); 0 when that is not known. */
  quietUntil(now: number): number;
  /** To be waited for before the first write: by then the others know that they are not alone. */
  readonly noticed: Promise<void>;
  /** To be called when nothing is written any more. */
  leave(): void;
}

/**
 * Enters the file's folder of those who have it open, under a name nobody else has. Whoever is there holds a lock under
 * its name, which the operating system frees when the process dies; names without a lock are cleared away. Throws when
 * the folder cannot be made or read, or its own name cannot be had within 5 s.
 */
export function enter(file: string, name: string): Presence {
  const folder = `${file}-open`;
  mkdirSync(folder, { recursive: true });
  const mine = lockIn(folder, name);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let accompanied = true;

  function present(): string[] {
    return readdirSync(folder).flatMap((entry) =>
      entry.endsWith(LOCK_ENDING) ? [entry.slice(0, -LOCK_ENDING.length)] : [],
    );
  }
  function isDead(other: string): boolean {
    const lock = lockIn(folder, other);
    if (!lock.held()) return false;
    const isCleared = clear(other);
    lock.release();
    if (!isCleared) clear(other);
    return true;
  }
  /** Whether it worked: Windows keeps a file that anybody has open. Without a lock it counts for nobody. */
  function clear(left: string): boolean {
    try {
      rmSync(join(folder, `${left}${LOCK_ENDING}`), { force: true });
      return true;
    } catch {
      return false;
    }
  }
  function othersThere(): boolean {
    const names = present();
    // Whose own name is gone (somebody may have deleted the folder) is seen by nobody.
    return !names.includes(name) || names.filter((other) => other !== name && !isDead(other)).length > 0;
  }
  function look(): void {
    try {
      accompanied = othersThere();
    } catch {
      // The folder is gone, or the process has too many files open: whoever is not seen may be there.
      accompanied = true;
    }
  }

  let failures = 0;
  /**
   * Somebody may clear the name away before it is locked, which the engine may take for an error of the disk; or look at
   * it, and have it locked for as long as its process has to wait for a core. That is no failure.
   */
  function isIn(): boolean {
    try {
      return mine.held() && present().includes(name);
    } catch (error) {
      failures += 1;
      if (failures < MOST_FAILURES) return false;
      mine.release();
      throw error;
    }
  }

  const until = performance.now() + ENTERED_WITHIN;
  while (!isIn()) {
    mine.release();
    if (performance.now() > until) throw new Error(`Its name ${name} in ${folder} cannot be had`);
  }
  look();
  return {
    quietUntil(now) {
      if (now >= lookedAt + LOOK_EVERY) {
        look();
        lookedAt = now;
      }
      return accompanied ? 0 : lookedAt + LOOK_EVERY;
    },
    noticed: accompanied ? sleep(NOTICED_WITHIN) : Promise.resolve(),
    leave() {
      mine.release();
      clear(name);
    },
  };
}
