/** What someone is told who sends a wrong field: what is to be sent instead (spec chapter 00, errors). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Host } from '../../infra/local/host.ts';
import { Cost, Email, Id, Instant, LocalDate, Money, text } from '../../shared/platform/fields.ts';
import type { FieldError } from '../../shared/platform/refusal.ts';
import { fieldErrors, readAs } from '../../shared/platform/validation.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';
import { callersOf, thingHost } from '../support/things.ts';

/** What is said of this one value. */
function said(schema: z.ZodType, value: unknown): string[] {
  const read = readAs(schema, value);
  return read.success ? [] : fieldErrors(read.error, 'body').map(({ message }) => message);
}

const INSTANT =
  'must be an RFC 3339 instant with its offset, such as 2026-11-20T09:00:00Z or 2026-11-20T10:00:00+01:00';

const MONEY = 'must be an amount in the minor unit and its currency, such as {"amount":125050,"currency":"USD"}';

const cases: readonly (readonly [z.ZodType, value: unknown, message: string])[] = [
  [text(1, 10), undefined, 'is required'],
  [z.enum(['a', 'b']), undefined, 'is required: one of a, b'],
  [z.enum(['a', 'b']), 'c', 'must be one of a, b'],
  [z.literal('a'), 'c', 'must be a'],
  [text(1, 10), 7, 'must be text'],
  [text(1, 10), null, 'must be text'],
  [text(1, 10), ' ', 'must not be empty'],
  [text(2, 10), 'a', 'must have at least 2 characters'],
  [text(2, 10), 'a'.repeat(11), 'must have at most 10 characters'],
  [z.int(), '7', 'must be a number'],
  [z.int(), 7.5, 'must be a whole number'],
  [z.int().min(1).max(100), 0, 'must be at least 1'],
  [z.int().min(1).max(100), 101, 'must be at most 100'],
  [z.number().positive(), 0, 'must be more than 0'],
  [z.number().lt(5), 5, 'must be less than 5'],
  [z.coerce.number(), 'many', 'must be a number'],
  [z.boolean(), 'yes', 'must be true or false'],
  [z.array(z.string()).min(1), [], 'must not be empty'],
  [z.array(z.string()).max(2), ['a', 'b', 'c'], 'must have at most 2 entries'],
  [z.array(z.string()), 'a', 'must be a list'],
  [z.strictObject({}), 50, 'must be an object'],
  [Money, undefined, 'is required'],
  [Money, 1250.5, MONEY],
  [Cost, 1250.5, MONEY],
  [z.strictObject({ money: Money }), { money: { amount: 1, currency: 'USD', x: 1 } }, 'is not a known field'],
  [Id, 'EVT-2026-000001', 'must be an id, a UUID such as 0193b0a0-7c1e-7000-8000-000000000001'],
  [Email, 'someone', 'must be an email address'],
  [z.url(), 'example', 'must be a URL'],
  [Instant, '2026-11-20T09:00:00', INSTANT],
  [LocalDate, '26/11/2026', 'must be a date such as 2026-11-20'],
  [LocalDate, '2026-02-30', 'must be a date that exists'],
  [Instant, '2026-11-20T10:75:00Z', INSTANT],
  [Instant, '5000-05-05T11:00:00Z', 'must be of the years 1900 to 2199'],
  [LocalDate, '1800-01-01', 'must be of the years 1900 to 2199'],
  [text(1, 10), '\ud800', 'must not hold control characters, line breaks or half characters'],
  [text(1, 10), '\u200b \u2060', 'must not be empty'],
  [text(1, 10), '\u3164\u200e\u0301', 'must hold something that can be seen'],
  [z.union([Instant, LocalDate]), undefined, 'is required'],
  [z.union([Instant, LocalDate]), '08/03/2027', `${INSTANT}, or a date such as 2026-11-20`],
];

describe('Each message says what is to be sent', () => {
  test.each(cases.map(([schema, value, message]) => [message, schema, value] as const))(
    '%s',
    (message, schema, value) => {
      expect(said(schema, value)).toEqual([message]);
    },
  );

  test('an offset whose + was read as a space is told how a query has it', () => {
    expect(said(Instant, '2026-11-20T10:00:00 01:00')).toEqual([
      'must have + or - before its offset (in a query + is written %2B)',
    ]);
  });
});

describe('In replies', () => {
  let platform: TestPlatform;
  let host: Host;
  let callers: ReturnType<typeof callersOf>;
  beforeAll(async () => {
    platform = await testPlatform();
    host = await thingHost(platform);
    callers = callersOf(host.origin);
  });
  afterAll(async () => {
    await host.close();
    await platform.close();
  });
  const errorsOf = ({ json }: { json: Record<string, unknown> }) => json.errors as readonly FieldError[];

  test('of a POST and a PATCH: what is required, and of an unknown field the known ones', async () => {
    const call = callers.caller();
    const known = { code: 'unknown_field', message: 'is not known; known are name, note, place' };
    expect(errorsOf(await call('POST', 'things', { title: 'A' }))).toEqual([
      { path: 'body.name', code: 'invalid_type', message: 'is required' },
      { path: 'body.title', ...known },
    ]);
    const made = await call('POST', 'things', { name: 'A' });
    expect(errorsOf(await call('PATCH', `things/${made.json.id}`, { title: 'B', name: null }))).toEqual([
      { path: 'body.name', code: 'invalid_type', message: 'is required' },
      { path: 'body.title', ...known },
    ]);
  });

  test('of an unknown field within another: that it is not known there', async () => {
    const answer = await callers.caller()('POST', 'things', { name: 'A', place: { city: 'Rome', name: 'x' } });
    expect(errorsOf(answer)).toEqual([
      { path: 'body.place.name', code: 'unknown_field', message: 'is not a known field' },
    ]);
  });

  test('of a body with typographic quotes: that JSON has straight ones', async () => {
    const call = callers.caller();
    const told = async (body: string) =>
      (await call('POST', 'things', body, { 'content-type': 'application/json' })).json.detail;
    expect(await told('{“name”: “A”}')).toBe('body is not JSON: its quotes are typographic (“ ”), not straight (").');
    expect(await told('{"name": "A “big” one",}')).toBe('body is not JSON from character 24 on.');
  });

  test('of an address that is none: where they all are', async () => {
    for (const path of ['', 'api', 'api/thing', 'things']) {
      const answer = await fetch(`${host.origin}/${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.json()).toMatchObject({ detail: 'There is no such address. All are listed at /api/docs.' });
    }
  });
});
