/** The steps of maintenance as decisions: pure, from its state and its item's to the facts of both (REQ-EQP-051 to 055). */
import {
  type Condition,
  conditionStep,
  type ItemFact,
  type ItemState,
  onShelf,
  preventiveDueAfter,
} from '../equipment/model.ts';
import type { Actor } from '../platform/actor.ts';
import { invalid } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { MaintenanceFact, MaintenanceState, MaintenanceType, Outcome } from './model.ts';
import { givenUp, guardStep, moveTo, notRetired, overridden, type Taken } from './rules.ts';

/** The facts of the maintenance and those of its item; they are committed as one. */
export interface Decision {
  readonly own: readonly MaintenanceFact[];
  readonly item: readonly ItemFact[];
}

/** Throws unless it can be started now. The units its start takes off the shelf; after a return those that are there. */
export function checkStart(state: MaintenanceState, item: ItemState): number {
  guardStep(state, 'start');
  notRetired(item);
  const there = onShelf(item);
  if (state.returnedFrom) return Math.min(state.quantity, there);
  if (state.quantity > there) {
    throw breaks('units-on-shelf', `There are ${there} units in the warehouse.`, { onShelf: there });
  }
  return state.quantity;
}

/** When it runs, where that is not as scheduled. */
export interface Running {
  readonly taken?: Taken;
  /** Where there is less time than was estimated. */
  readonly endsBy?: string;
}

/** REQ-EQP-051. */
export function start(
  state: MaintenanceState,
  units: number,
  { taken, endsBy }: Running,
  actor: Actor,
  now: string,
): Decision {
  const { equipmentId } = state;
  const data = { equipmentId, at: now, units, endsBy, ...moveTo(state, taken) };
  return {
    own: [{ type: 'EquipmentMaintenanceStarted', data }, ...overridden(equipmentId, taken, actor)],
    item: units > 0 ? [{ type: 'EquipmentUnitsMoved', data: { to: 'inMaintenance', quantity: units } }] : [],
  };
}

/** What is due to the item once its maintenance is over, either way: units back, inspection done. */
function over(id: string, { units }: MaintenanceState, item: ItemState | undefined): readonly ItemFact[] {
  return [
    ...(units > 0 ? [{ type: 'EquipmentUnitsMoved', data: { from: 'inMaintenance', quantity: units } } as const] : []),
    ...(item?.inspections.includes(id)
      ? [{ type: 'EquipmentInspectionDone', data: { maintenanceId: id } } as const]
      : []),
  ];
}

const FAILED: readonly (Condition | undefined)[] = ['needsRepair', 'outOfService'];

/** The condition it leaves; undefined: as it was. A failed inspection leaves nothing better than needsRepair. */
function conditionAfter({ passed, resultingCondition }: Outcome, before: Condition | undefined): Condition | undefined {
  if (passed !== false) return resultingCondition;
  if (resultingCondition !== undefined && !FAILED.includes(resultingCondition)) {
    throw breaks('failed-needs-repair', 'It failed, so its condition is needsRepair or outOfService.');
  }
  return resultingCondition ?? (before === 'outOfService' ? undefined : 'needsRepair');
}

function conditionFacts(
  item: ItemState | undefined,
  to: Condition | undefined,
  type: MaintenanceType,
): readonly ItemFact[] {
  if (!item || item.retired || to === undefined) return [];
  return conditionStep(item.condition, to, WORDS[type]);
}
const WORDS: Record<MaintenanceType, string> = {
  inspection: 'After an inspection',
  preventiveMaintenance: 'After preventive maintenance',
  repair: 'After a repair',
  cleaning: 'After cleaning',
  replacement: 'After a replacement',
};

/** REQ-EQP-052 to 055. `item` is left out when it is gone by now. */
export function complete(
  id: string,
  state: MaintenanceState,
  outcome: Outcome,
  item: ItemState | undefined,
  now: string,
): Decision {
  guardStep(state, 'complete');
  const { equipmentId, type } = state;
  const { passed, notes } = outcome;
  if (type === 'inspection' && passed === undefined)
    throw invalid('body.passed', 'required', 'must say whether it passed');
  if (type !== 'inspection' && passed !== undefined)
    throw invalid('body.passed', 'not_here', 'is for inspections only');
  const resultingCondition = conditionAfter(outcome, item?.condition);
  const data = { equipmentId, type, at: now, ...outcome, resultingCondition, ...givenUp(state) };
  const said = passed ? 'EquipmentInspectionPassed' : 'EquipmentInspectionFailed';
  const due: readonly ItemFact[] =
    type === 'preventiveMaintenance'
      ? [{ type: 'EquipmentPreventiveDone', data: { at: now, nextPreventiveDueAt: preventiveDueAfter(now) } }]
      : [];
  return {
    own: [
      { type: 'EquipmentMaintenanceCompleted', data },
      ...(type === 'inspection' ? [{ type: said, data: { equipmentId, notes } } as const] : []),
    ],
    item: [...over(id, state, item), ...conditionFacts(item, resultingCondition, type), ...due],
  };
}

export function cancel(
  id: string,
  state: MaintenanceState,
  reason: string | undefined,
  item: ItemState | undefined,
): Decision {
  guardStep(state, 'cancel');
  const data = { equipmentId: state.equipmentId, reason, ...givenUp(state) };
  return { own: [{ type: 'EquipmentMaintenanceCancelled', data }], item: over(id, state, item) };
}
