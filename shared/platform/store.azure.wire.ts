/** What the Cosmos DB store needs of the service, so that its own logic is tested without one. */
import type { ContainerName } from './containers.ts';
import type { CosmosQuery } from './store.azure.query.ts';
import type { Document, Partition } from './store.ts';

/** A document as it lies in Cosmos DB: ours, the partition key's properties, and the service's own. */
export interface CosmosDocument extends Document {
  /** Which commit wrote it last: tells our own write from another's when a reply was lost. */
  readonly commitId: string;
  /** Version, in quotes. */
  readonly _etag?: string;
  /** Place in the change feed. */
  readonly _lsn?: number;
}

interface CreateOrUpsert {
  readonly operationType: 'Create' | 'Upsert';
  readonly resourceBody: CosmosDocument;
}
interface Replace {
  readonly operationType: 'Replace';
  readonly id: string;
  /** In quotes. */
  readonly ifMatch: string;
  readonly resourceBody: CosmosDocument;
}
interface Delete {
  readonly operationType: 'Delete';
  readonly id: string;
  readonly ifMatch?: string;
}
export type Operation = CreateOrUpsert | Replace | Delete;

export interface OperationReply {
  readonly statusCode: number;
  readonly eTag?: string | undefined;
}

export interface BatchReply {
  /** One for each operation; when one fails, the others are 424. */
  readonly replies: readonly OperationReply[];
  /** An earlier sending of the same request got no answer, so that a refusal may be the echo of its success. */
  readonly mayBeEcho: boolean;
}

export interface ChangesPage {
  readonly documents: readonly CosmosDocument[];
  /** Which physical partition all of them are of: places in the feed (`_lsn`) compare within one only. */
  readonly range: string;
  /** Where to go on after this page. */
  readonly token: string;
}

/** Each throws `WireFailure` when the service does not answer as it should, or not until then. */
export interface Wire {
  /** Milliseconds that all together may take which one call of the store asks for. */
  readonly limit: number;
  read(
    container: ContainerName,
    partition: Partition,
    id: string,
    until?: AbortSignal,
  ): Promise<CosmosDocument | undefined>;
  /** All results of a query; one partition where its whole key is given. */
  query(container: ContainerName, partition: Partition, query: CosmosQuery): Promise<readonly unknown[]>;
  batch(
    container: ContainerName,
    partition: Partition,
    operations: readonly Operation[],
    until: AbortSignal,
  ): Promise<BatchReply>;
  /** The pages of the change feed, up to the present. */
  changes(container: ContainerName, token: string | undefined): AsyncIterable<ChangesPage>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The service answered with an error, or not at all (status 0). */
export class WireFailure extends Error {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  constructor(status: number, message: string, retryAfterSeconds?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WireFailure';
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** After such a status the service may have done what was asked: no reply came, or one of somebody on the way. */
export function isUnknown(status: number): boolean {
  return status === 0 || status === 408 || status >= 500;
}
