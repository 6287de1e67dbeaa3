/** The contract of the store port: every adapter passes all of it. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Document, Page, Partition, Query, Store } from '../../shared/platform/store.ts';
import { lifeContract } from './store.life.ts';
import { pageContract } from './store.pages.ts';
import { queryContract } from './store.queries.ts';
import { randomContract } from './store.random.ts';
import { searchContract } from './store.search.ts';
import { writeContract } from './store.writes.ts';

interface StoreUnderTest {
  readonly store: Store;
  /** Lets some seconds pass: moves the clock, or waits. */
  pass(seconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface Subject {
  store(): Store;
  pass(seconds: number): Promise<void>;
}

/** Runs the whole contract; `runs` is how often each property is tried. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>, runs = 60): void {
  describe(name, () => {
    let opened: StoreUnderTest | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());
    const subject: Subject = {
      store() {
        if (!opened) throw new Error('The store is not open');
        return opened.store;
      },
      pass: (seconds) => opened?.pass(seconds) ?? Promise.resolve(),
    };
    describe('writes', () => writeContract(subject));
    describe('queries', () => queryContract(subject));
    describe('pages', () => pageContract(subject));
    describe('search', () => searchContract(subject));
    describe('life and changes', () => lifeContract(subject));
    describe('against a brute-force model', () => randomContract(subject, runs));
  });
}

let organizations = 0;
const run = `${process.pid.toString(36)}${Math.random().toString(36).slice(2, 8)}`;

/** An organization that no other test uses. */
export function newOrg(): string {
  organizations += 1;
  return `org-${run}-${organizations}`;
}

/** A customer document. */
export function customer(id: string, rest: Partial<Document> = {}): Document {
  return { id, kind: 'customer', body: { id }, ...rest };
}

export async function create(store: Store, partition: Partition, ...documents: Document[]): Promise<void> {
  for (let at = 0; at < documents.length; at += 50) {
    const batch = documents.slice(at, at + 50);
    await store.commit(
      'customers',
      partition,
      batch.map((document) => ({ op: 'create', document })),
    );
  }
}

export function idsOf(page: Page): string[] {
  return page.items.map(({ document }) => document.id);
}

/** All pages of a query, one after another; `between` runs after each. */
export async function walk(
  store: Store,
  partition: Partition,
  query: Query,
  between: (page: Page) => Promise<void> = async () => {},
  container: 'customers' | 'claims' | 'events' | 'sessions' = 'customers',
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 10_000; pages += 1) {
    const page = await store.query(container, partition, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...idsOf(page));
    if (page.cursor === undefined) return seen;
    cursor = page.cursor;
    await between(page);
  }
  throw new Error('The walk does not end');
}

/** The ids of one page of customers. */
export async function ids(store: Store, partition: Partition, query: Partial<Query> = {}): Promise<string[]> {
  return idsOf(await store.query('customers', partition, { kind: 'customer', limit: 100, ...query }));
}
