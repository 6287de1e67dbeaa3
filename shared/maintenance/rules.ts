/** Decisions about scheduling maintenance: pure, from its state and its item's to facts, or a refusal. */

import type { Clash } from '../claims/model.ts';
import type { ItemState, Placement } from '../equipment/model.ts';
import { type Actor, may } from '../platform/actor.ts';
import { type Changes, changesBetween, unchanged } from '../platform/changes.ts';
import { Refusal, wrongState } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import {
  isOpen,
  type MaintenanceFact,
  type MaintenanceFields,
  type MaintenanceState,
  type MaintenanceStatus,
  type MaintenanceType,
  windowOf,
} from './model.ts';

export const steps = {
  start: { from: ['scheduled'], to: 'inProgress' },
  complete: { from: ['inProgress'], to: 'completed' },
  cancel: { from: ['scheduled', 'inProgress'], to: 'cancelled' },
} as const satisfies Record<string, { readonly from: readonly MaintenanceStatus[]; readonly to: MaintenanceStatus }>;
export type MaintenanceStep = keyof typeof steps;
const stepNames = Object.keys(steps) as MaintenanceStep[];

/** The steps that follow from a state. */
export function stepsFrom(status: MaintenanceStatus): readonly MaintenanceStep[] {
  return stepNames.filter((name) => (steps[name].from as readonly MaintenanceStatus[]).includes(status));
}

export interface Override {
  readonly reason: string;
}
/** Units taken for maintenance, and what an override went over. */
export interface Taken {
  readonly placement: Placement;
  readonly over: readonly Clash[];
  /** Why it may go over them. */
  readonly reason?: string;
}
export function guardOverride(actor: Actor, override: Override | undefined): void {
  if (override && !may(actor, 'reservations:override')) {
    throw new Refusal('forbidden', 'Blocking reserved equipment needs the privilege reservations:override.');
  }
}

export function guardStep({ status }: MaintenanceState, step: MaintenanceStep): void {
  if (!stepsFrom(status).includes(step)) throw wrongState(status, stepsFrom(status), step);
}

export function notRetired(item: Pick<ItemState, 'retired'>): void {
  if (item.retired) throw breaks('item-retired', 'The equipment is retired.');
}

function inStock(quantity: number, item: Pick<ItemState, 'quantity'>): void {
  if (quantity > item.quantity) {
    throw breaks('units-in-stock', `There are ${item.quantity} units in stock.`, { inStock: item.quantity });
  }
}

function endsAhead(fields: Parameters<typeof windowOf>[0], now: string): void {
  if (windowOf(fields).end <= now) throw breaks('end-in-future', 'The maintenance must end in the future.');
}

/** Whether it can be scheduled at all; throws why not. */
export function checkSchedule(fields: MaintenanceFields, item: ItemState, now: string): void {
  notRetired(item);
  inStock(fields.quantity, item);
  endsAhead(fields, now);
}

type Making = { readonly equipmentId: string; readonly type: MaintenanceType };

/** REQ-EQP-050. */
export function schedule(
  { equipmentId, type }: Making,
  fields: MaintenanceFields,
  taken: Taken,
  actor: Actor,
): readonly MaintenanceFact[] {
  return [
    { type: 'EquipmentMaintenanceScheduled', data: { ...fields, equipmentId, type, taken: taken.placement } },
    ...announced(type, { equipmentId, scheduledAt: fields.scheduledAt }),
    ...overridden(equipmentId, taken, actor),
  ];
}

/** What the return of a reservation makes by itself: an inspection that takes no window but the item (REQ-EQP-056). */
export function inspectionAfterReturn(
  equipmentId: string,
  returned: {
    readonly reservationId: string;
    readonly eventId: string;
    readonly units: number;
    readonly damaged: number;
  },
  at: string,
): readonly MaintenanceFact[] {
  const { reservationId, eventId, units, damaged } = returned;
  const returnedFrom = { reservationId, eventId };
  const data = {
    equipmentId,
    type: 'inspection',
    scheduledAt: at,
    estimatedMinutes: INSPECTION_MINUTES,
    quantity: units,
    description: `Inspection after return${damaged > 0 ? `, ${damaged} of ${units} damaged` : ''}`,
    returnedFrom,
  } as const;
  return [
    { type: 'EquipmentMaintenanceScheduled', data },
    ...announced('inspection', { equipmentId, scheduledAt: at, returnedFrom }),
  ];
}
const INSPECTION_MINUTES = 60;

function announced(
  type: MaintenanceType,
  data: Extract<MaintenanceFact, { type: 'EquipmentInspectionScheduled' }>['data'],
): readonly MaintenanceFact[] {
  return type === 'inspection' ? [{ type: 'EquipmentInspectionScheduled', data }] : [];
}

/** The fact that it went over others, if it did. */
export function overridden(equipmentId: string, taken: Taken | undefined, actor: Actor): readonly MaintenanceFact[] {
  if (taken?.reason === undefined || taken.over.length === 0) return [];
  const data = { equipmentId, by: actor.userId, reason: taken.reason, over: taken.over };
  return [{ type: 'EquipmentMaintenanceOverridden', data }];
}

/** The changeable fields as they are. */
export function fieldsOf(state: MaintenanceState): MaintenanceFields {
  const { scheduledAt, estimatedMinutes, quantity, description, technicianId } = state;
  return {
    scheduledAt,
    estimatedMinutes,
    quantity,
    description,
    ...(technicianId === undefined ? {} : { technicianId }),
  };
}

interface Revision {
  readonly changes: Changes;
  /** Whether its units must be taken anew for this. */
  readonly moves: boolean;
}

/** What a change of fields comes to, or why it cannot be. */
export function revise(state: MaintenanceState, fields: MaintenanceFields, item: ItemState, now: string): Revision {
  const { status } = state;
  if (!isOpen(state)) throw wrongState(status, stepsFrom(status), 'change');
  const changes = changesBetween(fieldsOf(state), fields);
  const differs = (...names: readonly (keyof MaintenanceFields)[]) => names.some((name) => name in changes);
  if (status === 'inProgress' && differs('scheduledAt', 'quantity')) {
    throw breaks('begun-is-fixed', 'It was started: its start and its units stay as they are.');
  }
  if (differs('quantity')) inStock(fields.quantity, item);
  const retimed = differs('scheduledAt', 'estimatedMinutes');
  if (retimed) endsAhead({ ...state, ...fields, endsBy: undefined }, now);
  return { changes, moves: (retimed || differs('quantity')) && !state.returnedFrom };
}

/** The facts of a revision; `taken` when it moves. */
export function revised(
  state: MaintenanceState,
  { changes }: Revision,
  taken: Taken | undefined,
  actor: Actor,
): readonly MaintenanceFact[] {
  if (unchanged(changes)) return [];
  const { equipmentId } = state;
  const data = { equipmentId, changes, ...moveTo(state, taken) };
  return [{ type: 'EquipmentMaintenanceUpdated', data }, ...overridden(equipmentId, taken, actor)];
}

/** What a fact says when its window becomes another one; nothing when it stays. */
export function moveTo(state: MaintenanceState, taken: Taken | undefined) {
  return taken ? { taken: taken.placement, ...givenUp(state) } : {};
}

export function givenUp({ placement, over }: MaintenanceState) {
  return { ...(placement ? { released: placement } : {}), ...(over.length > 0 ? { cleared: over } : {}) };
}
