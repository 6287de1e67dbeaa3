/** Equipment items: the state, the facts it is folded from, and how it is found (spec chapter 06). */
import { type Aggregate, aggregate, type Meta } from '../platform/aggregate.ts';
import { withoutPhoto, withPhotos } from '../platform/albums.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import { NEVER } from '../platform/clock.ts';
import type { DecidedAs as Fact } from '../platform/facts.ts';
import type { Money } from '../platform/fields.ts';
import type { Picture } from '../platform/pictures.ts';
import { Refusal } from '../platform/refusal.ts';
import { fold, wordsOf } from '../platform/words.ts';
import { type Condition, conditions } from './condition.ts';
import { preventiveTellAt, type Told } from './preventive.ts';
import { type Jobs, moved, NOWHERE, onShelf, type Place, type Whereabouts, withJob } from './units.ts';

export { type Condition, conditionStep, conditions } from './condition.ts';
export { equipmentResource, type Placement, placingOf, refOf, refsOf } from './placement.ts';
export { isToldOverdue, preventiveDueAfter, preventiveTelling } from './preventive.ts';
export { type Job, MOST_UNITS, onShelf, type Place, places, type Whereabouts } from './units.ts';

export const categories = [
  'table',
  'game',
  'audioVisual',
  'decoration',
  'seating',
  'lighting',
  'staging',
  'power',
  'other',
] as const;
export type Category = (typeof categories)[number];

export const itemStatuses = ['available', 'reserved', 'inTransit', 'atVenue', 'inMaintenance', 'retired'] as const;
export type ItemStatus = (typeof itemStatuses)[number];

export interface Specification {
  readonly key: string;
  readonly value: string;
  readonly unit?: string | undefined;
}

/** What callers give. */
export interface ItemFields {
  readonly name: string;
  readonly category: Category;
  readonly description?: string | undefined;
  /** Units in stock; 1 for a serialised piece. */
  readonly quantity: number;
  readonly serialNumber?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly barcode?: string | undefined;
  readonly condition: Condition;
  /** A local date. */
  readonly purchaseDate: string;
  readonly purchasePrice: Money;
  readonly currentValue?: Money | undefined;
  readonly dailyRate?: Money | undefined;
  readonly warehouseLocation?: string | undefined;
  readonly specifications: readonly Specification[];
  /** When preventive maintenance was last done, an instant. */
  readonly lastPreventiveAt?: string | undefined;
}

export interface ItemState extends ItemFields {
  /** For timers, which look across organizations. */
  readonly orgId: string;
  readonly active: boolean;
  /** `noneLeft`: by itself, with the last unit; until one turns up again. */
  readonly retired?: { readonly at: string; readonly reason: string; readonly noneLeft?: true };
  /** Oldest first. */
  readonly photos: readonly Picture[];
  /** There as soon as there is a photo. */
  readonly primaryPhotoId?: string;
  /** Six months after the last preventive maintenance, or after it was added (REQ-EQP-055). */
  readonly nextPreventiveDueAt: string;
  /** Units that are not on the shelf. */
  readonly away: Whereabouts;
  /** Those of them that are out, or set apart, for a reservation, by its id. */
  readonly jobs?: Jobs;
  /**
   * Inspections not yet completed, by their maintenance ids, and returns that have none yet, by their reservations': until
   * there is none, nothing new is reserved (REQ-EQP-056).
   */
  readonly inspections: readonly string[];
  /** Which due date of preventive maintenance was told of. */
  readonly told?: Told;
  /** The damage reports that a replacement was asked for, each once (REQ-EQP-062, 064). */
  readonly replacementFor?: readonly string[];
  /** Reported as one; a replacement was asked for. */
  readonly totalLoss?: true;
}

export type ItemFact =
  | Fact<
      'EquipmentItemAdded',
      { readonly orgId: string; readonly fields: ItemFields; readonly nextPreventiveDueAt: string }
    >
  | Fact<'EquipmentItemUpdated' | 'EquipmentSpecificationsUpdated', { readonly changes: Changes }>
  | Fact<'EquipmentItemActivated' | 'EquipmentItemDeactivated', { readonly reason?: string | undefined }>
  | Fact<'EquipmentItemRemoved', { readonly name: string }>
  | Fact<'EquipmentPhotoUploaded', { readonly photo: Picture }>
  | Fact<'EquipmentPhotoRemoved', { readonly photo: Pick<Picture, 'id' | 'path' | 'thumbnailPath'> }>
  | Fact<'EquipmentPrimaryPhotoChosen', { readonly photoId: string }>
  | Fact<
      'EquipmentConditionUpgraded' | 'EquipmentConditionDowngraded',
      { readonly from: Condition; readonly to: Condition; readonly reason?: string | undefined }
    >
  /** Bookkeeping: units went from one place to another, perhaps all those of a reservation; a place left out is the shelf. */
  | Fact<
      'EquipmentUnitsMoved',
      {
        readonly from?: Place | undefined;
        readonly to?: Place | undefined;
        readonly quantity: number;
        readonly reservationId?: string;
      }
    >
  /** Units that did not come back leave stock. */
  | Fact<'EquipmentUnitsLost', { readonly quantity: number; readonly reservationId: string; readonly from: Place }>
  /** Units are being counted in, before anybody can have them; `Dropped`: there is nothing to inspect. */
  | Fact<'EquipmentReturnNoted' | 'EquipmentReturnDropped', { readonly reservationId: string }>
  /** In place of the return that was noted, if one was. */
  | Fact<'EquipmentInspectionDue', { readonly maintenanceId: string; readonly reservationId?: string }>
  | Fact<'EquipmentInspectionDone', { readonly maintenanceId: string }>
  | Fact<'EquipmentPreventiveDone', { readonly at: string; readonly nextPreventiveDueAt: string }>
  /** Once each for a due date: within 14 days of it, and from it on. */
  | Fact<'EquipmentPreventiveDueSoon' | 'EquipmentPreventiveOverdue', { readonly name: string; readonly dueAt: string }>
  | Fact<
      'EquipmentReplacementRequired',
      {
        readonly damageReportId: string;
        readonly reason: 'totalLoss' | 'repairCost';
        readonly repairCost?: Money | undefined;
        readonly currentValue?: Money | undefined;
      }
    >
  | Fact<
      'EquipmentRetired',
      { readonly at: string; readonly reason: string; readonly damageReportId?: string; readonly noneLeft?: true }
    >
  /** Units of what was retired since none was left have turned up. */
  | Fact<'EquipmentReinstated', { readonly quantity: number }>;

/** Owner types of claims on equipment: reservations take units for events, maintenance takes them off the shelf. */
export const RESERVATION = 'reservation';
export const MAINTENANCE = 'maintenance';

/** Units that can be taken at all: none of an item that is inactive, retired or gone. */
export function unitsToTake(item: Pick<ItemState, 'active' | 'retired' | 'quantity'> | undefined): number {
  return item?.active && !item.retired ? item.quantity : 0;
}

/** Available while any unit is on the shelf; else where the others are, those furthest from the warehouse first. */
export function statusOf(item: Pick<ItemState, 'retired' | 'quantity' | 'away'>): ItemStatus {
  if (item.retired) return 'retired';
  if (onShelf(item) > 0) return 'available';
  if (item.away.atVenue > 0) return 'atVenue';
  if (item.away.inTransit > 0) return 'inTransit';
  return item.away.inMaintenance > 0 ? 'inMaintenance' : 'reserved';
}

function changed(state: ItemState, fact: Exclude<ItemFact, { readonly type: 'EquipmentItemAdded' }>): ItemState {
  switch (fact.type) {
    case 'EquipmentItemUpdated':
    case 'EquipmentSpecificationsUpdated':
      return withChanges(state, fact.data.changes);
    case 'EquipmentItemActivated':
      return { ...state, active: true };
    case 'EquipmentItemDeactivated':
      return { ...state, active: false };
    case 'EquipmentPhotoUploaded':
      return withPhotos(state, [...state.photos, fact.data.photo]);
    case 'EquipmentPhotoRemoved':
      return withoutPhoto(state, fact.data.photo.id);
    case 'EquipmentPrimaryPhotoChosen':
      return { ...state, primaryPhotoId: fact.data.photoId };
    case 'EquipmentConditionUpgraded':
    case 'EquipmentConditionDowngraded':
      return { ...state, condition: fact.data.to };
    case 'EquipmentUnitsMoved': {
      const { from, to, quantity, reservationId } = fact.data;
      const away = moved(state.away, from, to, quantity);
      if (reservationId === undefined) return { ...state, away };
      return { ...state, away, jobs: withJob(state.jobs, reservationId, to && { place: to, quantity }) };
    }
    case 'EquipmentUnitsLost': {
      const { quantity, from, reservationId } = fact.data;
      const rest = (state.jobs?.[reservationId]?.quantity ?? 0) - quantity;
      return {
        ...state,
        quantity: Math.max(0, state.quantity - quantity),
        away: moved(state.away, from, undefined, quantity),
        jobs: withJob(state.jobs, reservationId, rest > 0 ? { place: from, quantity: rest } : undefined),
      };
    }
    case 'EquipmentReturnNoted':
      return waiting(state, undefined, fact.data.reservationId);
    case 'EquipmentReturnDropped':
      return waiting(state, fact.data.reservationId);
    case 'EquipmentInspectionDue':
      return waiting(state, fact.data.reservationId, fact.data.maintenanceId);
    case 'EquipmentInspectionDone':
      return waiting(state, fact.data.maintenanceId);
    case 'EquipmentPreventiveDone':
      return { ...state, lastPreventiveAt: fact.data.at, nextPreventiveDueAt: fact.data.nextPreventiveDueAt };
    case 'EquipmentPreventiveDueSoon':
      return { ...state, told: { dueAt: fact.data.dueAt, as: 'soon' } };
    case 'EquipmentPreventiveOverdue':
      return { ...state, told: { dueAt: fact.data.dueAt, as: 'overdue' } };
    case 'EquipmentReplacementRequired': {
      const replacementFor = [...(state.replacementFor ?? []), fact.data.damageReportId];
      return { ...state, replacementFor, ...(fact.data.reason === 'totalLoss' ? { totalLoss: true } : {}) };
    }
    case 'EquipmentRetired': {
      const { at, reason, noneLeft } = fact.data;
      return { ...state, retired: { at, reason, ...(noneLeft ? { noneLeft } : {}) } };
    }
    case 'EquipmentReinstated': {
      const { retired: _, ...rest } = state;
      return rest;
    }
    case 'EquipmentItemRemoved':
      return state;
  }
}

/** One inspection less that it waits for, one more. */
function waiting(state: ItemState, less: string | undefined, more?: string): ItemState {
  const others = state.inspections.filter((id) => id !== less && id !== more);
  return { ...state, inspections: more === undefined ? others : [...others, more] };
}

function evolveItem(state: ItemState | undefined, fact: ItemFact): ItemState {
  if (fact.type === 'EquipmentItemAdded') {
    const { orgId, fields, nextPreventiveDueAt } = fact.data;
    return { ...fields, orgId, active: true, photos: [], nextPreventiveDueAt, away: NOWHERE, inspections: [] };
  }
  if (!state) throw new Error(`${fact.type} came before EquipmentItemAdded`);
  return changed(state, fact);
}

export const items: Aggregate<ItemState, ItemFact> = aggregate<ItemState, ItemFact>({
  kind: 'item',
  container: 'equipment',
  noun: 'piece of equipment',
  deletedBy: ['EquipmentItemRemoved'],
  evolve: evolveItem,
  index: (state: ItemState, meta: Meta) => ({
    ix: {
      name: fold(state.name),
      category: state.category,
      status: statusOf(state),
      condition: conditions.indexOf(state.condition),
      active: state.active,
      purchaseDate: state.purchaseDate,
      currentValue: (state.currentValue ?? state.purchasePrice).amount,
      createdAt: meta.createdAt,
      /** For the timer: an item that is gone or inactive needs nothing. */
      preventiveTellAt: state.active && !state.retired ? preventiveTellAt(state) : NEVER,
    },
    words: wordsOf(state.name, state.manufacturer, state.model, state.serialNumber, state.barcode),
  }),
  uniques: ({ name, category, barcode }) => [
    {
      scope: 'item-name',
      value: `${category}|${fold(name)}`,
      refuse: () =>
        new Refusal('already_exists', 'There is equipment of this name in the category already.', { field: 'name' }),
    },
    ...(barcode === undefined
      ? []
      : [
          {
            scope: 'item-barcode',
            value: barcode,
            refuse: () => new Refusal('already_exists', 'The barcode is in use already.', { field: 'barcode' }),
          },
        ]),
  ],
});
