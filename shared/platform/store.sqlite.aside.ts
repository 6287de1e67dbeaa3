/** Work of the engine in a thread of its own: the event loop goes on, and nothing else may use the connection meanwhile. */
import AsyncDatabase from 'libsql/promise';
import type { Db } from './store.sqlite.schema.ts';

// Both classes of the package wrap the same connection; only this one's methods give way.
const { exec, prepare } = AsyncDatabase.prototype;

/** Runs SQL: a commit takes some 30 µs of the event loop instead of the milliseconds that the disk takes to sync. */
export async function aside(db: Db, sql: string): Promise<void> {
  await exec.call(db, sql);
}

interface Prepared {
  run(values: readonly string[]): unknown;
  iterate(values: readonly string[]): Promise<unknown>;
}

/** A statement that changes something and is prepared once; run aside or, where it has little to do, at once. */
export function asideStatement(db: Db, sql: string): (value: string, little?: boolean) => Promise<void> {
  let made: Promise<Prepared> | undefined;
  return async (value, little = false) => {
    made ??= prepare.call(db, sql) as Promise<Prepared>;
    const statement = await made;
    // Its first step, which is the whole of it, is taken in the other thread.
    if (little) statement.run([value]);
    else await statement.iterate([value]);
  };
}
