/** Request units by the published prices of Cosmos DB, for what the store port is asked; estimates, not a bill. */
import type { Page, Stored, Write } from '../shared/platform/store.ts';

const KB = 1024;
/** A point read of 1 KB is 1 RU; a write about 5 RU for 1 KB with few indexed paths, and more with each path. */
const READ_PER_KB = 1;
const WRITE_BASE = 5;
const WRITE_PER_KB = 1;
const WRITE_PER_PATH = 0.3;
/** A query's own cost, and what each item it loads adds. */
const QUERY_BASE = 2.5;
const QUERY_PER_ITEM = 0.3;

function kilobytes(value: unknown): number {
  return Math.max(1, Math.ceil(JSON.stringify(value).length / KB));
}

/** One write of a batch. */
export function writeUnits(write: Write): number {
  if (write.op === 'delete') return WRITE_BASE;
  const { document } = write;
  const sets = Object.values(document.sets ?? {}).reduce((sum, set) => sum + set.length, 0);
  const paths = Object.keys(document.ix ?? {}).length + sets + (document.words?.length ?? 0);
  return WRITE_BASE + WRITE_PER_KB * kilobytes(document) + WRITE_PER_PATH * paths;
}

/** A point read, also of what is not there. */
export function readUnits(stored: Stored | undefined): number {
  return READ_PER_KB * (stored ? kilobytes(stored.document) : 1);
}

/** One page of a query. */
export function queryUnits({ items }: Page): number {
  return QUERY_BASE + items.reduce((sum, item) => sum + QUERY_PER_ITEM * kilobytes(item.document), 0);
}
