/** The new documents of a transaction, inserted in one go at its end. */
import type { Rest } from './store.sqlite.aside.ts';
import type { Db, Table } from './store.sqlite.schema.ts';

export type Value = string | number | null;

/** A row as it is found by partition and id; `body` is null where it is of no use. */
export type Found = readonly [n: number, seq: number, expiresAt: number | null, body: string | null];

/** A row to be: what `find` tells of it, and its values in the order of the columns. */
export interface NewRow {
  readonly found: Found;
  readonly values: readonly Value[];
}

export interface NewRows {
  find(pk: string, id: string): NewRow | undefined;
  /** A number for a new row; good until the transaction ends. */
  nextN(): number;
  set(pk: string, id: string, row: NewRow): void;
  delete(pk: string, id: string): void;
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
  const rows = new Map<string, NewRow>();
  let last: number | undefined;

  function forget(): void {
    rows.clear();
    last = undefined;
  }

  return {
    forget,
    find: (pk, id) => rows.get(`${pk}\n${id}`),
    nextN() {
      last = (last ?? Number((lastN.get([]) as [number])[0])) + 1;
      return last;
    },
    set(pk, id, row) {
      rows.set(`${pk}\n${id}`, row);
    },
    delete(pk, id) {
      rows.delete(`${pk}\n${id}`);
    },
    settle(rest) {
      const all = [...rows.values()].map(({ found, values }) => [found[0], ...values]);
      forget();
      if (all.length > 0) rest.add(insert, JSON.stringify(all));
    },
  };
}
