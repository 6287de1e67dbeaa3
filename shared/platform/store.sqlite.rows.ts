/** The rows of documents as a transaction leaves them, written in a few statements at its end. */
import { grouped } from './grouped.ts';
import type { Rest } from './store.sqlite.aside.ts';
import type { Table } from './store.sqlite.schema.ts';
import { bindable, wordsText } from './store.sqlite.schema.ts';
import type { Statements } from './store.sqlite.statements.ts';
import type { Document } from './store.ts';

export type Value = string | number | null;

/** A row to be. */
interface Row {
  readonly n: number;
  readonly pk: string;
  /** The groups that the document is in; left out where they stay as they are. */
  readonly groups: readonly number[] | undefined;
  readonly document: Document;
  readonly seq: number;
  readonly expiresAt: number | null;
  /** The document as JSON. */
  readonly text: string;
}

/** What the file has in the place of a row: `document` where it is known. */
interface Before {
  readonly document: Document | undefined;
}

interface Change {
  readonly row: Row;
  readonly before: Before;
}

export interface Rows {
  /** A number for a new row; they go on from one transaction to the next until all is forgotten. */
  nextN(): number;
  /** Inserts a row, or, where there is one before, changes it. */
  set(row: Row, before: Before | undefined): void;
  delete(n: number): void;
  /** Whether the transaction inserts this row. */
  inserts(n: number): boolean;
  /** Leaves all of it to the rest of the transaction. */
  settle(rest: Rest): void;
  forget(): void;
}

/** `reading` sees what is committed; which rows this process has yet to commit is known here. */
export function rowsFor(reading: Statements, { documents, prefixes, fields }: Table): Rows {
  const groupColumns = ['g', ...prefixes];
  const insert = inserting(documents, [
    'n',
    'pk',
    'id',
    ...ALWAYS,
    'kind',
    ...groupColumns,
    ...fields.map((field) => `"f_${field}"`),
  ]);
  const lastN = `SELECT coalesce(max(n), 0) FROM ${documents}`;
  const updates = new Map<string, string>();
  const added = new Map<number, Row>();
  const changed = new Map<number, Change>();
  const gone = new Set<number>();
  let last: number | undefined;

  function updating(columns: readonly string[]): string {
    const key = columns.join();
    const known = updates.get(key);
    if (known !== undefined) return known;
    const sets = columns.map((column, at) => `${column} = row ->> ${at + 1}`).join(', ');
    const made = `${ROWS} UPDATE ${documents} SET ${sets} FROM j WHERE ${documents}.n = row ->> 0`;
    updates.set(key, made);
    return made;
  }

  /** Sets nothing that stays: each column set costs an entry in every index it stands in, and groups stand in all. */
  function change({ row, before: { document: old } }: Change) {
    const { n, groups, document } = row;
    const columns = [...ALWAYS];
    const values: Value[] = [n, ...always(row)];
    if (groups) {
      columns.push('kind', ...groupColumns);
      values.push(document.kind, ...groups);
    }
    for (const field of fields) {
      const value = fieldValue(document, field);
      if (old && fieldValue(old, field) === value) continue;
      columns.push(`"f_${field}"`);
      values.push(value);
    }
    return { sql: updating(columns), values };
  }

  function clear(): void {
    added.clear();
    changed.clear();
    gone.clear();
  }

  return {
    forget() {
      clear();
      last = undefined;
    },
    nextN() {
      last = (last ?? reading.row<[number]>(lastN, [])?.[0] ?? 0) + 1;
      return last;
    },
    set(row, before) {
      const earlier = added.get(row.n) ?? changed.get(row.n)?.row;
      const groups = row.groups ?? earlier?.groups;
      if (!before || added.has(row.n)) added.set(row.n, { ...row, groups });
      else changed.set(row.n, { row: { ...row, groups }, before: changed.get(row.n)?.before ?? before });
    },
    delete(n) {
      changed.delete(n);
      if (!added.delete(n)) gone.add(n);
    },
    inserts: (n) => added.has(n),
    settle(rest) {
      if (added.size + changed.size + gone.size === 0) return;
      if (gone.size > 0) {
        rest.add(`DELETE FROM ${documents} WHERE n IN (SELECT value FROM json_each(?))`, JSON.stringify([...gone]));
      }
      const changes = [...changed.values()].map(change);
      for (const [sql, some] of grouped(changes, (one) => one.sql)) {
        rest.add(sql, JSON.stringify(some.map(({ values }) => values)));
      }
      const rows = [...added.values()].map((row) => {
        const { n, pk, document, groups = [] } = row;
        const ix = fields.map((field) => fieldValue(document, field));
        return [n, pk, document.id, ...always(row), document.kind, ...groups, ...ix];
      });
      if (rows.length > 0) rest.add(insert, JSON.stringify(rows));
      clear();
    },
  };
}

/** What every write sets. */
const ALWAYS = ['seq', 'expires_at', 'words', 'body'];

function always({ seq, expiresAt, document, text }: Row): Value[] {
  return [seq, expiresAt, wordsText(document), text];
}

function fieldValue(document: Document, field: string): Value {
  const value = document.ix?.[field];
  return value === undefined ? null : bindable(value);
}

/** Each row of ? has these columns in this order. */
export function inserting(table: string, columns: readonly string[], or = ''): string {
  return `${ROWS} INSERT ${or} INTO ${table} (${columns.join(', ')})
    SELECT ${columns.map((_, at) => `row ->> ${at}`).join(', ')} FROM j`;
}

/** Each row once: asked for a value, `json_each` writes all of it anew, as often as there are columns. */
const ROWS = 'WITH j AS MATERIALIZED (SELECT value AS row FROM json_each(?))';
