/**
 * A stand-in of Cosmos DB on the near side of its SDK, as strict as the service: filters only on indexed paths, an
 * `ORDER BY` only in the exact sequence of a composite index, batches of at most 100 in one partition, etags, times to
 * live. It shows that the store's queries and policies fit each other; the service itself is tried when there is one.
 */
import type { ContainerName } from '../../shared/platform/containers.ts';
import { declarationOf } from '../../shared/platform/containers.ts';
import { cosmosIndexingPolicy, keyNames } from '../../shared/platform/store.azure.policy.ts';
import type { CosmosDocument, Operation, OperationReply, Wire } from '../../shared/platform/store.azure.wire.ts';
import { WireFailure } from '../../shared/platform/store.azure.wire.ts';
import type { Partition } from '../../shared/platform/store.ts';
import { compared, parsedQuery, valueAt } from './store.cosmos-sql.ts';

interface Kept {
  readonly document: CosmosDocument;
  readonly partition: Partition;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface StandIn extends Wire {
  /** Runs before each batch is answered: throw to fail it, or return another answer. */
  onBatch: (apply: () => readonly OperationReply[]) => readonly OperationReply[];
}

const PAGE = 7;

/** `now` in milliseconds since 1970. */
export function cosmosStandIn(now: () => number): StandIn {
  const containers = new Map<ContainerName, Map<string, Kept>>();
  let lsn = 0;

  function documentsIn(container: ContainerName): Map<string, Kept> {
    const known = containers.get(container);
    if (known) return known;
    const made = new Map<string, Kept>();
    containers.set(container, made);
    return made;
  }
  const keyOf = (partition: Partition, id: string) => JSON.stringify([...partition, id]);

  function living(container: ContainerName, partition: Partition, id: string): Kept | undefined {
    const kept = documentsIn(container).get(keyOf(partition, id));
    return kept && kept.expiresAt > now() ? kept : undefined;
  }

  function statusOf(container: ContainerName, partition: Partition, operation: Operation): number {
    const there = living(container, partition, idOf(operation));
    if (operation.operationType === 'Create' || operation.operationType === 'Upsert') {
      return there ? { Create: 409, Upsert: 200 }[operation.operationType] : 201;
    }
    if (!there) return 404;
    const ifMatch = 'ifMatch' in operation ? operation.ifMatch : undefined;
    if (ifMatch !== undefined && ifMatch !== there.document._etag) return 412;
    return operation.operationType === 'Delete' ? 204 : 200;
  }

  function applied(container: ContainerName, partition: Partition, operations: readonly Operation[]): OperationReply[] {
    if (operations.length > 100) throw new WireFailure(400, 'Batch request has more operations than what is supported');
    const statuses = operations.map((operation) => statusOf(container, partition, operation));
    const failed = statuses.findIndex((status) => status >= 400);
    if (failed !== -1) return statuses.map((status, at) => ({ statusCode: at === failed ? status : 424 }));
    lsn += 1;
    return operations.map((operation, at) => {
      const key = keyOf(partition, idOf(operation));
      // A document that is written goes to the end of the feed.
      documentsIn(container).delete(key);
      if (operation.operationType === 'Delete') return { statusCode: 204 };
      const _etag = `"${lsn.toString(16).padStart(8, '0')}-${at}"`;
      const document: CosmosDocument = { ...JSON.parse(JSON.stringify(operation.resourceBody)), _etag, _lsn: lsn };
      const { ttl } = document;
      if (ttl !== undefined && !declarationOf(container).ttl) throw new WireFailure(400, 'The container has no ttl');
      const expiresAt = ttl === undefined ? Number.POSITIVE_INFINITY : now() + ttl * 1000;
      documentsIn(container).set(key, { document, partition, expiresAt });
      return { statusCode: statuses[at] ?? 500, eTag: _etag };
    });
  }

  return {
    onBatch: (apply) => apply(),
    async read(container, partition, id) {
      return living(container, partition, id)?.document;
    },
    async query(container, partition, { query, parameters }) {
      const { top, test, order, paths } = parsedQuery(query, parameters);
      const policy = cosmosIndexingPolicy(container);
      const indexed = new Set(policy.includedPaths.map(({ path }) => path.replace(/\/(?:\[\]\/)?\?$/, '')));
      for (const path of paths) {
        if (path !== '/id' && !indexed.has(path)) throw new WireFailure(400, `${path} is not indexed`);
      }
      if (order.length > 0) {
        const asked = order.map(({ path }) => `/${path.join('/')}`).join();
        const same = order.every(({ descending }) => descending === order[0]?.descending);
        const there = policy.compositeIndexes.some((index) => index.map(({ path }) => path).join() === asked);
        if (!there || !same) throw new WireFailure(400, `The order by query has no composite index: ${asked}`);
      }
      const whole = partition.length === declarationOf(container).partitionKey.length;
      const found = [...documentsIn(container).values()]
        .filter((kept) => kept.expiresAt > now())
        .filter((kept) => !whole || kept.partition.every((value, at) => value === partition[at]))
        .map(({ document }) => document)
        .filter((document) => test(document) === true);
      if (top === undefined) return [found.length];
      found.sort((a, b) => {
        for (const { path, descending } of order) {
          const sign = compared(valueAt(a, path), valueAt(b, path));
          if (sign !== 0) return descending ? -sign : sign;
        }
        return 0;
      });
      return structuredClone(found.slice(0, top));
    },
    async batch(container, partition, operations) {
      for (const operation of operations) {
        if (operation.operationType === 'Delete') continue;
        const body = operation.resourceBody as unknown as Record<string, unknown>;
        const keys = keyNames(container).map((key) => body[key]);
        if (keys.join() !== partition.join()) throw new WireFailure(400, 'The document is of another partition');
      }
      return this.onBatch(() => applied(container, partition, operations));
    },
    async *changes(container, token) {
      let from = token === undefined ? 0 : Number(token);
      if (!Number.isInteger(from)) throw new WireFailure(400, 'The continuation token is malformed');
      for (;;) {
        const all = [...documentsIn(container).values()].map(({ document }) => document);
        const later = all
          .filter((document) => (document._lsn ?? 0) > from)
          .sort((a, b) => (a._lsn ?? 0) - (b._lsn ?? 0));
        // A batch is never split between pages.
        const last = later[Math.min(PAGE, later.length) - 1]?._lsn;
        if (last === undefined) return;
        yield {
          documents: structuredClone(later.filter((document) => (document._lsn ?? 0) <= last)),
          token: String(last),
        };
        from = last;
      }
    },
    async ping() {},
    async close() {},
  };
}

function idOf(operation: Operation): string {
  return 'resourceBody' in operation ? operation.resourceBody.id : operation.id;
}
