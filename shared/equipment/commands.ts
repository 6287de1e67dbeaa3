/** Commands on equipment, by its people. What happens to its units elsewhere is in `tracking.ts` and in maintenance (ADR 0014). */
import { organizationDefaults, organizations } from '../identity/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, later } from '../platform/clock.ts';
import { localDate } from '../platform/local-date.ts';
import type { Revise } from '../platform/merge-patch.ts';
import type { Scope } from '../platform/scope.ts';
import type { ConditionChange, ItemChanges, NewItem } from './fields.ts';
import { type ItemState, items } from './model.ts';
import * as rules from './rules.ts';
import { closing, cutOf, settleCapacity } from './stock.ts';

type Item = Entity<ItemState>;

/** The organization's own day matters only where the date is about today's, wherever that is. */
async function presentFor(scope: Scope, purchaseDate: string): Promise<rules.Present> {
  const now = scope.now();
  if (purchaseDate < later(now, -DAY).slice(0, 10)) return { now, today: now.slice(0, 10) };
  const organization = await scope.of(organizations).find(scope.orgId);
  return { now, today: localDate(now, (organization?.state ?? organizationDefaults).timeZone) };
}

/** REQ-EQP-001. Throws `invalid` for dates in the future, `already_exists` for a name or a barcode in use. */
export async function addItem(scope: Scope, fields: NewItem): Promise<Item> {
  const present = await presentFor(scope, fields.purchaseDate);
  return scope.of(items).create(scope.newId(), () => rules.add(fields, scope.orgId, present));
}

/**
 * PUT and PATCH. Stock does not fall below what is reserved at its peak, not even by a reservation that is made in the
 * same instant: for that moment the conflict engine keeps the units that are to go. Throws `rule_broken` with what is
 * in the way.
 */
export async function reviseItem(scope: Scope, itemId: string, revise: Revise<ItemChanges>): Promise<Item> {
  const cut = cutOf(scope, itemId);
  let units = Number.NaN;
  try {
    const item = await scope.of(items).execute(itemId, async (state) => {
      units = state.quantity;
      const next = revise(rules.fieldsOf(state));
      const facts = rules.revise(state, next, await presentFor(scope, next.purchaseDate));
      if (next.quantity < state.quantity) await cut.guard(state, next.quantity);
      return facts;
    });
    if (item.state.quantity !== units) await settleCapacity(scope, itemId);
    return item;
  } finally {
    await cut.letGo();
  }
}

/** REQ-EQP-006. */
export async function activateItem(scope: Scope, itemId: string, reason: string | undefined): Promise<Item> {
  const item = await scope
    .of(items)
    .execute(itemId, (state) => (scope.retried && state.active ? [] : rules.activate(state, reason)));
  await settleCapacity(scope, itemId);
  return item;
}

/** REQ-EQP-007. Throws `rule_broken` with the reservations while there are active ones. */
export async function deactivateItem(scope: Scope, itemId: string, reason: string | undefined): Promise<Item> {
  const item = await scope.of(items).expected(itemId);
  if (scope.retried && !item.state.active) return item;
  // What does not follow from its state is refused before its reservations are asked for.
  rules.deactivate(item.state, reason);
  return closing(scope, itemId, item.state, () =>
    scope.of(items).execute(itemId, (state) => rules.deactivate(state, reason)),
  );
}

/** REQ-EQP-005. Throws `rule_broken` with the reservations while there are active ones. */
export async function removeItem(scope: Scope, itemId: string): Promise<void> {
  const { state } = await scope.of(items).expected(itemId);
  await closing(scope, itemId, state, () =>
    scope.of(items).execute(itemId, ({ name }) => [{ type: 'EquipmentItemRemoved', data: { name } }]),
  );
}

/** REQ-EQP-063: out of use for good, whatever it is reserved for. Throws `wrong_state` for one that is retired. */
export async function retireItem(scope: Scope, itemId: string, reason: string): Promise<Item> {
  const item = await scope
    .of(items)
    .execute(itemId, (state) => (scope.retried && state.retired ? [] : rules.retire(state, scope.now(), reason)));
  await settleCapacity(scope, itemId);
  return item;
}

/** REQ-EQP-061. Throws `wrong_state` for one that is retired. */
export function reviseCondition(scope: Scope, itemId: string, revise: Revise<ConditionChange>): Promise<Item> {
  return scope.of(items).execute(itemId, (state) => rules.setCondition(state, revise({ condition: state.condition })));
}
