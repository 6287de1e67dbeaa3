/** Work of the engine in a thread of its own: the event loop goes on, and nothing else may use the connection meanwhile. */
import AsyncDatabase from 'libsql/promise';
import type { Db } from './store.sqlite.schema.ts';

// Both classes of the package wrap the same connection; only this one's methods give way.
const { exec } = AsyncDatabase.prototype;

/** Runs SQL: a commit takes some 30 µs of the event loop instead of the milliseconds that the disk takes to sync. */
export async function aside(db: Db, sql: string): Promise<void> {
  await exec.call(db, sql);
}

/** What remains to be done in a transaction: statements, and the rows (as JSON) that each of them reads. */
export interface Rest {
  /** `rows` stands in `sql` where it reads `?`. */
  add(sql: string, rows: string): void;
  /** Does all of it in the order it was added, then commits: one way to the other thread and back. */
  commit(): Promise<void>;
  /** Lets go of it; to be called when the transaction was rolled back. */
  forget(): void;
}

export function restOf(db: Db): Rest {
  // A connection's own table in memory: the text of SQL could not be as long as the rows.
  db.exec('CREATE TEMP TABLE IF NOT EXISTS rest (at INTEGER PRIMARY KEY, rows TEXT NOT NULL)');
  const keep = db.prepare('INSERT INTO temp.rest VALUES (?, ?)');
  let statements: string[] = [];
  return {
    add(sql, rows) {
      const at = statements.length;
      keep.run([at, rows]);
      statements.push(sql.replace('?', `(SELECT rows FROM temp.rest WHERE at = ${at})`));
    },
    async commit() {
      const all = statements.length > 0 ? [...statements, 'DELETE FROM temp.rest'] : [];
      statements = [];
      await aside(db, [...all, 'COMMIT'].join(';\n'));
    },
    forget() {
      statements = [];
    },
  };
}
