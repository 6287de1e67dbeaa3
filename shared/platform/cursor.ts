/** Cursors of keyset pages: the place of a page's last item, good for the one query that gave it out, on either store. */
import type { ContainerName } from './containers.ts';
import { documentHash } from './hash.ts';
import type { IndexValue, Order, Partition, Query } from './store.ts';
import { BadCursor } from './store.ts';

/** Where a page ended: order values, id, then the partition values that the query left open. */
export type Place = readonly IndexValue[];
type PlaceType = 'text' | 'number' | 'boolean';

/** What must be the same for a cursor to go on; the limit and `count` may change between pages. */
function shapeOf(container: ContainerName, partition: Partition, query: Query): string {
  const { kind, where = [], orderBy = [], search } = query;
  const order = orderBy.map(({ path, descending = false }) => [path, descending]);
  return documentHash(JSON.stringify([container, partition, kind, where, order, search ?? null])).slice(0, 12);
}

/** The opaque text (base64url) for a place in a query's order. */
export function cursorOf(container: ContainerName, partition: Partition, query: Query, place: Place): string {
  return Buffer.from(JSON.stringify([shapeOf(container, partition, query), ...place])).toString('base64url');
}

/**
 * The place in a query's cursor, or undefined when it has none. `types` are those of the place's values, in order.
 * Throws `BadCursor` for anything that this query did not give out.
 */
export function placeOf(
  container: ContainerName,
  partition: Partition,
  query: Query,
  types: readonly PlaceType[],
): Place | undefined {
  if (query.cursor === undefined) return undefined;
  const [shape, ...place] = decoded(query.cursor);
  if (shape !== shapeOf(container, partition, query) || place.length !== types.length) throw new BadCursor();
  return place.map((value, at) => checked(value, types[at]));
}

/** Compares places of an order; ids break ties in the direction of its last entry, as the stores do. */
export function comparing(orders: readonly Order[]): (a: Place, b: Place) => number {
  const signs = [...orders, orders.at(-1) ?? { descending: false }].map(({ descending }) => (descending ? -1 : 1));
  return (a, b) => {
    for (const [at, sign] of signs.entries()) {
      const [mine, theirs] = [a[at] ?? '', b[at] ?? ''];
      if (mine !== theirs) return mine < theirs ? -sign : sign;
    }
    return 0;
  };
}

function checked(value: unknown, type: PlaceType | undefined): IndexValue {
  if (type === 'text' && typeof value === 'string') return value;
  if (type === 'number' && typeof value === 'number') return value;
  if (type === 'boolean' && typeof value === 'boolean') return value;
  throw new BadCursor();
}

function decoded(cursor: string): readonly unknown[] {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.toString('base64url') !== cursor) throw new BadCursor();
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (Array.isArray(value)) return value;
  } catch {
    // Not JSON: as bad as any other.
  }
  throw new BadCursor();
}
