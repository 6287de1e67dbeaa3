/** Work of the engine in a thread of its own: the event loop goes on, and nothing but more of it may use the connection. */
import AsyncDatabase from 'libsql/promise';
import type { Db } from './store.sqlite.schema.ts';

// Read when the engine starts its threads, as the first file is opened: with one of them scripts run in the order they
// were sent. (Of two, one now and then overtakes the other, and what is sent ahead would be lost and done anew.)
process.env.TOKIO_WORKER_THREADS = '1';

// Both classes of the package wrap the same connection; only this one's methods give way.
const { exec } = AsyncDatabase.prototype;

/** Runs SQL: a commit takes some 30 µs of the event loop instead of the milliseconds that the disk takes to sync. */
export function aside(db: Db, sql: string): Promise<unknown> {
  // Not `async`: that would keep the text, some 100 KB, until the script has run.
  return exec.call(db, sql);
}

/** What remains to be done in a transaction, in one script: each call into the engine holds up the event loop some 20 µs. */
export interface Rest {
  /** A statement; `rows` (JSON) stands in it in the place of its one `?`. */
  add(sql: string, rows?: string): void;
  /** Does `first` and all that was added, in that order, then commits: one way to the other thread and back. */
  commit(first: readonly string[]): Promise<unknown>;
  /** Lets go of what was added; to be called when the transaction was rolled back. */
  forget(): void;
}

export function restOf(db: Db): Rest {
  let statements: string[] = [];
  return {
    add(sql, rows) {
      statements.push(rows === undefined ? sql : sql.replace('?', () => textLiteral(rows)));
    },
    commit(first) {
      const all = [...first, ...statements, 'COMMIT'];
      statements = [];
      return aside(db, all.join(';\n'));
    },
    forget() {
      statements = [];
    },
  };
}

/**
 * JSON as SQL: only a NUL could not stand in it, and JSON has none. (Split and joined, a text of nothing but quotes takes
 * half the memory and a quarter of the time of `replaceAll`.)
 */
function textLiteral(json: string): string {
  return `'${json.split("'").join("''")}'`;
}
