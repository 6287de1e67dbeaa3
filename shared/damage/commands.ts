/** Commands on damage reports, and what they bring about on the item. */
import * as z from 'zod';
import { type ItemFact, type ItemState, items } from '../equipment/model.ts';
import { events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { anyOf, type ListInput, type Listing, toQuery } from '../platform/listing.ts';
import { blobOwner } from '../platform/orphans.ts';
import type { PhotoAlbum } from '../platform/photos.ts';
import { namesNone, unlessGone } from '../platform/refusal.ts';
import type { EntityPage } from '../platform/repository.ts';
import type { Scope } from '../platform/scope.ts';
import { type DamageFact, type DamageState, damageReports, damageStatuses, severities } from './model.ts';
import * as rules from './rules.ts';
import type { DamageReportBody, NewDamageReport } from './views.ts';

type Report = Entity<DamageState>;

/** Whose the photos of damage are. */
export const damageBlobs = blobOwner('damage', damageReports, ({ photos }) => photos);

export const damageAlbum: PhotoAlbum<DamageState, DamageFact> = {
  of: damageReports,
  blobs: damageBlobs,
  limit: 10 * 1024 * 1024,
  refuseFull: rules.refuseFullAlbum,
  add: rules.addPhoto,
};

export const damageListing: Listing = {
  filters: { severity: anyOf('severity', z.enum(severities)), status: anyOf('status', z.enum(damageStatuses)) },
  sorts: { createdAt: 'createdAt' },
  defaultSort: '-createdAt',
  search: false,
};

/** The reports of an item. Throws `not_found`. */
export async function listReports(
  scope: Scope,
  equipmentId: string,
  input: ListInput,
): Promise<EntityPage<DamageState>> {
  await scope.of(items).get(equipmentId);
  return scope.of(damageReports).list(toQuery(damageListing, input, [{ path: 'equipmentId', eq: equipmentId }]));
}

/** REQ-EQP-060. */
export async function reportDamage(scope: Scope, equipmentId: string, body: NewDamageReport): Promise<Report> {
  const now = scope.now();
  const id = scope.newId();
  const { eventId } = body;
  await scope.of(items).get(equipmentId);
  if (eventId !== undefined && !(await scope.of(events).find(eventId))) throw namesNone('body.eventId', 'event');
  return scope
    .of(damageReports)
    .create(id, () => rules.report({ ...body, equipmentId, reportedAt: body.reportedAt ?? now }, now));
}

/** Changes what PUT or PATCH name. Throws `wrong_state` for a status that does not follow. */
export function changeReport(
  scope: Scope,
  id: string,
  make: (current: DamageReportBody) => DamageReportBody,
): Promise<Report> {
  return scope.of(damageReports).execute(id, (state) => rules.revise(state, make(rules.fieldsOf(state))));
}

type Consequence = (reportId: string, damage: DamageState, item: ItemState, now: string) => readonly ItemFact[];

/** Does to the item what follows from a report as it is now; nothing when the item is gone. */
async function follow(scope: Scope, reportId: string, consequence: Consequence): Promise<void> {
  const { state } = await scope.of(damageReports).get(reportId);
  await unlessGone(
    scope.of(items).execute(state.equipmentId, (item) => consequence(reportId, state, item, scope.now())),
  );
}

/** Retires an item that is a total loss; once, however often it is told (REQ-EQP-062). */
export function retireOnTotalLoss(scope: Scope, reportId: string): Promise<void> {
  return follow(scope, reportId, rules.afterTotalLoss);
}

/** Asks for a replacement where repair is too dear; once for a report (REQ-EQP-064). */
export function weighReplacement(scope: Scope, reportId: string): Promise<void> {
  return follow(scope, reportId, rules.afterEstimate);
}
