/** Search in the embedded store: first what holds every word whole, then what holds their beginnings; newest first. */
import type { Plan } from './store.plan.ts';
import type { Sql } from './store.sqlite.query.ts';
import { filtersOf, itemColumns, joined } from './store.sqlite.query.ts';
import type { Reach, Stream, TermPlace } from './store.sqlite.reach.ts';
import { hopSql, MOST_TERMS, newestSql, sizeSql, streamSql } from './store.sqlite.reach.ts';
import { START, STARTS, WORDS } from './store.sqlite.schema.ts';
import type { Statements } from './store.sqlite.statements.ts';

/** 0: the document holds every word whole. 1: it holds their beginnings. */
export type Tier = 0 | 1;

const ENOUGH = 500;
/** How many of the newest documents are looked at for a beginning that very many different words share. */
const NEWEST = 2048;
const LAST = '\u{10ffff}';

/** The documents that hold one word, whole or as a beginning. */
function streamOf(statements: Statements, reach: Reach, word: string, tier: Tier): Stream {
  if (tier === 0) return { field: WORDS, terms: [word] };
  const { starts } = reach.table;
  const { length } = [...word];
  if (starts && length === START) return { field: STARTS, terms: [word] };
  const field = starts && length < START ? STARTS : WORDS;
  const to = `${word}${LAST}`;
  const hop = hopSql(reach, field, word, to, MOST_TERMS + 1);
  const terms = statements.rows<[string]>(hop.text, hop.values).map(([term]) => term);
  return { field, terms: terms.length > MOST_TERMS ? { from: word, to } : terms };
}

/** The stream of the rarest word: it leads, the others are looked for in the documents that it finds. */
export function leadOf(statements: Statements, reach: Reach, words: readonly string[], tier: Tier): Stream {
  const streams = words.map((word) => streamOf(statements, reach, word, tier));
  if (streams.length === 1 && streams[0]) return streams[0];
  const sized = streams.map((stream) => {
    const sql = sizeSql(reach, stream, ENOUGH);
    return { stream, size: statements.row<[number]>(sql.text, sql.values)?.[0] ?? 0 };
  });
  return sized.reduce((rarest, next) => (next.size < rarest.size ? next : rarest)).stream;
}

/** Whether a beginning is shared by so many different words and documents that the newest are worth a look first. */
export function isBroad(statements: Statements, reach: Reach, lead: Stream): boolean {
  if (!('from' in lead.terms)) return false;
  const sql = sizeSql(reach, lead, ENOUGH);
  return (statements.row<[number]>(sql.text, sql.values)?.[0] ?? 0) >= ENOUGH;
}

/** The matches of one tier, after a place in it: rows of `[n, seq, pk]`. */
export function tierSql(
  reach: Reach,
  plan: Plan,
  lead: Stream | 'newest',
  words: readonly string[],
  tier: Tier,
  place: TermPlace | undefined,
  limit: number,
): Sql {
  const stream = lead === 'newest' ? newestSql(reach, NEWEST, place) : streamSql(reach, lead, true, place);
  const whole = joined(words.map((word) => ({ text: 'instr(d.words, ?)', values: [`\n${word}\n`] })));
  const beginnings = words.map((word) => ({ text: 'instr(d.words, ?)', values: [`\n${word}`] }));
  const match = tier === 0 ? [whole] : [...beginnings, { text: `NOT (${whole.text})`, values: whole.values }];
  const filters = joined([...filtersOf(reach, plan), ...match]);
  return {
    text: `SELECT ${itemColumns(reach).join(', ')} FROM (${stream.text}) m
      CROSS JOIN ${reach.table.documents} d ON d.n = m.n WHERE ${filters.text} LIMIT ?`,
    values: [...stream.values, ...filters.values, limit],
  };
}

/** How many documents match in either tier; `lead` is that of beginnings. */
export function searchCountSql(reach: Reach, plan: Plan, lead: Stream, words: readonly string[]): Sql {
  const stream = streamSql(reach, lead, true);
  const beginnings = words.map((word) => ({ text: 'instr(d.words, ?)', values: [`\n${word}`] }));
  const filters = joined([...filtersOf(reach, plan), ...beginnings]);
  return {
    text: `SELECT count(*) FROM (${stream.text}) m
      CROSS JOIN ${reach.table.documents} d ON d.n = m.n WHERE ${filters.text}`,
    values: [...stream.values, ...filters.values],
  };
}
