/** Queries that test a set: led by the set's own index where few documents hold the terms, else by the order's. */
import type { Place } from './cursor.ts';
import type { Plan } from './store.plan.ts';
import type { Sql } from './store.sqlite.query.ts';
import { after, filtersOf, itemColumns, joined, orderOf, placeValues } from './store.sqlite.query.ts';
import type { Reach, Stream } from './store.sqlite.reach.ts';
import { MOST_TERMS, sizeSql, streamSql } from './store.sqlite.reach.ts';
import type { Statements } from './store.sqlite.statements.ts';

/**
 * The stream to be led by, or undefined when there is no set to test, or its terms have to be sorted and more than `most`
 * documents hold them, so that the index of the order does better.
 */
export function setLead(statements: Statements, reach: Reach, plan: Plan, most: number): Stream | undefined {
  if (reach.scope === '') return undefined;
  const streams = plan.where.flatMap((condition): Stream[] => {
    if (!('set' in condition)) return [];
    if ('any' in condition) return [{ field: condition.set, terms: condition.any }];
    return condition.all.map((term) => ({ field: condition.set, terms: [term] }));
  });
  const [only] = streams;
  if (!only) return undefined;
  if (streams.length === 1 && isMerged(plan, only)) return only;
  let best: { stream: Stream; size: number } | undefined;
  for (const stream of streams) {
    const sql = sizeSql(reach, stream, most + 1);
    const size = statements.row<[number]>(sql.text, sql.values)?.[0] ?? 0;
    if (!best || size < best.size) best = { stream, size };
  }
  if (!best) return undefined;
  return isMerged(plan, best.stream) || best.size <= most ? best.stream : undefined;
}

/** Whether the stream is read in the order of the page, however many documents hold its terms. */
function isMerged({ order }: Plan, { terms }: Stream): boolean {
  return order.length === 0 && 'length' in terms && terms.length <= MOST_TERMS;
}

/** One page led by a set; rows of `[n, seq, pk]`. */
export function setPageSql(reach: Reach, plan: Plan, lead: Stream, place: Place | undefined, limit: number): Sql {
  const byId = plan.order.length === 0;
  const values = place && placeValues(reach, plan, place);
  const [id, pk = ''] = values ?? [];
  const stream = streamSql(
    reach,
    lead,
    plan.idDescending,
    byId && id !== undefined ? { id: String(id), pk: String(pk) } : undefined,
  );
  const order = orderOf(reach, plan);
  const filters = joined([...filtersOf(reach, plan), ...(!byId && values ? [after(order, values)] : [])]);
  const by = order.map(({ column, descending }) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ');
  return {
    // A stream comes in the order of ids already.
    text: `SELECT ${itemColumns(reach).join(', ')} FROM (${stream.text}) m
      CROSS JOIN ${reach.table.documents} d ON d.n = m.n WHERE ${filters.text} ${byId ? '' : `ORDER BY ${by}`} LIMIT ?`,
    values: [...stream.values, ...filters.values, limit],
  };
}

/** How many match, led by a set. */
export function setCountSql(reach: Reach, plan: Plan, lead: Stream): Sql {
  const stream = streamSql(reach, lead, false);
  const filters = joined(filtersOf(reach, plan));
  return {
    text: `SELECT count(*) FROM (${stream.text}) m
      CROSS JOIN ${reach.table.documents} d ON d.n = m.n WHERE ${filters.text}`,
    values: [...stream.values, ...filters.values],
  };
}
