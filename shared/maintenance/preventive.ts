/** Tells of preventive maintenance that is due: found by an index over all organizations, told once a due date (REQ-EQP-055). */
import { type ItemState, items, preventiveTelling } from '../equipment/model.ts';
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import type { Query } from '../platform/store.ts';

const PAGE = 100;

interface DueItem {
  readonly orgId: string;
  readonly id: string;
}

/** Items of all organizations of which something is to be told by now, page by page. */
export async function* itemsToTellOf(scope: Scope): AsyncGenerator<DueItem> {
  const { store } = scope.platform;
  const due: Query = {
    kind: items.kind,
    where: [{ path: 'preventiveTellAt', lte: scope.now() }],
    orderBy: [{ path: 'preventiveTellAt' }],
    limit: PAGE,
  };
  for await (const { items: page } of pagesOf((from) => store.query(items.container, [], { ...due, ...from }))) {
    for (const { document } of page) {
      const { state } = document.body as unknown as { readonly state: ItemState };
      yield { orgId: state.orgId, id: document.id };
    }
  }
}

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
