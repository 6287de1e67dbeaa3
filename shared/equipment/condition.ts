/** The conditions of equipment, and the step from one to another. Pure. */
import type { ItemFact } from './model.ts';

/** Best first. */
export const conditions = ['excellent', 'good', 'fair', 'poor', 'needsRepair', 'outOfService'] as const;
export type Condition = (typeof conditions)[number];

/** The fact of a step up or down; none where the condition stays (REQ-EQP-061). */
export function conditionStep(from: Condition, to: Condition, reason?: string): readonly ItemFact[] {
  if (from === to) return [];
  const better = conditions.indexOf(to) < conditions.indexOf(from);
  const type = better ? 'EquipmentConditionUpgraded' : 'EquipmentConditionDowngraded';
  return [{ type, data: { from, to, ...(reason === undefined ? {} : { reason }) } }];
}
