import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR, later } from '../../shared/platform/clock.ts';
import { fold } from '../../shared/platform/words.ts';
import { type Made, send, type World, worldOf } from '../http/world.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
}, 60_000);
afterAll(() => host.close());

const RECORDS = 36;
const RUNS = 6;
const FIRST = '2027-03-01T09:00:00Z';

interface List {
  readonly path: string;
  readonly query: string;
  /** Makes one that stands at a place of the order: 0 is its beginning, 1 its end. */
  insert(at: number): Promise<Made>;
  /** Where it belongs: compared entry by entry, texts by code point. */
  place(made: Made): readonly string[];
  readonly descending: boolean;
}

/** Names in upper and lower case, with accents, many of them alike. */
const name = (at: number) => `${['Ä', 'b', 'Ç', 'd', 'É', 'f', 'Ğ', 'h', 'Í', 'j'][Math.floor(at * 9.99)]}lpha Works`;
const customer = (called: string) => world.make('customers', { body: { ...world.customerBody(), name: called } });

async function hall(): Promise<Made> {
  return world.make('venues', { body: { ...world.venueBody(), bookable: 500 } });
}

const byName = (path: 'name' | '-name'): List => ({
  path: 'customers',
  query: `sort=${path}`,
  insert: (at) => customer(name(at)),
  place: (made) => [fold(String(made.name)), made.id],
  descending: path === '-name',
});

const byStart = (path: 'startsAt' | '-startsAt', venue: Made): List => ({
  path: 'events',
  query: `sort=${path}&venueId=${venue.id}`,
  insert(at) {
    const startsAt = later(FIRST, Math.floor(at * 12) * HOUR);
    const endsAt = later(startsAt, HOUR);
    return world.make('events', { body: { ...world.eventBody(), venueId: venue.id, startsAt, endsAt } });
  },
  place: (made) => [String(made.startsAt), made.id],
  descending: path === '-startsAt',
});

/** Best match first (the word whole), then newest: both fall as texts here. */
const bySearch: List = {
  path: 'customers',
  query: 'q=harbour',
  insert: (at) => customer(at < 0.5 ? 'Harbour Lights' : 'Harbourside Bakery'),
  place: (made) => [String(made.name).startsWith('Harbour ') ? 'whole' : 'begun', made.id],
  descending: true,
};

interface Page {
  readonly data: readonly Made[];
  readonly page: { readonly nextCursor: string | null };
}

async function page({ path, query }: List, limit: number, cursor: string | null): Promise<Page> {
  const more = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const response = await send(host, organization.admin, 'GET', path, { query: `${query}&limit=${limit}${more}` });
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

async function remove({ path }: List, { id }: Made): Promise<void> {
  const response = await send(host, organization.admin, 'DELETE', `${path}/${id}`);
  expect(response.status).toBe(204);
}

function inOrder(list: List, records: readonly Made[]): string[] {
  const compare = (a: readonly string[], b: readonly string[]): number => {
    const at = a.findIndex((value, n) => value !== b[n]);
    const [left = '', right = ''] = [a[at], b[at]];
    return at < 0 ? 0 : left < right ? -1 : 1;
  };
  const sorted = records.toSorted((a, b) => compare(list.place(a), list.place(b)));
  return (list.descending ? sorted.reverse() : sorted).map(({ id }) => id);
}

type Disturbance = { readonly op: 'insert' | 'delete'; readonly at: number };
interface Got {
  readonly ids: readonly string[];
  readonly cursor: string | null;
}
type Next = (cursor: string | null, index: number) => Promise<Got>;
/** The others tire, so that who inserts faster than the walk goes does not keep it going for ever. */
const TIRED_AFTER = 25;

/** Walks to the end; with every page that is asked for, others insert and delete at the same moment, and after it. */
async function walked(list: List, next: Next, disturbances: readonly (readonly Disturbance[])[]): Promise<string[]> {
  const seen: string[] = [];
  const strangers: Made[] = [];
  const disturb = async ({ op, at }: Disturbance) => {
    const [gone] = op === 'delete' ? strangers.splice(Math.floor(at * strangers.length), 1) : [];
    if (gone) await remove(list, gone);
    else strangers.push(await list.insert(at));
  };
  let cursor: string | null = null;
  for (let number = 0; number === 0 || cursor !== null; number += 1) {
    const some = number < TIRED_AFTER ? (disturbances[number % disturbances.length] ?? []) : [];
    const half = Math.ceil(some.length / 2);
    const [answer]: readonly [Got, ...unknown[]] = await Promise.all([
      next(cursor, seen.length),
      ...some.slice(0, half).map(disturb),
    ]);
    seen.push(...answer.ids);
    cursor = answer.cursor;
    for (const one of some.slice(half)) await disturb(one);
  }
  await Promise.all(strangers.map((one) => remove(list, one)));
  return seen;
}

const byCursor =
  (list: List, limit: number): Next =>
  async (cursor) => {
    const {
      data,
      page: { nextCursor },
    } = await page(list, limit, cursor);
    return { ids: data.map(({ id }) => id), cursor: nextCursor };
  };

/** What pages by number would give: the records that stand from an index on at this moment. */
const byOffset =
  (list: List, limit: number): Next =>
  async (_, index) => {
    const { data } = await page(list, 100, null);
    const ids = data.slice(index, index + limit).map(({ id }) => id);
    return { ids, cursor: index + limit < data.length ? 'more' : null };
  };

const disturbance = fc.record({
  op: fc.constantFrom('insert', 'delete'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
});
const walk = fc.record({
  limit: fc.integer({ min: 2, max: 9 }),
  disturbances: fc.array(fc.array(disturbance, { maxLength: 4 }), { minLength: 4, maxLength: 12 }),
});

async function records(list: List): Promise<Made[]> {
  return Promise.all(Array.from({ length: RECORDS }, (_, n) => list.insert(((n * 7) % RECORDS) / RECORDS)));
}

describe('a full walk while others insert and delete sees every untouched record once, in order', () => {
  const lists: readonly (readonly [string, () => Promise<List>])[] = [
    ['customers by name', async () => byName('name')],
    ['customers by name, last first', async () => byName('-name')],
    ['events by start', async () => byStart('startsAt', await hall())],
    ['events by start, latest first', async () => byStart('-startsAt', await hall())],
    ['customers by search', async () => bySearch],
  ];

  test.each(lists)(
    '%s',
    async (_, made) => {
      const list = await made();
      const untouched = await records(list);
      const expected = inOrder(list, untouched);
      await fc.assert(
        fc.asyncProperty(walk, async ({ limit, disturbances }) => {
          const seen = await walked(list, byCursor(list, limit), disturbances);
          expect(new Set(seen).size, 'no record twice').toBe(seen.length);
          expect(seen.filter((id) => expected.includes(id))).toEqual(expected);
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      await Promise.all(untouched.map((one) => remove(list, one)));
    },
    120_000,
  );
});

describe('twin: the same walk by page numbers', () => {
  const insertFirst: readonly (readonly Disturbance[])[] = [[], [{ op: 'insert', at: 0 }], []];

  test('sees records twice when others insert before its place', async () => {
    const list = byStart('startsAt', await hall());
    await records(list);
    const seen = await walked(list, byOffset(list, 5), [[], [], ...insertFirst]);
    expect(new Set(seen).size).toBeLessThan(seen.length);
  }, 60_000);

  test('skips records when others delete before its place', async () => {
    const list = byStart('startsAt', await hall());
    const early = await Promise.all([list.insert(0), list.insert(0)]);
    const untouched = await records(list);
    const next = byOffset(list, 5);
    const seen = await walked(
      list,
      async (cursor, index) => {
        const answer = await next(cursor, index);
        for (const one of early.splice(0)) await remove(list, one);
        return answer;
      },
      [[]],
    );
    const missed = inOrder(list, untouched).filter((id) => !seen.includes(id));
    expect(missed.length).toBeGreaterThan(0);
  }, 60_000);
});
