/** The store over Cosmos DB, given the wire to it: what the port promises, in terms of what the service offers. */
import type { ContainerName } from './containers.ts';
import { documentFrom, failureOf, unquoted } from './store.azure.batch.ts';
import { cosmosCommit } from './store.azure.commit.ts';
import { cosmosPage } from './store.azure.page.ts';
import { keyNames } from './store.azure.policy.ts';
import type { CosmosDocument, Wire } from './store.azure.wire.ts';
import { checkPartition, isDocumentId } from './store.plan.ts';
import type { Change, Store } from './store.ts';
import { BadCursor } from './store.ts';

/** `newId` makes the ids that commits are known by. */
export function cosmosStore(wire: Wire, newId: () => string): Store {
  let closed = false;

  async function asked<T>(work: () => Promise<T>): Promise<T> {
    if (closed) throw new Error('The store is closed');
    try {
      return await work();
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    read: (container, partition, id) =>
      asked(async () => {
        checkPartition(container, partition);
        if (!isDocumentId(id)) return undefined;
        const found = await wire.read(container, partition, id);
        return found && { document: documentFrom(found), etag: unquoted(found._etag ?? '') };
      }),
    query: (container, partition, query) => asked(() => cosmosPage(wire, container, partition, query)),
    commit: (container, partition, writes) => asked(() => cosmosCommit(wire, container, partition, writes, newId())),
    async *changes(container, from) {
      if (closed) throw new Error('The store is closed');
      const start = from === undefined ? undefined : positionFrom(from);
      let before = start?.token;
      try {
        for await (const { documents, token } of wire.changes(container, before)) {
          yield* changesOf(container, documents, before, start?.token === before ? start : undefined);
          before = token;
        }
      } catch (error) {
        throw failureOf(error);
      }
    },
    ping: () => asked(() => wire.ping()),
    async close() {
      if (closed) return;
      closed = true;
      await wire.close();
    },
  };
}

/** A place inside a page of the feed: the page's own beginning, and how far into it. */
interface Position {
  readonly token: string | undefined;
  readonly lsn: number;
  /** Ids already seen of that very place (a batch shares one). */
  readonly seen: readonly string[];
}

function* changesOf(
  container: ContainerName,
  documents: readonly CosmosDocument[],
  token: string | undefined,
  start: Position | undefined,
): Generator<Change> {
  let lsn = start?.lsn ?? -1;
  let seen: readonly string[] = start?.seen ?? [];
  for (const found of documents) {
    const at = found._lsn ?? 0;
    if (start && (at < start.lsn || (at === start.lsn && start.seen.includes(found.id)))) continue;
    seen = at === lsn ? [...seen, found.id] : [found.id];
    lsn = at;
    const keys = found as unknown as Record<string, unknown>;
    yield {
      partition: keyNames(container).map((key) => String(keys[key])),
      document: documentFrom(found),
      etag: unquoted(found._etag ?? ''),
      position: Buffer.from(JSON.stringify([token ?? null, lsn, seen])).toString('base64url'),
    };
  }
}

function positionFrom(position: string): Position {
  try {
    const [token, lsn, seen] = JSON.parse(Buffer.from(position, 'base64url').toString('utf8'));
    if ((token === null || typeof token === 'string') && typeof lsn === 'number' && Array.isArray(seen)) {
      return { token: token ?? undefined, lsn, seen };
    }
  } catch {
    // Not a position of ours.
  }
  throw new BadCursor();
}
