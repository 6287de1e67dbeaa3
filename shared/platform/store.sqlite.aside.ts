import AsyncDatabase from 'libsql/promise';
import type { Db } from './store.sqlite.schema.ts';

/**
 * Runs SQL in a thread of the engine's own: a commit takes some 30 µs of the event loop instead of the milliseconds
 * that the disk takes to sync. Nothing else may use the connection meanwhile. Both classes of the package wrap the
 * same connection; only this one's `exec` gives way.
 */
export async function aside(db: Db, sql: string): Promise<void> {
  await AsyncDatabase.prototype.exec.call(db, sql);
}
