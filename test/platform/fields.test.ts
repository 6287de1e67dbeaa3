/** The kinds of fields of the API, value by value (spec chapter 00). */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Country, Email, Id, Instant, LocalDate, lines, TimeZone, text, Window } from '../../shared/platform/fields.ts';
import { type Listing, querySchema, toQuery } from '../../shared/platform/listing.ts';
import { listRoute } from '../../shared/platform/route.ts';

const read = (schema: z.ZodType, value: unknown) => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : 'refused';
};

describe('An instant is RFC 3339 and comes out in UTC to the second', () => {
  test.each([
    ['2026-11-20T09:00:00Z', '2026-11-20T09:00:00Z'],
    ['2026-11-20t09:00:00z', '2026-11-20T09:00:00Z'],
    ['2026-11-20T09:00:00.999Z', '2026-11-20T09:00:00Z'],
    ['2026-11-20T00:30:00+05:45', '2026-11-19T18:45:00Z'],
    ['2024-02-29T23:59:59-11:00', '2024-03-01T10:59:59Z'],
    ['2026-11-01T01:30:00-05:00', '2026-11-01T06:30:00Z'],
    ['2026-02-30T10:00:00Z', 'refused'],
    ['2026-11-20T24:00:00Z', 'refused'],
    ['2026-11-20T09:60:00Z', 'refused'],
    ['2026-11-20T09:00:60Z', 'refused'],
    ['2026-11-20T09:00:00', 'refused'],
    ['2026-11-20T09:00Z', 'refused'],
    ['2026-11-20 09:00:00Z', 'refused'],
    ['2026-11-20T09:00:00+25:00', 'refused'],
    ['2026-11-20', 'refused'],
    ['9999-12-31T23:59:59Z', 'refused'],
    [' 2026-11-20T09:00:00Z', 'refused'],
    [1_800_000_000, 'refused'],
  ])('%s: %s', (given, expected) => expect(read(Instant, given)).toBe(expected));
});

describe('A country is ISO 3166-1 alpha-2', () => {
  test.each(['GB', ' gb ', 'US', 'SS', 'BQ', 'AX'])('%s is one', (code) =>
    expect(read(Country, code)).toBe(code.trim().toUpperCase()),
  );
  test.each(['UK', 'EU', 'SU', 'YU', 'XK', 'AN', 'CS', 'ZZ', 'XX', 'GBR', 'G', '', '826'])('%s is none', (code) =>
    expect(read(Country, code)).toBe('refused'),
  );
});

describe('Other fields', () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    ['id in capitals', Id, '0193B0A0-7C1E-7000-8000-000000000001', '0193b0a0-7c1e-7000-8000-000000000001'],
    ['id with a brace', Id, '{0193b0a0-7c1e-7000-8000-000000000001}', 'refused'],
    ['leap day', LocalDate, '2028-02-29', '2028-02-29'],
    ['leap day of no leap year', LocalDate, '2027-02-29', 'refused'],
    ['a zone', TimeZone, 'Asia/Kolkata', 'Asia/Kolkata'],
    ['an offset', TimeZone, '+05:30', 'refused'],
    ['no zone', TimeZone, 'Mars/Olympus', 'refused'],
    ['an address in capitals', Email, ' Ada@Example.COM ', 'ada@example.com'],
    ['an address of 255 characters', Email, `${'a'.repeat(243)}@example.com`, 'refused'],
    ['two addresses', Email, 'a@b.example,c@d.example', 'refused'],
    ['a header in an address', Email, 'a@b.example\r\nBcc: c@d.example', 'refused'],
    ['text around which there are blanks', text(1, 5), '  five  ', 'five'],
    ['text in two forms of Unicode', text(1, 5), 'e\u0301', 'é'],
    ['five emoji, as the document counts characters', text(1, 5), '💍💍💍💍💍', '💍💍💍💍💍'],
    ['six emoji', text(1, 5), '💍💍💍💍💍💍', 'refused'],
    ['a line break in a line', text(1, 5), 'a\nb', 'refused'],
    ['a NUL', lines(5), 'a\u0000b', 'refused'],
    ['a bidi override', lines(5), 'a\u202eb', 'refused'],
    ['lines of Windows', lines(5), 'a\r\nb', 'a\nb'],
    ['an empty window', Window, { start: '2026-11-20T09:00:00Z', end: '2026-11-20T10:00:00+01:00' }, 'refused'],
  ])('%s', (_, schema, given, expected) => expect(read(schema, given)).toEqual(expected));
});

test('a list makes the schemas of its query and its page when they are first asked for, and once', () => {
  let made = 0;
  const list: Listing = {
    get filters() {
      made += 1;
      return {};
    },
    sorts: { name: 'name' },
    defaultSort: 'name',
    search: false,
  };
  const item = z.object({ name: z.string() });
  const handle = async () => ({ body: { data: [], page: { nextCursor: null } } });
  const route = listRoute({
    path: 'things',
    summary: 'List things',
    tag: 'Things',
    access: 'public',
    list,
    item,
    handle,
  });
  expect(made).toBe(0);
  expect(read(route.query, { fields: 'name' })).toEqual({ limit: 20, fields: 'name' });
  expect(route.query).toBe(route.query);
  expect(route.reply).toBe(route.reply);
  expect(made).toBe(1);
});

describe('A search', () => {
  const listing: Listing = { filters: {}, sorts: { name: 'name' }, defaultSort: 'name', search: true };
  const words = (count: number) => Array.from({ length: count }, (_, at) => `w${at}`).join(' ');

  test('leaves out no word: it asks for all of twenty and refuses more', () => {
    expect(toQuery(listing, { limit: 20, q: words(20) }).search).toHaveLength(20);
    expect(querySchema(listing).safeParse({ q: words(20) }).success).toBe(true);
    expect(querySchema(listing).safeParse({ q: words(21) }).error?.message).toContain('20 words');
  });
});
