/** When equalities leave few documents, reading those and sorting them beats reading the index of the order. */
import { declarationOf, indexesFor } from './containers.ts';
import type { Plan } from './store.plan.ts';
import type { Sql } from './store.sqlite.query.ts';
import { conditionSql, joined, within } from './store.sqlite.query.ts';
import type { Reach } from './store.sqlite.reach.ts';
import { indexName } from './store.sqlite.schema.ts';
import type { Statements } from './store.sqlite.statements.ts';

/**
 * Reading m matches and sorting them beats reading an index in order until a page is full, as long as m is within
 * some pages; so the number of records is not known, and need not be.
 */
const PAGES = 8;
const LEAST = 256;
const MOST_CANDIDATES = 4;

/** How many matches are still few, for a page of `limit`. */
export function few(limit: number): number {
  return Math.max(LEAST, PAGES * limit);
}

/** An index, and how many of its first names are bound by equalities. */
interface Candidate {
  readonly index: readonly string[];
  readonly bound: number;
}

/**
 * The plan with the index that leaves fewest documents, if those are few; undefined when the plan's own index binds
 * all equalities already, or no other index leaves few.
 */
export function narrowed(statements: Statements, reach: Reach, plan: Plan, limit: number): Plan | undefined {
  const most = few(limit);
  let best: { readonly candidate: Candidate; readonly size: number } | undefined;
  for (const candidate of candidatesOf(reach, plan).slice(0, MOST_CANDIDATES)) {
    const { text, values } = sizeSql(reach, plan, candidate, most + 1);
    const size = statements.row<[number]>(text, values)?.[0] ?? 0;
    if (size <= most && (!best || size < best.size)) best = { candidate, size };
  }
  return best && { ...plan, ...best.candidate };
}

/** For counting: the plan with the index that binds most equalities. */
export function narrowest(reach: Reach, plan: Plan): Plan {
  const [first] = candidatesOf(reach, plan);
  return first && first.bound > plan.bound ? { ...plan, ...first } : plan;
}

/** Indexes that begin with equalities which the plan's own does not bind, those that bind most first. */
function candidatesOf({ container, partition }: Reach, plan: Plan): Candidate[] {
  const bound = new Set(plan.index.slice(0, plan.bound));
  const equal = new Set(plan.where.flatMap((condition) => ('eq' in condition ? [condition.path] : [])));
  if ([...equal].every((path) => bound.has(path))) return [];
  const found = new Map<string, Candidate>();
  for (const index of indexesFor(declarationOf(container), partition.length)) {
    const open = index.findIndex((path) => !equal.has(path));
    const names = open === -1 ? index : index.slice(0, open);
    const key = [...names].sort().join();
    // One of several indexes with the same beginning is enough.
    if (names.some((path) => !bound.has(path)) && !found.has(key)) found.set(key, { index, bound: names.length });
  }
  return [...found.values()].sort((a, b) => b.bound - a.bound);
}

function sizeSql(reach: Reach, plan: Plan, { index, bound }: Candidate, most: number): Sql {
  const { table, scope } = reach;
  const names = new Set(index.slice(0, bound));
  const conditions = plan.where.filter((condition) => 'eq' in condition && names.has(condition.path));
  const equalities = joined([within(reach), ...conditions.map((condition) => conditionSql(table, condition))]);
  return {
    text: `SELECT count(*) FROM (SELECT 1 FROM ${table.documents} d INDEXED BY "${indexName(table, scope, index)}"
      WHERE ${equalities.text} LIMIT CAST(? AS INTEGER))`,
    values: [...equalities.values, most],
  };
}
