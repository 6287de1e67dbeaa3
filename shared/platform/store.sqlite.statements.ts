/** Prepared statements of one connection, kept by their text; the least used make way. */
import type Database from 'libsql';
import { LRUCache } from 'lru-cache';
import { codeOf, messageOf } from './errors.ts';
import type { Db } from './store.sqlite.schema.ts';
import { StoreUnavailable } from './store.ts';

type Value = string | number | null;

export interface Statements {
  row<R extends readonly unknown[]>(sql: string, values: readonly Value[]): R | undefined;
  rows<R extends readonly unknown[]>(sql: string, values: readonly Value[]): R[];
  /** Reads that see one state of the file, whatever other connections write meanwhile. */
  together<T>(read: () => T): T;
}

const MOST_KEPT = 500;

/** Rows are arrays in the order of the columns; the caller names their types. */
export function statementsOf(db: Db): Statements {
  const kept = new LRUCache<string, Database.Statement>({ max: MOST_KEPT });
  const [begin, commit] = [db.prepare('BEGIN'), db.prepare('COMMIT')];

  function prepared(sql: string): Database.Statement {
    const known = kept.get(sql);
    if (known) return known;
    const made = db.prepare(sql).raw(true);
    kept.set(sql, made);
    return made;
  }
  return {
    row<R extends readonly unknown[]>(sql: string, values: readonly Value[]) {
      return guarded(() => prepared(sql).get(values) as R | undefined);
    },
    rows<R extends readonly unknown[]>(sql: string, values: readonly Value[]) {
      return guarded(() => prepared(sql).all(values) as R[]);
    },
    together(read) {
      return guarded(() => {
        begin.run([]);
        try {
          const result = read();
          commit.run([]);
          return result;
        } catch (error) {
          // After some errors (the disk's, above all) the engine has rolled back by itself.
          if (db.inTransaction) db.exec('ROLLBACK');
          throw error;
        }
      });
    },
  };
}

/** Turns the engine's transient errors into `StoreUnavailable`; others are bugs and stay what they are. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unavailable(error) ?? error;
  }
}

const TRANSIENT = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|PROTOCOL)/;

/** `StoreUnavailable` for an error that may pass (lock, disk), undefined for any other. */
export function unavailable(error: unknown): StoreUnavailable | undefined {
  if (!TRANSIENT.test(codeOf(error) ?? '')) return undefined;
  return new StoreUnavailable(`The store cannot answer: ${messageOf(error)}`, 1, { cause: error });
}
