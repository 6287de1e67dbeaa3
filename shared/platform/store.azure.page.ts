/** Pages of the Cosmos DB store: queries, ties that no index orders, the two tiers of a search. */
import type { ContainerName } from './containers.ts';
import { declarationOf } from './containers.ts';
import type { Place } from './cursor.ts';
import { cursorOf, placeOf } from './cursor.ts';
import { documentFrom, unquoted } from './store.azure.batch.ts';
import { keyNames } from './store.azure.policy.ts';
import type { Ordering, Parameters } from './store.azure.query.ts';
import {
  afterPlace,
  beginnings,
  column,
  countQuery,
  fieldColumn,
  orderingOf,
  parametersOf,
  selectQuery,
  wholeWords,
} from './store.azure.query.ts';
import type { CosmosDocument, Wire } from './store.azure.wire.ts';
import type { Plan } from './store.plan.ts';
import { placeTypes, planOf } from './store.plan.ts';
import type { IndexValue, Page, Partition, Query } from './store.ts';

/** What one query is about. */
interface Ask {
  readonly container: ContainerName;
  readonly partition: Partition;
  readonly plan: Plan;
}

interface Found {
  readonly document: CosmosDocument;
  readonly tier: 0 | 1;
}

/** How many documents may tie in what an index orders before the rest is sorted here. */
const MOST_TIES = 5000;

/** Answers a query over the wire. */
export async function cosmosPage(
  wire: Wire,
  container: ContainerName,
  partition: Partition,
  query: Query,
): Promise<Page> {
  const plan = planOf(container, partition, query);
  const ask: Ask = { container, partition, plan };
  const place = placeOf(container, partition, query, placeTypes(declarationOf(container), partition, plan));
  if (!plan.possible) return { items: [], ...(query.count ? { total: 0 } : {}) };
  const [some, total] = await Promise.all([
    found(wire, ask, place, query.limit + 1),
    query.count ? counted(wire, ask) : undefined,
  ]);
  const items = some.slice(0, query.limit);
  const last = items.at(-1);
  return {
    items: items.map(({ document }) => ({ document: documentFrom(document), etag: unquoted(document._etag ?? '') })),
    ...(last && some.length > query.limit ? { cursor: cursorOf(container, partition, query, placeAt(ask, last)) } : {}),
    ...(total === undefined ? {} : { total }),
  };
}

async function counted(wire: Wire, { container, partition, plan }: Ask): Promise<number> {
  const parameters = parametersOf();
  const extra = plan.search.length > 0 ? [beginnings(plan.search, parameters)] : [];
  const [total] = await wire.query(container, partition, countQuery(container, partition, plan, parameters, extra));
  return Number(total ?? 0);
}

function found(wire: Wire, ask: Ask, place: Place | undefined, limit: number): Promise<Found[]> {
  if (ask.plan.search.length > 0) return searched(wire, ask, place, limit);
  return ordered(ask) ? listed(wire, ask, place, limit) : tied(wire, ask, place, limit);
}

/** Whether one index, read in one direction, gives the whole order. */
function ordered({ plan }: Ask): boolean {
  const { order, served, idDescending } = plan;
  const [first] = order;
  return (
    served === order.length &&
    order.every(({ descending }) => descending === (first?.descending ?? idDescending)) &&
    idDescending === (first?.descending ?? idDescending)
  );
}

async function selected(
  wire: Wire,
  ask: Ask,
  ordering: Ordering,
  parameters: Parameters,
  extra: string[],
  most: number,
) {
  const { container, partition, plan } = ask;
  const query = selectQuery(container, partition, plan, ordering, parameters, extra, most);
  return (await wire.query(container, partition, query)) as CosmosDocument[];
}

async function listed(wire: Wire, ask: Ask, place: Place | undefined, limit: number): Promise<Found[]> {
  const parameters = parametersOf();
  const ordering = orderingOf(ask.container, ask.partition, ask.plan);
  const columns = [...ask.plan.order.map(({ path }) => fieldColumn(path)), ...lastColumns(ask)];
  const extra = place ? [`(${afterPlace(columns, ordering.descending, place, parameters)})`] : [];
  const documents = await selected(wire, ask, ordering, parameters, extra, limit);
  return documents.map((document) => ({ document, tier: 0 }));
}

/**
 * An order of which the index gives only the beginning: the documents that tie in it are read whole and sorted here.
 * The beginning is the entries that the index serves and that run in the direction of the first.
 */
async function tied(wire: Wire, ask: Ask, place: Place | undefined, limit: number): Promise<Found[]> {
  const { plan } = ask;
  const ordering = orderingOf(ask.container, ask.partition, plan);
  const turn = plan.order.findIndex(({ descending }) => descending !== ordering.descending);
  const given = plan.order.slice(0, Math.min(plan.served, turn === -1 ? plan.served : turn));
  const columns = given.map(({ path }) => fieldColumn(path));
  for (let most = limit + 50; ; most = Math.min(most * 4, MOST_TIES + 1)) {
    const parameters = parametersOf();
    const from = place?.slice(0, given.length) ?? [];
    const extra =
      place && given.length > 0 ? [`(${afterPlace(columns, ordering.descending, from, parameters, true)})`] : [];
    const documents = await selected(wire, ask, ordering, parameters, extra, most);
    const whole = documents.length < most;
    // The last group may go on beyond what was read.
    const last = documents.at(-1);
    const sure =
      whole || !last
        ? documents
        : documents.filter((one) => given.some(({ path }) => valueAt(one, path) !== valueAt(last, path)));
    const after = sure
      .map((document): Found => ({ document, tier: 0 }))
      .filter((one) => !place || compared(ask, placeAt(ask, one), place) > 0)
      .sort((a, b) => compared(ask, placeAt(ask, a), placeAt(ask, b)));
    if (whole || after.length >= limit) return after.slice(0, limit);
    if (most > MOST_TIES)
      throw new Error(`More than ${MOST_TIES} documents tie in the order of a ${ask.container} query`);
  }
}

async function searched(wire: Wire, ask: Ask, place: Place | undefined, limit: number): Promise<Found[]> {
  const items: Found[] = [];
  const words = ask.plan.search;
  const ordering = orderingOf(ask.container, ask.partition, ask.plan);
  for (const tier of [0, 1] as const) {
    if (place && Number(place[0]) > tier) continue;
    const parameters = parametersOf();
    const whole = wholeWords(words, parameters);
    const extra = tier === 0 ? [whole] : [beginnings(words, parameters), `NOT (${whole})`];
    if (place?.[0] === tier) extra.push(`(${afterPlace(lastColumns(ask), true, place.slice(1), parameters)})`);
    const documents = await selected(wire, ask, ordering, parameters, extra, limit - items.length);
    items.push(...documents.map((document) => ({ document, tier })));
    if (items.length >= limit) break;
  }
  return items;
}

/** The id, and those key properties that the partition leaves open. */
function lastColumns({ container, partition }: Ask): string[] {
  return [column('id'), ...keyNames(container).slice(partition.length).map(column)];
}

function placeAt({ container, partition, plan }: Ask, { document, tier }: Found): IndexValue[] {
  const values = plan.search.length > 0 ? [tier] : plan.order.map(({ path }) => valueAt(document, path));
  const open = keyNames(container).slice(partition.length);
  return [...values, document.id, ...open.map((key) => String((document as unknown as Record<string, unknown>)[key]))];
}

function valueAt(document: CosmosDocument, path: string): IndexValue {
  return document.ix?.[path] ?? '';
}

function compared({ plan }: Ask, a: readonly IndexValue[], b: readonly IndexValue[]): number {
  for (const [at, value] of a.entries()) {
    const sign = comparedValues(value, b[at] ?? '');
    if (sign !== 0) return (plan.order[at]?.descending ?? plan.idDescending) ? -sign : sign;
  }
  return 0;
}

/** Texts by code point, as both stores order them; UTF-16 would put emoji before some other characters. */
function comparedValues(a: IndexValue, b: IndexValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}
