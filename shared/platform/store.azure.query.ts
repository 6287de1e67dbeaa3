/** Queries compiled to the SQL of Cosmos DB, with every value a parameter. */
import type { ContainerName } from './containers.ts';
import { keyNames, tieNames } from './store.azure.policy.ts';
import type { Plan } from './store.plan.ts';
import type { Condition, IndexValue, Partition } from './store.ts';

export interface CosmosQuery {
  readonly query: string;
  readonly parameters: { readonly name: string; readonly value: IndexValue }[];
}

/** An entry of an `ORDER BY`: a property, and the direction of all of them. */
export interface Ordering {
  readonly columns: readonly string[];
  readonly descending: boolean;
}

const ITEM = 'c["id"], c["kind"], c["body"], c["ix"], c["sets"], c["words"], c["ttl"], c["_etag"]';

/** Collects the parameters of one query: each value gets a name of its own. */
export interface Parameters {
  readonly list: { readonly name: string; readonly value: IndexValue }[];
  add(value: IndexValue): string;
}

export function parametersOf(): Parameters {
  const list: { readonly name: string; readonly value: IndexValue }[] = [];
  return {
    list,
    add(value) {
      const name = `@p${list.length}`;
      list.push({ name, value });
      return name;
    },
  };
}

/** The columns of the composite index that serves a plan, all in one direction: kind, `ix` names, id, ties. */
export function orderingOf(container: ContainerName, partition: Partition, plan: Plan): Ordering {
  const names = plan.index.map(fieldColumn);
  const ties = tieNames(container, partition.length === 0).map(column);
  const descending = plan.order[0]?.descending ?? plan.idDescending;
  return { columns: [column('kind'), ...names, column('id'), ...ties], descending };
}

/** At most `most` documents that match, in order; `extra` are further conditions. */
export function selectQuery(
  container: ContainerName,
  partition: Partition,
  plan: Plan,
  ordering: Ordering,
  parameters: Parameters,
  extra: readonly string[],
  most: number,
): CosmosQuery {
  const direction = ordering.descending ? 'DESC' : 'ASC';
  const by = ordering.columns.map((name) => `${name} ${direction}`).join(', ');
  const keys = keyNames(container).map(column).join(', ');
  const where = [...filters(container, partition, plan, parameters), ...extra].join(' AND ');
  return {
    query: `SELECT TOP ${most} ${ITEM}, ${keys} FROM c WHERE ${where} ORDER BY ${by}`,
    parameters: parameters.list,
  };
}

export function countQuery(
  container: ContainerName,
  partition: Partition,
  plan: Plan,
  parameters: Parameters,
  extra: readonly string[],
): CosmosQuery {
  const where = [...filters(container, partition, plan, parameters), ...extra].join(' AND ');
  return { query: `SELECT VALUE COUNT(1) FROM c WHERE ${where}`, parameters: parameters.list };
}

/**
 * What comes after a place (or, `inclusive`, from it on) when all columns run in one direction. The first line bounds
 * the index; the rest tells ties apart.
 */
export function afterPlace(
  columns: readonly string[],
  descending: boolean,
  place: readonly IndexValue[],
  parameters: Parameters,
  inclusive = false,
): string {
  const [first, ...rest] = columns;
  const [value, ...others] = place;
  if (first === undefined || value === undefined) throw new Error('A place has a value for each column of the order');
  const sign = descending ? '<' : '>';
  const name = parameters.add(value);
  if (rest.length === 0) return `${first} ${sign}${inclusive ? '=' : ''} ${name}`;
  const tail = afterPlace(rest, descending, others, parameters, inclusive);
  return `${first} ${sign}= ${name} AND (${first} ${sign} ${name} OR (${tail}))`;
}

/** The document holds every word whole. */
export function wholeWords(words: readonly string[], parameters: Parameters): string {
  return words.map((word) => `ARRAY_CONTAINS(${column('words')}, ${parameters.add(word)})`).join(' AND ');
}

/** For each word, one of the document's words begins with it. */
export function beginnings(words: readonly string[], parameters: Parameters): string {
  return words
    .map((word) => `EXISTS(SELECT VALUE w FROM w IN ${column('words')} WHERE STARTSWITH(w, ${parameters.add(word)}))`)
    .join(' AND ');
}

export function column(name: string): string {
  return `c["${name}"]`;
}

export function fieldColumn(path: string): string {
  return path === 'id' ? column('id') : `${column('ix')}["${path}"]`;
}

function filters(container: ContainerName, partition: Partition, plan: Plan, parameters: Parameters): string[] {
  const keys = keyNames(container);
  return [
    // Said here too, because a prefix of the key routes the query only when the filter names it.
    ...partition.map((value, at) => `${column(keys[at] ?? '')} = ${parameters.add(value)}`),
    `${column('kind')} = ${parameters.add(plan.kind)}`,
    ...plan.where.map((condition) => conditionText(condition, parameters)),
    ...plan.order.map(({ path }) => `IS_DEFINED(${fieldColumn(path)})`),
  ];
}

function conditionText(condition: Condition, parameters: Parameters): string {
  if ('set' in condition) {
    const set = `${column('sets')}["${condition.set}"]`;
    const each = ('all' in condition ? condition.all : condition.any).map(
      (value) => `ARRAY_CONTAINS(${set}, ${parameters.add(value)})`,
    );
    return `(${each.join('all' in condition ? ' AND ' : ' OR ')})`;
  }
  const field = fieldColumn(condition.path);
  if ('eq' in condition) return `${field} = ${parameters.add(condition.eq)}`;
  if ('in' in condition) return `${field} IN (${condition.in.map((value) => parameters.add(value)).join(', ')})`;
  const { gte, gt, lt, lte } = condition;
  const bounds: string[] = [];
  const bound = (sign: string, value: IndexValue | undefined) =>
    value !== undefined && bounds.push(`${field} ${sign} ${parameters.add(value)}`);
  bound('>=', gte);
  bound('>', gt);
  bound('<', lt);
  bound('<=', lte);
  return bounds.length > 0 ? bounds.join(' AND ') : `IS_DEFINED(${field})`;
}
