/** A batch as Cosmos DB takes it, and what its replies mean. */
import type { ContainerName } from './containers.ts';
import { keyNames } from './store.azure.policy.ts';
import type { CosmosDocument, Operation, OperationReply } from './store.azure.wire.ts';
import { WireFailure } from './store.azure.wire.ts';
import type { Document, Partition, Write } from './store.ts';
import { CommitRefused, StoreFull, StoreUnavailable } from './store.ts';

const DEFAULT_RETRY_SECONDS = 1;
const FORBIDDEN = 403;
/** How Cosmos DB says that a logical partition is full (substatus 1014). */
const FULL = /partition key reached maximum size/i;

/** Operations with the place of the write that each came from. */
interface Ordered {
  readonly operations: readonly Operation[];
  readonly places: readonly number[];
}

/** Guarded writes first: what loses a race is refused by the first operation, at the least charge. */
export function orderedOperations(
  container: ContainerName,
  partition: Partition,
  writes: readonly Write[],
  commitId: string,
): Ordered {
  const places = writes.map((_, place) => place).sort((a, b) => weight(writes[a]) - weight(writes[b]) || a - b);
  const operations = places.flatMap((place) => {
    const write = writes[place];
    return write ? [operationOf(container, partition, write, commitId)] : [];
  });
  return { operations, places };
}

function weight(write: Write | undefined): number {
  if (write === undefined || write.op === 'upsert') return 3;
  if (write.op === 'create') return 1;
  return write.ifMatch === undefined ? 2 : 0;
}

function operationOf(container: ContainerName, partition: Partition, write: Write, commitId: string): Operation {
  if (write.op === 'delete') {
    const { id, ifMatch } = write;
    return { operationType: 'Delete', id, ...(ifMatch === undefined ? {} : { ifMatch: quoted(ifMatch) }) };
  }
  const resourceBody = cosmosDocument(container, partition, write.document, commitId);
  if (write.op === 'replace') {
    return { operationType: 'Replace', id: write.document.id, ifMatch: quoted(write.ifMatch), resourceBody };
  }
  return { operationType: write.op === 'create' ? 'Create' : 'Upsert', resourceBody };
}

function cosmosDocument(
  container: ContainerName,
  partition: Partition,
  document: Document,
  commitId: string,
): CosmosDocument {
  const keys = Object.fromEntries(keyNames(container).map((key, at) => [key, partition[at]]));
  return { ...documentFrom(document), ...keys, commitId };
}

/** A document as it was given to the store: what it may have, and nothing else. */
export function documentFrom({ id, kind, body, ix, sets, words, ttl }: Document): Document {
  return {
    id,
    kind,
    body,
    ...(ix === undefined ? {} : { ix }),
    ...(sets === undefined ? {} : { sets }),
    ...(words === undefined ? {} : { words }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

/** The new etags in the order of the writes. Throws `CommitRefused` or `WireFailure`. */
export function etagsFrom({ operations, places }: Ordered, replies: readonly OperationReply[]): string[] {
  const failed = replies.findIndex(({ statusCode }) => statusCode >= 400 && statusCode !== 424);
  if (failed !== -1) throw refusal(replies[failed]?.statusCode ?? 0, places[failed] ?? 0);
  if (replies.length !== operations.length || replies.some(({ statusCode }) => statusCode >= 300)) {
    throw new WireFailure(0, 'The store refused a batch without saying which write');
  }
  const etags: string[] = Array.from({ length: places.length }, () => '');
  for (const [at, place] of places.entries()) {
    const isDelete = operations[at]?.operationType === 'Delete';
    etags[place] = isDelete ? '' : unquoted(replies[at]?.eTag ?? '');
  }
  return etags;
}

function refusal(status: number, place: number): Error {
  // Who may not write at all is refused the whole batch, not one of its writes.
  if (status === FORBIDDEN) return new StoreFull(`The partition is full: write ${place} of a batch was answered 403`);
  if (status === 409) return new CommitRefused('exists', place);
  if (status === 412) return new CommitRefused('stale', place);
  if (status === 404) return new CommitRefused('missing', place);
  return new WireFailure(status, `Write ${place} of a batch was answered ${status}`);
}

/** What a failure of the service means for the caller: `StoreUnavailable` when another try may do, else a bug. */
export function failureOf(error: unknown): Error {
  if (!(error instanceof WireFailure)) return error instanceof Error ? error : new Error(String(error));
  if (error.status === FORBIDDEN && FULL.test(error.message)) return new StoreFull(error.message, { cause: error });
  const { status, retryAfterSeconds = DEFAULT_RETRY_SECONDS } = error;
  const passing = status === 0 || status === 408 || status === 410 || status === 429 || status === 449 || status >= 500;
  if (!passing) return error;
  return new StoreUnavailable(`The store cannot answer: ${error.message}`, Math.ceil(retryAfterSeconds), {
    cause: error,
  });
}

/** Etags travel in quotes; the port's are without. */
function quoted(etag: string): string {
  return `"${etag}"`;
}

export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/s, '$1');
}
