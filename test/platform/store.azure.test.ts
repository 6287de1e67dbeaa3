/** What can be shown of the Cosmos DB store without Cosmos DB: its SQL, its policy, what replies and failures mean. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { containerNames, declarationOf } from '../../shared/platform/containers.ts';
import { etagsFrom, failureOf, orderedOperations } from '../../shared/platform/store.azure.batch.ts';
import { cosmosStore } from '../../shared/platform/store.azure.core.ts';
import { containerDefinitions, cosmosIndexingPolicy } from '../../shared/platform/store.azure.policy.ts';
import { wireFailure } from '../../shared/platform/store.azure.ts';
import type { CosmosDocument, OperationReply, Wire } from '../../shared/platform/store.azure.wire.ts';
import { WireFailure } from '../../shared/platform/store.azure.wire.ts';
import type { Document, Partition, Query, Write } from '../../shared/platform/store.ts';
import { StoreUnavailable } from '../../shared/platform/store.ts';

const document = (id: string, body: Document['body'] = null): Document => ({ id, kind: 'customer', body });
const create = (id: string): Write => ({ op: 'create', document: document(id) });

let made = 0;
const newId = () => {
  made += 1;
  return `commit-${made}`;
};

const never = async (): Promise<never> => {
  throw new Error('It is not asked for that');
};
const unused: Omit<Wire, 'query'> = {
  limit: 10_000,
  read: never,
  batch: never,
  changes: () => [][Symbol.iterator]() as never,
  ping: never,
  close: never,
};

describe('queries', () => {
  /** The SQL and parameters of a query's first page. */
  async function compiled(container: 'events' | 'claims' | 'customers', partition: Partition, query: Query) {
    const asked: { text: string; parameters: Record<string, unknown> }[] = [];
    const wire: Wire = {
      ...unused,
      async query(_, __, { query: text, parameters }) {
        asked.push({ text, parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])) });
        return [];
      },
    };
    await cosmosStore(wire, newId).query(container, partition, query);
    return asked;
  }
  const items = 'c["id"], c["kind"], c["body"], c["ix"], c["sets"], c["words"], c["ttl"], c["_etag"], c["orgId"]';

  test('a list is ordered by the whole composite index that serves it, every value a parameter', async () => {
    const where = [
      { path: 'listed', eq: true },
      { path: 'startsAt', gte: '2026', lt: '2027' },
    ];
    const [asked] = await compiled('events', ['o1'], {
      kind: 'event',
      where,
      orderBy: [{ path: 'startsAt', descending: true }],
      limit: 20,
    });
    expect(asked).toEqual({
      text: `SELECT TOP 21 ${items} FROM c WHERE c["orgId"] = @p0 AND c["kind"] = @p1 AND c["ix"]["listed"] = @p2 AND c["ix"]["startsAt"] >= @p3 AND c["ix"]["startsAt"] < @p4 AND IS_DEFINED(c["ix"]["startsAt"]) ORDER BY c["kind"] DESC, c["ix"]["listed"] DESC, c["ix"]["startsAt"] DESC, c["id"] DESC`,
      parameters: { '@p0': 'o1', '@p1': 'event', '@p2': true, '@p3': '2026', '@p4': '2027' },
    });
  });

  test('what a caller sends never becomes part of the text', async () => {
    const evil = '" OR 1=1 --';
    const where = [
      { path: 'status', in: [evil, 'x'] },
      { set: 'tags', any: [evil, 'x'] },
    ];
    for (const query of [
      { where, orderBy: [{ path: 'name' }] },
      { where, search: [evil.replaceAll(' ', '_')] },
    ]) {
      for (const { text } of await compiled('customers', [evil], { kind: evil, limit: 5, ...query })) {
        expect(text).not.toContain('1=1');
      }
    }
  });

  test('a prefix of the key is named in the filter, and the rest of the key breaks ties', async () => {
    const [asked] = await compiled('claims', ['o1'], { kind: 'claim', limit: 5 });
    expect(asked?.text).toContain(
      'WHERE c["orgId"] = @p0 AND c["kind"] = @p1 ORDER BY c["kind"] ASC, c["id"] ASC, c["resource"] ASC',
    );
  });

  test('a search asks for whole words first, then for beginnings without those', async () => {
    const asked = await compiled('customers', ['o1'], { kind: 'customer', search: ['ann'], limit: 5 });
    expect(asked.map(({ text }) => text.replace(/.*@p1 AND /, ''))).toHaveLength(2);
    expect(asked[0]?.text).toContain('AND ARRAY_CONTAINS(c["words"], @p0) ORDER BY c["kind"] DESC, c["id"] DESC');
    expect(asked[1]?.text).toContain(
      'EXISTS(SELECT VALUE w FROM w IN c["words"] WHERE STARTSWITH(w, @p1)) AND NOT (ARRAY_CONTAINS(c["words"], @p0))',
    );
  });
});

describe('the indexing policy', () => {
  test.each(containerNames)('of %s indexes what its declaration names, and nothing else', (name) => {
    const { fields, sets, search, indexes, prefixIndexes, acrossIndexes, partitionKey } = declarationOf(name);
    const policy = cosmosIndexingPolicy(name);
    expect(policy.excludedPaths).toEqual([{ path: '/*' }]);
    const included = policy.includedPaths.map(({ path }) => path);
    expect(included).toEqual([
      ...partitionKey.map((path) => `${path}/?`),
      '/kind/?',
      ...Object.keys(fields).map((field) => `/ix/${field}/?`),
      ...sets.map((set) => `/sets/${set}/[]/?`),
      ...(search ? ['/words/[]/?'] : []),
    ]);
    expect(policy.compositeIndexes).toHaveLength(indexes.length + acrossIndexes.length + 2);
    // Here they serve prefixes of the key as well; only the embedded store has others for those.
    expect(indexes).toEqual(expect.arrayContaining([...prefixIndexes]));
    for (const index of policy.compositeIndexes) {
      expect(index[0]?.path).toBe('/kind');
      expect(index.map(({ path }) => path)).toContain('/id');
      // The limits of the service.
      expect(index.length).toBeLessThanOrEqual(8);
    }
    expect(policy.compositeIndexes.length).toBeLessThanOrEqual(100);
    expect(new Set(policy.compositeIndexes.map((index) => JSON.stringify(index))).size).toBe(
      policy.compositeIndexes.length,
    );
  });

  test('of claims, as an example', () => {
    const paths = cosmosIndexingPolicy('claims').compositeIndexes.map((index) =>
      index.map(({ path }) => path).join(' '),
    );
    expect(paths).toContain('/kind /ix/state /ix/end /id /resource');
    expect(paths).toContain('/kind /ix/expiresAt /id /orgId /resource');
  });

  test('containers are defined with hierarchical keys, and a ttl where documents may carry one', () => {
    const definitions = new Map(containerDefinitions().map((definition) => [definition.id, definition]));
    expect([...definitions.keys()]).toEqual(containerNames);
    expect(definitions.get('claims')).toMatchObject({
      partitionKey: { paths: ['/orgId', '/resource'], kind: 'MultiHash', version: 2 },
      defaultTtl: -1,
    });
    expect(definitions.get('audit')).not.toHaveProperty('defaultTtl');
    expect(definitions.get('venues')?.partitionKey).toMatchObject({ paths: ['/orgId'], kind: 'Hash' });
  });
});

describe('batches', () => {
  const writes: Write[] = [
    { op: 'upsert', document: document('u') },
    { op: 'delete', id: 'd' },
    create('c'),
    { op: 'delete', id: 'g', ifMatch: 'e2' },
    { op: 'replace', document: document('r'), ifMatch: 'e1' },
  ];
  const ordered = orderedOperations('customers', ['o1'], writes, 'commit-x');

  test('guarded writes go first; each document carries its key and its commit', () => {
    expect(ordered.places).toEqual([3, 4, 2, 1, 0]);
    expect(ordered.operations).toEqual([
      { operationType: 'Delete', id: 'g', ifMatch: '"e2"' },
      {
        operationType: 'Replace',
        id: 'r',
        ifMatch: '"e1"',
        resourceBody: { ...document('r'), orgId: 'o1', commitId: 'commit-x' },
      },
      { operationType: 'Create', resourceBody: { ...document('c'), orgId: 'o1', commitId: 'commit-x' } },
      { operationType: 'Delete', id: 'd' },
      { operationType: 'Upsert', resourceBody: { ...document('u'), orgId: 'o1', commitId: 'commit-x' } },
    ]);
  });

  const replies = (...statuses: number[]): OperationReply[] =>
    statuses.map((statusCode, at) => ({ statusCode, eTag: `"etag-${at}"` }));

  test('etags come back in the order of the writes, without quotes', () => {
    expect(etagsFrom(ordered, replies(204, 200, 201, 204, 200))).toEqual(['etag-4', '', 'etag-2', '', 'etag-1']);
  });

  test.each([
    [[412, 424, 424, 424, 424], 'stale', 3],
    [[424, 412, 424, 424, 424], 'stale', 4],
    [[424, 424, 409, 424, 424], 'exists', 2],
    [[424, 424, 424, 404, 424], 'missing', 1],
  ])('replies %j mean %s at the place the caller knows', (statuses, reason, index) => {
    expect(() => etagsFrom(ordered, replies(...statuses))).toThrow(
      expect.objectContaining({ name: 'CommitRefused', reason, index }),
    );
  });

  test.each([429, 449, 408, 503])('a write answered %i is no refusal: it may be tried again', (status) => {
    expect(() => etagsFrom(ordered, replies(status, 424, 424, 424, 424))).toThrow(
      expect.objectContaining({ name: 'WireFailure', status }),
    );
  });

  test('a write of a batch answered 403 means that the partition is full: an hour, and no bug of the caller', () => {
    const full = expect.objectContaining({ name: 'StoreFull', retryAfterSeconds: 3600 });
    expect(() => etagsFrom(ordered, replies(424, 403, 424, 424, 424))).toThrow(full);
    const said = 'Partition key reached maximum size of 20 GB. (substatus 1014)';
    expect(failureOf(new WireFailure(403, said))).toEqual(full);
    expect(failureOf(new WireFailure(403, said))).toBeInstanceOf(StoreUnavailable);
  });

  test('replies that do not say what happened are not taken for success', () => {
    const unknown = expect.objectContaining({ name: 'WireFailure', status: 0 });
    expect(() => etagsFrom(ordered, [])).toThrow(unknown);
    expect(() => etagsFrom(ordered, replies(424, 424, 424, 424, 424))).toThrow(unknown);
  });
});

describe('the time for a commit', () => {
  /** Writes, and never answers. */
  function silent(): { readonly wire: Wire; readonly sendings: () => number } {
    let kept: CosmosDocument | undefined;
    let sendings = 0;
    const wire: Wire = {
      ...unused,
      query: never,
      limit: 300,
      async batch(_, __, [operation], until) {
        sendings += 1;
        if (operation && 'resourceBody' in operation) kept = { ...operation.resourceBody, _etag: '"1"' };
        if (!until.aborted) await once(until, 'abort');
        throw new WireFailure(0, 'No answer');
      },
      async read(_, __, ___, until) {
        await sleep(20);
        if (until?.aborted !== false) throw new WireFailure(0, 'Nobody waits for it');
        return kept;
      },
    };
    return { wire, sendings: () => sendings };
  }

  test('leaves some for finding out what became of it: it is done, though its reply never came', async () => {
    const { wire } = silent();
    expect(await cosmosStore(wire, newId).commit('customers', ['o1'], [create('a')])).toEqual(['1']);
  });

  test('is over for sending again when it has gone for the first sending', async () => {
    const { wire, sendings } = silent();
    const lost: Wire = { ...wire, read: async () => undefined };
    await expect(cosmosStore(lost, newId).commit('customers', ['o1'], [create('a')])).rejects.toThrow(StoreUnavailable);
    expect(sendings()).toBe(1);
  });
});

describe('failures of the service', () => {
  test.each([0, 408, 410, 429, 449, 500, 503])('status %i: the store is unavailable, for now', (status) => {
    const failure = failureOf(new WireFailure(status, 'x', 7));
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).toMatchObject({ retryAfterSeconds: 7 });
  });

  test.each([400, 401, 403, 413])('status %i: a fault of ours, which no repetition mends', (status) => {
    expect(failureOf(new WireFailure(status, 'x'))).not.toBeInstanceOf(StoreUnavailable);
  });

  const heard = { lost: 0, status: 413, substatus: undefined, retryAfterMs: 2100 };
  const silent = { ...heard, lost: 1, status: undefined, retryAfterMs: undefined };
  test.each([
    [{ code: 429, body: { message: 'slow down' }, retryAfterInMs: 1500 }, silent, 429, 2],
    [{ code: 503, message: 'down' }, silent, 503, undefined],
    [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, silent, 0, undefined],
    [new Error('Batch request error: Request size is too large'), heard, 413, 3],
    [new Error('Batch request error: fetch failed'), silent, 0, undefined],
    [new Error('Unexpected end of JSON input'), { ...heard, status: 200, retryAfterMs: undefined }, 0, undefined],
  ])('the status is what the SDK throws, or what was heard: %o', (thrown, last, status, retryAfterSeconds) => {
    expect(wireFailure(thrown, last)).toMatchObject({ name: 'WireFailure', status, retryAfterSeconds });
  });

  test('a mistake in our own code stays what it is', () => {
    const bug = new TypeError('x is not a function');
    expect(failureOf(wireFailure(bug, heard))).toBe(bug);
  });

  test('an account that nobody answers for is unavailable, through the real SDK', async () => {
    const { openCosmosStore } = await import('../../shared/platform/store.azure.ts');
    const store = openCosmosStore({ endpoint: 'https://127.0.0.1:1', key: 'c2VjcmV0', database: 'none' });
    await expect(store.read('customers', ['o1'], 'a')).rejects.toThrow(StoreUnavailable);
    await store.close();
    await expect(store.read('customers', ['o1'], 'a')).rejects.toThrow('closed');
  });
});
