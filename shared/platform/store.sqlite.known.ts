/** Documents as they were read last: a version that is known is neither fetched nor parsed again. */
import { LRUCache } from 'lru-cache';
import type { Statements } from './store.sqlite.statements.ts';
import { etagOf } from './store.sqlite.write.ts';
import type { Document, Stored } from './store.ts';

/** Characters of JSON kept; parsed they take about three times as many bytes. */
const MOST_CHARACTERS = 4_000_000;

/** The document of a row, by the number that the file gave its last write; undefined when the row is gone. */
export type KnownDocuments = (table: string, n: number, seq: number) => Stored | undefined;

/**
 * No two writes of a file share a `seq`, so what was read under one never grows stale. Callers share what they get:
 * documents are read-only by their types.
 */
export function knownDocuments(statements: Statements): KnownDocuments {
  const known = new LRUCache<number, Stored>({ maxSize: MOST_CHARACTERS });
  return (table, n, seq) => {
    const stored = known.get(seq);
    if (stored) return stored;
    const row = statements.row<[string, number]>(`SELECT body, seq FROM ${table} WHERE n = ?`, [n]);
    if (!row) return undefined;
    const [body, now] = row;
    const read = { document: JSON.parse(body) as Document, etag: etagOf(now) };
    known.set(now, read, { size: body.length });
    return read;
  };
}
