/** The store as one organization sees it: the partition is set here, so that no slice can name another's. */
import type { ContainerName } from './containers.ts';
import type { Page, Query, Store, Stored, Write } from './store.ts';

export interface Documents {
  read(id: string): Promise<Stored | undefined>;
  query(query: Query): Promise<Page>;
  commit(writes: readonly Write[]): Promise<readonly string[]>;
}

/**
 * Documents of one organization in a container. `sub` completes a hierarchical key (claims: the resource, audit:
 * the subject); left out there, only `query` works, over all of the organization's partitions.
 */
export function documentsOf(store: Store, container: ContainerName, orgId: string, sub?: string): Documents {
  if (orgId === '') throw new Error(`Documents of ${container} were asked for without an organization`);
  const partition = sub === undefined ? [orgId] : [orgId, sub];
  return {
    read: (id) => store.read(container, partition, id),
    query: (query) => store.query(container, partition, query),
    commit: (writes) => store.commit(container, partition, writes),
  };
}
