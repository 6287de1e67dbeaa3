/** What may be done with equipment: pure decisions from a state to facts (REQ-EQP-001 to 011, 055, 061, 063, 070 to 080). */

import { holds, photoOf } from '../platform/albums.ts';
import { changesBetween, unchanged } from '../platform/changes.ts';
import type { Window } from '../platform/fields.ts';
import type { Picture } from '../platform/pictures.ts';
import { invalid, wrongState } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { ConditionChange, ItemChanges, NewItem } from './fields.ts';
import { conditionStep, type ItemFact, type ItemState, onShelf, preventiveDueAfter } from './model.ts';

const MOST_PHOTOS = 20;

/** A reservation that stands in the way of a change. */
export interface Reserved {
  readonly id: string;
  /** Left out for one that is being made just now. */
  readonly eventId?: string;
  readonly quantity?: number;
  readonly window: Window;
}

/** The present, as an instant and as the day it is at the organization's place. */
export interface Present {
  readonly now: string;
  readonly today: string;
}

function refuseFutureDate(purchaseDate: string, { today }: Present): void {
  if (purchaseDate > today) throw invalid('body.purchaseDate', 'in_future', 'must not be in the future');
}

/** REQ-EQP-001. Preventive maintenance is due six months after the last one, or after today: nothing earlier is known. */
export function add(fields: NewItem, orgId: string, present: Present): ItemFact[] {
  refuseFutureDate(fields.purchaseDate, present);
  if (fields.lastPreventiveAt !== undefined && fields.lastPreventiveAt > present.now) {
    throw invalid('body.lastPreventiveAt', 'in_future', 'must not be in the future');
  }
  const nextPreventiveDueAt = preventiveDueAfter(fields.lastPreventiveAt ?? present.now);
  return [{ type: 'EquipmentItemAdded', data: { orgId, fields, nextPreventiveDueAt } }];
}

/** What PUT and PATCH change of it: these alone, whatever else the state comes to hold. */
export function fieldsOf(state: ItemState): ItemChanges {
  const { name, category, description, quantity, serialNumber, manufacturer, model, barcode } = state;
  const { purchaseDate, purchasePrice, currentValue, dailyRate, warehouseLocation, specifications } = state;
  const pieces = { name, category, description, quantity, serialNumber, manufacturer, model, barcode };
  const worth = { purchaseDate, purchasePrice, currentValue, dailyRate };
  return { ...pieces, ...worth, warehouseLocation, specifications: [...specifications] };
}

/**
 * REQ-EQP-004, 080. That no unit is taken away which is reserved is seen to by the command. What was retired since no unit
 * was left is in use again once there are some; what was retired by hand, or is a total loss, is so for good (REQ-EQP-062,
 * 063).
 */
export function revise(state: ItemState, next: ItemChanges, present: Present): ItemFact[] {
  if (next.purchaseDate !== state.purchaseDate) refuseFutureDate(next.purchaseDate, present);
  if (next.quantity === 0 && state.quantity > 0) throw invalid('body.quantity', 'too_small', 'must be at least 1');
  const away = state.quantity - onShelf(state);
  if (next.quantity < state.quantity && next.quantity < away) {
    throw breaks('quantity-below-away', 'More units than that are not on the shelf.', { away });
  }
  const { specifications, ...changes } = changesBetween(fieldsOf(state), next);
  const facts: ItemFact[] = [];
  if (!unchanged(changes)) facts.push({ type: 'EquipmentItemUpdated', data: { changes } });
  if (specifications) facts.push({ type: 'EquipmentSpecificationsUpdated', data: { changes: { specifications } } });
  if (state.retired?.noneLeft && !state.totalLoss && next.quantity > 0) {
    facts.push({ type: 'EquipmentReinstated', data: { quantity: next.quantity } });
  }
  return facts;
}

function refuseRetired({ retired }: ItemState, step: string): void {
  if (retired) throw wrongState('retired', [], step);
}

/** REQ-EQP-006. */
export function activate(state: ItemState, reason: string | undefined): ItemFact[] {
  refuseRetired(state, 'activate');
  if (state.active) throw wrongState('active', ['deactivate', 'retire'], 'activate');
  return [{ type: 'EquipmentItemActivated', data: { reason } }];
}

/** REQ-EQP-007. */
export function deactivate(state: ItemState, reason: string | undefined): ItemFact[] {
  refuseRetired(state, 'deactivate');
  if (!state.active) throw wrongState('inactive', ['activate', 'retire'], 'deactivate');
  return [{ type: 'EquipmentItemDeactivated', data: { reason } }];
}

/** Neither deactivated nor deleted while units are promised to events. */
export function refuseWhileReserved(reservations: readonly Reserved[]): void {
  if (reservations.length === 0) return;
  throw breaks('equipment-has-active-reservations', 'Units are still reserved for events.', { reservations });
}

/** REQ-EQP-063: whatever it is reserved for; those reservations are flagged by a reaction. */
export function retire(state: ItemState, at: string, reason: string): ItemFact[] {
  refuseRetired(state, 'retire');
  return [{ type: 'EquipmentRetired', data: { at, reason } }];
}

/** The last unit is lost: there is nothing left to reserve, pack or mend until one turns up again. */
export function retireOfNoneLeft(state: ItemState, at: string): ItemFact[] {
  if (state.retired) return [];
  return [{ type: 'EquipmentRetired', data: { at, reason: 'No unit is left', noneLeft: true } }];
}

/** REQ-EQP-061. */
export function setCondition(state: ItemState, { condition, reason }: ConditionChange): readonly ItemFact[] {
  refuseRetired(state, 'condition');
  return conditionStep(state.condition, condition, reason);
}

/** REQ-EQP-070. */
export function refuseFullAlbum(state: ItemState): void {
  if (state.photos.length >= MOST_PHOTOS) {
    throw breaks('most-photos', `Equipment has at most ${MOST_PHOTOS} photos.`, { limit: MOST_PHOTOS });
  }
}

export function addPhoto(state: ItemState, photo: Picture): ItemFact[] {
  if (holds(state, photo)) return [];
  refuseFullAlbum(state);
  return [{ type: 'EquipmentPhotoUploaded', data: { photo } }];
}

/** REQ-EQP-071. */
export function removePhoto(state: ItemState, photoId: string): ItemFact[] {
  const { id, path, thumbnailPath } = photoOf(state, photoId);
  return [{ type: 'EquipmentPhotoRemoved', data: { photo: { id, path, thumbnailPath } } }];
}

/** REQ-EQP-072. */
export function makePrimary(state: ItemState, photoId: string): ItemFact[] {
  const { id } = photoOf(state, photoId);
  return state.primaryPhotoId === id ? [] : [{ type: 'EquipmentPrimaryPhotoChosen', data: { photoId: id } }];
}
