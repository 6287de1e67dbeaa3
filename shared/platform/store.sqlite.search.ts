/** Search in the embedded store: first what holds every word whole, then what holds their beginnings; newest first. */

import type { Plan } from './store.plan.ts';
import type { Reach, Sql } from './store.sqlite.query.ts';
import { filtersOf } from './store.sqlite.query.ts';
import { LONGEST_START, partitionText, STARTS, WORDS } from './store.sqlite.schema.ts';

/** Where a page of a search ended: the tier (0 whole words, 1 beginnings), the id, and the partition's text. */
export interface SearchPlace {
  readonly tier: number;
  readonly id: string;
  readonly pk: string;
}

/** The matches of one tier, after a place in it; rows of `[body, seq, pk]`. */
export function tierSql(
  reach: Reach,
  plan: Plan,
  words: readonly string[],
  tier: 0 | 1,
  place: SearchPlace | undefined,
  limit: number,
): Sql {
  const filters = tierFilters(reach, plan, words, tier);
  if (place) {
    filters.push(
      reach.scope === 'pk'
        ? { text: 'd.id < ?', values: [place.id] }
        : { text: '(d.id, d.pk) < (?, ?)', values: [place.id, place.pk] },
    );
  }
  const { scope, table } = reach;
  return {
    text: `SELECT d.body, d.seq, ${scope === 'pk' ? 'NULL' : 'd.pk'} FROM ${table.documents} d
      WHERE ${filters.map(({ text }) => text).join(' AND ')}
      ORDER BY d.id DESC${scope === 'pk' ? '' : ', d.pk DESC'} LIMIT ?`,
    values: [...filters.flatMap(({ values }) => values), limit],
  };
}

/** How many documents match in either tier. */
export function searchCountSql(reach: Reach, plan: Plan, words: readonly string[]): Sql {
  const filters = [...filtersOf(reach, plan), ...words.map((word) => beginning(reach, plan, word))];
  return {
    text: `SELECT count(*) FROM ${reach.table.documents} d WHERE ${filters.map(({ text }) => text).join(' AND ')}`,
    values: filters.flatMap(({ values }) => values),
  };
}

function tierFilters(reach: Reach, plan: Plan, words: readonly string[], tier: 0 | 1): Sql[] {
  const whole = words.map((word) =>
    termSql(reach, plan, { text: 't.field = ? AND t.term = ?', values: [WORDS, word] }),
  );
  const filters = filtersOf(reach, plan);
  if (tier === 0) return [...filters, ...whole];
  const not = {
    text: `NOT (${whole.map(({ text }) => text).join(' AND ')})`,
    values: whole.flatMap(({ values }) => values),
  };
  return [...filters, ...words.map((word) => beginning(reach, plan, word)), not];
}

function beginning(reach: Reach, plan: Plan, word: string): Sql {
  if ([...word].length <= LONGEST_START) {
    return termSql(reach, plan, { text: 't.field = ? AND t.term = ?', values: [STARTS, word] });
  }
  return termSql(reach, plan, {
    text: 't.field = ? AND t.term >= ? AND t.term < ?',
    values: [WORDS, word, `${word}\u{10ffff}`],
  });
}

function termSql({ table, scope, partition }: Reach, plan: Plan, match: Sql): Sql {
  const where = scope === '' ? '' : `t.${scope} = ? AND`;
  return {
    text: `d.n IN (SELECT t.n FROM ${table.terms} t WHERE ${where} t.kind = ? AND ${match.text})`,
    values: [...(scope === '' ? [] : [partitionText(partition)]), plan.kind, ...match.values],
  };
}
