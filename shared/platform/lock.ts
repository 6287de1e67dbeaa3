/** A lock between processes that share a folder, freed by the operating system the moment its holder dies. */
import { join } from 'node:path';
import Database from 'libsql';
import { isBusy } from './errors.ts';

/** What the file of a lock is called after the lock's name. */
export const LOCK_ENDING = '.lock';

interface Lock {
  /** Whether this one holds it now; takes it when it is free. Throws when its file cannot be opened. */
  held(): boolean;
  release(): void;
}

/**
 * An SQLite file in the folder (which must be there) is kept locked by an open transaction: it needs no lease, no clock,
 * and leaves nothing stale behind.
 */
export function lockIn(folder: string, name: string): Lock {
  let holding: Database.Database | undefined;
  return {
    held() {
      if (holding) return true;
      const db = new Database(join(folder, `${name}${LOCK_ENDING}`), { timeout: 0 });
      try {
        db.exec('BEGIN EXCLUSIVE');
        holding = db;
        return true;
      } catch (error) {
        db.close();
        if (isBusy(error)) return false;
        throw error;
      }
    },
    release() {
      holding?.close();
      holding = undefined;
    },
  };
}

/** Runs a task while no other process runs one of this name over the folder. Throws when another one is at it. */
export async function alone<T>(folder: string, name: string, task: () => Promise<T>): Promise<T> {
  const lock = lockIn(folder, name);
  if (!lock.held()) throw new Error(`Another process is at ${name} in ${folder}: try again when it is done.`);
  try {
    return await task();
  } finally {
    lock.release();
  }
}
