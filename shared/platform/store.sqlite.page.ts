/** Pages of the embedded store: from a query to its items and the cursor after them. */

import type { ContainerName } from './containers.ts';
import { declarationOf } from './containers.ts';
import { cursorOf, placeOf } from './cursor.ts';
import type { Plan } from './store.plan.ts';
import { planOf } from './store.plan.ts';
import type { Reach, Sql } from './store.sqlite.query.ts';
import { countSql, pageSql, reachOf } from './store.sqlite.query.ts';
import { partitionOf, partitionText, tableOf } from './store.sqlite.schema.ts';
import type { SearchPlace } from './store.sqlite.search.ts';
import { searchCountSql, tierSql } from './store.sqlite.search.ts';
import type { Statements } from './store.sqlite.statements.ts';
import { etagOf } from './store.sqlite.write.ts';
import type { Document, IndexValue, Page, Partition, Query, Stored } from './store.ts';

type Row = readonly [body: string, seq: number, pk: string | null];

/** An item of a page, with what its cursor needs. */
interface Found {
  readonly stored: Stored;
  /** The partition's values that the query left open. */
  readonly rest: readonly string[];
  readonly tier: 0 | 1;
}

type Pager = (container: ContainerName, partition: Partition, query: Query, now: number | undefined) => Page;

export function pagerOf(statements: Statements): Pager {
  function rowsOf({ text, values }: Sql): readonly Row[] {
    return statements.rows<Row>(text, values);
  }

  function found(reach: Reach, rows: readonly Row[], tier: 0 | 1 = 0): Found[] {
    return rows.map(([body, seq, pk]) => ({
      stored: { document: JSON.parse(body) as Document, etag: etagOf(seq) },
      rest: pk === null ? [] : partitionOf(pk).slice(reach.partition.length),
      tier,
    }));
  }

  function searched(reach: Reach, plan: Plan, words: readonly string[], place: SearchPlace | undefined, limit: number) {
    const first = place?.tier === 1 ? [] : found(reach, rowsOf(tierSql(reach, plan, words, 0, place, limit)), 0);
    if (first.length >= limit || words.length === 0) return first;
    const from = place?.tier === 1 ? place : undefined;
    return [...first, ...found(reach, rowsOf(tierSql(reach, plan, words, 1, from, limit - first.length)), 1)];
  }

  return (container, partition, query, now) => {
    const plan = planOf(container, partition, query);
    const declaration = declarationOf(container);
    const reach = reachOf(tableOf(container, declaration), partition, now);
    const open = declaration.partitionKey.slice(partition.length).map(() => 'text' as const);
    const fields: Readonly<Record<string, 'text' | 'number' | 'boolean'>> = declaration.fields;
    const before = query.search ? ['number' as const] : plan.order.map(({ path }) => fields[path] ?? 'text');
    const place = placeOf(container, partition, query, [...before, 'text', ...open]);
    if (!plan.possible) return { items: [], ...(query.count ? { total: 0 } : {}) };

    const some = query.search
      ? searched(reach, plan, query.search, place && searchPlace(partition, place), query.limit + 1)
      : found(reach, rowsOf(pageSql(reach, plan, place, query.limit + 1)));
    const items = some.slice(0, query.limit);
    const last = items.at(-1);
    const total = query.count ? counted(reach, plan, query) : undefined;
    return {
      items: items.map(({ stored }) => stored),
      ...(last && some.length > query.limit
        ? { cursor: cursorOf(container, partition, query, placeAt(plan, query, last)) }
        : {}),
      ...(total === undefined ? {} : { total }),
    };
  };

  function counted(reach: Reach, plan: Plan, query: Query): number {
    const sql = query.search ? searchCountSql(reach, plan, query.search) : countSql(reach, plan);
    return statements.row<[number]>(sql.text, sql.values)?.[0] ?? 0;
  }
}

function searchPlace(partition: Partition, [tier, id, ...rest]: readonly IndexValue[]): SearchPlace {
  return { tier: Number(tier), id: String(id), pk: partitionText([...partition, ...rest.map(String)]) };
}

function placeAt(plan: Plan, query: Query, { stored, rest, tier }: Found): IndexValue[] {
  const { ix = {}, id } = stored.document;
  const values = query.search ? [tier] : plan.order.map(({ path }) => ix[path] ?? '');
  return [...values, id, ...rest];
}
