/** The kinds of fields the API speaks of, each parsed and normalized in one place (spec chapter 00). */
import { CountryCodes } from 'validator/lib/isISO31661Alpha2.js';
import * as z from 'zod';
import { instantOf } from './clock.ts';

declare module 'zod' {
  interface GlobalMeta {
    /** Marks personal data, for log redaction, export, erasure and masking. */
    personal?: 'contact' | 'identity' | 'health' | 'finance';
  }
}

/** Control characters (tab and line breaks aside), line and paragraph separators, byte order mark, bidi overrides. */
const CONTROL = /(?![\t\n\r])[\p{Cc}\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069]/u;
const LINE_BREAK = /[\n\r\t]/;

/** Nobody sees them: what differs by them alone would look the same. */
const UNSEEN = /[\u200b\u2060]/g;

function clean(text: string): string {
  return text.replace(UNSEEN, '').normalize('NFC').trim();
}

/** Anything but spaces, and what nobody sees. */
const SEEN = /[^\s\p{M}\p{Default_Ignorable_Code_Point}]/u;

const UNREAD = 'must hold something that can be seen';

function isSeen(text: string): boolean {
  return text === '' || SEEN.test(text);
}

function printable(multiline: boolean) {
  return (text: string) => text.isWellFormed() && !CONTROL.test(text) && (multiline || !LINE_BREAK.test(text));
}

/** One line of text, trimmed and NFC-normalized; lengths in UTF-16 units after that. */
export function text(min: number, max: number) {
  return written(min, max, false);
}

/** Several lines of text, trimmed and NFC-normalized. */
export function lines(max: number, min = 0) {
  return written(min, max, true);
}

const texts = new Map<string, z.ZodString>();

/**
 * Alike texts are one schema, and its checks are added at once (each method in a chain makes a schema more): every worker
 * that starts would wait for seventy of them.
 */
function written(min: number, max: number, multiline: boolean): z.ZodString {
  const key = `${min} ${max} ${multiline}`;
  const known = texts.get(key);
  if (known) return known;
  const tidy = multiline ? (value: string) => clean(value).replace(/\r\n?/g, '\n') : clean;
  const message = `must not hold control characters, ${multiline ? '' : 'line breaks '}or half characters`;
  const made = z
    .string()
    .check(
      z.overwrite(tidy),
      z.minLength(min),
      z.maxLength(max),
      z.refine(printable(multiline), { message }),
      z.refine(isSeen, { message: UNREAD }),
    )
    .meta({ override: { type: 'string', minLength: min, maxLength: max } });
  texts.set(key, made);
  return made;
}

/** UUID; ours are version 7, and any version is read. Lower-cased. */
export const Id = z
  .uuid()
  .toLowerCase()
  .meta({ id: 'Id', description: 'UUID', example: '0193b0a0-7c1e-7000-8000-000000000001' });

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Whether a text is an instant that the API takes. */
export function isInstant(value: string): boolean {
  if (!RFC3339.test(value) || Number.isNaN(Date.parse(value))) return false;
  return realDate(value.slice(0, 10)) && inRange(Date.parse(value));
}
const YEARS = { first: 1900, last: 2199 };
const FIRST = Date.UTC(YEARS.first, 0, 1);
const LAST = Date.UTC(YEARS.last + 1, 0, 1);
const OUT_OF_RANGE = `must be of the years ${YEARS.first} to ${YEARS.last}`;
function inRange(milliseconds: number): boolean {
  return milliseconds >= FIRST && milliseconds < LAST;
}
function realDate(value: string): boolean {
  // A day that the month does not have would be one of the next month.
  return new Date(Date.parse(`${value}T00:00:00Z`)).getUTCDate() === Number(value.slice(8));
}
function isDay(value: string): boolean {
  return realDate(value) && inRange(Date.parse(value));
}
function dayError({ input }: { input?: unknown }): string {
  return realDate(String(input)) ? OUT_OF_RANGE : 'must be a date that exists';
}

/** In a query an unescaped `+` is a space, so that of an offset is lost. */
const PLUS_LOST = /T[\d:.]+ \d{2}:\d{2}$/i;
function instantError({ input }: { input?: unknown }): string {
  const given = String(input);
  if (PLUS_LOST.test(given)) return 'must have + or - before its offset (in a query + is written %2B)';
  const exists = !Number.isNaN(Date.parse(given)) && realDate(given.slice(0, 10));
  if (RFC3339.test(given) && exists) return OUT_OF_RANGE;
  return 'must be an RFC 3339 instant with its offset, such as 2026-11-20T09:00:00Z or 2026-11-20T10:00:00+01:00';
}

/** RFC 3339 instant; any offset is read, UTC to the second comes out. Years 1900 to 2199. */
export const Instant = z
  .string()
  .refine(isInstant, { error: instantError })
  .transform((value) => instantOf(Date.parse(value)))
  .meta({
    description: 'RFC 3339 instant; comes out in UTC',
    example: '2026-11-20T09:00:00Z',
    override: { type: 'string', format: 'date-time' },
  });

/** The same where it ends something, with an example that can be tried beside the one of its start. */
export const EndInstant = Instant.meta({ example: '2026-11-20T12:00:00Z' });

/** A calendar day without a zone. */
export const LocalDate = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { message: 'must be a date such as 2026-11-20', abort: true })
  .refine(isDay, { error: dayError })
  .meta({ example: '2026-11-20', override: { type: 'string', format: 'date' } });

const zones = new Map<string, boolean>();
function isZone(name: string): boolean {
  const known = zones.get(name);
  if (known !== undefined) return known;
  let real = /^[A-Za-z]/.test(name);
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    real = false;
  }
  if (zones.size < 2000) zones.set(name, real);
  return real;
}
/** IANA time zone name. */
export const TimeZone = z
  .string()
  .max(64)
  .refine(isZone, { message: 'must be an IANA time zone such as Europe/London' })
  .meta({ example: 'Europe/London', override: { type: 'string', maxLength: 64 } });

/** Email address, trimmed and lower-cased, at most 254 characters. */
export const Email = z
  .string()
  .transform((value) => clean(value).toLowerCase())
  .pipe(z.email().max(254))
  .meta({
    personal: 'contact',
    example: 'ada@example.com',
    override: { type: 'string', format: 'email', maxLength: 254 },
  });

const MONEY = { amount: 125050, currency: 'USD' };
function moneyError({ input }: { input?: unknown }): string | undefined {
  if (input === undefined) return undefined;
  return `must be an amount in the minor unit and its currency, such as ${JSON.stringify(MONEY)}`;
}

/** Whole number of a currency's minor unit, never a float. */
export const Money = z
  .strictObject(
    {
      amount: z.int(),
      currency: z.string().regex(/^[A-Z]{3}$/, { message: 'must be an ISO 4217 code such as USD' }),
    },
    { error: moneyError },
  )
  .meta({ id: 'Money', example: MONEY });
export type Money = Readonly<z.output<typeof Money>>;

/** What something costs: nothing, or more. */
export const Cost = z.strictObject({ ...Money.shape, amount: z.int().min(0) }, { error: moneyError });

const countries: ReadonlySet<string> = CountryCodes;

/** ISO 3166-1 alpha-2. */
export const Country = z
  .string()
  .transform((value) => value.trim().toUpperCase())
  .pipe(z.string().refine((code) => countries.has(code), { message: 'must be an ISO 3166-1 country code such as GB' }))
  .meta({ example: 'GB', override: { type: 'string', minLength: 2, maxLength: 2 } });

/** Half-open `[start, end)`. */
export const Window = z
  .strictObject({ start: Instant, end: EndInstant })
  .refine(({ start, end }) => start < end, { message: 'must end after it starts', path: ['end'] })
  .meta({ id: 'Window' });
export type Window = z.output<typeof Window>;

/** A window as it is shown. */
export const ShownWindow = z.object({ start: z.string(), end: z.string() });

/** What every resource shows beside its own fields. */
export const metaShape = {
  createdAt: z.string(),
  createdBy: z.string(),
  modifiedAt: z.string(),
  modifiedBy: z.string(),
};
