/** Damage to equipment as it was reported: the state, its facts, and how it is found (spec chapter 06). */
import { type Aggregate, aggregate, type Meta } from '../platform/aggregate.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import type { DecidedAs as Fact } from '../platform/facts.ts';
import type { Money } from '../platform/fields.ts';
import type { Picture } from '../platform/pictures.ts';

export const severities = ['minor', 'moderate', 'severe', 'totalLoss'] as const;
export type Severity = (typeof severities)[number];

export const damageStatuses = ['open', 'inRepair', 'resolved'] as const;
export type DamageStatus = (typeof damageStatuses)[number];

/** What can be changed of a report. */
export interface DamageFields {
  readonly description: string;
  readonly estimatedRepairCost?: Money | undefined;
  readonly status: DamageStatus;
}

export interface DamageState extends DamageFields {
  readonly equipmentId: string;
  readonly severity: Severity;
  /** Where it happened. */
  readonly eventId?: string | undefined;
  /** When it was noticed. */
  readonly reportedAt: string;
  /** Oldest first. */
  readonly photos: readonly Picture[];
}

type About = { readonly equipmentId: string };

type Reported = Fact<'EquipmentDamageReported', Omit<DamageState, 'status' | 'photos'>>;
export type DamageFact =
  | Reported
  | Fact<'EquipmentDamageReportUpdated', About & { readonly changes: Changes }>
  | Fact<'EquipmentDamagePhotoUploaded', About & { readonly photo: Picture }>;

function evolveDamage(state: DamageState | undefined, fact: DamageFact): DamageState {
  if (fact.type === 'EquipmentDamageReported') return { ...fact.data, status: 'open', photos: [] };
  if (!state) throw new Error(`${fact.type} came before EquipmentDamageReported`);
  if (fact.type === 'EquipmentDamageReportUpdated') return withChanges(state, fact.data.changes);
  return { ...state, photos: [...state.photos, fact.data.photo] };
}

export const damageReports: Aggregate<DamageState, DamageFact> = aggregate<DamageState, DamageFact>({
  kind: 'damageReport',
  container: 'equipment',
  noun: 'damage report',
  deletedBy: [],
  evolve: evolveDamage,
  index: (state: DamageState, meta: Meta) => ({
    ix: {
      equipmentId: state.equipmentId,
      severity: state.severity,
      status: state.status,
      open: state.status !== 'resolved',
      createdAt: meta.createdAt,
    },
  }),
});
