/** Whether units are free, and what else would be; nothing is taken (REQ-EQP-030). */
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { equipmentResource, type ItemState, unitsToTake } from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Window } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { type Alternative, candidatesOf, nearest } from './alternatives.ts';
import { checkReservable } from './checks.ts';
import { titled } from './clashes.ts';
import { itemsOf, type Ordered } from './context.ts';

/** Of one item. */
export interface Availability {
  readonly equipmentId: string;
  readonly quantity: number;
  readonly available: boolean;
  readonly free: number;
  readonly short: number;
  /** The rule that keeps it from being reserved at all, if one does. */
  readonly rule?: string;
  readonly conflicts: readonly Clash[];
  readonly alternatives: readonly Alternative[];
}

/** Two looks an item, side by side, and for those that are short two a category. Throws `invalid` for unknown items. */
export async function checkAvailability(
  scope: Scope,
  ordered: readonly Ordered[],
  window: Window,
): Promise<readonly Availability[]> {
  const asked = await itemsOf(scope, ordered);
  const free = await Promise.all(
    asked.map(({ item }) => claimsOf(scope).free(equipmentResource(item.id), window, unitsToTake(item.state))),
  );
  const candidates = new Map<string, ReturnType<typeof candidatesOf>>();
  return Promise.all(
    asked.map(async ({ item, quantity }, at): Promise<Availability> => {
      const there = free[at] ?? 0;
      const rule = ruleAgainst(item.state, window.start);
      const short = Math.max(0, quantity - there);
      const answer = { equipmentId: item.id, quantity, free: there, short, ...(rule === undefined ? {} : { rule }) };
      if (short === 0 && rule === undefined) return { available: true, conflicts: [], alternatives: [], ...answer };
      const { category } = item.state;
      const others = candidates.get(category) ?? candidatesOf(scope, category, window);
      candidates.set(category, others);
      const conflicts = short === 0 ? [] : await clashesOf(scope, item, quantity, window);
      return { available: false, conflicts, alternatives: nearest(item, quantity, await others), ...answer };
    }),
  );
}

function ruleAgainst(item: ItemState, from: string): string | undefined {
  try {
    checkReservable(item, from);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal && typeof error.extra.rule === 'string') return error.extra.rule;
    throw error;
  }
}

async function clashesOf(
  scope: Scope,
  { id, state }: Pick<Entity<ItemState>, 'id' | 'state'>,
  quantity: number,
  window: Window,
): Promise<readonly Clash[]> {
  const resource = equipmentResource(id);
  const asked = { resource, quantity, windows: [window], capacity: unitsToTake(state) };
  return titled(scope, await claimsOf(scope).check(asked));
}
