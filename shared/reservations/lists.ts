/** Lists of reservations; cancelled ones only where `status` names them (REQ-EQP-021). */
import { z } from 'zod';
import { Id } from '../platform/fields.ts';
import { anyIn, anyOf, from, type ListInput, type Listing, to, toQuery } from '../platform/listing.ts';
import type { EntityPage } from '../platform/repository.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { type ReservationState, reservationStatuses, reservations, troubles } from './model.ts';

const common = {
  status: anyOf('status', z.enum(reservationStatuses)),
  troubles: anyIn('troubles', z.enum(troubles)),
  startsFrom: from('start'),
  startsTo: to('start'),
};
const sorting = { sorts: { start: 'start', createdAt: 'createdAt' }, defaultSort: 'start', search: false };

export const reservationListing: Listing = {
  filters: { equipmentId: anyOf('equipmentId', Id), eventId: anyOf('eventId', Id), ...common },
  ...sorting,
};
/** Those of one item, or of one event. */
export const partListing: Listing = { filters: common, ...sorting };

/** `of` narrows them to one item or event. */
export function listReservations(
  scope: Scope,
  input: ListInput,
  of: readonly Condition[] = [],
): Promise<EntityPage<ReservationState>> {
  const listed: readonly Condition[] = input.status === undefined ? [{ path: 'listed', eq: true }] : [];
  const listing = of.length > 0 ? partListing : reservationListing;
  return scope.of(reservations).list(toQuery(listing, input, [...of, ...listed]));
}
