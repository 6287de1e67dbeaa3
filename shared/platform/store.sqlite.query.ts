/** Queries of the embedded store, compiled to SQL: keyset pages that read an index in its own order. */
import type { Place } from './cursor.ts';
import type { Plan } from './store.plan.ts';
import type { Table } from './store.sqlite.schema.ts';
import { bindable, indexName, partitionText } from './store.sqlite.schema.ts';
import type { Condition, IndexValue, Partition } from './store.ts';

export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** What of a container a query looks at. */
export interface Reach {
  readonly table: Table;
  readonly partition: Partition;
  /** The column that the partition, or its prefix, is an equality on; empty across organizations. */
  readonly scope: string;
  /** Seconds since 1970; undefined where nothing expires. */
  readonly now: number | undefined;
}

export function reachOf(table: Table, partition: Partition, now: number | undefined): Reach {
  const scope = partition.length > table.prefixes.length ? 'pk' : (table.prefixes[partition.length - 1] ?? '');
  return { table, partition, scope, now };
}

/** One page: rows of `[body, seq, pk]`, where `pk` is null when the partition is known. */
export function pageSql(reach: Reach, plan: Plan, place: Place | undefined, limit: number): Sql {
  const { table, scope } = reach;
  const order = orderOf(reach, plan);
  const filters = [...filtersOf(reach, plan), ...(place ? [after(order, placeValues(reach, plan, place))] : [])];
  const by = order.map(({ column, descending }) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ');
  return {
    text: `SELECT d.body, d.seq, ${scope === 'pk' ? 'NULL' : 'd.pk'} FROM ${table.documents} d ${hint(reach, plan)}
      WHERE ${filters.map(({ text }) => text).join(' AND ')} ORDER BY ${by} LIMIT ?`,
    values: [...filters.flatMap(({ values }) => values), limit],
  };
}

/** How many documents match, wherever the page is. */
export function countSql(reach: Reach, plan: Plan): Sql {
  const filters = filtersOf(reach, plan);
  return {
    text: `SELECT count(*) FROM ${reach.table.documents} d ${hint(reach, plan)}
      WHERE ${filters.map(({ text }) => text).join(' AND ')}`,
    values: filters.flatMap(({ values }) => values),
  };
}

/** The index is named, so that no statistics, or lack of them, can lead the engine astray. */
function hint({ table, scope }: Reach, plan: Plan): string {
  const open = plan.where.some((condition) => 'path' in condition && !('eq' in condition));
  if (plan.index.length === 0 && (scope === '' || open)) return '';
  return `INDEXED BY "${indexName(table, scope, plan.index)}"`;
}

interface OrderColumn {
  readonly column: string;
  readonly descending: boolean;
}

function orderOf({ scope }: Reach, plan: Plan): OrderColumn[] {
  const order = plan.order.map(({ path, descending }) => ({ column: columnOf(path), descending }));
  const ties = scope === 'pk' ? ['d.id'] : ['d.id', 'd.pk'];
  return [...order, ...ties.map((column) => ({ column, descending: plan.idDescending }))];
}

/** A place as values of the order's columns: those the query left open of the partition become its text. */
export function placeValues(reach: Reach, plan: Plan, place: Place): IndexValue[] {
  const known = place.slice(0, plan.order.length + 1);
  if (reach.scope === 'pk') return known;
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
    return { text: `(${columns}) ${sign} (${order.map(() => '?').join(', ')})`, values: place.map(bindable) };
  }
  const tail = after(rest, others);
  const bound = bindable(value);
  return {
    text: `${first.column} ${sign}= ? AND (${first.column} ${sign} ? OR (${tail.text}))`,
    values: [bound, bound, ...tail.values],
  };
}

/** Partition, kind, conditions, the presence of what is ordered by, and being alive. */
export function filtersOf(reach: Reach, plan: Plan): Sql[] {
  const filters: Sql[] = [];
  if (reach.scope !== '') filters.push({ text: `d.${reach.scope} = ?`, values: [partitionText(reach.partition)] });
  filters.push({ text: 'd.kind = ?', values: [plan.kind] });
  for (const condition of plan.where) filters.push(conditionSql(reach.table, condition));
  for (const { path } of plan.order) filters.push({ text: `${columnOf(path)} IS NOT NULL`, values: [] });
  if (reach.now !== undefined) {
    filters.push({ text: '(d.expires_at IS NULL OR d.expires_at > ?)', values: [reach.now] });
  }
  return filters;
}

function columnOf(path: string): string {
  return path === 'id' ? 'd.id' : `d."f_${path}"`;
}

function conditionSql(table: Table, condition: Condition): Sql {
  if ('set' in condition) {
    if ('all' in condition) {
      const each = condition.all.map((term) => hasTerm(table, condition.set, [term]));
      return { text: each.map(({ text }) => text).join(' AND '), values: each.flatMap(({ values }) => values) };
    }
    return hasTerm(table, condition.set, condition.any);
  }
  const column = columnOf(condition.path);
  if ('eq' in condition) return { text: `${column} = ?`, values: [bindable(condition.eq)] };
  if ('in' in condition) return { text: `${column} IN (${marks(condition.in)})`, values: condition.in.map(bindable) };
  const texts: string[] = [];
  const values: (string | number)[] = [];
  for (const [sign, value] of [
    ['>=', condition.gte],
    ['>', condition.gt],
    ['<', condition.lt],
    ['<=', condition.lte],
  ] as const) {
    if (value === undefined) continue;
    texts.push(`${column} ${sign} ?`);
    values.push(bindable(value));
  }
  return { text: texts.join(' AND ') || `${column} IS NOT NULL`, values };
}

function hasTerm(table: Table, field: string, terms: readonly string[]): Sql {
  const match = terms.length === 1 ? '= ?' : `IN (${marks(terms)})`;
  return {
    text: `EXISTS (SELECT 1 FROM ${table.terms} t
      WHERE t.pk = d.pk AND t.kind = d.kind AND t.field = ? AND t.term ${match} AND t.id = d.id)`,
    values: [field, ...terms],
  };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
