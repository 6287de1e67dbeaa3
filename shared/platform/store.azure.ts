/** The store on Azure: Cosmos DB through its SDK, which is loaded on first use, because loading it takes long. */

import { randomUUID } from 'node:crypto';
import type { CosmosClient, Container as CosmosContainer, OperationInput, SqlQuerySpec } from '@azure/cosmos';
import type { ContainerName } from './containers.ts';
import { declarationOf } from './containers.ts';
import { once } from './once.ts';
import { cosmosStore } from './store.azure.core.ts';
import { containerDefinitions } from './store.azure.policy.ts';
import type { ChangesPage, CosmosDocument, Operation, Wire } from './store.azure.wire.ts';
import { WireFailure } from './store.azure.wire.ts';
import type { Partition, Store } from './store.ts';

interface CosmosOptions {
  /** `https://<account>.documents.azure.com` */
  readonly endpoint: string;
  /** Left out: the managed identity (or whoever is signed in to Azure on this machine). */
  readonly key?: string | undefined;
  readonly database: string;
  /** Told the request units of every request. */
  readonly onCharge?: (requestUnits: number) => void;
}

/** What the SDK itself does about throttling before the caller is told to come back. */
const RETRIES = { maxRetryAttemptCount: 5, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 5 };
const CHANGES_AT_ONCE = 100;
const NOT_MODIFIED = 304;

/** The store of an account and database that exist, containers included (`infra/azure`, or `createContainers`). */
export function openCosmosStore(options: CosmosOptions): Store {
  return cosmosStore(wireTo(options), randomUUID);
}

/** Makes the database and all containers where they are missing; for tests and new accounts. Needs an account key. */
export async function createContainers(options: CosmosOptions): Promise<void> {
  const client = await clientOf(options);
  const { database } = await client.databases.createIfNotExists({ id: options.database });
  for (const definition of containerDefinitions()) {
    await database.containers.createIfNotExists(
      structuredClone(definition) as Parameters<typeof database.containers.createIfNotExists>[0],
    );
  }
  client.dispose();
}

async function clientOf({ endpoint, key }: CosmosOptions): Promise<CosmosClient> {
  const { CosmosClient } = await import('@azure/cosmos');
  const connectionPolicy = { retryOptions: RETRIES };
  if (key !== undefined) return new CosmosClient({ endpoint, key, connectionPolicy });
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new CosmosClient({ endpoint, aadCredentials: new DefaultAzureCredential(), connectionPolicy });
}

function wireTo(options: CosmosOptions): Wire {
  const connection = once(async () => {
    const client = await clientOf(options);
    return { client, database: client.database(options.database) };
  });

  async function asked<T>(container: ContainerName, work: (container: CosmosContainer) => Promise<T>): Promise<T> {
    try {
      const { database } = await connection();
      return await work(database.container(container));
    } catch (error) {
      throw wireFailure(error);
    }
  }

  function charge(requestUnits: number | undefined): void {
    if (requestUnits) options.onCharge?.(requestUnits);
  }

  return {
    read: (container, partition, id) =>
      asked(container, async (cosmos) => {
        const reply = await cosmos.item(id, keyOf(partition)).read<CosmosDocument>();
        charge(reply.requestCharge);
        return reply.resource;
      }),
    query: (container, partition, { query, parameters }) =>
      asked(container, async (cosmos) => {
        const whole = partition.length === declarationOf(container).partitionKey.length;
        const spec: SqlQuerySpec = { query, parameters: [...parameters] };
        const results = cosmos.items.query(spec, {
          maxItemCount: 1000,
          ...(whole ? { partitionKey: keyOf(partition) } : {}),
        });
        const found: unknown[] = [];
        while (results.hasMoreResults()) {
          const page = await results.fetchNext();
          charge(page.requestCharge);
          found.push(...(page.resources ?? []));
        }
        return found;
      }),
    batch: (container, partition, operations) =>
      asked(container, async (cosmos) => {
        const reply = await cosmos.items.batch(operations.map(inputOf), keyOf(partition));
        const replies = reply.result ?? [];
        charge(replies.reduce((sum, { requestCharge }) => sum + (requestCharge ?? 0), 0));
        return replies;
      }),
    async *changes(container, token): AsyncGenerator<ChangesPage> {
      const { ChangeFeedStartFrom } = await import('@azure/cosmos');
      const changeFeedStartFrom =
        token === undefined ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(token);
      const feed = await asked(container, async (cosmos) =>
        cosmos.items.getChangeFeedIterator<CosmosDocument>({ maxItemCount: CHANGES_AT_ONCE, changeFeedStartFrom }),
      );
      for (;;) {
        const page = await asked(container, () => feed.readNext());
        charge(page.requestCharge);
        // The feed has no end; "not modified" is said once all of its ranges are at the present.
        if (page.statusCode === NOT_MODIFIED) return;
        yield { documents: page.result, token: page.continuationToken };
      }
    },
    async ping() {
      await asked('system', (cosmos) => cosmos.read());
    },
    async close() {
      (await connection.begun())?.client.dispose();
    },
  };
}

function keyOf(partition: Partition): string | string[] {
  const [only] = partition;
  return partition.length === 1 && only !== undefined ? only : [...partition];
}

function inputOf(operation: Operation): OperationInput {
  // The SDK's JSON types are mutable; ours are not, and it does not change what it is given.
  return structuredClone(operation) as unknown as OperationInput;
}

const STATUS_IN_TEXT = /"?code"?\s*[:=]\s*"?(\d{3})\b|\bStatusCode:?\s*(\d{3})\b/i;

/**
 * The SDK throws objects that carry the status as `code`; around a batch it throws an `Error` that has only their text.
 * What says nothing is taken for a connection that failed.
 */
export function wireFailure(error: unknown): Error {
  if (error instanceof WireFailure) return error;
  const message = textOf(error);
  const { code, retryAfterInMs } = isRecord(error) ? error : {};
  const seconds = typeof retryAfterInMs === 'number' ? Math.max(1, Math.ceil(retryAfterInMs / 1000)) : undefined;
  if (error instanceof TypeError || error instanceof RangeError) return error;
  return new WireFailure(typeof code === 'number' ? code : statusIn(message), message, seconds, { cause: error });
}

function statusIn(message: string): number {
  if (/request rate is large|TooManyRequests/i.test(message)) return 429;
  if (/request size is too large|RequestEntityTooLarge/i.test(message)) return 413;
  if (/Unauthorized|authorization token/i.test(message)) return 401;
  const [, one, two] = STATUS_IN_TEXT.exec(message) ?? [];
  return Number(one ?? two ?? 0);
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (isRecord(error)) {
    if (typeof error.message === 'string') return error.message;
    if (isRecord(error.body) && typeof error.body.message === 'string') return error.body.message;
  }
  return String(error);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
