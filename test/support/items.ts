/** Items straight in the store, for tests of those who only need some to be there. */
import { type ItemFact, type ItemFields, type ItemState, items } from '../../shared/equipment/model.ts';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Scope } from '../../shared/platform/scope.ts';

let made = 0;

interface Wanted extends Partial<ItemFields> {
  readonly nextPreventiveDueAt?: string;
}

/** A piece of equipment of ten units, with no preventive maintenance to do for a long time; its id. */
export async function storedItem(scope: Scope, wanted: Wanted = {}): Promise<string> {
  const { nextPreventiveDueAt = '2027-07-10T00:00:00Z', ...over } = wanted;
  made += 1;
  const fields: ItemFields = {
    name: `Chair ${made}`,
    category: 'seating',
    quantity: 10,
    condition: 'good',
    purchaseDate: '2026-01-10',
    purchasePrice: { amount: 100_000, currency: 'GBP' },
    specifications: [],
    ...over,
  };
  const id = systemIds.next();
  const data = { orgId: scope.orgId, fields, nextPreventiveDueAt };
  await scope.of(items).create(id, () => [{ type: 'EquipmentItemAdded', data }]);
  return id;
}

/** Facts of an item, as other parts of the trade commit them. */
export function happened(scope: Scope, id: string, ...facts: readonly ItemFact[]): Promise<Entity<ItemState>> {
  return scope.of(items).execute(id, () => facts);
}
