/**
 * The store port: documents in partitions, changed in atomic batches, found through declared indexes.
 * Two adapters pass one contract suite: `store.sqlite.ts` (embedded) and `store.azure.ts` (Cosmos DB).
 */
import type { ContainerName } from './containers.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type IndexValue = string | number | boolean;

/**
 * What a partition is called: the values of the container's partition key path, in order.
 * A query may name a prefix of them; reads and commits name them all.
 */
export type Partition = readonly string[];

/** A stored document. Queries see `kind`, `id`, `ix`, `sets` and `words` only; `body` is opaque to the store. */
export interface Document {
  readonly id: string;
  /** What sort of document this is; every query names one kind. */
  readonly kind: string;
  readonly body: Json;
  /** Single values that queries filter and sort by, under names the container declares. Text is compared by code point. */
  readonly ix?: Readonly<Record<string, IndexValue>>;
  /** Sets of texts that queries test for membership, under names the container declares. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
  /** Folded words (see `words.ts`) that `search` matches by their beginnings. */
  readonly words?: readonly string[];
  /** Seconds after the last write when the document is gone. Left out: it stays. */
  readonly ttl?: number;
}

export interface Stored {
  readonly document: Document;
  /** Opaque version, without quotes; changes at every write. */
  readonly etag: string;
}

export type Write =
  /** Refused with `exists` when the id is in use. */
  | { readonly op: 'create'; readonly document: Document }
  /** Refused with `missing` when there is no such id, with `stale` when the etag differs. */
  | { readonly op: 'replace'; readonly document: Document; readonly ifMatch: string }
  | { readonly op: 'upsert'; readonly document: Document }
  /** Refused with `missing` or, when an etag is given, `stale`. */
  | { readonly op: 'delete'; readonly id: string; readonly ifMatch?: string };

export const MAX_WRITES = 100;

export type Condition =
  | { readonly path: string; readonly eq: IndexValue }
  | { readonly path: string; readonly in: readonly IndexValue[] }
  | {
      readonly path: string;
      readonly gte?: IndexValue;
      readonly gt?: IndexValue;
      readonly lt?: IndexValue;
      readonly lte?: IndexValue;
    }
  /** The set holds every one of these (`all`) or at least one (`any`). */
  | { readonly set: string; readonly all: readonly string[] }
  | { readonly set: string; readonly any: readonly string[] };

export interface Order {
  /** A declared `ix` name that every document of the kind carries, or `id`. */
  readonly path: string;
  readonly descending?: boolean;
}

export interface Query {
  readonly kind: string;
  readonly where?: readonly Condition[];
  /** `id` is appended as the tie-breaker, in the direction of the last entry. Default: `id` ascending. */
  readonly orderBy?: readonly Order[];
  /**
   * Folded words, each of which must begin one of the document's words. With `search` the order is always: first
   * the documents that hold every word whole, then the rest, each newest (greatest id) first; `orderBy` is refused.
   */
  readonly search?: readonly string[];
  /** 1 to 1,000. */
  readonly limit: number;
  /** From an earlier page of the same query; anything else throws `BadCursor`. */
  readonly cursor?: string;
  /** Also count all that match, cursor aside. */
  readonly count?: boolean;
}

export interface Page {
  readonly items: readonly Stored[];
  /** There when more may follow. */
  readonly cursor?: string;
  readonly total?: number;
}

export interface Change {
  readonly partition: Partition;
  readonly document: Document;
  readonly etag: string;
  /** Pass as `from` to go on after this change. */
  readonly position: string;
}

export interface Store {
  read(container: ContainerName, partition: Partition, id: string): Promise<Stored | undefined>;
  /** Pages are keyset pages: a document that does not change while paging is seen once. */
  query(container: ContainerName, partition: Partition, query: Query): Promise<Page>;
  /**
   * All or nothing, 1 to 100 writes to distinct ids in one partition; the new etags in the order of the writes
   * (empty text for a delete). Throws `CommitRefused` when a write's condition does not hold.
   */
  commit(container: ContainerName, partition: Partition, writes: readonly Write[]): Promise<readonly string[]>;
  /** Created and replaced documents in commit order, oldest first, from `from` (or the beginning) to the present. Deletes are not seen. */
  changes(container: ContainerName, from?: string): AsyncIterable<Change>;
  /** For readiness probes: throws when the store cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A batch of more bytes than a store takes: a bug of ours, unless it was put together from several callers' writes. */
export class BatchTooLarge extends Error {
  override readonly name = 'BatchTooLarge';
}

/** A write's condition did not hold; nothing of the batch was written. */
export class CommitRefused extends Error {
  readonly reason: 'exists' | 'stale' | 'missing';
  /** Which of the writes. */
  readonly index: number;
  constructor(reason: 'exists' | 'stale' | 'missing', index: number) {
    super(`Write ${index} of the batch was refused: ${reason}`);
    this.name = 'CommitRefused';
    this.reason = reason;
    this.index = index;
  }
}

/** The cursor is not one this query gave out. */
export class BadCursor extends Error {
  constructor() {
    super('The cursor is not one that this query gave out');
    this.name = 'BadCursor';
  }
}

/** The store cannot be reached or is too busy; what was asked may be tried again. */
export class StoreUnavailable extends Error {
  readonly retryAfterSeconds: number;
  constructor(message: string, retryAfterSeconds = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The partition takes no more (20 GB in Cosmos DB). Another try helps only once somebody has made room. */
export class StoreFull extends StoreUnavailable {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 3600, options);
    this.name = 'StoreFull';
  }
}
