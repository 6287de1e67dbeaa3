/** From rows of a sheet to registrations, or to what is wrong with them, line by line. */
import { setImmediate as breathe } from 'node:timers/promises';
import * as z from 'zod';
import { e164Of, isInternational } from '../platform/phone.ts';
import { readAs } from '../platform/validation.ts';
import { NewCustomer } from './fields.ts';
import type { Registration } from './rules.ts';
import { type Column, columnNames, columns, type SheetRow } from './sheet.ts';

export const RowError = z
  .object({
    line: z.int().min(1).meta({ description: 'Line of the file where the row begins; the header is on line 1' }),
    field: z.string().meta({ description: 'Column; empty when it is the whole row' }),
    reason: z.string(),
  })
  .meta({ id: 'ImportRowError' });
export type RowError = z.output<typeof RowError>;

export interface ImportRow {
  readonly line: number;
  /** What makes it the same row when it comes again: `externalId`, else the email. */
  readonly key: string;
  readonly id: string;
  readonly registration: Registration;
}

interface CheckedRows {
  readonly rows: readonly ImportRow[];
  readonly errors: readonly RowError[];
  /** Rows with at least one error. */
  readonly failed: number;
  /** Rows whose key an earlier row of the file has. */
  readonly repeated: number;
}

export function externalKey(externalId: string): string {
  return `external:${externalId}`;
}
export function emailKey(email: string): string {
  return `email:${email}`;
}

const YES = /^(true|yes|1)$/i;
const NO = /^(false|no|0)$/i;

/** The body that the cells of a row say, as `POST /customers` would take it. */
function bodyOf(cells: SheetRow['cells']): Record<string, unknown> {
  const body: Record<string, unknown> = { type: 'individual' };
  const preferences: Record<string, unknown> = {};
  const address: Record<string, unknown> = {};
  const contact: Record<string, unknown> = {};
  for (const [name, value] of cells) {
    const [group, , field] = columns[name] as readonly string[];
    if (group === 'addresses' && field) address[field] = value;
    else if (group === 'contacts' && field) contact[field] = value;
    else if (name === 'language' || name === 'timeZone') preferences[name] = value;
    else if (name === 'marketingConsent') preferences[name] = YES.test(value) ? true : NO.test(value) ? false : value;
    else if (name === 'tags') body.tags = value.split(/[\s,;|]+/).filter((tag) => tag !== '');
    else body[name] = value;
  }
  if (Object.keys(address).length > 0) body.addresses = [{ kind: 'billing', ...address }];
  if (Object.keys(contact).length > 0) body.contacts = [contact];
  return { ...body, preferences };
}

const columnOf = new Map<string, Column>(columnNames.map((name) => [columns[name].join('.'), name]));

function fieldErrorsOf(line: number, error: z.ZodError): RowError[] {
  return error.issues.slice(0, 20).map(({ path, message }) => {
    const whole = path.map(String).join('.');
    return { line, field: columnOf.get(whole) ?? String(path[0] ?? ''), reason: message };
  });
}

const PHONES = ['primaryPhone', 'contactPhone'] as const satisfies readonly Column[];
const NO_PHONE = 'must be a phone number';

function numbersIn(cells: SheetRow['cells']): string[] {
  return PHONES.flatMap((column) => cells.get(column) ?? []);
}

/** The numbers that are none of a row with other faults, so that all of its faults come at once. */
function phoneErrorsOf(
  line: number,
  cells: SheetRow['cells'],
  known: readonly RowError[],
  country: string | undefined,
): RowError[] {
  const bad = PHONES.filter((column) => {
    const written = cells.get(column);
    return written !== undefined && e164Of(written, country) === undefined;
  });
  return bad
    .filter((column) => !known.some(({ field }) => field === column))
    .map((field) => ({ line, field, reason: NO_PHONE }));
}

/** Phone numbers in full, or the columns whose number is none. */
function withPhones(input: NewCustomer, country: string | undefined): NewCustomer | Column[] {
  const bad: Column[] = [];
  const full = (written: string, column: Column) => {
    const number = isInternational(written) ? written : e164Of(written, country);
    if (number === undefined) bad.push(column);
    return number ?? written;
  };
  const primaryPhone = full(input.primaryPhone, 'primaryPhone');
  const contacts = input.contacts.map((contact) =>
    contact.phone === undefined ? contact : { ...contact, phone: full(contact.phone, 'contactPhone') },
  );
  return bad.length > 0 ? bad : { ...input, primaryPhone, contacts };
}

/**
 * Checks every row. `country` is the home of numbers without a +, asked for at most once; `newId` is drawn for every
 * good row in the order of the file, so that a repetition with the same ids gives each row the ids it had.
 */
export async function checkRows(
  sheet: readonly SheetRow[],
  country: () => Promise<string | undefined>,
  newId: () => string,
): Promise<CheckedRows> {
  const rows: ImportRow[] = [];
  const errors: RowError[] = [];
  const seen = new Set<string>();
  let failed = 0;
  let repeated = 0;
  let home: Promise<string | undefined> | undefined;
  for (const [at, { line, cells, ragged }] of sheet.entries()) {
    if (at % 100 === 99) await breathe();
    const result = ragged === undefined ? readAs(NewCustomer, bodyOf(cells)) : undefined;
    if (!result?.success) {
      failed += 1;
      const found = result ? fieldErrorsOf(line, result.error) : [{ line, field: '', reason: ragged ?? '' }];
      if (result) home ??= numbersIn(cells).some((written) => !isInternational(written)) ? country() : undefined;
      errors.push(...found, ...(result ? phoneErrorsOf(line, cells, found, await home) : []));
      continue;
    }
    home ??= needsHome(result.data) ? country() : undefined;
    const input = withPhones(result.data, await home);
    if (Array.isArray(input)) {
      failed += 1;
      errors.push(...input.map((field) => ({ line, field, reason: NO_PHONE })));
      continue;
    }
    const row = rowOf(line, input, newId);
    if (seen.has(row.key)) repeated += 1;
    else rows.push(row);
    seen.add(row.key);
  }
  return { rows, errors, failed, repeated };
}

function needsHome({ primaryPhone, contacts }: NewCustomer): boolean {
  return [primaryPhone, ...contacts.map(({ phone }) => phone)].some(
    (written) => written !== undefined && !isInternational(written),
  );
}

function rowOf(line: number, input: NewCustomer, newId: () => string): ImportRow {
  const { externalId, primaryEmail } = input;
  const withId = <T extends object>(part: T) => ({ ...part, id: newId() });
  return {
    line,
    id: newId(),
    key: externalId === undefined ? emailKey(primaryEmail) : externalKey(externalId),
    registration: {
      ...input,
      addresses: input.addresses.map(withId),
      contacts: input.contacts.map(withId),
      ...(externalId === undefined ? { importedAs: primaryEmail } : {}),
    },
  };
}
