/** Tells of preventive maintenance that is due: found by an index over all organizations, told once a due date (REQ-EQP-055). */
import { items, preventiveTelling } from '../equipment/model.ts';
import { dueOf } from '../platform/due.ts';
import type { Scope } from '../platform/scope.ts';

/** Items of all organizations of which something is to be told by now. */
export const itemsToTellOf = (scope: Scope) => dueOf(scope, items, 'preventiveTellAt');

/** Tells of one item; nothing when another process was faster. `scope` is its organization's. */
export async function tellOfPreventive(scope: Scope, id: string): Promise<void> {
  await scope.of(items).execute(id, (item) => {
    if (!item.active || item.retired) return [];
    const telling = preventiveTelling(item, scope.now());
    if (!telling) return [];
    const type = telling.as === 'soon' ? 'EquipmentPreventiveDueSoon' : 'EquipmentPreventiveOverdue';
    return [{ type, data: { name: item.name, dueAt: telling.dueAt } }];
  });
}
