/** The store on Azure: Cosmos DB through its SDK, which is loaded on first use, because loading it takes long. */

import { randomUUID } from 'node:crypto';
import type { CosmosClient, Container as CosmosContainer, OperationInput, SqlQuerySpec } from '@azure/cosmos';
import * as z from 'zod';
import type { ContainerName } from './containers.ts';
import { declarationOf } from './containers.ts';
import { type Heard, hear, heardClient, nothingHeard } from './heard.azure.ts';
import { once } from './once.ts';
import { cosmosStore } from './store.azure.core.ts';
import type { ChangesPage, CosmosDocument, Operation, Wire } from './store.azure.wire.ts';
import { WireFailure } from './store.azure.wire.ts';
import type { Partition, Store } from './store.ts';

interface CosmosOptions {
  /** `https://<account>.documents.azure.com` */
  readonly endpoint: string;
  /** Left out: the managed identity (or whoever is signed in to Azure on this machine). */
  readonly key?: string | undefined;
  readonly database: string;
  /** Told the request units of every request, those refused or repeated included. */
  readonly onCharge?: (requestUnits: number) => void;
  /** Milliseconds: of one request, and of all that one call asks. */
  readonly timeouts?: { readonly request: number; readonly whole: number };
}

/** What the SDK itself does about throttling before the caller is told to come back. */
const RETRIES = { maxRetryAttemptCount: 5, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 5 };
/** Left to itself the SDK waits a minute for a reply, and asks for the same read up to 120 times. */
const TIMEOUTS = { request: 5000, whole: 10_000 };
const CHANGES_AT_ONCE = 100;
/** What is read of the SDK's token for the change feed. */
const Token = z.object({
  Continuation: z.array(z.object({ minInclusive: z.string(), maxExclusive: z.string() })).min(1),
});
const NOT_MODIFIED = 304;
const NOT_FOUND = 404;
const UNAVAILABLE = 503;
/** The replica that was asked has not come so far as what this process has seen. */
const SESSION_NOT_AVAILABLE = 1002;

/** The store of an account and database that exist, containers included (`infra/azure` makes them). */
export function openCosmosStore(options: CosmosOptions): Store {
  return cosmosStore(wireTo(options), randomUUID);
}

async function clientOf({ endpoint, key, onCharge, timeouts = TIMEOUTS }: CosmosOptions): Promise<CosmosClient> {
  const [{ CosmosClient }, httpClient] = await Promise.all([import('@azure/cosmos'), heardClient(onCharge)]);
  const common = {
    endpoint,
    httpClient,
    connectionPolicy: { retryOptions: RETRIES, requestTimeout: timeouts.request },
    // Said aloud: without it the SDK sends no session tokens, and a read may miss what this process has just written.
    consistencyLevel: 'Session',
  } as const;
  if (key !== undefined) return new CosmosClient({ ...common, key });
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new CosmosClient({ ...common, aadCredentials: new DefaultAzureCredential() });
}

function wireTo(options: CosmosOptions): Wire {
  const connection = once(async () => {
    const client = await clientOf(options);
    return { client, database: client.database(options.database) };
  });

  const { whole } = options.timeouts ?? TIMEOUTS;

  async function asked<T>(
    container: ContainerName,
    work: (container: CosmosContainer, abortSignal: AbortSignal, heard: Heard) => Promise<T>,
    until = AbortSignal.timeout(whole),
  ): Promise<T> {
    const heard = nothingHeard();
    try {
      const { database } = await connection();
      return await hear(heard, until, () => work(database.container(container), until, heard));
    } catch (error) {
      throw wireFailure(error, heard);
    }
  }

  return {
    limit: whole,
    read: (container, partition, id, until) =>
      asked(
        container,
        async (cosmos, abortSignal, heard) => {
          const reply = await cosmos.item(id, keyOf(partition)).read<CosmosDocument>({ abortSignal });
          // To the SDK any 404 is a document that is not there.
          if (reply.statusCode === NOT_FOUND && heard.substatus) {
            throw new WireFailure(meant(NOT_FOUND, heard.substatus), `${container} answers 404 (${heard.substatus})`);
          }
          return reply.resource;
        },
        until,
      ),
    query: (container, partition, { query, parameters }) =>
      asked(container, async (cosmos, abortSignal) => {
        const isWhole = partition.length === declarationOf(container).partitionKey.length;
        const spec: SqlQuerySpec = { query, parameters: [...parameters] };
        const results = cosmos.items.query(spec, {
          maxItemCount: 1000,
          abortSignal,
          ...(isWhole ? { partitionKey: keyOf(partition) } : {}),
        });
        const found: unknown[] = [];
        while (results.hasMoreResults()) {
          const page = await results.fetchNext();
          found.push(...(page.resources ?? []));
        }
        return found;
      }),
    batch: (container, partition, operations, until) =>
      asked(
        container,
        async (cosmos, abortSignal, heard) => {
          const reply = await cosmos.items.batch(operations.map(inputOf), keyOf(partition), { abortSignal });
          return { replies: reply.result ?? [], mayBeEcho: heard.lost > 0 };
        },
        until,
      ),
    async *changes(container, token): AsyncGenerator<ChangesPage> {
      const { ChangeFeedStartFrom } = await import('@azure/cosmos');
      const changeFeedStartFrom =
        token === undefined ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(token);
      const feed = await asked(container, async (cosmos) =>
        cosmos.items.getChangeFeedIterator<CosmosDocument>({ maxItemCount: CHANGES_AT_ONCE, changeFeedStartFrom }),
      );
      for (;;) {
        const page = await asked(container, () => feed.readNext());
        // The feed has no end; "not modified" is said once all of its ranges are at the present.
        if (page.statusCode === NOT_MODIFIED) return;
        const token = page.continuationToken;
        yield { documents: page.result, range: rangeOf(token), token };
      }
    },
    async ping() {
      await asked('system', (cosmos, abortSignal) => cosmos.read({ abortSignal }));
    },
    async close() {
      (await connection.begun())?.client.dispose();
    },
  };
}

/** The status that says what was meant: 404 is also the answer of a replica that is behind. */
function meant(status: number, substatus: unknown): number {
  return status === NOT_FOUND && substatus === SESSION_NOT_AVAILABLE ? UNAVAILABLE : status;
}

function keyOf(partition: Partition): string | string[] {
  const [only] = partition;
  return partition.length === 1 && only !== undefined ? only : [...partition];
}

/** The physical partition that the SDK has just read: it puts that last in its token, to come to it again last. */
function rangeOf(token: string): string {
  const { Continuation } = Token.parse(JSON.parse(token));
  const { minInclusive = '', maxExclusive = '' } = Continuation.at(-1) ?? {};
  return `${minInclusive}-${maxExclusive}`;
}

function inputOf(operation: Operation): OperationInput {
  // The SDK's JSON types are mutable; ours are not, and it does not change what it is given.
  return structuredClone(operation) as unknown as OperationInput;
}

/**
 * What a failed call of the SDK means. It throws objects that carry the status as `code`; around a batch it throws an
 * `Error` that has only their text, so the status and the wait are those that were heard.
 */
export function wireFailure(error: unknown, heard: Heard): Error {
  if (error instanceof WireFailure || error instanceof TypeError || error instanceof RangeError) return error;
  const { code, substatus = heard.substatus, retryAfterInMs } = isRecord(error) ? error : {};
  const status = meant(typeof code === 'number' ? code : (heard.status ?? 0), substatus);
  const wait = typeof retryAfterInMs === 'number' ? retryAfterInMs : heard.retryAfterMs;
  const seconds = wait === undefined ? undefined : Math.max(1, Math.ceil(wait / 1000));
  return new WireFailure(status < 400 ? 0 : status, textOf(error), seconds, { cause: error });
}

function textOf(error: unknown): string {
  if (isRecord(error) && typeof error.message === 'string') return error.message;
  if (isRecord(error) && isRecord(error.body) && typeof error.body.message === 'string') return error.body.message;
  return String(error);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
