/** The tables and indexes of the embedded store, derived from the container declarations and brought up at opening. */
import type Database from 'libsql';
import type { Container, ContainerName } from './containers.ts';
import { containerNames, declarationOf } from './containers.ts';
import { documentHash } from './hash.ts';
import { GROUPS } from './store.sqlite.groups.ts';
import type { Document, IndexValue, Partition } from './store.ts';

export type Db = Database.Database;

/** Where a container's documents lie, and in which columns. */
export interface Table {
  readonly documents: string;
  /** Reads one by its partition's text and its id: `[n, seq, expires_at, body]`. */
  readonly oneSql: string;
  readonly terms: string;
  readonly hasTerms: boolean;
  /** Whether the first characters of words are terms. */
  readonly starts: boolean;
  readonly fields: readonly string[];
  /** One column for each proper prefix of a hierarchical key (`g1`): the group of that prefix and the kind. */
  readonly prefixes: readonly string[];
  /** What a row of terms has besides its field, its term, its document's id and `n`. */
  readonly termKeys: readonly string[];
}

/** The term fields that hold words; set names are never empty and never `^`. */
export const WORDS = '';
/** The first three characters of each word, so that short beginnings are shared by few terms. */
export const STARTS = '^';
export const START = 3;

/** A document's words as one text, each between line ends, so that a word or its beginning is found by one look. */
export function wordsText({ words = [] }: Pick<Document, 'words'>): string | null {
  return words.length === 0 ? null : `\n${words.join('\n')}\n`;
}

const tables = new Map(containerNames.map((name) => [name, tableFor(name, declarationOf(name))]));

/** The table of a declared container. */
export function tableOf(name: ContainerName): Table {
  return tables.get(name) ?? tableFor(name, declarationOf(name));
}

function tableFor(name: string, container: Container): Table {
  const prefixes = container.partitionKey.slice(1).map((_, at) => `g${at + 1}`);
  const documents = `d_${name}`;
  return {
    documents,
    oneSql: `SELECT n, seq, expires_at, body FROM ${documents} WHERE pk = ? AND id = ?`,
    terms: `t_${name}`,
    hasTerms: container.search || container.sets.length > 0,
    starts: container.beginnings,
    fields: Object.keys(container.fields),
    prefixes,
    // Where a prefix is asked for, the partition tells apart what has the same id.
    termKeys: ['g', ...prefixes, ...(prefixes.length > 0 ? ['pk'] : [])],
  };
}

/** The index that a query in this scope reads: `g` (one partition), `g1` (a prefix), `` (across organizations). */
export function indexName(table: Table, scope: string, names: readonly string[]): string {
  return ['i', table.documents, scope === '' ? 'all' : scope, ...names].join('_');
}

export function ttlIndex(table: Table): string {
  return `i_${table.documents}_ttl`;
}

export type Term = readonly [field: string, term: string];

/** What a document is found by besides its fields, each under a key of its own; with `starts`, by beginnings too. */
export function termsOf(document: Pick<Document, 'sets' | 'words'>, starts: boolean): Map<string, Term> {
  const terms = new Map<string, Term>();
  const add = (field: string, term: string) => terms.set(`${field}\n${term}`, [field, term]);
  for (const [set, values] of Object.entries(document.sets ?? {})) for (const value of values) add(set, value);
  for (const word of document.words ?? []) {
    add(WORDS, word);
    if (starts) add(STARTS, startOf(word));
  }
  return terms;
}

/** The first characters of a word; one may be two units. */
function startOf(word: string): string {
  return [...word.slice(0, 2 * START)].slice(0, START).join('');
}

/** A partition, or a prefix of one, as one text: its values, each ended by a bar. */
export function partitionText(partition: Partition): string {
  return partition.map((value) => `${MARKS.test(value) ? unmarked(value) : value}|`).join('');
}

/** NUL would end the text for the engine's client when it is read back. */
const MARKS = /[%|\0]/;

function unmarked(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('|', '%7C').replaceAll('\0', '%00');
}

export function partitionOf(text: string): string[] {
  const values = text.split('|').slice(0, -1);
  return values.map((value) => value.replaceAll('%00', '\0').replaceAll('%7C', '|').replaceAll('%25', '%'));
}

/** What the engine binds: it knows no booleans, and aborts the process when given one. */
export function bindable(value: IndexValue): string | number {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** The number of the last write to the file, and which process it was. */
export const LAST_SEQ = "SELECT value FROM meta WHERE name = 'seq'";
export const LAST_WRITER = "SELECT value FROM meta WHERE name = 'writer'";
/** `writer` is hexadecimal. */
export function keepLast(seq: number, writer: string): string {
  return `INSERT OR REPLACE INTO meta VALUES ('seq', ${seq}), ('writer', '${writer}')`;
}

/**
 * Of the tables themselves. To be raised with whatever `bringUp` is to do to files that are there though no declaration has
 * changed: another column, another kind of term, another way to write what stands in one.
 */
const LAYOUT = 3;

/** Makes what is missing and drops what is no longer declared; does nothing when the declarations are as they were. */
export function bringUp(db: Db, declarations: Readonly<Record<string, Container>>): void {
  const fingerprint = documentHash(JSON.stringify([LAYOUT, declarations]));
  db.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID');
  const known = db.prepare("SELECT value FROM meta WHERE name = 'schema'").raw(true);
  if (isText(known.get([]), fingerprint)) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    if (!isText(known.get([]), fingerprint)) {
      db.exec("INSERT OR IGNORE INTO meta VALUES ('seq', 0)");
      db.exec(GROUPS);
      for (const [name, container] of Object.entries(declarations)) bringUpContainer(db, name, container);
      db.prepare("INSERT OR REPLACE INTO meta VALUES ('schema', ?)").run([fingerprint]);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function isText(row: unknown, text: string): boolean {
  return Array.isArray(row) && row[0] === text;
}

function bringUpContainer(db: Db, name: string, container: Container): void {
  const table = tableFor(name, container);
  db.exec(`CREATE TABLE IF NOT EXISTS ${table.documents} ${documentColumns(table)}`);
  regroup(db, table);
  const columns = namesIn(db, `SELECT name FROM pragma_table_info('${table.documents}')`);
  for (const [field, type] of Object.entries(container.fields)) {
    if (columns.has(`f_${field}`)) continue;
    const affinity = { text: 'TEXT', number: 'REAL', boolean: 'INTEGER' }[type];
    db.exec(`ALTER TABLE ${table.documents} ADD COLUMN "f_${field}" ${affinity}`);
    db.exec(`UPDATE ${table.documents} SET "f_${field}" = json_extract(body, '$.ix.${field}')`);
  }
  const wanted = indexesOf(table, container);
  const there = namesIn(
    db,
    `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '${table.documents}' AND sql IS NOT NULL`,
  );
  for (const index of there) if (!wanted.has(index)) db.exec(`DROP INDEX "${index}"`);
  for (const [index, sql] of wanted) if (!there.has(index)) db.exec(sql);
  bringUpTerms(db, table);
}

function documentColumns({ prefixes }: Pick<Table, 'prefixes'>): string {
  const groups = ['g', ...prefixes].map((column) => `${column} INTEGER NOT NULL, `).join('');
  return `(n INTEGER PRIMARY KEY, pk TEXT NOT NULL, ${groups}id TEXT NOT NULL, kind TEXT NOT NULL,
    seq INTEGER NOT NULL, expires_at INTEGER, words TEXT, body TEXT NOT NULL)`;
}

/** Files once had the text of each prefix (`pk1`) where the numbers of groups are now; their terms are made anew. */
function regroup(db: Db, { documents, terms, prefixes }: Table): void {
  const columns = namesIn(db, `SELECT name FROM pragma_table_info('${documents}')`);
  if (columns.has('g')) return;
  const scopes = ['pk', ...prefixes.map((_, at) => `pk${at + 1}`)];
  for (const scope of scopes) {
    db.exec(`INSERT OR IGNORE INTO groups (scope, kind) SELECT DISTINCT ${scope}, kind FROM ${documents}`);
  }
  db.exec(`ALTER TABLE ${documents} RENAME TO before_${documents}`);
  const kept = [...columns].filter((column) => !/^pk\d/.test(column));
  const fields = kept.filter((column) => column.startsWith('f_'));
  db.exec(`CREATE TABLE ${documents} ${documentColumns({ prefixes })}`);
  for (const [name, type] of typesIn(db, `before_${documents}`)) {
    if (fields.includes(name)) db.exec(`ALTER TABLE ${documents} ADD COLUMN "${name}" ${type}`);
  }
  const names = kept.map((column) => `"${column}"`).join(', ');
  const groups = scopes.map((scope) => `(SELECT g FROM groups WHERE scope = b.${scope} AND kind = b.kind)`);
  db.exec(`INSERT INTO ${documents} (${names}, ${['g', ...prefixes].join(', ')})
    SELECT ${names}, ${groups.join(', ')} FROM before_${documents} b ORDER BY n`);
  db.exec(`DROP TABLE before_${documents}; DROP TABLE IF EXISTS ${terms}`);
}

function indexesOf(table: Table, container: Container): Map<string, string> {
  const wanted = new Map<string, string>();
  const add = (name: string, rest: string, unique = '') =>
    wanted.set(name, `CREATE ${unique} INDEX "${name}" ON ${table.documents} ${rest}`);
  const declared = (scope: string, names: readonly string[]) => {
    const [first] = names;
    const ties = scope === 'g' ? ['id'] : ['id', 'pk'];
    const columns = [scope === '' ? 'kind' : scope, ...names.map((field) => `"f_${field}"`), ...ties];
    // Most documents of a container are of another kind (facts above all) and have no entry here.
    const some = first === undefined ? '' : `WHERE "f_${first}" IS NOT NULL`;
    add(indexName(table, scope, names), `(${columns.join(', ')}) ${some}`);
  };
  add(`i_${table.documents}_id`, '(pk, id)', 'UNIQUE');
  // What the relay follows is read in this order.
  if (container.facts) add(`i_${table.documents}_seq`, '(seq)', 'UNIQUE');
  if (container.ttl) add(ttlIndex(table), '(expires_at) WHERE expires_at IS NOT NULL');
  for (const names of [[], ...container.indexes]) declared('g', names);
  for (const scope of table.prefixes) for (const names of [[], ...container.prefixIndexes]) declared(scope, names);
  for (const names of container.acrossIndexes) declared('', names);
  return wanted;
}

/** Documents whose terms are made together. */
const CHUNK = 5000;

/**
 * Terms are derived from the documents when a container gets its first set or words, or beginnings of words. Later sets
 * need nothing: while one is not declared, no document can carry it.
 */
function bringUpTerms(db: Db, table: Table): void {
  if (!table.hasTerms) {
    db.exec(`DROP TABLE IF EXISTS ${table.terms}`);
    return;
  }
  if (namesIn(db, `SELECT name FROM sqlite_master WHERE name = '${table.terms}'`).size > 0) {
    // Of each group by itself, so that a file without any is not read through.
    const starts = `FROM ${table.terms} WHERE g IN (SELECT g FROM groups) AND field = '${STARTS}'`;
    if (!table.starts) db.exec(`DELETE ${starts}`);
    if (!table.starts || db.prepare(`SELECT 1 ${starts} LIMIT 1`).raw(true).get([])) return;
    db.exec(`DROP TABLE ${table.terms}`);
  }
  const keys = table.termKeys.map((column) => `${column} ${column === 'pk' ? 'TEXT' : 'INTEGER'} NOT NULL, `).join('');
  db.exec(`CREATE TABLE ${table.terms} (${keys}field TEXT NOT NULL, term TEXT NOT NULL, id TEXT NOT NULL,
    n INTEGER NOT NULL, PRIMARY KEY (g, field, term, id)) WITHOUT ROWID`);
  for (const column of table.prefixes) {
    db.exec(`CREATE INDEX i_${table.terms}_${column} ON ${table.terms} (${column}, field, term, id, pk, n)`);
  }
  const names = [...table.termKeys, 'id', 'n'];
  const read = db
    .prepare(`SELECT body, ${names.join(', ')} FROM ${table.documents} WHERE n > ? ORDER BY n LIMIT ${CHUNK}`)
    .raw(true);
  const insert = db.prepare(
    `INSERT INTO ${table.terms} (field, term, ${names.join(', ')}) VALUES (?, ?, ${names.map(() => '?').join(', ')})`,
  );
  for (let from = -1; ; ) {
    const rows = read.all([from]) as (string | number)[][];
    if (rows.length === 0) return;
    from = Number(rows.at(-1)?.at(-1));
    const terms = rows.flatMap(([body, ...keys]) =>
      [...termsOf(JSON.parse(String(body)) as Document, table.starts).values()].map((term) => [...term, ...keys]),
    );
    // In the order of the table: each page is met once a chunk, not once a row.
    terms.sort(([field = '', term = ''], [other = '', next = '']) => compared(field, other) || compared(term, next));
    for (const term of terms) insert.run(term);
  }
}

function namesIn(db: Db, sql: string): Set<string> {
  return new Set((db.prepare(sql).raw(true).all([]) as [string][]).map(([name]) => name));
}

function typesIn(db: Db, table: string): [string, string][] {
  return db.prepare(`SELECT name, type FROM pragma_table_info('${table}')`).raw(true).all([]) as [string, string][];
}

function compared(a: string | number, b: string | number): number {
  return a < b ? -1 : Number(a > b);
}
