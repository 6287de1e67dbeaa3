/** Decisions about damage reports and what they bring about: pure. */
import type { ItemFact, ItemState } from '../equipment/model.ts';
import { holds } from '../platform/albums.ts';
import { changesBetween, unchanged } from '../platform/changes.ts';
import { later, MINUTE } from '../platform/clock.ts';
import type { Picture } from '../platform/pictures.ts';
import { wrongState } from '../platform/refusal.ts';
import { shortened } from '../platform/words.ts';
import { breaks } from './breaks.ts';
import type { DamageFact, DamageFields, DamageState, DamageStatus } from './model.ts';

const MOST_PHOTOS = 10;

/** What a report's status can become; a resolved one is opened again before it is repaired again. */
const statusesAfter: Readonly<Record<DamageStatus, readonly DamageStatus[]>> = {
  open: ['inRepair', 'resolved'],
  inRepair: ['open', 'resolved'],
  resolved: ['open'],
};

/** REQ-EQP-060. Clocks of callers may be a little ahead. */
export function report(damage: Omit<DamageState, 'status' | 'photos'>, now: string): readonly DamageFact[] {
  if (damage.reportedAt > later(now, CLOCKS_DIFFER)) {
    throw breaks('reported-in-past', 'Damage is reported once it has happened.');
  }
  return [{ type: 'EquipmentDamageReported', data: damage }];
}
const CLOCKS_DIFFER = 5 * MINUTE;

/** The changeable fields as they are. */
export function fieldsOf({ description, estimatedRepairCost, status }: DamageState): DamageFields {
  return { description, status, ...(estimatedRepairCost ? { estimatedRepairCost } : {}) };
}

export function revise(state: DamageState, fields: DamageFields): readonly DamageFact[] {
  const allowed = statusesAfter[state.status];
  if (fields.status !== state.status && !allowed.includes(fields.status)) {
    throw wrongState(state.status, allowed, fields.status);
  }
  const changes = changesBetween(fieldsOf(state), fields);
  if (unchanged(changes)) return [];
  return [{ type: 'EquipmentDamageReportUpdated', data: { equipmentId: state.equipmentId, changes } }];
}

export function refuseFullAlbum({ photos }: DamageState): void {
  if (photos.length >= MOST_PHOTOS) {
    throw breaks('most-photos', `A damage report has at most ${MOST_PHOTOS} photos.`, { limit: MOST_PHOTOS });
  }
}

export function addPhoto(state: DamageState, photo: Picture): readonly DamageFact[] {
  if (holds(state, photo)) return [];
  refuseFullAlbum(state);
  return [{ type: 'EquipmentDamagePhotoUploaded', data: { equipmentId: state.equipmentId, photo } }];
}

type Reported = Pick<DamageState, 'severity' | 'description' | 'estimatedRepairCost'>;

/** What a replacement is asked for with: the sums, as far as they are known. */
function sums({ estimatedRepairCost }: Reported, item: ItemState) {
  const currentValue = item.currentValue ?? item.purchasePrice;
  return { currentValue, ...(estimatedRepairCost ? { repairCost: estimatedRepairCost } : {}) };
}

/**
 * A total loss: the item needs replacing, and is retired, each once however many reports say so; one that was retired
 * before for another reason needs replacing all the same (REQ-EQP-062).
 */
export function afterTotalLoss(reportId: string, damage: Reported, item: ItemState, now: string): readonly ItemFact[] {
  if (damage.severity !== 'totalLoss' || item.totalLoss || isAsked(reportId, item)) return [];
  const asked = { damageReportId: reportId, reason: 'totalLoss', ...sums(damage, item) } as const;
  const reason = shortened(`Total loss: ${damage.description}`, LONGEST_REASON);
  const required: ItemFact = { type: 'EquipmentReplacementRequired', data: asked };
  if (item.retired) return [required];
  return [required, { type: 'EquipmentRetired', data: { at: now, reason, damageReportId: reportId } }];
}
const LONGEST_REASON = 500;

/** Repair for over half of what it is worth, in the same currency: better replaced, asked once for a report (REQ-EQP-064). */
export function afterEstimate(reportId: string, damage: Reported, item: ItemState): readonly ItemFact[] {
  if (damage.severity === 'totalLoss' || item.retired || isAsked(reportId, item)) return [];
  const { repairCost, currentValue } = { repairCost: undefined, ...sums(damage, item) };
  if (!repairCost || repairCost.currency !== currentValue.currency) return [];
  if (repairCost.amount * 2 <= currentValue.amount) return [];
  const data = { damageReportId: reportId, reason: 'repairCost', repairCost, currentValue } as const;
  return [{ type: 'EquipmentReplacementRequired', data }];
}

function isAsked(reportId: string, { replacementFor = [] }: ItemState): boolean {
  return replacementFor.includes(reportId);
}
