/** What Cosmos DB is told about each container, derived from its declaration: keys, time to live, indexes. */
import type { ContainerName } from './containers.ts';
import { containerNames, declarationOf } from './containers.ts';

interface CompositePath {
  readonly path: string;
  readonly order: 'ascending' | 'descending';
}

interface IndexingPolicy {
  readonly indexingMode: 'consistent';
  readonly automatic: true;
  readonly includedPaths: readonly { readonly path: string }[];
  readonly excludedPaths: readonly { readonly path: string }[];
  readonly compositeIndexes: readonly (readonly CompositePath[])[];
}

interface ContainerDefinition {
  readonly id: ContainerName;
  readonly partitionKey: { readonly paths: string[]; readonly version: 2; readonly kind: 'Hash' | 'MultiHash' };
  /** -1: documents stay unless they carry a `ttl` of their own. Left out: none expires. */
  readonly defaultTtl?: -1;
  readonly indexingPolicy: IndexingPolicy;
}

/** The partition key's property names, in order: `orgId`, `resource`. */
export function keyNames(name: ContainerName): string[] {
  return declarationOf(name).partitionKey.map((path) => path.slice(1));
}

/**
 * The properties that break ties after `id`: what one partition key does not tell apart. They end every composite
 * index, because Cosmos DB wants the sequence of an `ORDER BY` to be exactly that of an index.
 */
export function tieNames(name: ContainerName, across: boolean): string[] {
  return keyNames(name).slice(across ? 0 : 1);
}

/**
 * All that queries name is indexed, and nothing else. One composite index serves both directions, since reversing
 * every path of an `ORDER BY` is the same index read backwards.
 */
export function cosmosIndexingPolicy(name: ContainerName): IndexingPolicy {
  const { fields, sets, search, indexes, acrossIndexes } = declarationOf(name);
  const included = [
    ...keyNames(name).map((key) => `/${key}/?`),
    '/kind/?',
    ...Object.keys(fields).map((field) => `/ix/${field}/?`),
    ...sets.map((set) => `/sets/${set}/[]/?`),
    ...(search ? ['/words/[]/?'] : []),
  ];
  const composite = (names: readonly string[], across: boolean): CompositePath[] =>
    ['/kind', ...names.map((field) => `/ix/${field}`), '/id', ...tieNames(name, across).map((key) => `/${key}`)].map(
      (path) => ({ path, order: 'ascending' }),
    );
  return {
    indexingMode: 'consistent',
    automatic: true,
    includedPaths: included.map((path) => ({ path })),
    excludedPaths: [{ path: '/*' }],
    compositeIndexes: [
      ...[[], ...indexes].map((names) => composite(names, false)),
      ...[[], ...acrossIndexes].map((names) => composite(names, true)),
    ],
  };
}

/** All containers as Cosmos DB makes them; `infra/azure` is held to the same by a test. */
export function containerDefinitions(): ContainerDefinition[] {
  return containerNames.map((id) => {
    const { partitionKey, ttl } = declarationOf(id);
    return {
      id,
      partitionKey: { paths: [...partitionKey], version: 2, kind: partitionKey.length > 1 ? 'MultiHash' : 'Hash' },
      ...(ttl ? { defaultTtl: -1 } : {}),
      indexingPolicy: cosmosIndexingPolicy(id),
    };
  });
}
