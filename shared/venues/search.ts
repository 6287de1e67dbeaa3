/** Lists of venues: by name, by place, and those free for a window (REQ-VEN-005, 025, 035, 036). */
import * as z from 'zod';
import { claimsOf } from '../claims/engine.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY } from '../platform/clock.ts';
import { Country, Instant, text, type Window } from '../platform/fields.ts';
import { allIn, anyOf, type ListInput, type Listing, own, shownPage, toQuery } from '../platform/listing.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition, Query } from '../platform/store.ts';
import { extended } from '../platform/windows.ts';
import { fold } from '../platform/words.ts';
import { zoneOf } from '../platform/zone.ts';
import { candidates, candidatesNear, type Found } from './candidates.ts';
import { VenueStatus, VenueType } from './fields.ts';
import type { Near } from './geo.ts';
import { isOpen } from './hours.ts';
import { type VenueState, venueResource, venues } from './model.ts';
import { item } from './views.ts';

const MOST_KM = 20_038;
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

/** One page of venues, whatever they are found by. */
export async function listVenues(scope: Scope, input: ListInput) {
  const query = queryOf(venueListing, input);
  const { near } = input as Own;
  if (!near) {
    const page = await scope.of(venues).list(query);
    return shownPage({ ...page, items: await Promise.all(page.items.map((venue) => item(scope, venue))) }, same);
  }
  const source = await candidatesNear(scope, query, near, input.sort !== undefined);
  const some = await source.next(input.limit + 1);
  const found = some.slice(0, input.limit);
  const last = some.length > input.limit ? found.at(-1) : undefined;
  return page(scope, found, last && source.cursorAfter(last), input.count ? source.total : undefined);
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
  const sorted = input.sort !== undefined;
  const source = near ? await candidatesNear(scope, query, near, sorted) : candidates(scope, query);
  const free: Found[] = [];
  let examined = 0;
  let last: Found | undefined;
  for (;;) {
    const some = await source.next(Math.min(100, input.limit - free.length + SPARE));
    if (some.length === 0) return page(scope, free);
    const fits = new Set(await freeOf(scope, some, window));
    for (const candidate of some) {
      if (free.length === input.limit) return page(scope, free, last && source.cursorAfter(last));
      if (fits.has(candidate.venue.id)) free.push(candidate);
      last = candidate;
    }
    examined += some.length;
    if (examined >= MOST_EXAMINED) return page(scope, free, last && source.cursorAfter(last));
  }
}

async function freeOf(scope: Scope, chunk: readonly Found[], window: Window): Promise<string[]> {
  const open: Entity<VenueState>[] = [];
  for (const { venue } of chunk) {
    const { openingHours, timeZone } = venue.state;
    if (!openingHours || isOpen(openingHours, await zoneOf(timeZone, window), window)) open.push(venue);
  }
  // One look-up for each length of turnaround: mostly one in all.
  const byTurnaround = new Map<number, Entity<VenueState>[]>();
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

const same = <T>(value: T): T => value;

async function page(scope: Scope, found: readonly Found[], cursor?: string, total?: number) {
  const items = await Promise.all(found.map(({ venue, distanceKm: km }) => item(scope, venue, km)));
  const more = { ...(cursor === undefined ? {} : { cursor }), ...(total === undefined ? {} : { total }) };
  return shownPage({ items, ...more }, same);
}
