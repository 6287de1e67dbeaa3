/** Other venues for an event whose venue is taken: near ones before far ones (REQ-EVT-052). */
import { claimsOf } from '../claims/engine.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition, Order } from '../platform/store.ts';
import { fold } from '../platform/words.ts';
import { boxesAround, distanceKm, type VenueState, venueResource, venues } from '../venues/model.ts';
import { claimedWindow, type Slot } from './times.ts';

const MOST_VENUES = 3;
/** So many are looked at in each ring around the venue. */
const MOST_CANDIDATES = 200;
/** Near, though perhaps in another city. */
const NEAR_KM = 50;

export interface OtherVenue {
  readonly id: string;
  readonly name: string;
  readonly city: string;
  readonly capacity: number;
}
type Venue = Entity<VenueState>;

/**
 * Active venues at least as large that are free for the slot: of the same city, then within 50 km, then of the same
 * country, then any; within each the nearest first, else the smallest. Two queries (venues, claims) for each ring that
 * has to be looked at; mostly the first is enough.
 */
export async function otherVenues(scope: Scope, slot: Slot, venueId: string): Promise<readonly OtherVenue[]> {
  const wanted = await scope.of(venues).get(venueId);
  const seen = new Set([venueId]);
  const found: Venue[] = [];
  for (const { where, orderBy } of ringsAround(wanted.state)) {
    if (found.length >= MOST_VENUES) break;
    const fitting: readonly Condition[] = [
      { path: 'status', eq: 'active' },
      { path: 'capacity', gte: wanted.state.capacity.max },
    ];
    const page = await scope.of(venues).list({ where: [...fitting, ...where], orderBy, limit: MOST_CANDIDATES });
    const fresh = page.items.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    found.push(...(await freeOf(scope, fresh, slot)).sort(nearestTo(wanted.state)));
  }
  return found.slice(0, MOST_VENUES).map(({ id, state }) => ({
    id,
    name: state.name,
    city: state.address.city,
    capacity: state.capacity.max,
  }));
}

interface Ring {
  readonly where: readonly Condition[];
  readonly orderBy: readonly Order[];
}

/** From the inside out; each takes in those before. */
function ringsAround({ address: { city, country }, location }: VenueState): readonly Ring[] {
  const bySize = [{ path: 'capacity' }];
  const inCountry = { path: 'country', eq: country };
  const boxes = location ? boxesAround({ ...location, km: NEAR_KM }) : [];
  return [
    { where: [{ path: 'city', eq: fold(city) }, inCountry], orderBy: bySize },
    ...boxes.map(({ south, north, west, east }) => ({
      where: [
        { path: 'lat', gte: south, lte: north },
        { path: 'lon', gte: west, lte: east },
      ],
      orderBy: [{ path: 'lat' }, { path: 'lon' }],
    })),
    { where: [inCountry], orderBy: bySize },
    { where: [], orderBy: bySize },
  ];
}

/** Those whose distance is unknown come last. */
function nearestTo({ location }: VenueState): (a: Venue, b: Venue) => number {
  const km = ({ state }: Venue) =>
    location && state.location ? distanceKm(location, state.location) : Number.MAX_SAFE_INTEGER;
  return (a, b) => km(a) - km(b) || a.state.capacity.max - b.state.capacity.max;
}

/** Each for its own turnaround: one query for each length of it, mostly one in all. */
async function freeOf(scope: Scope, candidates: readonly Venue[], slot: Slot): Promise<Venue[]> {
  const free = new Set<string>();
  for (const minutes of new Set(candidates.map(({ state }) => state.turnaroundMinutes))) {
    const same = candidates.filter(({ state }) => state.turnaroundMinutes === minutes);
    const resources = same.map(({ id, state }) => ({ resource: venueResource(id), capacity: state.bookable }));
    const found = await claimsOf(scope).freeAmong(resources, claimedWindow(slot, minutes), 1);
    for (const resource of found) free.add(resource);
  }
  return candidates.filter(({ id }) => free.has(venueResource(id)));
}
