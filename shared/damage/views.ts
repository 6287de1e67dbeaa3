/** What the API shows and takes of damage reports. */
import * as z from 'zod';
import type { Entity } from '../platform/aggregate.ts';
import { Cost, Id, Instant, lines, Money, metaShape } from '../platform/fields.ts';
import { photoViews, replyWithPhotos } from '../platform/photos.ts';
import { PictureView } from '../platform/pictures.ts';
import type { Scope } from '../platform/scope.ts';
import { type DamageState, damageStatuses, severities } from './model.ts';

const Severity = z.enum(severities).meta({ id: 'DamageSeverity' });
const DamageStatus = z.enum(damageStatuses).meta({ id: 'DamageStatus' });
const Description = lines(2000, 1).meta({ example: 'The left castor is bent' });

export const NewDamageReport = z
  .strictObject({
    severity: Severity.meta({ description: 'totalLoss retires the equipment (REQ-EQP-062)' }),
    description: Description,
    eventId: Id.optional().meta({ description: 'Where it happened' }),
    estimatedRepairCost: Cost.optional(),
    reportedAt: Instant.optional().meta({ description: 'When it was noticed; left out: now' }),
  })
  .meta({ id: 'NewDamageReport' });
export type NewDamageReport = z.output<typeof NewDamageReport>;

/** What can be changed. */
export const DamageReportBody = z
  .strictObject({ description: Description, estimatedRepairCost: Cost.optional(), status: DamageStatus })
  .meta({ id: 'DamageReportBody' });
export type DamageReportBody = z.output<typeof DamageReportBody>;

export const DamageReportView = z
  .object({
    id: Id,
    equipmentId: Id,
    severity: Severity,
    status: DamageStatus,
    description: z.string(),
    eventId: Id.optional(),
    estimatedRepairCost: Money.optional(),
    reportedAt: z.string(),
    photos: z.array(PictureView).meta({ description: 'Oldest first' }),
    ...metaShape,
  })
  .meta({ id: 'DamageReport' });

export async function shownReport(scope: Scope, { id, state, meta }: Entity<DamageState>) {
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  const photos = await photoViews(scope, state);
  return { id, ...state, photos, createdAt, createdBy, modifiedAt, modifiedBy };
}

export async function repliedReport(scope: Scope, report: Entity<DamageState>) {
  return replyWithPhotos(await shownReport(scope, report), report.etag);
}
