/** Lists of equipment and its search (REQ-EQP-010, 011, 090, 091). */
import { anyOf, booleanText, type ListInput, type Listing, shownPage, toQuery } from '../platform/listing.ts';
import type { Scope } from '../platform/scope.ts';
import { Category, Condition, ItemStatus } from './fields.ts';
import { conditions, items } from './model.ts';
import { listedItem } from './views.ts';

export const itemListing: Listing = {
  filters: {
    category: anyOf('category', Category),
    status: anyOf('status', ItemStatus),
    // Kept as its place, best first, so that it sorts.
    condition: anyOf(
      'condition',
      Condition.transform((condition) => conditions.indexOf(condition)),
    ),
    active: anyOf('active', booleanText),
  },
  sorts: { name: 'name', purchaseDate: 'purchaseDate', condition: 'condition', currentValue: 'currentValue' },
  defaultSort: 'name',
  search: true,
};

/** One page of items, found by name, manufacturer, model, serial number or barcode where `q` is given. */
export async function listItems(scope: Scope, input: ListInput) {
  const page = await scope.of(items).list(toQuery(itemListing, input));
  return shownPage(
    { ...page, items: await Promise.all(page.items.map((item) => listedItem(scope, item))) },
    (item) => item,
  );
}
