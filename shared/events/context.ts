/** What decisions about events are made on: the customer, the venue and the type, each one point read. */
import { customers } from '../customers/model.ts';
import { namesNone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { venues } from '../venues/model.ts';
import { breaks } from './breaks.ts';
import type { CustomerFor, TypeFor, VenueFor } from './rules.ts';
import { findEventType } from './types.ts';

/**
 * Throws when there is none: `invalid` on `customerId` where the request names it, `customer-active` where it is the
 * `present` one of an event, deleted since.
 */
export async function customerFor(scope: Scope, id: string, present?: string): Promise<CustomerFor> {
  const found = await scope.of(customers).find(id);
  if (!found && id === present) throw breaks('customer-active', 'The customer is not there any more.');
  if (!found) throw namesNone('body.customerId', 'customer');
  return { id, name: found.state.name, active: found.state.status === 'active' };
}

/**
 * Throws when there is none: `invalid` on `venueId` where the request names it, `venue-active` where it is the
 * `present` one of an event, deleted since.
 */
export async function venueFor(scope: Scope, id: string, present?: string): Promise<VenueFor> {
  const found = await scope.of(venues).find(id);
  if (!found && id === present) throw breaks('venue-active', 'The venue is not there any more.');
  if (!found) throw namesNone('body.venueId', 'venue');
  const { name, status, timeZone, capacity, bookable, turnaroundMinutes } = found.state;
  return { id, name, active: status === 'active', timeZone, capacity: capacity.max, bookable, turnaroundMinutes };
}

/** Throws `invalid` on `eventTypeId` when there is none. */
export async function typeFor(scope: Scope, id: string): Promise<TypeFor> {
  const found = await findEventType(scope, id);
  if (!found) throw namesNone('body.eventTypeId', 'event type');
  return { id, name: found.state.name, active: found.state.status === 'active' };
}
