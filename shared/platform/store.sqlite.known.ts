/** Documents as they were read or written last: a version that is known is neither fetched nor parsed again. */
import { LRUCache } from 'lru-cache';
import type { Statements } from './store.sqlite.statements.ts';
import type { Document, Stored } from './store.ts';

/** Characters of JSON kept; parsed they take about three times as many bytes. */
const MOST_CHARACTERS = 4_000_000;

export interface KnownDocuments {
  /** The document of a row that the same state of the file has shown, with the number of its last write. */
  read(table: string, n: number, seq: number): Stored | undefined;
  /** The same where it is known already. */
  peek(seq: number): Stored | undefined;
  /** What the file has under a number, as JSON: parsed unless it is known. */
  take(seq: number, text: string): Stored;
  /** Keeps what was committed under a number, as JSON: it is parsed when it is read. */
  keep(seq: number, text: string): void;
}

/**
 * No two writes of a file share a `seq`, so what was read under one never grows stale. Callers share what they get:
 * documents are read-only by their types.
 */
export function knownDocuments(statements: Statements): KnownDocuments {
  const known = new LRUCache<number, Stored | string>({ maxSize: MOST_CHARACTERS });

  function parsed(seq: number, text: string): Stored {
    const stored = { document: JSON.parse(text) as Document, etag: etagOf(seq) };
    known.set(seq, stored, { size: text.length });
    return stored;
  }
  function peek(seq: number): Stored | undefined {
    const found = known.get(seq);
    return typeof found === 'string' ? parsed(seq, found) : found;
  }

  return {
    peek,
    take: (seq, text) => peek(seq) ?? parsed(seq, text),
    read(table, n, seq) {
      const found = peek(seq);
      if (found) return found;
      const row = statements.row<[string, number]>(`SELECT body, seq FROM ${table} WHERE n = ?`, [n]);
      return row && parsed(row[1], row[0]);
    },
    keep(seq, text) {
      known.set(seq, text, { size: text.length });
    },
  };
}

/** The version of a document written as the `seq`-th of its file. */
export function etagOf(seq: number): string {
  return seq.toString(36);
}
