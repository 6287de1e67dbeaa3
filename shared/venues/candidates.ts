/** Venues of a list one after another, in its order: as the store pages them or, near a place, sorted here. */
import type { Entity } from '../platform/aggregate.ts';
import { comparing, cursorOf, placeOf } from '../platform/cursor.ts';
import { pagesOf } from '../platform/pages.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition, IndexValue, Order, Query } from '../platform/store.ts';
import { boxesAround, distanceKm, type Near } from './geo.ts';
import { type VenueState, venues } from './model.ts';

export interface Found {
  readonly venue: Entity<VenueState>;
  readonly distanceKm?: number;
}

export interface Candidates {
  /** The next ones, fewer than asked for only at the end. */
  next(count: number): Promise<readonly Found[]>;
  /** The list's cursor after one of them. */
  cursorAfter(one: Found): string;
  /** How many there are, cursor aside, where that is known. */
  readonly total?: number;
}

/** Venues within the distance that a page by distance may have to sort. */
const MOST_NEAR = 2000;
const PAGE = 1000;

/** In the order of the store. */
export function candidates(scope: Scope, query: Query): Candidates {
  const { cursor, ...rest } = query;
  let from: Pick<Query, 'cursor'> | undefined = cursor === undefined ? {} : { cursor };
  return {
    async next(limit) {
      if (!from) return [];
      const page = await scope.of(venues).list({ ...rest, limit, ...from });
      from = page.cursor === undefined ? undefined : { cursor: page.cursor };
      return page.items.map((venue) => ({ venue }));
    },
    cursorAfter: (one) => {
      const place = [...sortValues(query.orderBy ?? [], one), one.venue.id];
      return cursorOf(venues.container, [scope.orgId], query, place);
    },
  };
}

function sortValues(orders: readonly Order[], { venue }: Found): IndexValue[] {
  const { ix } = venues.index(venue.state, venue.meta);
  return orders.map(({ path }) => ix?.[path] ?? '');
}

/**
 * Those near a place, nearest first or, when `sorted`, in the order of the query: distances are not in any index. Costs
 * the venues in the box around the circle, at most 2,000, whatever the organization has elsewhere. Throws `invalid`.
 */
export async function candidatesNear(scope: Scope, query: Query, near: Near, sorted: boolean): Promise<Candidates> {
  const orders: readonly Order[] = sorted ? (query.orderBy ?? []) : [];
  const placeOfFound = (found: Found): IndexValue[] => [
    ...(orders.length === 0 ? [found.distanceKm ?? 0] : sortValues(orders, found)),
    found.venue.id,
  ];
  const compare = comparing(orders.length === 0 ? [{ path: 'distance' }] : orders);
  const all = (await foundNear(scope, query, near))
    .map((found) => ({ found, place: placeOfFound(found) }))
    .sort((a, b) => compare(a.place, b.place));
  // A cursor of its own kind, so that it fits no other list, and no other point or distance.
  const mine: Query = { ...query, kind: `${query.kind} near ${near.lat},${near.lon},${near.km}`, orderBy: orders };
  const types = orders.map(({ path }) => (path === 'capacity' ? 'number' : 'text'));
  const from = placeOf(venues.container, [scope.orgId], mine, [
    ...(types.length === 0 ? ['number' as const] : types),
    'text',
  ]);
  const left = all.filter(({ place }) => !from || compare(place, from) > 0).map(({ found }) => found);
  return {
    total: all.length,
    next: async (count) => left.splice(0, count),
    cursorAfter: (one) => cursorOf(venues.container, [scope.orgId], mine, placeOfFound(one)),
  };
}

async function foundNear(scope: Scope, query: Query, near: Near): Promise<Found[]> {
  const { cursor: _, count: __, orderBy: ___, ...asked } = query;
  const order = query.search ? {} : { orderBy: [{ path: 'lat' }, { path: 'lon' }] };
  const found: Found[] = [];
  for (const { south, north, west, east } of boxesAround(near)) {
    const where: Condition[] = [
      ...(query.where ?? []),
      { path: 'lat', gte: south, lte: north },
      { path: 'lon', gte: west, lte: east },
    ];
    const boxed = { ...asked, where, ...order, limit: PAGE };
    for await (const { items } of pagesOf((from) => scope.of(venues).list({ ...boxed, ...from }))) {
      for (const venue of items) {
        const km = venue.state.location ? distanceKm(near, venue.state.location) : Number.POSITIVE_INFINITY;
        if (km <= near.km) found.push({ venue, distanceKm: km });
      }
      if (found.length > MOST_NEAR) {
        throw invalid('query.near', 'too_wide', `has more than ${MOST_NEAR} venues within; ask for fewer kilometres`);
      }
    }
  }
  return found;
}
