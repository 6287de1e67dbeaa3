/** What a store checks before it touches its engine: documents and queries against the container's declaration. */
import type { Container, ContainerName } from './containers.ts';
import { declarationOf, indexesFor } from './containers.ts';
import type { Condition, Document, IndexValue, Order, Partition, Query, Write } from './store.ts';
import { BatchTooLarge, MAX_WRITES } from './store.ts';

/** A query that fits its container: nothing in it is undeclared, and the index that serves it is chosen. */
export interface Plan {
  readonly kind: string;
  /** Every condition but those that always hold; an `in` or `any` of one value is an `eq` or `all`. */
  readonly where: readonly Condition[];
  /** Something can match (an `in` or `any` of nothing cannot). */
  readonly possible: boolean;
  /** The `ix` names to order by; empty for `id` alone. */
  readonly order: readonly Required<Order>[];
  readonly idDescending: boolean;
  /** The declared index whose beginning is bound by equalities and whose end is (the beginning of) the order. */
  readonly index: readonly string[];
  /** How many entries of `order` the index serves; those after it are sorted among ties. */
  readonly served: number;
  /** How many names of `index` are bound by equalities. */
  readonly bound: number;
  /** The distinct words to search for; empty for a list. */
  readonly search: readonly string[];
}

const MOST_LIMIT = 1000;
/** What Cosmos DB takes in one batch, 2 MB, less an allowance for its envelope. */
const MOST_BYTES = 1_900_000;
const MOST_ID = 255;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const BAD_ID = /[/\\?#\u0000-\u001f]/;

/**
 * Whether a document can have this id: 1 to 255 characters, none of them `/ \ ? #`, a control character, or a lone
 * surrogate (the embedded engine's client aborts the process when it reads one back).
 */
export function isDocumentId(id: string): boolean {
  return id !== '' && id.length <= MOST_ID && !BAD_ID.test(id) && id.isWellFormed();
}

/** Throws unless all values of the partition key are given (or, for a query, a prefix of them). */
export function checkPartition(name: ContainerName, partition: Partition, prefix = false): void {
  const { length } = declarationOf(name).partitionKey;
  if (partition.length === length || (prefix && partition.length < length)) return;
  throw new Error(`A partition of ${name} has ${length} values, not ${partition.length}`);
}

/** Throws on a batch that no store could take: too many, the same id twice, or a document that is not declared so. */
export function checkWrites(name: ContainerName, partition: Partition, writes: readonly Write[]): void {
  // The embedded engine's client aborts the process when it reads half a character back.
  if (!partition.every((value) => value.isWellFormed()))
    throw new Error(`A partition of ${name} holds half a character`);
  if (writes.length < 1 || writes.length > MAX_WRITES) {
    throw new Error(`A batch has 1 to ${MAX_WRITES} writes, not ${writes.length}`);
  }
  const ids = new Set<string>();
  for (const write of writes) {
    const id = write.op === 'delete' ? write.id : write.document.id;
    if (!isDocumentId(id)) throw new Error(`A document of ${name} cannot have this id: ${JSON.stringify(id)}`);
    if (ids.has(id)) throw new Error(`A batch names ${id} twice`);
    ids.add(id);
    if (write.op !== 'delete') checkDocument(name, write.document);
  }
}

/** Throws when a batch is larger than a store takes; `texts` are its documents as JSON. */
export function checkSize(name: ContainerName, texts: readonly string[]): void {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MOST_BYTES) throw new BatchTooLarge(`A batch for ${name} is too large: ${bytes} bytes`);
}

function checkDocument(name: ContainerName, document: Document): void {
  const container = declarationOf(name);
  const where = `${name} document of kind ${document.kind}`;
  if (document.kind === '') throw new Error(`A ${name} document has no kind`);
  for (const [path, value] of Object.entries(document.ix ?? {})) {
    // An optional field left out is written as `undefined` by some; it is simply not there.
    if (value === undefined) continue;
    checkValue(container, path, value, where);
    if (typeof value === 'string' && !value.isWellFormed())
      throw new Error(`The field ${path} of a ${where} holds half a character`);
  }
  for (const set of Object.keys(document.sets ?? {})) {
    if (!container.sets.includes(set)) throw new Error(`The set ${set} of a ${where} is not declared`);
  }
  if (document.words?.some((word) => word === '' || /\s/.test(word) || !word.isWellFormed()))
    throw new Error(`A word of a ${where} is not one word`);
  if (document.words && !container.search) throw new Error(`A ${where} carries words, but it is not searched`);
  if (document.ttl === undefined) return;
  if (!container.ttl) throw new Error(`A ${where} carries a ttl, but the container has none`);
  if (!Number.isInteger(document.ttl) || document.ttl < 1)
    throw new Error(`The ttl of a ${where} is not a whole number of seconds`);
}

function checkValue(container: Container, path: string, value: IndexValue, where: string): void {
  const type = Object.hasOwn(container.fields, path) ? container.fields[path] : undefined;
  if (!type) throw new Error(`The field ${path} of a ${where} is not declared`);
  if (typeof value !== (type === 'text' ? 'string' : type) || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new Error(`The field ${path} of a ${where} is not a ${type}`);
  }
}

/**
 * Checks a query and chooses its index. Throws a plain `Error` for what is undeclared, out of range, or ordered in a
 * way that no index serves: a bug of the caller, which Cosmos DB would refuse as well.
 */
export function planOf(name: ContainerName, partition: Partition, query: Query): Plan {
  checkPartition(name, partition, true);
  const container = declarationOf(name);
  const about = `${name} query for kind ${query.kind}`;
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > MOST_LIMIT) {
    throw new Error(`The limit of a ${about} is 1 to ${MOST_LIMIT}, not ${query.limit}`);
  }
  const where = (query.where ?? []).map((condition) => checkedCondition(container, condition, about));
  if (query.search) checkSearch(container, partition, query, about);
  const equal = new Set(where.flatMap((condition) => ('eq' in condition ? [condition.path] : [])));
  const entries = (query.orderBy ?? []).map(({ path, descending = false }) => ({ path, descending }));
  const last = entries.find(({ path }) => path === 'id') ?? entries.at(-1);
  const idDescending = query.search ? true : (last?.descending ?? false);
  const order = orderOf(container, entries, about);
  const indexes = indexesFor(container, partition.length);
  const found = query.search ? { index: [], bound: 0, served: 0 } : indexFor(indexes, equal, order);
  if (!found) {
    throw new Error(
      `No index of ${name} serves the order ${order[0]?.path} of a ${about}; declare it in containers.ts`,
    );
  }
  return {
    kind: query.kind,
    where: where.filter((condition) => !('all' in condition) || condition.all.length > 0),
    possible: where.every(possible),
    order,
    idDescending,
    search: [...new Set(query.search)],
    ...found,
  };
}

interface ServingIndex {
  readonly index: readonly string[];
  readonly bound: number;
  readonly served: number;
}

/**
 * The declared index that serves most of an order: names bound by equalities, then the order's names, then nothing
 * more. Of several the one with most names bound. Undefined when none serves even the first entry.
 */
export function indexFor(
  indexes: readonly (readonly string[])[],
  equal: ReadonlySet<string>,
  order: readonly Order[],
): ServingIndex | undefined {
  for (let served = order.length; served > 0 || order.length === 0; served -= 1) {
    let best: ServingIndex | undefined;
    for (const index of [[], ...indexes]) {
      const bound = index.length - served;
      if (bound < 0 || (best && bound <= best.bound)) continue;
      const fits = index.slice(0, bound).every((path) => equal.has(path));
      if (fits && index.slice(bound).every((path, at) => order[at]?.path === path)) best = { index, bound, served };
    }
    if (best) return best;
  }
  return undefined;
}

function orderOf(container: Container, entries: readonly Required<Order>[], about: string): readonly Required<Order>[] {
  const at = entries.findIndex(({ path }) => path === 'id');
  // What follows `id` cannot matter.
  const order = at === -1 ? entries : entries.slice(0, at);
  for (const { path } of order) {
    if (!Object.hasOwn(container.fields, path)) throw new Error(`The order ${path} of a ${about} is not declared`);
  }
  return order;
}

/** The types of a cursor's values: the order's (a search's tier), the id, and what the partition leaves open. */
export function placeTypes(
  container: Container,
  partition: Partition,
  plan: Plan,
): readonly ('text' | 'number' | 'boolean')[] {
  const order = plan.order.map(({ path }) => container.fields[path] ?? 'text');
  const open = container.partitionKey.slice(partition.length).map(() => 'text' as const);
  return [...(plan.search.length > 0 ? ['number' as const] : order), 'text', ...open];
}

function checkSearch(container: Container, partition: Partition, query: Query, about: string): void {
  if (partition.length === 0) throw new Error(`A ${about} searches across organizations`);
  if (!container.search) throw new Error(`A ${about} searches, but the container has no words`);
  if (query.orderBy && query.orderBy.length > 0) throw new Error(`A ${about} searches, so it cannot be ordered`);
}

function checkedCondition(container: Container, condition: Condition, about: string): Condition {
  if ('set' in condition) {
    if (!container.sets.includes(condition.set))
      throw new Error(`The set ${condition.set} of a ${about} is not declared`);
    if (!('any' in condition)) return condition;
    const any = [...new Set(condition.any)];
    return any.length === 1 ? { set: condition.set, all: any } : { set: condition.set, any };
  }
  if (!Object.hasOwn(container.fields, condition.path) && condition.path !== 'id') {
    throw new Error(`The field ${condition.path} of a ${about} is not declared`);
  }
  for (const value of valuesOf(condition)) checkAsked(container, condition.path, value, about);
  if (!('in' in condition)) return condition;
  const values = [...new Set(condition.in)];
  const [only] = values;
  return values.length === 1 && only !== undefined
    ? { path: condition.path, eq: only }
    : { path: condition.path, in: values };
}

function checkAsked(container: Container, path: string, value: IndexValue, about: string): void {
  if (path !== 'id') checkValue(container, path, value, about);
  else if (typeof value !== 'string') throw new Error(`An id of a ${about} is not a text`);
}

function valuesOf(condition: Exclude<Condition, { set: string }>): readonly IndexValue[] {
  if ('eq' in condition) return [condition.eq];
  if ('in' in condition) return condition.in;
  return [condition.gte, condition.gt, condition.lt, condition.lte].filter((value) => value !== undefined);
}

function possible(condition: Condition): boolean {
  if ('in' in condition) return condition.in.length > 0;
  return !('any' in condition) || condition.any.length > 0;
}
