/** Lists of venues: by name, by place, and those free for a window (REQ-VEN-005, 025, 035, 036). */
import { z } from 'zod';
import { claimsOf } from '../claims/engine.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY } from '../platform/clock.ts';
import { comparing, cursorOf, placeOf } from '../platform/cursor.ts';
import { Country, Instant, text, type Window } from '../platform/fields.ts';
import { allIn, anyOf, type ListInput, type Listing, own, shownPage, toQuery } from '../platform/listing.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition, IndexValue, Order, Query } from '../platform/store.ts';
import { extended } from '../platform/windows.ts';
import { fold } from '../platform/words.ts';
import { VenueStatus, VenueType } from './fields.ts';
import { boxesAround, distanceKm, type Near } from './geo.ts';
import { isOpen } from './hours.ts';
import { type VenueState, venueResource, venues } from './model.ts';
import { item } from './views.ts';
import { zoneOf } from './zone.ts';

type Venue = Entity<VenueState>;
interface Found {
  readonly venue: Venue;
  readonly distanceKm?: number;
}

const MOST_KM = 20_038;
/** Venues within the distance that a page by distance may have to sort. */
const MOST_NEAR = 2000;
/** Candidates looked at for one page of free venues; a cursor goes on after them. */
const MOST_EXAMINED = 1000;
/** Looked at together, beyond those still wanted. */
const SPARE = 20;
const LONGEST_STAY = 92 * DAY;

function nearOf(value: string): Near | undefined {
  const parts = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [lat = Number.NaN, lon = Number.NaN, km = Number.NaN] = parts;
  const sound = parts.length === 3 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && km > 0 && km <= MOST_KM;
  return sound ? { lat, lon, km } : undefined;
}

const NearText = z
  .string()
  .max(100)
  .transform((value, context): Near => {
    const near = nearOf(value);
    if (near) return near;
    const message = 'must be latitude, longitude and kilometres, such as 51.5,-0.12,10';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .meta({
    description: 'Latitude, longitude, kilometres; nearest first unless sorted',
    example: '51.5,-0.12,10',
    override: { type: 'string', maxLength: 100 },
  });

const folded = (max: number) =>
  text(1, max)
    .transform(fold)
    .meta({ override: { type: 'string', maxLength: max } });
const minCapacity = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional();

const filters = {
  status: anyOf('status', VenueStatus),
  type: anyOf('type', VenueType),
  city: anyOf('city', folded(100)),
  country: anyOf('country', Country),
  amenity: allIn('amenities', folded(60)),
  /** At least so many people. */
  minCapacity: own(minCapacity.meta({ description: 'At least so many people; smallest first unless sorted' })),
  near: own(NearText.optional()),
};
const sorts = { name: 'name', capacity: 'capacity', createdAt: 'createdAt' };

export const venueListing: Listing = { filters, sorts, defaultSort: 'name', search: true };

const { status: _, ...freeFilters } = filters;
export const freeVenueListing: Listing = {
  filters: {
    from: own(Instant.meta({ description: 'Inclusive' })),
    to: own(Instant.meta({ description: 'Exclusive; at most 92 days after from', example: '2026-11-20T17:00:00Z' })),
    ...freeFilters,
  },
  sorts,
  defaultSort: 'name',
  search: false,
};

/** What `own` filters parsed. */
interface Own {
  readonly near?: Near;
  readonly minCapacity?: number;
  readonly from?: string;
  readonly to?: string;
}

/**
 * The store query of a list. `minCapacity` without a sort goes by capacity, so that the index begins where the answer
 * does; with another sort it is a filter on the way.
 */
function queryOf(listing: Listing, input: ListInput, always: readonly Condition[] = []): Query {
  const { minCapacity: least, near } = input as Own;
  const where: Condition[] = [...always, ...(least === undefined ? [] : [{ path: 'capacity', gte: least }])];
  const byCapacity = least !== undefined && near === undefined && input.sort === undefined && input.q === undefined;
  return { ...toQuery(listing, byCapacity ? { ...input, sort: 'capacity' } : input, where), kind: venues.kind };
}

export async function listVenues(scope: Scope, input: ListInput) {
  const query = queryOf(venueListing, input);
  const { near } = input as Own;
  if (!near) {
    const page = await scope.of(venues).list(query);
    return shownPage({ ...page, items: await Promise.all(page.items.map((venue) => item(scope, venue))) }, same);
  }
  const found = await foundNear(scope, query, near, input.sort !== undefined);
  const items = found.after.slice(0, input.limit);
  const more = found.after.length > input.limit;
  return page(scope, items, more ? found.cursorAt(items.at(-1)) : undefined, input.count ? found.total : undefined);
}

/** Active venues that are open and free for the whole window, their turnaround after it included. */
export async function freeVenues(scope: Scope, input: ListInput) {
  const { near, from = '', to = '' } = input as Own;
  const window = { start: from, end: to };
  if (from >= to) throw invalid('query.to', 'order', 'must be after from');
  if (Date.parse(to) - Date.parse(from) > LONGEST_STAY) {
    throw invalid('query.to', 'too_far', 'must be at most 92 days after from');
  }
  if (input.count) throw invalid('query.count', 'not_countable', 'cannot be told without looking at every venue');
  const query = queryOf(freeVenueListing, input, [{ path: 'status', eq: 'active' }]);
  const source = near
    ? await foundNear(scope, query, near, input.sort !== undefined)
    : { cursorAt: (last: Found | undefined) => storeCursor(scope, query, last), chunk: storeChunks(scope, query) };
  const free: Found[] = [];
  let examined = 0;
  let last: Found | undefined;
  for (;;) {
    const size = Math.min(100, input.limit - free.length + SPARE);
    const chunk = 'chunk' in source ? await source.chunk(size) : source.after.slice(examined, examined + size);
    if (chunk.length === 0) return page(scope, free);
    const fits = new Set(await freeOf(scope, chunk, window));
    for (const candidate of chunk) {
      if (free.length === input.limit) return page(scope, free, source.cursorAt(last));
      if (fits.has(candidate.venue.id)) free.push(candidate);
      last = candidate;
      examined += 1;
    }
    if (examined >= MOST_EXAMINED) return page(scope, free, source.cursorAt(last));
  }
}

async function freeOf(scope: Scope, chunk: readonly Found[], window: Window): Promise<string[]> {
  const open: Venue[] = [];
  for (const { venue } of chunk) {
    const { openingHours, timeZone } = venue.state;
    if (!openingHours || isOpen(openingHours, await zoneOf(timeZone, window), window)) open.push(venue);
  }
  // One look-up for each length of turnaround: mostly one in all.
  const byTurnaround = new Map<number, Venue[]>();
  for (const venue of open) {
    const minutes = venue.state.turnaroundMinutes;
    byTurnaround.set(minutes, [...(byTurnaround.get(minutes) ?? []), venue]);
  }
  const free: string[] = [];
  for (const [minutes, some] of byTurnaround) {
    const resources = some.map(({ id, state }) => ({ resource: venueResource(id), capacity: state.bookable }));
    const fits = new Set(await claimsOf(scope).freeAmong(resources, extended(window, minutes), 1));
    free.push(...some.filter(({ id }) => fits.has(venueResource(id))).map(({ id }) => id));
  }
  return free;
}

function storeChunks(scope: Scope, query: Query): (size: number) => Promise<Found[]> {
  let next: string | undefined = query.cursor;
  let ended = false;
  return async (limit) => {
    if (ended) return [];
    const { cursor: _, ...rest } = query;
    const some = await scope.of(venues).list({ ...rest, limit, ...(next === undefined ? {} : { cursor: next }) });
    next = some.cursor;
    ended = next === undefined;
    return some.items.map((venue) => ({ venue }));
  };
}

/** The store's own cursor after any venue of a list. */
function storeCursor(scope: Scope, query: Query, last: Found | undefined): string | undefined {
  return (
    last && cursorOf(venues.container, [scope.orgId], query, [...sortValues(query.orderBy ?? [], last), last.venue.id])
  );
}

function sortValues(orders: readonly Order[], { venue }: Found): IndexValue[] {
  const { ix } = venues.index(venue.state, venue.meta);
  return orders.map(({ path }) => ix?.[path] ?? '');
}

/**
 * Everything within the distance that matches, sorted here: distances are not in any index. Costs the venues in the
 * box around the circle, at most 2,000, whatever the organization has elsewhere.
 */
async function foundNear(scope: Scope, query: Query, near: Near, sorted: boolean) {
  const { cursor: _, limit: __, count: ___, orderBy, ...asked } = query;
  const candidates: Found[] = [];
  for (const { south, north, west, east } of boxesAround(near)) {
    const where: Condition[] = [
      ...(query.where ?? []),
      { path: 'lat', gte: south, lte: north },
      { path: 'lon', gte: west, lte: east },
    ];
    const order = query.search ? {} : { orderBy: [{ path: 'lat' }, { path: 'lon' }] };
    let next: string | undefined;
    do {
      const from = next === undefined ? {} : { cursor: next };
      const some = await scope.of(venues).list({ ...asked, where, ...order, limit: 1000, ...from });
      for (const venue of some.items) {
        const km = venue.state.location ? distanceKm(near, venue.state.location) : Number.POSITIVE_INFINITY;
        if (km <= near.km) candidates.push({ venue, distanceKm: km });
      }
      if (candidates.length > MOST_NEAR) {
        throw invalid('query.near', 'too_wide', `has more than ${MOST_NEAR} venues within; ask for fewer kilometres`);
      }
      next = some.cursor;
    } while (next !== undefined);
  }
  // By distance, else by the list's own order; ids break ties in the direction of the last entry, as the store does.
  const orders: readonly Order[] = sorted && orderBy ? orderBy : [];
  const placeOfFound = (found: Found): IndexValue[] => [
    ...(orders.length === 0 ? [found.distanceKm ?? 0] : sortValues(orders, found)),
    found.venue.id,
  ];
  const compare = comparing(orders.length === 0 ? [{ path: 'distance' }] : orders);
  const all = candidates
    .map((found) => ({ found, place: placeOfFound(found) }))
    .sort((a, b) => compare(a.place, b.place));
  // A cursor of its own kind, so that it fits no other list, and no other point or distance.
  const mine: Query = { ...query, kind: `${query.kind} near ${near.lat},${near.lon},${near.km}`, orderBy: orders };
  const types = orders.map(({ path }) => (path === 'capacity' ? 'number' : 'text'));
  const place = placeOf(venues.container, [scope.orgId], mine, [
    ...(types.length === 0 ? ['number' as const] : types),
    'text',
  ]);
  return {
    total: all.length,
    after: all.filter((entry) => !place || compare(entry.place, place) > 0).map(({ found }) => found),
    cursorAt: (last: Found | undefined) => last && cursorOf(venues.container, [scope.orgId], mine, placeOfFound(last)),
  };
}

const same = <T>(value: T): T => value;

async function page(scope: Scope, found: readonly Found[], cursor?: string, total?: number) {
  const items = await Promise.all(found.map(({ venue, distanceKm: km }) => item(scope, venue, km)));
  const more = { ...(cursor === undefined ? {} : { cursor }), ...(total === undefined ? {} : { total }) };
  return shownPage({ items, ...more }, same);
}
