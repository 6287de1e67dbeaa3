/** The new documents of a transaction, inserted in one go at its end. */
import type { Rest } from './store.sqlite.aside.ts';
import type { Db, Table } from './store.sqlite.schema.ts';

export type Value = string | number | null;

export interface NewRows {
  has(key: string): boolean;
  /** A number for a new row; good until the transaction ends. */
  nextN(): number;
  /** `values` in the order of the columns. */
  set(key: string, n: number, values: readonly Value[]): void;
  delete(key: string): void;
  /** Leaves what is to be inserted to the rest of the transaction. */
  settle(rest: Rest): void;
  forget(): void;
}

/** `columns` follow `n` in every row. */
export function newRowsFor(db: Db, { documents }: Table, columns: readonly string[]): NewRows {
  const names = ['n', ...columns];
  const insert = `INSERT INTO ${documents} (${names.join(', ')})
    SELECT ${names.map((_, at) => `value ->> ${at}`).join(', ')} FROM json_each(?)`;
  const lastN = db.prepare(`SELECT coalesce(max(n), 0) FROM ${documents}`).raw(true);
  const rows = new Map<string, readonly Value[]>();
  let last: number | undefined;

  function forget(): void {
    rows.clear();
    last = undefined;
  }

  return {
    forget,
    has: (key) => rows.has(key),
    nextN() {
      last = (last ?? Number((lastN.get([]) as [number])[0])) + 1;
      return last;
    },
    set(key, n, values) {
      rows.set(key, [n, ...values]);
    },
    delete(key) {
      rows.delete(key);
    },
    settle(rest) {
      const all = [...rows.values()];
      forget();
      if (all.length > 0) rest.add(insert, JSON.stringify(all));
    },
  };
}
