/** Damage reports on equipment, with photos (spec chapter 06). */
import * as z from 'zod';
import { changeReport, damageAlbum, damageListing, listReports, reportDamage } from '../../shared/damage/commands.ts';
import { type DamageState, damageReports } from '../../shared/damage/model.ts';
import {
  DamageReportBody,
  DamageReportView,
  NewDamageReport,
  repliedReport,
  shownReport,
} from '../../shared/damage/views.ts';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { addPhoto, photoReply } from '../../shared/platform/photos.ts';
import { PictureView } from '../../shared/platform/pictures.ts';
import { listRoute, type Route, reviseRoutes, route, uploadRoute } from '../../shared/platform/route.ts';

const tag = 'Equipment damage';
const ofItem = z.strictObject({ equipmentId: Id });
const params = z.strictObject({ damageReportId: Id });
const path = 'equipment/damage-reports/{damageReportId}';

const one = route({
  method: 'GET',
  path,
  summary: 'Read a damage report',
  tag,
  access: 'damage:read',
  params,
  reply: DamageReportView,
  handle: async ({ params: { damageReportId } }, scope) =>
    repliedReport(scope, await scope.of(damageReports).get(damageReportId)),
});

const change = reviseRoutes({
  path,
  summary: 'Change a damage report: what it will cost, how far the repair is',
  tag,
  access: 'damage:write',
  params,
  fields: DamageReportBody,
  reply: DamageReportView,
  refusals: ['wrong_state'],
  handle: async ({ params: { damageReportId }, revise }, scope) =>
    repliedReport(scope, await changeReport(scope, damageReportId, revise)),
});

const upload = uploadRoute({
  method: 'POST',
  path: `${path}/photos`,
  summary: 'Add a photo: JPG, PNG or WebP, up to 10 MB',
  tag,
  access: 'damage:create',
  params,
  file: { limit: damageAlbum.limit },
  reply: PictureView,
  refusals: ['rule_broken'],
  handle: async ({ params: { damageReportId }, file }, scope) => {
    const { entity: report, photoId } = await addPhoto(scope, damageAlbum, damageReportId, file);
    return { ...(await photoReply(scope, report, photoId)), location: `${at(report)}/photos/${photoId}` };
  },
});

const readPhoto = route({
  method: 'GET',
  path: `${path}/photos/{photoId}`,
  summary: 'Read a photo',
  tag,
  access: 'damage:read',
  params: z.strictObject({ damageReportId: Id, photoId: Id }),
  reply: PictureView,
  handle: async ({ params: { damageReportId, photoId } }, scope) =>
    photoReply(scope, await scope.of(damageReports).get(damageReportId), photoId),
});

const list = listRoute({
  path: 'equipment/{equipmentId}/damage-reports',
  summary: 'List the damage reports on a piece of equipment, newest first',
  tag,
  access: 'damage:read',
  params: ofItem,
  list: damageListing,
  item: DamageReportView,
  handle: async ({ params: { equipmentId }, query }, scope) => {
    const page = await listReports(scope, equipmentId, query);
    const items = await Promise.all(page.items.map((report) => shownReport(scope, report)));
    return { body: shownPage({ ...page, items }, (report) => report) };
  },
});

const report = route({
  method: 'POST',
  path: 'equipment/{equipmentId}/damage-reports',
  summary: 'Report damage; a total loss retires the equipment',
  tag,
  access: 'damage:create',
  params: ofItem,
  body: NewDamageReport,
  reply: DamageReportView,
  refusals: ['rule_broken'],
  handle: async ({ params: { equipmentId }, body }, scope) => {
    const made = await reportDamage(scope, equipmentId, body);
    return { ...(await repliedReport(scope, made)), location: at(made) };
  },
});

function at({ id }: Entity<DamageState>): string {
  return `equipment/damage-reports/${id}`;
}

export const damageRoutes: readonly Route[] = [one, ...change, upload, readPhoto, list, report];
