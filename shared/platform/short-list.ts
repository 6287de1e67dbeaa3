/** Lists that are read whole because they are short: sorted, paged and counted here, as every list is asked for. */
import { comparing, cursorOf, type Place, placeOf } from './cursor.ts';
import { type ListInput, type Listing, toQuery } from './listing.ts';
import type { IndexValue, Query } from './store.ts';

interface ShortList<T> {
  readonly items: readonly T[];
  /** Names the list and whose it is: a cursor is good for no other. */
  readonly name: readonly string[];
  readonly idOf: (item: T) => string;
  /** The value that a sort of the listing goes by; never of two types. */
  readonly sortedBy: (item: T, path: string) => IndexValue;
}

/** One page. Throws `invalid` for a sort that is not known, `BadCursor`. */
export function shortPage<T>(listing: Listing, input: ListInput, { items, name, idOf, sortedBy }: ShortList<T>) {
  const query: Query = { ...toQuery(listing, input), kind: 'short-list' };
  const { orderBy = [], limit } = query;
  const compare = comparing(orderBy);
  const all = items
    .map((item) => ({ item, place: [...orderBy.map(({ path }) => sortedBy(item, path)), idOf(item)] as Place }))
    .sort((one, other) => compare(one.place, other.place));
  const types = all[0]?.place.map(typeOf);
  const from = types && placeOf('system', name, query, types);
  const rest = all.filter(({ place }) => !from || compare(place, from) > 0);
  const shown = rest.slice(0, limit);
  const last = rest.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(({ item }) => item),
    ...(last ? { cursor: cursorOf('system', name, query, last.place) } : {}),
    ...(input.count ? { total: all.length } : {}),
  };
}

function typeOf(value: IndexValue): 'text' | 'number' | 'boolean' {
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'number' : 'boolean';
}
