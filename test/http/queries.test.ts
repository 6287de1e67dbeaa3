/**
 * Every query that the slices ask, collected while every route, list, reaction and timer is at work, against the indexes
 * that Cosmos DB is told to keep. An `ORDER BY` without its composite index is refused there, and a filter on a path that
 * is not indexed reads every document; an index that no query needs is paid for at every write.
 */
import { beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { routes, timers } from '../../functions/registry.ts';
import { type ContainerName, containerNames, declarationOf } from '../../shared/platform/containers.ts';
import type { Filter, Listing } from '../../shared/platform/listing.ts';
import { runTick } from '../../shared/platform/run-timer.ts';
import { cosmosIndexingPolicy, keyNames } from '../../shared/platform/store.azure.policy.ts';
import { planOf } from '../../shared/platform/store.plan.ts';
import type { Query } from '../../shared/platform/store.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { examples } from './examples.ts';
import { type Sent, send, worldOf } from './world.ts';

/** What a query asks, its values aside. */
interface Shape {
  readonly name: string;
  readonly container: ContainerName;
  /** A partition as deep as it names the key. */
  readonly partition: readonly string[];
  readonly query: Query;
}

const shapes = new Map<string, Shape>();
let acrossOnRequests: string[] = [];

function record(container: ContainerName, partition: readonly string[], query: Query): void {
  const { where, order, search } = planOf(container, partition, query);
  const conditions = where.map((one) => ('set' in one ? `${one.set}[]` : `${one.path} ${Object.keys(one).slice(1)}`));
  const by = order.map(({ path, descending }) => `${path}${descending ? '-' : ''}`);
  const name = [container, partition.length, query.kind, conditions.sort(), search.length > 0 ? 'search' : by].join(
    ' | ',
  );
  shapes.set(name, { name, container, partition, query });
}

/** Texts of which one is a value of any filter. */
const samples = [
  ...['true', 'false', '7', 'x', 'GB', '0193b0a0-7c1e-7000-8000-000000000001', '51.5,-0.12,10'],
  ...['2026-12-01T10:00:00Z', '2026-12-01'],
];

/** Texts that a filter takes: of one value, of each boolean, and of several where it takes several. */
function valuesOf(filter: Filter): string[] {
  const schema = z.toJSONSchema(filter.value, { io: 'input', unrepresentable: 'any' }) as { enum?: unknown[] };
  const known = [...(schema.enum ?? []).map(String), ...samples].filter((one) => filter.value.safeParse(one).success);
  const [first, second] = known;
  if (first === undefined || filter.is === 'gte' || filter.is === 'lt' || second === undefined)
    return known.slice(0, 1);
  return filter.is === 'own' ? [first, second] : [first, `${first},${second}`];
}

/** Query strings that between them ask a list for everything: each filter in each order, and words. */
function asks({ filters, sorts, search }: Listing, given: string): string[] {
  const orders = Object.keys(sorts).flatMap((sort) => [`sort=${sort}`, `sort=-${sort}`]);
  const narrowed = Object.entries(filters)
    .filter(([name]) => !given.includes(`${name}=`))
    .flatMap(([name, filter]) => valuesOf(filter).map((value) => `${name}=${encodeURIComponent(value)}`));
  const crossed = narrowed.flatMap((one) => ['', ...orders].map((order) => `${one}&${order}`));
  const searched = search ? ['', ...narrowed].map((one) => `q=ann&${one}`) : [];
  return [...orders, ...crossed, ...searched];
}

const CSV = 'externalId,name,type,primaryEmail,primaryPhone\nX1,Other Ltd,enterprise,o@other.example,+442079460018\n';

/** Every route by its example, every list in every way, every reaction and timer. */
async function everything(host: TestHost): Promise<void> {
  const organization = await host.organization();
  const world = await worldOf(host, organization);
  const [someone, username] = [await world.user(), (await world.user('admin')).username];
  const lists: (() => Promise<void>)[] = [];
  for (const route of routes.filter(({ access }) => access !== 'public')) {
    const user = await host.signIn(username);
    const sent = await examples[`${route.method} ${route.path}`]?.(world, host, user);
    await send(host, user, route.method, route.path, sent);
    const { list, path } = route;
    if (list) lists.push(() => everyWay(host, organization, username, list, path, sent));
  }
  await host.settled();
  for (const list of lists) await list();
  await host.signIn(someone.username);
  const admin = await host.signIn(username);
  const theirs = (await (
    await send(host, admin, 'GET', 'sessions', { query: `userId=${someone.id}` })
  ).json()) as Listed;
  await send(host, admin, 'DELETE', 'sessions/{sessionId}', { params: { sessionId: theirs.data[0]?.id ?? '' } });
  await send(host, admin, 'POST', 'customers/import', { file: { bytes: Buffer.from(CSV), name: 'customers.csv' } });
  await host.settled();
}

async function everyWay(
  host: TestHost,
  organization: TestOrganization,
  username: string,
  list: Listing,
  path: string,
  sent: Sent = {},
): Promise<void> {
  const user = await host.signIn(username);
  for (const role of ['staff', 'customer'] as const) await send(host, await organization.as(role), 'GET', path, sent);
  const given = sent.query ?? '';
  for (const asked of asks(list, given)) {
    const response = await send(host, user, 'GET', path, { ...sent, query: `${given}&${asked}` });
    // A filter may name what is not there; nothing else may be wrong with a request that the list's own filters made.
    if (response.status !== 200 && response.status !== 404)
      throw new Error(`${path}?${asked}: ${await response.text()}`);
  }
}

interface Listed {
  readonly data: readonly { readonly id: string }[];
}

beforeAll(async () => {
  const host = await startTestHost();
  const query = host.platform.store.query;
  vi.spyOn(host.platform.store, 'query').mockImplementation((container, partition, asked) => {
    record(container, partition, asked);
    return query(container, partition, asked);
  });
  await everything(host);
  acrossOnRequests = [...shapes.values()].filter(({ partition }) => partition.length === 0).map(({ name }) => name);
  for (const timer of timers) await runTick(host.platform, timer, host.clock.now());
  await host.settled();
  await host.close();
}, 300_000);

type Policy = Pick<ReturnType<typeof cosmosIndexingPolicy>, 'includedPaths' | 'compositeIndexes'>;

/** The paths of the composite index that a query's order must be, in order: what it binds, what it sorts by, id, ties. */
function neededIndex({ container, partition, query }: Shape): string {
  const { index, order, search } = planOf(container, partition, query);
  const names = search.length > 0 ? [] : index;
  if (names.slice(names.length - order.length).join() !== order.map(({ path }) => path).join()) {
    throw new Error(`No index gives the whole order of ${JSON.stringify(query)}`);
  }
  const ties = partition.length === 0 ? keyNames(container) : keyNames(container).slice(1);
  return ['/kind', ...names.map((name) => `/ix/${name}`), '/id', ...ties.map((name) => `/${name}`)].join(' ');
}

/** What a query needs and a policy does not have. */
function missing(shape: Shape, { includedPaths, compositeIndexes }: Policy): string[] {
  const included = new Set(includedPaths.map(({ path }) => path));
  const { where = [], search } = shape.query;
  const paths = where.flatMap((one) => {
    if ('set' in one) return [`/sets/${one.set}/[]/?`];
    // The service indexes the id by itself.
    return one.path === 'id' ? [] : [`/ix/${one.path}/?`];
  });
  const keys = shape.partition.map((_, at) => `/${keyNames(shape.container)[at]}/?`);
  const ranges = ['/kind/?', ...keys, ...paths, ...(search ? ['/words/[]/?'] : [])].filter(
    (path) => !included.has(path),
  );
  const needed = neededIndex(shape);
  const there = compositeIndexes.some((index) => index.map(({ path }) => path).join(' ') === needed);
  return [...ranges, ...(there ? [] : [needed])];
}

test('enough is collected to speak of every query: every list is asked in all its ways', () => {
  const asked = new Set([...shapes.values()].map(({ container }) => container));
  const unasked = ['logins', 'idempotency', 'system'];
  expect([...asked].sort()).toEqual(containerNames.filter((name) => !unasked.includes(name)).sort());
  expect(shapes.size).toBeGreaterThan(400);
});

test('each finds its composite index, the range indexes of its filters, and its whole order in the policy', () => {
  const lacking = [...shapes.values()].flatMap((shape) => {
    const lacks = missing(shape, cosmosIndexingPolicy(shape.container));
    return lacks.length > 0 ? [`${shape.name}: ${lacks}`] : [];
  });
  expect(lacking).toEqual([]);
});

test('twin: without any one of the indexes that are used, some query is found to lack it', () => {
  for (const name of containerNames) {
    const { includedPaths, compositeIndexes } = cosmosIndexingPolicy(name);
    const own = [...shapes.values()].filter(({ container }) => container === name);
    const used = new Set(own.map(neededIndex));
    for (const index of compositeIndexes.filter((one) => used.has(one.map(({ path }) => path).join(' ')))) {
      const without = { includedPaths, compositeIndexes: compositeIndexes.filter((one) => one !== index) };
      expect(own.flatMap((shape) => missing(shape, without))).toContain(index.map(({ path }) => path).join(' '));
    }
    for (const path of own.length > 0 ? includedPaths.slice(0, 1) : []) {
      const without = { includedPaths: includedPaths.filter((one) => one !== path), compositeIndexes };
      expect(own.flatMap((shape) => missing(shape, without))).toContain(path.path);
    }
  }
});

/** Asked only once something is there that these requests cannot make yet. */
const NOT_YET = ['identity: staffId,name (users who are the staff of an event)'];

test('each declared index is one that some query needs: every write pays for it', () => {
  const used = new Set([...shapes.values()].map((shape) => `${shape.container} ${neededIndex(shape)}`));
  const idle = containerNames.flatMap((container) => {
    const { indexes, acrossIndexes } = declarationOf(container);
    const isIdle = (names: readonly string[], ties: readonly string[]) => {
      const path = ['/kind', ...names.map((name) => `/ix/${name}`), '/id', ...ties.map((name) => `/${name}`)].join(' ');
      return !used.has(`${container} ${path}`);
    };
    return [
      ...indexes.filter((names) => isIdle(names, keyNames(container).slice(1))),
      ...acrossIndexes.filter((names) => isIdle(names, keyNames(container))),
    ].map((names) => `${container}: ${names}`);
  });
  expect(idle).toEqual(NOT_YET.map((line) => line.replace(/ \(.*/, '')));
});

test('no request asks across organizations; timers do', () => {
  expect(acrossOnRequests).toEqual([]);
  expect([...shapes.values()].filter(({ partition }) => partition.length === 0).length).toBeGreaterThan(3);
});
