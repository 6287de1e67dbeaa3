/** Lists of events: filters, order, search, and the rows an actor may see (REQ-EVT-005, 040). */
import * as z from 'zod';
import type { Entity } from '../platform/aggregate.ts';
import { Id } from '../platform/fields.ts';
import { anyIn, anyOf, from, type ListInput, type Listing, to, toQuery } from '../platform/listing.ts';
import type { EntityPage } from '../platform/repository.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { type EventState, eventStatuses, events } from './model.ts';
import { guardRow, rowConditions } from './rows.ts';

export const eventListing: Listing = {
  filters: {
    status: anyOf('status', z.enum(eventStatuses)),
    type: anyOf('typeId', Id),
    customerId: anyOf('customerId', Id),
    venueId: anyOf('venueId', Id),
    staffId: anyIn('staff', Id),
    startsFrom: from('startsAt'),
    startsTo: to('startsAt'),
  },
  sorts: { startsAt: 'startsAt', title: 'title', status: 'status', createdAt: 'createdAt' },
  defaultSort: 'startsAt',
  search: true,
};

/** Archived events only where `status` names them; of others, those the actor may see. */
export async function listEvents(scope: Scope, input: ListInput): Promise<EntityPage<EventState>> {
  const rows = rowConditions(scope.actor);
  if (!rows) return { items: [], ...(input.count ? { total: 0 } : {}) };
  const listed: readonly Condition[] = input.status === undefined ? [{ path: 'listed', eq: true }] : [];
  return scope.of(events).list(toQuery(eventListing, input, [...rows, ...listed]));
}

/** One event; throws `forbidden` when it is not the actor's to see. One point read. */
export async function getEvent(scope: Scope, id: string): Promise<Entity<EventState>> {
  const event = await scope.of(events).get(id);
  guardRow(scope.actor, event.state);
  return event;
}
