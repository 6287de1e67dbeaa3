/** Maintenance of equipment, inspections included: the state, its facts, and how it is found (spec chapter 06). */
import type { Clash } from '../claims/model.ts';
import { type Condition, type Placement, RESERVATION } from '../equipment/model.ts';
import { type Aggregate, aggregate, type Meta } from '../platform/aggregate.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import { later, MINUTE } from '../platform/clock.ts';
import type { DecidedAs as Fact } from '../platform/facts.ts';
import type { Money, Window } from '../platform/fields.ts';

export const maintenanceTypes = ['inspection', 'preventiveMaintenance', 'repair', 'cleaning', 'replacement'] as const;
export type MaintenanceType = (typeof maintenanceTypes)[number];

export const maintenanceStatuses = ['scheduled', 'inProgress', 'completed', 'cancelled'] as const;
export type MaintenanceStatus = (typeof maintenanceStatuses)[number];

/** What can be changed of it. */
export interface MaintenanceFields {
  readonly scheduledAt: string;
  readonly estimatedMinutes: number;
  /** Units it is of. */
  readonly quantity: number;
  readonly description: string;
  /** A user's id. */
  readonly technicianId?: string | undefined;
}

/** What the technician says when it is done. */
export interface Outcome {
  readonly cost?: Money | undefined;
  readonly notes?: string | undefined;
  readonly resultingCondition?: Condition | undefined;
  /** Of inspections. */
  readonly passed?: boolean | undefined;
}

/** The return that an inspection is due to (REQ-EQP-056). */
type ReturnedFrom = { readonly reservationId: string; readonly eventId: string };

export interface MaintenanceState extends MaintenanceFields, Outcome {
  readonly equipmentId: string;
  readonly type: MaintenanceType;
  readonly status: MaintenanceStatus;
  /** Left out once the units are given back, and for what a return made: that blocks the item until it is done. */
  readonly placement?: Placement;
  readonly returnedFrom?: ReturnedFrom;
  /** Reservations that its present window went over. */
  readonly over: readonly string[];
  readonly startedAt?: string;
  /** Started late, it keeps its end: the time after it is somebody else's. */
  readonly endsBy?: string | undefined;
  readonly completedAt?: string;
  /** Units that its start took off the shelf and that are not back yet. */
  readonly units: number;
  /** Why it was cancelled. */
  readonly reason?: string;
}

type Moved = {
  readonly taken?: Placement;
  readonly released?: Placement;
  /** Reservations that the window given up had gone over. */
  readonly cleared?: readonly string[];
};
/** Every fact says whose it is, so that reactions need not look it up. */
type About = { readonly equipmentId: string };

type Scheduled = Fact<
  'EquipmentMaintenanceScheduled',
  About &
    MaintenanceFields & {
      readonly type: MaintenanceType;
      readonly taken?: Placement;
      readonly returnedFrom?: ReturnedFrom;
    }
>;
export type MaintenanceFact =
  | Scheduled
  /** Follows the one above when it is an inspection. */
  | Fact<'EquipmentInspectionScheduled', About & { readonly scheduledAt: string; readonly returnedFrom?: ReturnedFrom }>
  | Fact<'EquipmentMaintenanceUpdated', About & Moved & { readonly changes: Changes }>
  | Fact<
      'EquipmentMaintenanceStarted',
      About & Moved & { readonly at: string; readonly units: number; readonly endsBy?: string | undefined }
    >
  | Fact<
      'EquipmentMaintenanceCompleted',
      About & Moved & Outcome & { readonly type: MaintenanceType; readonly at: string }
    >
  | Fact<'EquipmentInspectionPassed' | 'EquipmentInspectionFailed', About & { readonly notes?: string | undefined }>
  | Fact<'EquipmentMaintenanceCancelled', About & Moved & { readonly reason?: string | undefined }>
  /** It was put over reservations, which are flagged. */
  | Fact<
      'EquipmentMaintenanceOverridden',
      About & { readonly by: string; readonly reason: string; readonly over: readonly Clash[] }
    >;

/** When its units are taken: as scheduled, and from its start on as it runs. */
export function windowOf({
  scheduledAt,
  startedAt,
  estimatedMinutes,
  endsBy,
}: Pick<MaintenanceState, 'scheduledAt' | 'startedAt' | 'estimatedMinutes' | 'endsBy'>): Window {
  const start = startedAt ?? scheduledAt;
  return { start, end: endsBy ?? later(start, estimatedMinutes * MINUTE) };
}

/** Not yet done with. */
export function isOpen({ status }: Pick<MaintenanceState, 'status'>): boolean {
  return status === 'scheduled' || status === 'inProgress';
}

/** The reservations among clashes, each once. */
export function reservationsIn(clashes: readonly Clash[]): readonly string[] {
  return [...new Set(clashes.flatMap(({ owner }) => (owner.type === RESERVATION ? [owner.id] : [])))];
}

function evolveMaintenance(state: MaintenanceState | undefined, fact: MaintenanceFact): MaintenanceState {
  if (fact.type === 'EquipmentMaintenanceScheduled') {
    const { taken, ...data } = fact.data;
    return { ...data, status: 'scheduled', over: [], units: 0, ...(taken ? { placement: taken } : {}) };
  }
  if (!state) throw new Error(`${fact.type} came before EquipmentMaintenanceScheduled`);
  return changed(placed(state, fact.data), fact);
}

function placed(state: MaintenanceState, data: Moved | object): MaintenanceState {
  if ('taken' in data && data.taken) return { ...state, placement: data.taken, over: [] };
  if (!('released' in data) || !data.released) return state;
  const { placement: _, ...rest } = state;
  return { ...rest, over: [] };
}

function changed(state: MaintenanceState, fact: Exclude<MaintenanceFact, Scheduled>): MaintenanceState {
  switch (fact.type) {
    case 'EquipmentInspectionScheduled':
    case 'EquipmentInspectionPassed':
    case 'EquipmentInspectionFailed':
      return state;
    case 'EquipmentMaintenanceUpdated': {
      const { changes } = fact.data;
      return withChanges('estimatedMinutes' in changes ? { ...state, endsBy: undefined } : state, changes);
    }
    case 'EquipmentMaintenanceStarted': {
      const { at, units, endsBy } = fact.data;
      return { ...state, status: 'inProgress', startedAt: at, units, endsBy };
    }
    case 'EquipmentMaintenanceCompleted': {
      const { at, cost, notes, resultingCondition, passed } = fact.data;
      return { ...state, status: 'completed', completedAt: at, units: 0, cost, notes, resultingCondition, passed };
    }
    case 'EquipmentMaintenanceCancelled': {
      const { reason } = fact.data;
      return { ...state, status: 'cancelled', units: 0, ...(reason === undefined ? {} : { reason }) };
    }
    case 'EquipmentMaintenanceOverridden':
      return { ...state, over: reservationsIn(fact.data.over) };
  }
}

export const maintenance: Aggregate<MaintenanceState, MaintenanceFact> = aggregate<MaintenanceState, MaintenanceFact>({
  kind: 'maintenance',
  container: 'equipment',
  noun: 'maintenance',
  deletedBy: [],
  evolve: evolveMaintenance,
  index: (state: MaintenanceState, meta: Meta) => ({
    ix: {
      equipmentId: state.equipmentId,
      type: state.type,
      status: state.status,
      open: isOpen(state),
      scheduledAt: state.scheduledAt,
      createdAt: meta.createdAt,
      ...(state.technicianId === undefined ? {} : { technicianId: state.technicianId }),
    },
  }),
});
