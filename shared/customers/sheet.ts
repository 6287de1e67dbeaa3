/** The CSV that customers are imported from and exported to: its columns, and reading it with a check of the whole file first. */
import { Readable } from 'node:stream';
import { setImmediate as breathe } from 'node:timers/promises';
import { codeOf } from '../platform/errors.ts';
import { invalid } from '../platform/refusal.ts';

/** Columns that are imported, each with the field it fills. Left out or empty: the field's default. */
export const columns = {
  externalId: ['externalId'],
  name: ['name'],
  type: ['type'],
  industry: ['industry'],
  website: ['website'],
  primaryEmail: ['primaryEmail'],
  primaryPhone: ['primaryPhone'],
  segment: ['segment'],
  tags: ['tags'],
  language: ['preferences', 'language'],
  timeZone: ['preferences', 'timeZone'],
  marketingConsent: ['preferences', 'marketingConsent'],
  notes: ['notes'],
  line1: ['addresses', '0', 'line1'],
  line2: ['addresses', '0', 'line2'],
  city: ['addresses', '0', 'city'],
  region: ['addresses', '0', 'region'],
  postalCode: ['addresses', '0', 'postalCode'],
  country: ['addresses', '0', 'country'],
  contactFirstName: ['contacts', '0', 'firstName'],
  contactLastName: ['contacts', '0', 'lastName'],
  contactEmail: ['contacts', '0', 'email'],
  contactPhone: ['contacts', '0', 'phone'],
  contactPosition: ['contacts', '0', 'position'],
} as const satisfies Record<string, readonly string[]>;
export type Column = keyof typeof columns;
export const columnNames = Object.keys(columns) as Column[];

/** Columns of an export that an import reads over. */
export const exportOnly = ['id', 'customerNumber', 'status', 'createdAt', 'modifiedAt'] as const;
const REQUIRED: readonly Column[] = ['name', 'primaryEmail', 'primaryPhone'];
const MOST_ROWS = 10_000;
/** Most rows without any value, which are read over. */
const MOST_BLANK = 10_000;
/** Most characters of one row, and of one line. */
const LONGEST_ROW = 100_000;
/** Characters that are parsed at a time, between which other requests get their turn. */
const PIECE = 16 * 1024;

export interface SheetRow {
  /** Line of the file where it begins; the header is on line 1. */
  readonly line: number;
  /** Trimmed texts; empty ones are left out. */
  readonly cells: ReadonlyMap<Column, string>;
  /** Set when it has not as many values as the header. */
  readonly ragged?: string;
}

function refuse(code: string, message: string) {
  return invalid('body.file', code, message);
}

const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, '');
const aliases: Readonly<Record<string, Column>> = { email: 'primaryEmail', phone: 'primaryPhone' };

/** The column each header cell names; undefined for those of an export that are read over. */
function headerOf(cells: readonly string[]): (Column | undefined)[] {
  const known = new Map<string, Column>([
    ...columnNames.map((name): [string, Column] => [plain(name), name]),
    ...Object.entries(aliases),
  ]);
  const readOver = new Set(exportOnly.map(plain));
  const unknown = cells.filter((cell) => !known.has(plain(cell)) && !readOver.has(plain(cell)));
  if (unknown.length > 0) {
    throw refuse('unknown_column', `has columns that are not known; the known ones are ${columnNames.join(', ')}`);
  }
  const header = cells.map((cell) => known.get(plain(cell)));
  const named = header.filter((name) => name !== undefined);
  if (new Set(named).size < named.length) throw refuse('repeated_column', 'names a column twice');
  const missing = REQUIRED.filter((name) => !named.includes(name));
  if (missing.length > 0) throw refuse('missing_column', `needs the columns ${missing.join(', ')}`);
  return header;
}

function decoded(bytes: Uint8Array): string {
  try {
    // Takes a byte order mark off. One kind of line break, so that lines are counted right.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch {
    throw refuse('bad_encoding', 'must be UTF-8');
  }
}

/** Semicolons where the header has more of them than commas, as spreadsheets of many countries write. */
function separatorOf(text: string): ',' | ';' {
  const header = text.slice(0, text.indexOf('\n') >>> 0);
  return header.split(';').length > header.split(',').length ? ';' : ',';
}

/** A spreadsheet calculates cells that begin so; fullwidth signs count, and so does what is guarded already. */
const FORMULA = /^'*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** A cell that no spreadsheet calculates: an apostrophe before it where one would. */
export function guarded(value: string): string {
  return FORMULA.test(value) ? `'${value}` : value;
}

/** What a cell says, trimmed; takes off the apostrophe that `guarded` put before it. */
export function unguarded(cell: string): string {
  const value = cell.trim();
  return value.startsWith("'") && FORMULA.test(value) ? value.slice(1) : value;
}

function isCsvError(error: unknown): error is Error & { readonly code: string } {
  return codeOf(error)?.startsWith('CSV_') ?? false;
}

/** Throws for a line longer than any row: a parser would hold it whole, however many cells it has. */
function guardLines(text: string): void {
  for (let from = 0, end = 0; end >= 0; from = end + 1) {
    end = text.indexOf('\n', from);
    if ((end < 0 ? text.length : end) - from > LONGEST_ROW) {
      throw refuse('bad_csv', `has a line of more than ${LONGEST_ROW} characters`);
    }
  }
}

/**
 * All rows of a file, before anything is done with any of them. Throws `invalid` at `body.file` for a file that is not
 * UTF-8, not CSV (commas or semicolons), has a header with unknown, repeated or missing columns, or over 10,000 rows
 * (or as many blank ones).
 */
export async function readSheet(bytes: Uint8Array): Promise<SheetRow[]> {
  const { parse } = await import('csv-parse');
  const text = decoded(bytes);
  guardLines(text);
  const parser = parse({
    delimiter: separatorOf(text),
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: LONGEST_ROW,
  });
  const rows: SheetRow[] = [];
  let blank = 0;
  let header: (Column | undefined)[] | undefined;
  try {
    for await (const item of pieces(text).pipe(parser)) {
      const { record, info } = item as { record: string[]; info: { lines: number } };
      // Counted here: the parser reads over as many as there are without a word.
      if (record.every((cell) => cell.trim() === '')) blank += 1;
      else if (!header) header = headerOf(record.map((cell) => cell.trim()));
      else rows.push(rowOf(header, record, info.lines));
      if (rows.length > MOST_ROWS) throw refuse('too_many_rows', `may have at most ${MOST_ROWS} rows`);
      if (blank > MOST_BLANK) throw refuse('too_many_rows', `has more than ${MOST_BLANK} rows without a value`);
    }
  } catch (error) {
    if (!isCsvError(error)) throw error;
    throw refuse('bad_csv', `is not CSV near line ${parser.info.lines}`);
  }
  if (!header) throw refuse('empty', 'is empty');
  return rows;
}

function rowOf(header: readonly (Column | undefined)[], record: readonly string[], lastLine: number): SheetRow {
  const breaks = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
  const cells = new Map<Column, string>();
  header.forEach((name, at) => {
    const value = unguarded(record[at] ?? '');
    if (name !== undefined && value !== '') cells.set(name, value);
  });
  const row = { line: lastLine - breaks, cells };
  if (record.length === header.length) return row;
  return { ...row, ragged: `has ${record.length} values where the header has ${header.length}` };
}

/** A text in pieces. Streams go on in microtasks alone; the pauses let other requests in between. */
function pieces(text: string): Readable {
  return Readable.from(
    (async function* () {
      for (let at = 0; at < text.length; at += PIECE) {
        yield text.slice(at, at + PIECE);
        await breathe();
      }
    })(),
  );
}
