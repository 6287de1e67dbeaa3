/** What of a container a query looks at, and how its terms (words, sets) are read in the order of ids. */
import type { ContainerName } from './containers.ts';
import type { GroupOf } from './store.sqlite.groups.ts';
import { NO_GROUP } from './store.sqlite.groups.ts';
import type { Sql } from './store.sqlite.query.ts';
import { marks } from './store.sqlite.query.ts';
import type { Table } from './store.sqlite.schema.ts';
import { indexName, partitionText, tableOf } from './store.sqlite.schema.ts';
import type { Partition } from './store.ts';

export interface Reach {
  readonly container: ContainerName;
  readonly table: Table;
  readonly partition: Partition;
  readonly kind: string;
  /** The column that is an equality on the group; empty across organizations, where `kind` is one. */
  readonly scope: string;
  /** The group of the partition, or of its prefix, and the kind. */
  readonly group: number;
  /** Seconds since 1970; undefined where nothing expires. */
  readonly now: number | undefined;
}

/** `now` is left out for containers whose documents never expire. */
export function reachOf(
  container: ContainerName,
  partition: Partition,
  kind: string,
  now: number | undefined,
  groupOf: GroupOf,
): Reach {
  const table = tableOf(container);
  const scope = partition.length > table.prefixes.length ? 'g' : (table.prefixes[partition.length - 1] ?? '');
  const group = scope === '' ? NO_GROUP : groupOf(partitionText(partition), kind);
  return { container, table, partition, kind, scope, group, now };
}

/** Where to go on in a stream of terms: after this id (and partition, where the query left it open). */
export interface TermPlace {
  readonly id: string;
  readonly pk: string;
}

/** Documents that hold some terms, each once, in the order of their ids. */
export interface Stream {
  readonly field: string;
  readonly terms: readonly string[] | { readonly from: string; readonly to: string };
}

export const MOST_TERMS = 128;

/**
 * A stream as a table of `n`. Up to 128 terms are merged from the index as they are read; more are sorted first.
 * Without a partition there is no index of terms: the caller must not come here.
 */
export function streamSql(reach: Reach, stream: Stream, descending: boolean, place?: TermPlace): Sql {
  const whole = reach.scope === 'g';
  const columns = whole ? 't.id, t.n' : 't.id, t.pk, t.n';
  const sign = descending ? '<' : '>';
  const start = whole ? `t.id ${sign} ?` : `(t.id, t.pk) ${sign} (?, ?)`;
  const placed = place ? (whole ? [place.id] : [place.id, place.pk]) : [];
  const head = `FROM ${reach.table.terms} t WHERE t.${reach.scope} = ? AND t.field = ?`;
  const bound = [reach.group, stream.field];
  const by = `ORDER BY ${(whole ? ['1'] : ['1', '2', '3']).map((at) => `${at} ${descending ? 'DESC' : 'ASC'}`).join(', ')}`;
  const rest = place ? ` AND ${start}` : '';
  const { terms } = stream;
  if ('from' in terms) {
    const text = `SELECT DISTINCT ${columns} ${head} AND t.term >= ? AND t.term < ?${rest} ${by} LIMIT -1`;
    return { text, values: [...bound, terms.from, terms.to, ...placed] };
  }
  if (terms.length > MOST_TERMS) {
    const text = `SELECT DISTINCT ${columns} ${head} AND t.term IN (${marks(terms)})${rest} ${by} LIMIT -1`;
    return { text, values: [...bound, ...terms, ...placed] };
  }
  const branches = padded(terms);
  const branch = `SELECT ${columns} ${head} AND t.term = ?${rest}`;
  return {
    // LIMIT -1 keeps the engine from dropping the order of a subquery: what joins it reads it in that order, lazily.
    text: `${branches.map(() => branch).join(' UNION ')} ${by} LIMIT -1`,
    values: branches.flatMap((term) => [...bound, term, ...placed]),
  };
}

/** The newest documents of a kind, after a place, as a table of `n`. */
export function newestSql({ table, scope, group }: Reach, most: number, place?: TermPlace): Sql {
  const whole = scope === 'g';
  const after = whole ? 'AND d.id < ?' : 'AND (d.id, d.pk) < (?, ?)';
  return {
    text: `SELECT d.n FROM ${table.documents} d INDEXED BY "${indexName(table, scope, [])}"
      WHERE d.${scope} = ? ${place ? after : ''} ORDER BY d.id DESC${whole ? '' : ', d.pk DESC'} LIMIT ${most}`,
    values: [group, ...(place ? (whole ? [place.id] : [place.id, place.pk]) : [])],
  };
}

/** Repeats the last term up to a power of two, so that few different statements are prepared; UNION drops the twins. */
function padded(terms: readonly string[]): string[] {
  const last = terms.at(-1) ?? '';
  const length = 2 ** Math.ceil(Math.log2(Math.max(1, terms.length)));
  return Array.from({ length }, (_, at) => terms[at] ?? last);
}

/** At most `most` of the documents (or, with several terms, entries) of a stream: how many there are, roughly. */
export function sizeSql(reach: Reach, { field, terms }: Stream, most: number): Sql {
  const range = 'from' in terms;
  const match = range ? 't.term >= ? AND t.term < ?' : `t.term IN (${marks(terms)})`;
  return {
    text: `SELECT count(*) FROM (SELECT 1 FROM ${reach.table.terms} t
      WHERE t.${reach.scope} = ? AND t.field = ? AND ${match} LIMIT CAST(? AS INTEGER))`,
    values: [reach.group, field, ...(range ? [terms.from, terms.to] : terms), most],
  };
}

/** The distinct words in `[from, to)`, at most `most`; it hops from word to word, however many documents have each. */
export function hopSql(reach: Reach, field: string, from: string, to: string, most: number): Sql {
  const least = (above: string) => `(SELECT min(t.term) FROM ${reach.table.terms} t
    WHERE t.${reach.scope} = ?1 AND t.field = ?2 AND t.term ${above} AND t.term < ?4)`;
  return {
    text: `WITH RECURSIVE w(term) AS (SELECT ${least('>= ?3')} UNION ALL
      SELECT ${least('> w.term')} FROM w WHERE w.term IS NOT NULL LIMIT ?5) SELECT term FROM w WHERE term IS NOT NULL`,
    values: [reach.group, field, from, to, most],
  };
}
