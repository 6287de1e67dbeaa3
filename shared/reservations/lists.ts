/** Lists of reservations (REQ-EQP-021), and the warehouse's own: what is to be done, what is out (REQ-EQP-040 to 048). */
import * as z from 'zod';
import { Id } from '../platform/fields.ts';
import {
  anyIn,
  anyOf,
  booleanText,
  from,
  type ListInput,
  type Listing,
  own,
  to,
  toQuery,
} from '../platform/listing.ts';
import type { EntityPage } from '../platform/repository.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { type ReservationState, reservationStatuses, reservations, troubles } from './model.ts';

const ofOne = { equipmentId: anyOf('equipmentId', Id), eventId: anyOf('eventId', Id) };
const starting = { startsFrom: from('start'), startsTo: to('start') };
const common = {
  status: anyOf('status', z.enum(reservationStatuses)),
  troubles: anyIn('troubles', z.enum(troubles)),
  ...starting,
};
const sorting = { sorts: { start: 'start', createdAt: 'createdAt' }, defaultSort: 'start', search: false };

export const reservationListing: Listing = {
  filters: { ...ofOne, ...common },
  ...sorting,
};
/** Those of one item, or of one event. */
export const partListing: Listing = { filters: common, ...sorting };

/** `of` narrows them to one item or event; cancelled ones are there only where `status` names them. */
export function listReservations(
  scope: Scope,
  input: ListInput,
  of: readonly Condition[] = [],
): Promise<EntityPage<ReservationState>> {
  const listed: readonly Condition[] = input.status === undefined ? [{ path: 'listed', eq: true }] : [];
  const listing = of.length > 0 ? partListing : reservationListing;
  return scope.of(reservations).list(toQuery(listing, input, [...of, ...listed]));
}

const nextFirst = { sorts: { start: 'start' }, defaultSort: 'start', search: false };

export const dueListing: Listing = { filters: { ...ofOne, ...starting }, ...nextFirst };

export const outListing: Listing = {
  filters: {
    ...ofOne,
    late: own(booleanText.optional().meta({ description: 'Past the end of its window, or not' })),
  },
  ...nextFirst,
};

/** What is confirmed and not yet back, whose turn it is to be packed, loaded, …: the warehouse's work, next first. */
export function listDue(scope: Scope, input: ListInput): Promise<EntityPage<ReservationState>> {
  return scope.of(reservations).list(toQuery(dueListing, input, [{ path: 'status', eq: 'confirmed' }]));
}

/** What left the warehouse and is not yet back. */
export function listOut(scope: Scope, input: ListInput): Promise<EntityPage<ReservationState>> {
  const always: Condition[] = [{ path: 'out', eq: true }];
  const now = scope.now();
  if (input.late === true) always.push({ path: 'end', lt: now });
  if (input.late === false) always.push({ path: 'end', gte: now });
  return scope.of(reservations).list(toQuery(outListing, input, always));
}
