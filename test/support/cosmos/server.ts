/**
 * Cosmos DB for tests, over HTTP: a gateway before `@vercel/cosmosdb-server` that makes up for what it lacks, so that the
 * store is proven through its SDK, its headers and somebody else's understanding of its SQL. docs/adr/0018 lists what the
 * gateway adds, and what only the service itself can show.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { closed, onFreePort } from '../servers.ts';
import type { Definition } from './forms.ts';
import { accountAt, asDefined, bad, charged, kept, keysOf, outward, partitionOf, quoted, statusOf } from './forms.ts';
import type { Answer, BatchOperation, Kept } from './peer.ts';
import { KEY, startPeer } from './peer.ts';
import { queryPlan, RANGE_COUNT, rangeList, rangeOf } from './ranges.ts';
import { type Asked, flattened, plainCount, unindexed, within } from './sql.ts';

interface CosmosServer {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  close(): Promise<void>;
}

interface Mortal {
  readonly docs: string;
  readonly partition: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** The id of a container, as the client wants it beside a session token. */
const RID = 'AAAAAAAAAAA=';
const RANGE = 'x-ms-documentdb-partitionkeyrangeid';
const LATER = 'SELECT TOP 107 * FROM c WHERE c["_lsn"] > @from ORDER BY c["_lsn"] ASC';
/** Of the change feed, in documents; a batch is never split, so that many more than that may be looked at. */
const PAGE = 7;
const MOST_OPERATIONS = 100;
/** Request units, as a point read and a write of 1 KB cost. */
const READ = 1;
const WRITE = 5.5;

/** Starts one that is empty; `now` in milliseconds since 1970 decides what has expired. */
export async function startCosmos(now: () => number): Promise<CosmosServer> {
  const peer = await startPeer();
  const definitions = new Map<string, Definition>();
  const mortals = new Map<string, Mortal>();
  /** The number of the last write in each range of each container. */
  const lsns = new Map<string, number>();
  const lsnOf = (docs: string, range: string) => lsns.get(`${docs} ${range}`) ?? 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after another: what is checked for a batch holds until it is written. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work);
    turn = next.catch(() => {});
    return next;
  }

  /** The npm server keeps what has expired. */
  async function bury(): Promise<void> {
    for (const [name, { docs, partition, id, until }] of mortals) {
      if (until > now()) continue;
      mortals.delete(name);
      await peer.write(docs, partition, [{ operationType: 'Delete', id }]);
    }
  }

  async function batch(docs: string, partition: string, operations: readonly BatchOperation[]): Promise<Answer> {
    if (operations.length > MOST_OPERATIONS) return bad('Batch request has more operations than what is supported');
    const definition = definitionAt(docs);
    const misplaced = operations.find(
      ({ resourceBody }) => resourceBody && JSON.stringify(keysOf(definition, resourceBody)) !== partition,
    );
    if (misplaced) return bad('A document is of another partition');
    const ids = operations.map((operation) => operation.resourceBody?.id ?? operation.id ?? '');
    const there = await peer.peek(docs, partition, ids);
    const statuses = operations.map((operation, at) => statusOf(operation, there[at]));
    const failed = statuses.findIndex((status) => status >= 400);
    if (failed !== -1) {
      const replies = statuses.map((status, at) => ({ statusCode: at === failed ? status : 424, requestCharge: READ }));
      return { status: 207, body: replies, headers: charged(READ * replies.length) };
    }
    const lsn = lsnOf(docs, rangeOf(partition)) + 1;
    lsns.set(`${docs} ${rangeOf(partition)}`, lsn);
    const replies = await peer.write(
      docs,
      partition,
      operations.map((one) => kept(one, partition, lsn)),
    );
    for (const [at, { resourceBody }] of operations.entries()) {
      const id = ids[at] ?? '';
      const name = JSON.stringify([docs, partition, id]);
      const ttl = resourceBody?.ttl;
      mortals.delete(name);
      if (typeof ttl !== 'number') continue;
      if (definition.defaultTtl !== undefined) mortals.set(name, { docs, partition, id, until: now() + ttl * 1000 });
    }
    const body = replies.map(({ statusCode, eTag }) => ({
      statusCode,
      requestCharge: WRITE,
      ...(eTag === undefined ? {} : { eTag: quoted(eTag) }),
    }));
    return { status: 200, body, headers: charged(WRITE * body.length) };
  }

  function definitionAt(docs: string): Definition {
    const definition = definitions.get(docs);
    if (!definition) throw new Error(`There is no container at ${docs}`);
    return definition;
  }

  async function read(docs: string, partition: string, id: string): Promise<Answer> {
    const [found] = await peer.peek(docs, partition, [id]);
    if (!found)
      return { status: 404, body: { code: 'NotFound', message: 'Resource Not Found' }, headers: charged(READ) };
    return { status: 200, body: outward(found), headers: { ...charged(READ), etag: quoted(found._etag) } };
  }

  async function query(docs: string, request: IncomingMessage, partition: string | undefined): Promise<Answer> {
    const asked = (await json(request)) as Asked;
    const plan = queryPlan(asked.query);
    if (request.headers['x-ms-cosmos-is-query-plan-request'])
      return plan ? { status: 200, body: plan } : bad('No plan');
    const range = request.headers[RANGE];
    if (partition === undefined && range === undefined) {
      const body = { code: 'BadRequest', message: 'Not served here', additionalErrorInfo: JSON.stringify(plan) };
      return { status: 400, body };
    }
    const unknown = unindexed(asked.query, definitionAt(docs));
    if (unknown !== undefined) return bad(`${unknown} is not indexed`);
    const { 'x-ms-documentdb-partitionkey': _, ...headers } = request.headers;
    const scoped = partition === undefined ? within(asked, '_range', String(range)) : within(asked, KEY, partition);
    const plain = { ...scoped, query: flattened(plainCount(scoped.query)) };
    const answer = await peer.find(docs, headers, plain);
    if (answer.status >= 400) return answer;
    const { Documents: found = [], ...rest } = answer.body as { Documents?: unknown[] };
    const isCount = asked.query.startsWith(RANGE_COUNT);
    const body = { Documents: isCount ? found.map((item) => [{ item }]) : found.map(outward), ...rest };
    return { ...answer, body, headers: { ...answer.headers, ...charged(READ + found.length / 10) } };
  }

  /** The npm server knows no order of changes: they are found by the number that every write here is given. */
  async function changes(docs: string, request: IncomingMessage): Promise<Answer> {
    const from = Number(request.headers['if-none-match'] ?? 0);
    const range = String(request.headers[RANGE]);
    const unchanged = { status: 304, body: undefined, headers: { ...charged(READ), etag: String(from) } };
    if (from >= lsnOf(docs, range)) return unchanged;
    const later = { query: LATER, parameters: [{ name: '@from', value: from }] };
    const { body } = await peer.find(docs, {}, within(later, '_range', range));
    const found = (body as { Documents: Kept[] }).Documents;
    const last = found[Math.min(PAGE, found.length) - 1]?._lsn;
    if (last === undefined) return unchanged;
    const page = found.filter(({ _lsn }) => _lsn <= last).map(outward);
    const headers = { ...charged(2), etag: String(last) };
    return { status: 200, body: { Documents: page, _count: page.length }, headers };
  }

  async function documents(
    docs: string,
    id: string | undefined,
    partition: string | undefined,
    request: IncomingMessage,
  ): Promise<Answer> {
    const { headers } = request;
    await inTurn(bury);
    if (headers['x-ms-documentdb-isquery'] || headers['x-ms-cosmos-is-query-plan-request'])
      return query(docs, request, partition);
    if (headers['a-im']) return changes(docs, request);
    if (partition === undefined) return bad('The partition key is missing');
    if (id !== undefined && request.method === 'GET') return read(docs, partition, decodeURIComponent(id));
    if (headers['x-ms-cosmos-is-batch-request']) {
      const operations = (await json(request)) as BatchOperation[];
      return inTurn(() => batch(docs, partition, operations));
    }
    return bad(`Nothing here answers ${request.method} ${request.url}`);
  }

  /** Makes a container with the one key that the npm server knows, and its indexes in both directions. */
  async function created(path: string, request: IncomingMessage): Promise<Answer> {
    const definition = (await json(request)) as Definition;
    const { compositeIndexes } = definition.indexingPolicy;
    const backwards = compositeIndexes.map((index) => index.map((one) => ({ ...one, order: 'descending' })));
    const answer = await peer.ask('POST', path, request.headers, {
      ...definition,
      partitionKey: { paths: [`/${KEY}`] },
      indexingPolicy: { ...definition.indexingPolicy, compositeIndexes: [...compositeIndexes, ...backwards] },
    });
    if (answer.status < 300) definitions.set(`${path}/${definition.id}/docs`, definition);
    return asDefined(answer, definition);
  }

  async function answered(request: IncomingMessage): Promise<Answer> {
    const { method = '', headers } = request;
    const path = (request.url ?? '').replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
    const [, docs, id] = /^(\/dbs\/[^/]+\/colls\/[^/]+\/docs)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (docs !== undefined) {
      const partition = partitionOf(headers['x-ms-documentdb-partitionkey']);
      const range = partition === undefined ? headers[RANGE] : rangeOf(partition);
      const answer = await documents(docs, id, partition, request);
      if (range === undefined) return answer;
      // Which state a reader has seen: the client sends it back, so that it reads no older one.
      const session = { 'x-ms-session-token': `${range}:1#${lsnOf(docs, String(range))}`, 'x-ms-content-path': RID };
      return { ...answer, headers: { ...answer.headers, ...session } };
    }
    if (path.endsWith('/pkranges')) return { status: 200, body: rangeList() };
    if (method === 'POST' && path.endsWith('/colls')) return created(path, request);
    const body = method === 'POST' ? await json(request) : undefined;
    const answer = await peer.ask(method, path, headers, body);
    if (path === '/') return { status: 200, body: accountAt(endpoint, answer.body) };
    return asDefined(answer, definitions.get(`${path}/docs`));
  }

  const server = createServer(async (request, response) => {
    const { status, body, headers } = await answered(request).catch(
      (error: unknown): Answer => ({ status: 500, body: { message: String(error) } }),
    );
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? '' : JSON.stringify(body));
  });
  const { origin: endpoint } = await onFreePort(server);
  return {
    endpoint,
    async close() {
      await closed(server);
      await peer.close();
    },
  };
}
