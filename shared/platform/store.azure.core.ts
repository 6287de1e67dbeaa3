/** The store over Cosmos DB, given the wire to it: what the port promises, in terms of what the service offers. */
import * as z from 'zod';
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
      let start = from === undefined ? undefined : positionFrom(from);
      let before = start?.token;
      try {
        for await (const { documents, range, token } of wire.changes(container, before)) {
          // What others have written since may come first; the page that was begun is the first one of its range.
          const begun = start?.range === range ? start : undefined;
          if (begun) start = undefined;
          yield* changesOf(container, documents, before, range, begun);
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

/** A place inside a page of the feed: the page's own beginning, of which range it is, and how far into it. */
interface Position {
  readonly token: string | undefined;
  readonly range: string;
  readonly lsn: number;
  /** Ids already seen of that very place (a batch shares one). */
  readonly seen: readonly string[];
}

function* changesOf(
  container: ContainerName,
  documents: readonly CosmosDocument[],
  token: string | undefined,
  range: string,
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
      position: Buffer.from(JSON.stringify([token ?? null, range, lsn, seen])).toString('base64url'),
    };
  }
}

const PositionText = z.tuple([z.string().nullable(), z.string(), z.number(), z.array(z.string())]);

function positionFrom(position: string): Position {
  try {
    const json: unknown = JSON.parse(Buffer.from(position, 'base64url').toString('utf8'));
    const [token, range, lsn, seen] = PositionText.parse(json);
    return { token: token ?? undefined, range, lsn, seen };
  } catch {
    throw new BadCursor();
  }
}
