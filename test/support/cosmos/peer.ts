/**
 * `@vercel/cosmosdb-server` and how it is asked, over HTTP: documents under one key property, found and written in
 * batches. What it lacks is made up for here and in `server.ts`; docs/adr/0018 lists each.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createHttpServer } from '@vercel/cosmosdb-server';
import { closed, onFreePort } from '../servers.ts';
import { orderedTexts, plainTexts } from './texts.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Kept {
  readonly id: string;
  readonly _etag: string;
  readonly _lsn: number;
  readonly [name: string]: unknown;
}

export interface BatchOperation {
  readonly operationType: 'Create' | 'Upsert' | 'Replace' | 'Delete' | 'Read';
  readonly id?: string;
  readonly ifMatch?: string;
  readonly resourceBody?: Readonly<Record<string, unknown>> & { readonly id: string };
}

interface BatchReply {
  readonly statusCode: number;
  readonly eTag?: string;
  readonly resourceBody?: Kept;
}

/** The one property that the npm server takes for a key: it knows no hierarchical keys. */
export const KEY = '_partition';

interface Peer {
  /** Passes a request on as it is. */
  ask(method: string, path: string, headers: IncomingHttpHeaders, body?: unknown): Promise<Answer>;
  /** The documents of some ids in a partition, as it holds them now; undefined where there is none. */
  peek(docs: string, partition: string, ids: readonly string[]): Promise<(Kept | undefined)[]>;
  /** Writes a batch whose conditions hold. */
  write(docs: string, partition: string, operations: readonly BatchOperation[]): Promise<readonly BatchReply[]>;
  /** What a query finds, with the npm server's own page and continuation. */
  find(docs: string, headers: IncomingHttpHeaders, query: unknown): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts the npm server on a port of its own. */
export async function startPeer(): Promise<Peer> {
  const server = createHttpServer({ keepAlive: true } as object);
  const { origin } = await onFreePort(server);

  async function ask(method: string, path: string, headers: IncomingHttpHeaders, body?: unknown): Promise<Answer> {
    const passed = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP.has(name) ? [] : [[name, String(value)] as const],
    );
    const reply = await fetch(origin + path, {
      method,
      headers: Object.fromEntries(passed),
      ...(body === undefined ? {} : { body: JSON.stringify(orderedTexts(body)) }),
    });
    const text = await reply.text();
    const more = reply.headers.get('x-ms-continuation');
    return {
      status: reply.status,
      body: text === '' ? {} : plainTexts(JSON.parse(text) as unknown),
      ...(more === null ? {} : { headers: { 'x-ms-continuation': more } }),
    };
  }

  async function batch(docs: string, partition: string, operations: readonly BatchOperation[]) {
    // Each operation carries the partition key: the npm server takes none from the batch.
    const keyed = operations.map((operation) => ({
      ...operation,
      partitionKey: JSON.stringify([orderedTexts(partition)]),
    }));
    const { status, body } = await ask('POST', docs, BATCH, keyed);
    if (status !== 200) throw new Error(`The npm server answered a batch ${status}: ${JSON.stringify(body)}`);
    return body as readonly BatchReply[];
  }

  return {
    ask,
    async peek(docs, partition, ids) {
      const replies = await batch(
        docs,
        partition,
        ids.map((id) => ({ operationType: 'Read', id })),
      );
      return replies.map(({ resourceBody }) => resourceBody);
    },
    write: batch,
    find: (docs, headers, query) =>
      ask('POST', docs, { ...headers, ...QUERY, 'x-ms-documentdb-query-enablecrosspartition': 'true' }, query),
    close: () => closed(server),
  };
}

const HOP = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding']);
const BATCH = { 'x-ms-cosmos-is-batch-request': 'True', 'x-ms-cosmos-batch-continue-on-error': 'True' };
const QUERY = { 'x-ms-documentdb-isquery': 'True', 'content-type': 'application/query+json' };
