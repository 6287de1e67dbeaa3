/** The business rules of maintenance by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const maintenanceRules = {
  'item-retired': 'retired equipment gets no maintenance',
  'end-in-future': 'maintenance ends in the future when it is scheduled and when its time changes',
  'units-in-stock': 'maintenance is of no more units than are in stock; `inStock` says how many are',
  'units-on-shelf': 'maintenance starts when its units are in the warehouse; `onShelf` says how many are',
  'begun-is-fixed': 'maintenance that was started keeps its start and its units',
  'failed-needs-repair': 'after a failed inspection the condition is needsRepair or outOfService',
} as const;
type MaintenanceRule = keyof typeof maintenanceRules;

/** `rule_broken`. */
export function breaks(rule: MaintenanceRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
