/** Reservations of equipment for events, out of the warehouse and back (spec chapter 06). */

import type { Clash } from '../claims/model.ts';
import type { Placement } from '../equipment/model.ts';
import { type Aggregate, aggregate, type Meta } from '../platform/aggregate.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import type { DecidedAs as Fact } from '../platform/facts.ts';
import type { Window } from '../platform/fields.ts';

export const reservationStatuses = ['requested', 'confirmed', 'cancelled', 'fulfilled'] as const;
type ReservationStatus = (typeof reservationStatuses)[number];

/** The way of a confirmed reservation, in this order; setUp may be left out (REQ-EQP-040 to 048). */
export const logisticsSteps = ['packed', 'loaded', 'dispatched', 'delivered', 'setUp', 'pickedUp', 'returned'] as const;
export type LogisticsStep = (typeof logisticsSteps)[number];

/** How many units came back whole, damaged, or not at all; together the quantity. */
export interface Counts {
  readonly returned: number;
  readonly damaged: number;
  readonly missing: number;
}

export interface StepTaken {
  readonly step: LogisticsStep;
  readonly at: string;
  /** A user's id. */
  readonly by: string;
  readonly note?: string | undefined;
  readonly vehicle?: string | undefined;
  readonly driver?: string | undefined;
  readonly counts?: Counts | undefined;
}

/** Why a reservation needs somebody's attention; it is not cancelled by itself. */
export const troubles = ['itemRetired', 'eventMoved', 'eventCancelled', 'maintenance', 'unitsShort'] as const;
export type Trouble = (typeof troubles)[number];

/** What of these taking the units anew, in full, puts right. */
export const mendedByTaking: readonly Trouble[] = ['eventMoved', 'maintenance', 'unitsShort'];

export interface ReservationState {
  readonly orgId: string;
  readonly equipmentId: string;
  readonly eventId: string;
  readonly quantity: number;
  readonly window: Window;
  /** Whether the window was given rather than taken from the event. */
  readonly windowGiven: boolean;
  readonly notes?: string | undefined;
  readonly status: ReservationStatus;
  /** As they are now; a reaction rewrites the copies. */
  readonly names: { readonly equipment: string; readonly event: string };
  /** Left out once the units are given back. */
  readonly placement?: Placement;
  readonly steps: readonly StepTaken[];
  readonly troubles: readonly Trouble[];
  /** Why it was cancelled. */
  readonly reason?: string;
}

type Moved = { readonly taken?: Placement; readonly released?: Placement };
/** Every fact says whose it is, so that reactions need not look it up. */
type About = { readonly equipmentId: string; readonly eventId: string };

/** The facts of the steps, in their order. */
export const stepFacts = {
  packed: 'EquipmentPackedForShipment',
  loaded: 'EquipmentLoadedOnTruck',
  dispatched: 'EquipmentDispatchedToEvent',
  delivered: 'EquipmentDeliveredToVenue',
  setUp: 'EquipmentSetupCompleted',
  pickedUp: 'EquipmentPickedUpFromVenue',
  returned: 'EquipmentReturnedToWarehouse',
} as const satisfies Record<LogisticsStep, string>;
type StepFactType = (typeof stepFacts)[LogisticsStep];

type Requested = Fact<
  'EquipmentBookingRequested',
  Omit<ReservationState, 'status' | 'placement' | 'steps' | 'troubles' | 'reason'> & { readonly taken: Placement }
>;
export type ReservationFact =
  | Requested
  | Fact<'EquipmentReservedForEvent', About>
  | Fact<'EquipmentReservationUpdated', About & Moved & { readonly changes: Changes }>
  | Fact<'EquipmentReservationCancelled', About & Moved & { readonly quantity: number; readonly reason: string }>
  | Fact<
      'EquipmentDoubleBookingOverridden',
      About & Moved & { readonly by: string; readonly reason: string; readonly over: readonly Clash[] }
    >
  | Fact<StepFactType, About & Moved & { readonly quantity: number; readonly done: StepTaken }>
  | Fact<'EquipmentReservationFlagged' | 'EquipmentReservationUnflagged', About & { readonly trouble: Trouble }>
  | Fact<'EquipmentReservationNamesRefreshed', { readonly names: ReservationState['names'] }>;

/**
 * Of the item, beside any aggregate: units were wanted that others have. `Prevented`: and the reservation was refused.
 * Nothing else changes, so these share no batch with anything.
 */
export type ClashFact = Fact<
  'EquipmentDoubleBookingDetected' | 'EquipmentDoubleBookingPrevented',
  About & { readonly quantity: number; readonly window: Window; readonly over: readonly Clash[] }
>;

function evolveReservation(state: ReservationState | undefined, fact: ReservationFact): ReservationState {
  if (fact.type === 'EquipmentBookingRequested') {
    const { taken, ...data } = fact.data;
    return { ...data, status: 'requested', placement: taken, steps: [], troubles: [] };
  }
  if (!state) throw new Error(`${fact.type} came before EquipmentBookingRequested`);
  return changed(placed(state, fact.data), fact);
}

function placed(state: ReservationState, data: Moved | object): ReservationState {
  if ('taken' in data && data.taken) return { ...state, placement: data.taken };
  if (!('released' in data) || !data.released) return state;
  const { placement: _, ...rest } = state;
  return rest;
}

function changed(state: ReservationState, fact: Exclude<ReservationFact, Requested>): ReservationState {
  switch (fact.type) {
    case 'EquipmentReservedForEvent':
      return { ...state, status: 'confirmed' };
    case 'EquipmentReservationUpdated':
      return withChanges(state, fact.data.changes);
    case 'EquipmentReservationCancelled':
      return { ...state, status: 'cancelled', reason: fact.data.reason };
    case 'EquipmentDoubleBookingOverridden':
      return state;
    case 'EquipmentReservationFlagged':
      return { ...state, troubles: [...new Set([...state.troubles, fact.data.trouble])] };
    case 'EquipmentReservationUnflagged':
      return { ...state, troubles: state.troubles.filter((trouble) => trouble !== fact.data.trouble) };
    case 'EquipmentReservationNamesRefreshed':
      return { ...state, names: fact.data.names };
    default: {
      const steps = [...state.steps, fact.data.done];
      return { ...state, steps, ...(fact.data.done.step === 'returned' ? { status: 'fulfilled' } : {}) };
    }
  }
}

/** Whether it takes units, now or later. */
export function isOpen({ status }: Pick<ReservationState, 'status'>): boolean {
  return status === 'requested' || status === 'confirmed';
}

/**
 * The fact that says that a reservation needs somebody's attention, or does no more, where that is a change. None for one
 * that is over. For whoever sees the trouble, maintenance included.
 */
export function flags(state: ReservationState, trouble: Trouble, flagged: boolean): readonly ReservationFact[] {
  const { equipmentId, eventId, troubles } = state;
  if (troubles.includes(trouble) === flagged || (flagged && !isOpen(state))) return [];
  const type = flagged ? 'EquipmentReservationFlagged' : 'EquipmentReservationUnflagged';
  return [{ type, data: { equipmentId, eventId, trouble } }];
}

/** The last step taken. */
export function stepOf({ steps }: Pick<ReservationState, 'steps'>): LogisticsStep | undefined {
  return steps.at(-1)?.step;
}

const ON_THE_WAY: readonly (LogisticsStep | undefined)[] = ['dispatched', 'delivered', 'setUp', 'pickedUp'];

/** Whether it left the warehouse and is not yet back. */
export function isOut(state: Pick<ReservationState, 'steps'>): boolean {
  return ON_THE_WAY.includes(stepOf(state));
}

export const reservations: Aggregate<ReservationState, ReservationFact> = aggregate<ReservationState, ReservationFact>({
  kind: 'reservation',
  container: 'reservations',
  noun: 'reservation',
  deletedBy: [],
  evolve: evolveReservation,
  index: (state: ReservationState, meta: Meta) => ({
    ix: {
      equipmentId: state.equipmentId,
      eventId: state.eventId,
      status: state.status,
      start: state.window.start,
      end: state.window.end,
      createdAt: meta.createdAt,
      /** False for cancelled ones, which lists leave out by default. */
      listed: state.status !== 'cancelled',
      open: isOpen(state),
      /** Left the warehouse and not yet returned. */
      out: isOut(state),
      /** Flagged as short of units. */
      short: state.troubles.includes('unitsShort'),
    },
    sets: { troubles: state.troubles },
  }),
});
