/** Documents as they were read or written last: a version that is known is neither fetched nor parsed again. */
import { LRUCache } from 'lru-cache';
import type { Statements } from './store.sqlite.statements.ts';
import type { Document, Stored } from './store.ts';

/** Characters of JSON kept; parsed they take about three times as many bytes. */
const MOST_CHARACTERS = 2_500_000;

export interface KnownDocuments {
  /** The document of a row that the same state of the file has shown, with the number of its last write. */
  read(table: string, n: number, seq: number): Stored | undefined;
  /** The same where it is known already. */
  peek(seq: number): Stored | undefined;
  /** What the file has under a number, as JSON: parsed unless it is known. */
  take(seq: number, text: string): Stored;
  /** Keeps what was committed under a number, of `size` characters as JSON. */
  keep(seq: number, document: Document, size: number): void;
  /** Lets go of a version. */
  drop(seq: number): void;
}

/**
 * No two writes of a file share a `seq`, so what was read under one never grows stale. Callers share what they give and
 * get: documents are read-only by their types. One that was written here may have a property that is undefined where
 * JSON has none.
 */
export function knownDocuments(statements: Statements): KnownDocuments {
  const known = new LRUCache<number, Stored>({ maxSize: MOST_CHARACTERS });

  function parsed(seq: number, text: string): Stored {
    const stored = { document: JSON.parse(text) as Document, etag: etagOf(seq) };
    known.set(seq, stored, { size: text.length });
    return stored;
  }

  return {
    peek: (seq) => known.get(seq),
    take: (seq, text) => known.get(seq) ?? parsed(seq, text),
    read(table, n, seq) {
      const found = known.get(seq);
      if (found) return found;
      const row = statements.row<[string, number]>(`SELECT body, seq FROM ${table} WHERE n = ?`, [n]);
      return row && parsed(row[1], row[0]);
    },
    drop: (seq) => void known.delete(seq),
    keep(seq, document, size) {
      known.set(seq, { document, etag: etagOf(seq) }, { size });
    },
  };
}

/** The version of a document written as the `seq`-th of its file. */
export function etagOf(seq: number): string {
  return seq.toString(36);
}
