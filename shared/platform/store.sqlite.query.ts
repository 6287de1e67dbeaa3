/** Queries of the embedded store, compiled to SQL: keyset pages that read an index in its own order. */
import { declarationOf, indexesFor } from './containers.ts';
import type { Place } from './cursor.ts';
import type { Plan } from './store.plan.ts';
import { indexFor } from './store.plan.ts';
import type { Reach } from './store.sqlite.reach.ts';
import type { Table } from './store.sqlite.schema.ts';
import { bindable, indexName, partitionText, ttlIndex } from './store.sqlite.schema.ts';
import type { Condition, IndexValue } from './store.ts';

export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

interface OrderColumn {
  readonly column: string;
  readonly descending: boolean;
}

const MOST_BRANCHES = 32;

/**
 * One page: rows of `[n, seq, pk, …]`, where `pk` is null when the partition is known. `branches` are plans whose
 * pages are merged.
 */
export function pageSql(
  reach: Reach,
  plan: Plan,
  place: Place | undefined,
  limit: number,
  branches: readonly Plan[] = branchesOf(reach, plan),
): Sql {
  const order = orderOf(reach, plan);
  const from = place && after(order, placeValues(reach, plan, place));
  const parts = branches.map((branch) => {
    const filters = joined([...filtersOf(reach, branch), ...(from ? [from] : [])]);
    const columns = [...itemColumns(reach), ...order.map(({ column }) => column)].join(', ');
    const table = `${reach.table.documents} d ${hint(reach, branch)}`;
    return { text: `SELECT ${columns} FROM ${table} WHERE ${filters.text}`, values: filters.values };
  });
  const by = order.map(({ descending }, at) => `${at + 4} ${descending ? 'DESC' : 'ASC'}`).join(', ');
  return {
    text: `${parts.map(({ text }) => text).join(' UNION ALL ')} ORDER BY ${by} LIMIT ?`,
    values: [...parts.flatMap(({ values }) => values), limit],
  };
}

/**
 * How many documents match, wherever the page is. All are counted in the index, then those that have expired but are
 * not yet swept (few) are taken off, so that no document needs to be looked at.
 */
export function countSql(reach: Reach, plan: Plan): Sql {
  const { table, now } = reach;
  const all = joined(filtersOf({ ...reach, now: undefined }, plan));
  const text = `SELECT count(*) FROM ${table.documents} d ${hint(reach, plan)} WHERE ${all.text}`;
  if (now === undefined) return { text, values: all.values };
  const expired = `SELECT count(*) FROM ${table.documents} d INDEXED BY "${ttlIndex(table)}" WHERE d.expires_at <= ?`;
  return {
    text: `SELECT (${text}) - (${expired} AND ${all.text})`,
    values: [...all.values, now, ...all.values],
  };
}

/** The first columns of every row: which it is, its version, and the partition where the query left it open. */
export function itemColumns({ scope }: Reach): string[] {
  return ['d.n AS n', 'd.seq AS seq', scope === 'g' ? 'NULL AS pk' : 'd.pk AS pk'];
}

export function orderOf({ scope }: Reach, plan: Plan): OrderColumn[] {
  const order = plan.order.map(({ path, descending }) => ({ column: columnOf(path), descending }));
  const ties = scope === 'g' ? ['d.id'] : ['d.id', 'd.pk'];
  return [...order, ...ties.map((column) => ({ column, descending: plan.idDescending }))];
}

/** A place as values of the order's columns: those the query left open of the partition become its text. */
export function placeValues(reach: Reach, plan: Plan, place: Place): IndexValue[] {
  const known = place.slice(0, plan.order.length + 1);
  if (reach.scope === 'g') return known;
  return [...known, partitionText([...reach.partition, ...place.slice(known.length).map(String)])];
}

/** What comes after a place. One direction is a row value, which the engine reads as one range of the index. */
export function after(order: readonly OrderColumn[], place: readonly IndexValue[]): Sql {
  const [first, ...rest] = order;
  const [value, ...others] = place;
  if (!first || value === undefined) throw new Error('A place has a value for each column of the order');
  const sign = first.descending ? '<' : '>';
  if (order.every(({ descending }) => descending === first.descending)) {
    const columns = order.map(({ column }) => column).join(', ');
    return { text: `(${columns}) ${sign} (${marks(order)})`, values: place.map(bindable) };
  }
  const tail = after(rest, others);
  const bound = bindable(value);
  return {
    text: `${first.column} ${sign}= ? AND (${first.column} ${sign} ? OR (${tail.text}))`,
    values: [bound, bound, ...tail.values],
  };
}

/** The documents, `d`, of what a query looks at. */
export function within({ scope, group, kind }: Reach): Sql {
  return scope === '' ? { text: 'd.kind = ?', values: [kind] } : { text: `d.${scope} = ?`, values: [group] };
}

/** Partition, kind, conditions, the presence of what is ordered by, and being alive. */
export function filtersOf(reach: Reach, plan: Plan): Sql[] {
  const filters = [within(reach)];
  for (const condition of plan.where) filters.push(conditionSql(reach.table, condition));
  for (const { path } of plan.order) filters.push({ text: `${columnOf(path)} IS NOT NULL`, values: [] });
  if (reach.now !== undefined) {
    filters.push({ text: '(d.expires_at IS NULL OR d.expires_at > ?)', values: [reach.now] });
  }
  return filters;
}

export function joined(filters: readonly Sql[]): Sql {
  return { text: filters.map(({ text }) => text).join(' AND '), values: filters.flatMap(({ values }) => values) };
}

export function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** The index is named, so that no statistics, or lack of them, can lead the engine astray. */
function hint({ table, scope }: Reach, plan: Plan): string {
  const open = plan.where.some((condition) => 'path' in condition && !('eq' in condition));
  if (plan.index.length === 0 && (scope === '' || open)) return '';
  return `INDEXED BY "${indexName(table, scope, plan.index)}"`;
}

/**
 * An `in` on a field that stands before the order in some index: one branch for each value, each read in the order of
 * that index; the engine merges them. So the cost stays that of a page.
 */
function branchesOf(reach: Reach, plan: Plan): Plan[] {
  const equal = new Set(
    plan.where.flatMap((condition) => ('eq' in condition || 'in' in condition ? [condition.path] : [])),
  );
  const container = declarationOf(reach.container);
  const found = indexFor(indexesFor(container, reach.partition.length), equal, plan.order);
  if (!found || found.served < plan.served || found.bound < plan.bound) return [plan];
  // Of indexes that bind as many, the one declared first narrows most.
  if (found.index.join() === plan.index.join()) return [plan];
  const names = new Set(found.index.slice(0, found.bound));
  let branches: Condition[][] = [[]];
  for (const condition of plan.where) {
    const each: readonly Condition[] =
      'in' in condition && names.has(condition.path)
        ? condition.in.map((eq) => ({ path: condition.path, eq }))
        : [condition];
    branches = branches.flatMap((branch) => each.map((one) => [...branch, one]));
    if (branches.length > MOST_BRANCHES) return [plan];
  }
  return branches.map((where) => ({ ...plan, ...found, where }));
}

function columnOf(path: string): string {
  return path === 'id' ? 'd.id' : `d."f_${path}"`;
}

/** A condition on the documents, `d`. */
export function conditionSql(table: Table, condition: Condition): Sql {
  if ('set' in condition) {
    if ('any' in condition) return hasTerm(table, condition.set, condition.any);
    return joined(condition.all.map((term) => hasTerm(table, condition.set, [term])));
  }
  const column = columnOf(condition.path);
  if ('eq' in condition) return { text: `${column} = ?`, values: [bindable(condition.eq)] };
  if ('in' in condition) return { text: `${column} IN (${marks(condition.in)})`, values: condition.in.map(bindable) };
  const { gte, gt, lt, lte } = condition;
  const bounds: Sql[] = [];
  const bound = (sign: string, value: IndexValue | undefined) =>
    value !== undefined && bounds.push({ text: `${column} ${sign} ?`, values: [bindable(value)] });
  bound('>=', gte);
  bound('>', gt);
  bound('<', lt);
  bound('<=', lte);
  return bounds.length > 0 ? joined(bounds) : { text: `${column} IS NOT NULL`, values: [] };
}

function hasTerm(table: Table, field: string, terms: readonly string[]): Sql {
  const match = terms.length === 1 ? '= ?' : `IN (${marks(terms)})`;
  return {
    text: `EXISTS (SELECT 1 FROM ${table.terms} t
      WHERE t.g = d.g AND t.field = ? AND t.term ${match} AND t.id = d.id)`,
    values: [field, ...terms],
  };
}
