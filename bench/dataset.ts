/**
 * Data for the bench: a large and a small organization, made through the API where one of a kind is enough and cloned in
 * the store where thousands are needed (as already delivered: without facts).
 */

import type { Claim } from '../shared/claims/model.ts';
import { claimDocument } from '../shared/claims/stored.ts';
import { categories } from '../shared/equipment/model.ts';
import { DAY, HOUR, later } from '../shared/platform/clock.ts';
import type { ContainerName } from '../shared/platform/containers.ts';
import type { Platform } from '../shared/platform/scope.ts';
import type { Document, Json, Store, Write } from '../shared/platform/store.ts';
import { fold, wordsOf } from '../shared/platform/words.ts';
import { type Client, registered } from './client.ts';

export interface Organization {
  readonly token: string;
  readonly orgId: string;
  readonly customerIds: readonly string[];
  readonly eventIds: readonly string[];
  readonly venueIds: readonly string[];
  readonly typeId: string;
  readonly itemIds: readonly string[];
  /** A month with claims in it, at the first venue. */
  readonly month: string;
  readonly range: string;
}

const BATCH = 50;
const VENUES = 50;
const MOST_ITEMS = 10_000;
const SYLLABLES = [
  'ka',
  'lo',
  'mi',
  'ren',
  'tos',
  'vel',
  'dor',
  'sha',
  'nu',
  'bri',
  'gan',
  'pe',
  'qui',
  'zam',
  'fel',
  'hux',
  'jo',
  'wyn',
  'yar',
  'ost',
];

/** A pronounceable word for each number; neighbours differ from their beginning on. */
export function wordFor(n: number): string {
  let word = '';
  for (let rest = n * 7919 + 13, length = 0; length < 4; length += 1) {
    word += SYLLABLES[rest % SYLLABLES.length];
    rest = Math.floor(rest / SYLLABLES.length) + 17;
  }
  return word;
}

type Body = { readonly state: Record<string, Json>; readonly meta: Json; readonly uniques: readonly string[] };

async function cloned(
  store: Store,
  container: ContainerName,
  orgId: string,
  sample: string,
  ids: readonly string[],
  vary: (
    n: number,
    sample: Document,
    state: Record<string, Json>,
  ) => Partial<Document> & { state: Record<string, Json> },
): Promise<void> {
  const stored = await store.read(container, [orgId], sample);
  if (!stored) throw new Error(`The sample ${sample} is not in ${container}`);
  const { document } = stored;
  const body = document.body as unknown as Body;
  for (let from = 0; from < ids.length; from += BATCH) {
    const writes = ids.slice(from, from + BATCH).map((id, at): Write => {
      const { state, ...rest } = vary(from + at, document, { ...body.state });
      return {
        op: 'create',
        document: { ...document, ...rest, id, body: { ...body, state, uniques: [] } as unknown as Json },
      };
    });
    await store.commit(container, [orgId], writes);
  }
}

/** An organization of `records` customers, events and claims. */
export async function organizationOf(
  platform: Platform,
  client: Client,
  name: string,
  records: number,
): Promise<Organization> {
  const { token, orgId } = await registered(client, name);
  const post = async (path: string, body: unknown) => (await client.json('POST', path, body, token)) as { id: string };
  const typeId =
    ((await client.json('GET', 'event-types?limit=1', undefined, token)) as { data: { id: string }[] }).data[0]?.id ??
    '';
  const venueIds: string[] = [];
  for (let n = 0; n < VENUES; n += 1) {
    const venue = await post('venues', {
      name: `Hall ${n}`,
      type: 'hall',
      address: { line1: '1 Street', city: 'London', postalCode: 'SE1 9TG', country: 'GB' },
      timeZone: 'Europe/London',
      capacity: { max: 500 },
    });
    venueIds.push(venue.id);
  }
  const customer = await post('customers', {
    name: 'Sample Company',
    type: 'enterprise',
    primaryEmail: 'sample@company.example',
    primaryPhone: '+442079460018',
  });
  const now = platform.clock.now();
  const start = `${later(now, 40 * DAY).slice(0, 10)}T08:00:00Z`;
  const event = await post('events', {
    title: 'Sample event',
    eventTypeId: typeId,
    customerId: customer.id,
    venueId: venueIds[1],
    startsAt: start,
    endsAt: later(start, 2 * HOUR),
  });
  const customerIds = Array.from({ length: records }, () => platform.ids.next());
  await cloned(platform.store, 'customers', orgId, customer.id, customerIds, (n, sample, state) => {
    const title = `${wordFor(n)} ${wordFor(n + 1_000_003)}`;
    return {
      state: { ...state, name: title, primaryEmail: `${wordFor(n)}@c${n}.example` },
      ix: { ...sample.ix, name: fold(title), email: `${wordFor(n)}@c${n}.example` },
      words: wordsOf(title, `CUS-${n}`, `${wordFor(n)}@c${n}.example`),
    };
  });
  const eventIds = Array.from({ length: records }, () => platform.ids.next());
  await cloned(platform.store, 'events', orgId, event.id, eventIds, (n, sample, state) => {
    const startsAt = later(start, n * 10 * 60_000 - 200 * DAY);
    const status = n % 3 === 0 ? 'confirmed' : n % 3 === 1 ? 'approved' : 'draft';
    const customerId = customerIds[n % customerIds.length] ?? '';
    const venueId = venueIds[n % VENUES] ?? '';
    const title = `${wordFor(n)} gala`;
    return {
      state: { ...state, title, startsAt, endsAt: later(startsAt, 2 * HOUR), status, customerId, venueId },
      ix: { ...sample.ix, startsAt, status, title: fold(title), customerId, venueId, dueAt: later(now, 4000 * DAY) },
      words: wordsOf(title, `EVT-${n}`),
    };
  });
  const item = await post('equipment', {
    name: 'Sample table',
    category: 'table',
    quantity: 50,
    purchaseDate: later(now, -30 * DAY).slice(0, 10),
    purchasePrice: { amount: 20_000, currency: 'USD' },
  });
  const itemIds = Array.from({ length: Math.min(records, MOST_ITEMS) }, () => platform.ids.next());
  await cloned(platform.store, 'equipment', orgId, item.id, itemIds, (n, sample, state) => {
    const name = `${wordFor(n)} ${wordFor(n + 2_000_003)}`;
    const category = categories[n % categories.length] ?? 'other';
    return {
      state: { ...state, name, category, manufacturer: wordFor(n % 50) },
      ix: { ...sample.ix, name: fold(name), category },
      words: wordsOf(name, wordFor(n % 50)),
    };
  });
  await claimsOf(platform, orgId, venueIds[0] ?? '', start, records);
  const month = later(start, 30 * DAY).slice(0, 7);
  const range = `from=${month}-01T00:00:00Z&to=${month}-28T00:00:00Z`;
  return { token, orgId, customerIds, eventIds, venueIds, typeId, itemIds, month, range };
}

/** `records` claims of an hour each on one venue, back to back around `start`: a venue with a long history. */
async function claimsOf(
  platform: Platform,
  orgId: string,
  venueId: string,
  start: string,
  records: number,
): Promise<void> {
  const resource = `venue:${venueId}` as const;
  const head: Write = { op: 'upsert', document: { id: 'head', kind: 'head', body: { capacity: 1, revision: 1 } } };
  await platform.store.commit('claims', [orgId, resource], [head]);
  // Most lie in the past; from `start` on there are three a day, as a busy venue has.
  const hour = (n: number) =>
    n < 180 ? later(start, Math.floor(n / 3) * DAY + (n % 3) * 4 * HOUR) : later(start, -(n - 179) * HOUR);
  for (let from = 0; from < records; from += BATCH) {
    const writes = Array.from({ length: Math.min(BATCH, records - from) }, (_, at): Write => {
      const window = { start: hour(from + at), end: later(hour(from + at), HOUR) };
      const claim: Claim = {
        id: platform.ids.next(),
        resource,
        quantity: 1,
        windows: [window],
        use: window,
        owner: { type: 'block', id: venueId },
        mode: 'firm',
        state: 'active',
      };
      return { op: 'create', document: claimDocument(orgId, claim) };
    });
    await platform.store.commit('claims', [orgId, resource], writes);
  }
}
