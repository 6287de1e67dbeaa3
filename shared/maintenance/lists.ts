/** Lists of maintenance: an item's own, and what is still to be done. */
import * as z from 'zod';
import { items } from '../equipment/model.ts';
import { Id } from '../platform/fields.ts';
import { anyOf, from, type ListInput, type Listing, to, toQuery } from '../platform/listing.ts';
import type { EntityPage } from '../platform/repository.ts';
import type { Scope } from '../platform/scope.ts';
import { type MaintenanceState, maintenance, maintenanceStatuses, maintenanceTypes } from './model.ts';

const filters = {
  type: anyOf('type', z.enum(maintenanceTypes)),
  technicianId: anyOf('technicianId', Id),
  from: from('scheduledAt'),
  to: to('scheduledAt'),
};

export const itemMaintenanceListing: Listing = {
  filters: { ...filters, status: anyOf('status', z.enum(maintenanceStatuses)) },
  sorts: { scheduledAt: 'scheduledAt', createdAt: 'createdAt' },
  defaultSort: '-scheduledAt',
  search: false,
};

export const scheduledListing: Listing = {
  filters: { ...filters, equipmentId: anyOf('equipmentId', Id) },
  sorts: { scheduledAt: 'scheduledAt' },
  defaultSort: 'scheduledAt',
  search: false,
};

/** The history of an item. Throws `not_found`. */
export async function listOfItem(
  scope: Scope,
  equipmentId: string,
  input: ListInput,
): Promise<EntityPage<MaintenanceState>> {
  await scope.of(items).get(equipmentId);
  return scope.of(maintenance).list(toQuery(itemMaintenanceListing, input, [{ path: 'equipmentId', eq: equipmentId }]));
}

/** What is scheduled or in progress (REQ-EQP-054). */
export function listScheduled(scope: Scope, input: ListInput): Promise<EntityPage<MaintenanceState>> {
  return scope.of(maintenance).list(toQuery(scheduledListing, input, [{ path: 'open', eq: true }]));
}
