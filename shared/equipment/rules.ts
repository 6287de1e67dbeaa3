/** What may be done with equipment: pure decisions from a state to facts (REQ-EQP-001 to 011, 055, 061, 063, 070 to 080). */
import { changesBetween, unchanged } from '../platform/changes.ts';
import type { Window } from '../platform/fields.ts';
import type { Picture } from '../platform/pictures.ts';
import { invalid, notFound, wrongState } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { ConditionChange, ItemChanges, NewItem } from './fields.ts';
import { conditions, type ItemFact, type ItemState, onShelf, type Place } from './model.ts';

export const MOST_PHOTOS = 20;
const PREVENTIVE_MONTHS = 6;

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

/**
 * When preventive maintenance is due: six months after the last, or after the purchase; the last day of the month where
 * that one is shorter (REQ-EQP-055). An instant.
 */
export function preventiveDueAfter(at: string): string {
  const day = new Date(at);
  const month = day.getUTCMonth() + PREVENTIVE_MONTHS;
  const last = new Date(Date.UTC(day.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const date = new Date(Date.UTC(day.getUTCFullYear(), month, Math.min(day.getUTCDate(), last)));
  return `${date.toISOString().slice(0, 10)}T${day.toISOString().slice(11, 19)}Z`;
}

function dueOf({ lastPreventiveAt, purchaseDate }: Pick<ItemState, 'lastPreventiveAt' | 'purchaseDate'>): string {
  return preventiveDueAfter(lastPreventiveAt ?? purchaseDate);
}

function refuseFutureDate(purchaseDate: string, { today }: Present): void {
  if (purchaseDate > today) throw invalid('body.purchaseDate', 'in_future', 'must not be in the future');
}

/** REQ-EQP-001. */
export function add(fields: NewItem, orgId: string, present: Present): ItemFact[] {
  refuseFutureDate(fields.purchaseDate, present);
  if (fields.lastPreventiveAt !== undefined && fields.lastPreventiveAt > present.now) {
    throw invalid('body.lastPreventiveAt', 'in_future', 'must not be in the future');
  }
  return [{ type: 'EquipmentItemAdded', data: { orgId, fields, nextPreventiveDueAt: dueOf(fields) } }];
}

/** What PUT and PATCH change of it. */
export function fieldsOf(state: ItemState): ItemChanges {
  const { orgId, condition, lastPreventiveAt, nextPreventiveDueAt, active, retired, photos, ...rest } = state;
  const { primaryPhotoId, away, inspections, specifications, ...fields } = rest;
  return { ...fields, specifications: [...specifications] };
}

/** REQ-EQP-004, 080. That no unit is taken away which is reserved is seen to by the command. */
export function revise(state: ItemState, next: ItemChanges, present: Present): ItemFact[] {
  if (next.purchaseDate !== state.purchaseDate) refuseFutureDate(next.purchaseDate, present);
  const away = state.quantity - onShelf(state);
  if (next.quantity < state.quantity && next.quantity < away) {
    throw breaks('quantity-below-away', 'More units than that are not on the shelf.', { away });
  }
  const { specifications, ...changes } = changesBetween(fieldsOf(state), next);
  const due = changesBetween(
    { nextPreventiveDueAt: state.nextPreventiveDueAt },
    { nextPreventiveDueAt: changes.purchaseDate ? dueOf({ ...state, ...next }) : state.nextPreventiveDueAt },
  );
  const facts: ItemFact[] = [];
  if (!unchanged(changes)) facts.push({ type: 'EquipmentItemUpdated', data: { changes: { ...changes, ...due } } });
  if (specifications) facts.push({ type: 'EquipmentSpecificationsUpdated', data: { changes: { specifications } } });
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
export function retire(state: ItemState, at: string, reason: string, damageReportId?: string): ItemFact[] {
  refuseRetired(state, 'retire');
  return [
    { type: 'EquipmentRetired', data: { at, reason, ...(damageReportId === undefined ? {} : { damageReportId }) } },
  ];
}

/** REQ-EQP-061: a step up or down, each with its own fact. */
export function setCondition(state: ItemState, { condition: to, reason }: ConditionChange): ItemFact[] {
  refuseRetired(state, 'condition');
  const from = state.condition;
  if (from === to) return [];
  const better = conditions.indexOf(to) < conditions.indexOf(from);
  const type = better ? 'EquipmentConditionUpgraded' : 'EquipmentConditionDowngraded';
  return [{ type, data: { from, to, ...(reason === undefined ? {} : { reason }) } }];
}

/** Units that left stock; with the last one the item is retired. */
export function lose(
  state: ItemState,
  lost: { readonly quantity: number; readonly reservationId: string; readonly from: Place },
  at: string,
): ItemFact[] {
  if (lost.quantity === 0) return [];
  const facts: ItemFact[] = [{ type: 'EquipmentUnitsLost', data: { ...lost } }];
  if (lost.quantity < state.quantity || state.retired) return facts;
  return [...facts, ...retire(state, at, 'No unit is left')];
}

export function photoOf(state: ItemState, photoId: string): Picture {
  const photo = state.photos.find(({ id }) => id === photoId);
  if (!photo) throw notFound('photo');
  return photo;
}

/** REQ-EQP-070. */
export function refuseFullAlbum(state: ItemState): void {
  if (state.photos.length >= MOST_PHOTOS) {
    throw breaks('most-photos', `Equipment has at most ${MOST_PHOTOS} photos.`, { limit: MOST_PHOTOS });
  }
}

export function addPhoto(state: ItemState, photo: Picture): ItemFact[] {
  if (state.photos.some(({ id }) => id === photo.id)) return [];
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
