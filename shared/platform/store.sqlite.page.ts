/** Pages of the embedded store: from a query to its items and the cursor after them. */
import type { ContainerName } from './containers.ts';
import { declarationOf } from './containers.ts';
import { cursorOf, placeOf } from './cursor.ts';
import type { Plan } from './store.plan.ts';
import { placeTypes, planOf } from './store.plan.ts';
import { groupsFor } from './store.sqlite.groups.ts';
import type { KnownDocuments } from './store.sqlite.known.ts';
import { few, narrowed, narrowest } from './store.sqlite.narrow.ts';
import type { Sql } from './store.sqlite.query.ts';
import { countSql, pageSql } from './store.sqlite.query.ts';
import type { Reach, TermPlace } from './store.sqlite.reach.ts';
import { reachOf } from './store.sqlite.reach.ts';
import { partitionOf, partitionText } from './store.sqlite.schema.ts';
import type { Tier } from './store.sqlite.search.ts';
import { isBroad, leadOf, searchCountSql, tierSql } from './store.sqlite.search.ts';
import { setCountSql, setLead, setPageSql } from './store.sqlite.sets.ts';
import type { Statements } from './store.sqlite.statements.ts';
import type { IndexValue, Page, Partition, Query, Stored } from './store.ts';

type Row = readonly [n: number, seq: number, pk: string | null];

/** An item of a page, with what its cursor needs. */
interface Found {
  readonly stored: Stored;
  /** The partition's values that the query left open. */
  readonly rest: readonly string[];
  readonly tier: Tier;
}

type Pager = (container: ContainerName, partition: Partition, query: Query, now: number | undefined) => Page;

/** Answers queries; `now` in seconds since 1970, left out for containers whose documents never expire. */
export function pagerOf(statements: Statements, known: KnownDocuments): Pager {
  const groupOf = groupsFor(statements);

  /**
   * All rows come as one text: read one by one, each value is a call into the engine's client (twice the time for 21 rows).
   * The order is the inner query's, whose LIMIT keeps the engine from dropping it.
   */
  function found(reach: Reach, { text, values }: Sql, tier: Tier = 0): Found[] {
    const together = `SELECT json_group_array(json_array(n, seq, pk)) FROM (${text})`;
    const [all] = statements.row<[string]>(together, values) ?? ['[]'];
    return (JSON.parse(all) as Row[]).flatMap(([n, seq, pk]) => {
      const stored = known.read(reach.table.documents, n, seq);
      if (!stored) return [];
      return [{ stored, rest: pk === null ? [] : partitionOf(pk).slice(reach.partition.length), tier }];
    });
  }

  function listed(reach: Reach, plan: Plan, place: readonly IndexValue[] | undefined, limit: number): Found[] {
    const lead = setLead(statements, reach, plan, few(limit));
    if (lead) return found(reach, setPageSql(reach, plan, lead, place, limit));
    const narrow = narrowed(statements, reach, plan, limit);
    return found(reach, pageSql(reach, plan, place, limit, narrow && [narrow]));
  }

  function searched(
    reach: Reach,
    plan: Plan,
    words: readonly string[],
    place: readonly IndexValue[] | undefined,
    limit: number,
  ) {
    const items: Found[] = [];
    for (const tier of [0, 1] as const) {
      if (place && Number(place[0]) > tier) continue;
      const from = place?.[0] === tier ? termPlace(reach, place) : undefined;
      const lead = leadOf(statements, reach, words, tier);
      const wanted = limit - items.length;
      const newest = isBroad(statements, reach, lead)
        ? found(reach, tierSql(reach, plan, 'newest', words, tier, from, wanted), tier)
        : [];
      // A full page of the newest is the right one; otherwise matches are rare enough to be sorted.
      const some =
        newest.length === wanted ? newest : found(reach, tierSql(reach, plan, lead, words, tier, from, wanted), tier);
      items.push(...some);
      if (items.length === limit) break;
    }
    return items;
  }

  function counted(reach: Reach, plan: Plan, words: readonly string[]): number {
    let sql: Sql;
    if (words.length > 0) {
      sql = searchCountSql(reach, plan, leadOf(statements, reach, words, 1), words);
    } else {
      // However many documents hold its terms, a set leads to fewer than there are.
      const lead = setLead(statements, reach, plan, Number.POSITIVE_INFINITY);
      sql = lead ? setCountSql(reach, plan, lead) : countSql(reach, narrowest(reach, plan));
    }
    return statements.row<[number]>(sql.text, sql.values)?.[0] ?? 0;
  }

  return (container, partition, query, now) => {
    const plan = planOf(container, partition, query);
    const words = plan.search;
    const reach = reachOf(container, partition, plan.kind, now, groupOf);
    const place = placeOf(container, partition, query, placeTypes(declarationOf(container), partition, plan));
    if (!plan.possible) return { items: [], ...(query.count ? { total: 0 } : {}) };
    return statements.together(() => {
      const some =
        words.length > 0
          ? searched(reach, plan, words, place, query.limit + 1)
          : listed(reach, plan, place, query.limit + 1);
      const items = some.slice(0, query.limit);
      const last = items.at(-1);
      return {
        items: items.map(({ stored }) => stored),
        ...(last && some.length > query.limit
          ? { cursor: cursorOf(container, partition, query, placeAt(plan, last)) }
          : {}),
        ...(query.count ? { total: counted(reach, plan, words) } : {}),
      };
    });
  };
}

function termPlace(reach: Reach, [, id, ...rest]: readonly IndexValue[]): TermPlace {
  return { id: String(id), pk: partitionText([...reach.partition, ...rest.map(String)]) };
}

function placeAt(plan: Plan, { stored, rest, tier }: Found): IndexValue[] {
  const { ix = {}, id } = stored.document;
  const values = plan.search.length > 0 ? [tier] : plan.order.map(({ path }) => ix[path] ?? '');
  return [...values, id, ...rest];
}
