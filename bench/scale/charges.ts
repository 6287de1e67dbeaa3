/** What an operation costs, container by container: recorded from the real system, priced as Cosmos DB would. */
import type { ContainerName } from '../../shared/platform/containers.ts';
import { declarationOf } from '../../shared/platform/containers.ts';
import { FACT_KIND, factOf } from '../../shared/platform/facts.ts';
import type { Document, Partition, Store, Write } from '../../shared/platform/store.ts';
import { queryUnits, readUnits, writeUnits } from '../prices.ts';

/** One access: to which kind of partition, and what it costs and leaves. */
export interface Charge {
  readonly container: ContainerName;
  /** The names of the partition key, as far as the access named them: `orgId`, or `orgId/resource`. */
  readonly key: string;
  /** Of resources their kind (`venue`); of platform-wide partitions their name; empty otherwise. */
  readonly sort: string;
  readonly units: number;
  /** Bytes that stay for good. */
  readonly kept: number;
  /** Bytes that go again, times the days they stay. */
  readonly passing: number;
}

const DAY_SECONDS = 86_400;
/** What the indexes of a document take beside it. */
const WITH_INDEX = 1.2;
/** A change feed that is read once, for facts: a point read's price by its size. */
const FEED_UNITS = 1;

/** A fact that was written, and where: its change feed brings it to the bus. */
export interface Written {
  readonly container: ContainerName;
  readonly type: string;
}

export interface Recorded {
  readonly charges: readonly Charge[];
  readonly facts: readonly Written[];
}

/** A store that records every access of requests and reactions; `onCharge` is told the request units of each. */
export function recorded(
  store: Store,
  onCharge: (requestUnits: number) => void,
): { readonly store: Store; take(): Recorded } {
  let charges: Charge[] = [];
  let facts: Written[] = [];

  function add(container: ContainerName, partition: Partition, more: Partial<Charge>): void {
    const names = declarationOf(container).partitionKey.map((path) => path.slice(1));
    const key = names.slice(0, partition.length).join('/');
    charges.push({ container, key, sort: sortOf(names, partition), units: 0, kept: 0, passing: 0, ...more });
    onCharge(more.units ?? 0);
  }

  async function sizes(container: ContainerName, partition: Partition, writes: readonly Write[]) {
    let [kept, passing, feed] = [0, 0, 0];
    for (const write of writes) {
      const id = write.op === 'delete' ? write.id : write.document.id;
      const before = write.op === 'create' ? undefined : (await store.read(container, partition, id))?.document;
      const after = write.op === 'delete' ? undefined : write.document;
      kept += keptBytes(after) - keptBytes(before);
      if (after?.ttl !== undefined) passing += (bytesOf(after) * after.ttl) / DAY_SECONDS;
      if (declarationOf(container).facts && after) feed += FEED_UNITS;
    }
    return { kept, passing, feed };
  }

  return {
    take() {
      const taken = { charges, facts };
      charges = [];
      facts = [];
      return taken;
    },
    store: {
      ...store,
      async read(container, partition, id) {
        const stored = await store.read(container, partition, id);
        add(container, partition, { units: readUnits(stored) });
        return stored;
      },
      async query(container, partition, query) {
        const page = await store.query(container, partition, query);
        add(container, partition, { units: queryUnits(page) });
        return page;
      },
      async commit(container, partition, writes) {
        const { kept, passing, feed } = await sizes(container, partition, writes);
        const etags = await store.commit(container, partition, writes);
        if (declarationOf(container).facts) facts.push(...factsOf(container, writes));
        const units = writes.reduce((sum, write) => sum + writeUnits(write), feed);
        add(container, partition, { units, kept, passing });
        return etags;
      },
    },
  };
}

function factsOf(container: ContainerName, writes: readonly Write[]): Written[] {
  return writes.flatMap((write) =>
    write.op !== 'delete' && write.document.kind === FACT_KIND
      ? [{ container, type: factOf(write.document).type }]
      : [],
  );
}

function sortOf(names: readonly string[], partition: Partition): string {
  const at = names.indexOf('resource');
  if (at !== -1) return partition[at]?.split(':')[0] ?? '';
  return names[0] === 'name' ? (partition[0] ?? '') : '';
}

function bytesOf(document: Document | undefined): number {
  return document ? JSON.stringify(document).length * WITH_INDEX : 0;
}

function keptBytes(document: Document | undefined): number {
  return document?.ttl === undefined ? bytesOf(document) : 0;
}

/** Charges of the same partition added up. */
export function summed(charges: readonly Charge[]): Charge[] {
  const sums = new Map<string, Charge>();
  for (const charge of charges) {
    const name = `${charge.container} ${charge.key} ${charge.sort}`;
    const { units, kept, passing } = sums.get(name) ?? { units: 0, kept: 0, passing: 0 };
    sums.set(name, {
      ...charge,
      units: units + charge.units,
      kept: kept + charge.kept,
      passing: passing + charge.passing,
    });
  }
  return [...sums.values()];
}
