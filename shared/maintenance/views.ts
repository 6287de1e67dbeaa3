/** What the API shows and takes of maintenance. */
import * as z from 'zod';
import { conditions, MOST_UNITS } from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { Cost, Id, Instant, lines, Money, metaShape, ShownWindow } from '../platform/fields.ts';
import { type MaintenanceState, maintenanceStatuses, maintenanceTypes, windowOf } from './model.ts';

/** A year. */
const MOST_MINUTES = 525_600;

const MaintenanceTypeText = z.enum(maintenanceTypes).meta({ id: 'MaintenanceType' });
const MaintenanceStatusText = z.enum(maintenanceStatuses).meta({ id: 'MaintenanceStatus' });
const ConditionText = z.enum(conditions);

/** Why something is done; kept with its fact. */
const Reason = lines(500, 1).meta({ example: 'A cable is frayed' });

const Override = z.strictObject({ reason: Reason }).meta({
  id: 'MaintenanceOverride',
  description: 'Blocks the units although they are reserved, and flags those reservations; needs reservations:override',
});

const shape = {
  scheduledAt: Instant,
  estimatedMinutes: z.int().min(1).max(MOST_MINUTES),
  quantity: z.int().min(1).max(MOST_UNITS).optional().meta({ description: 'Units; all in stock unless given' }),
  description: lines(2000, 1),
  technicianId: Id.optional().meta({ description: "A user's id" }),
  override: Override.optional(),
};

/** What can be changed. */
export const MaintenanceBody = z.strictObject(shape).meta({ id: 'MaintenanceBody' });
export type MaintenanceBody = z.output<typeof MaintenanceBody>;

export const NewMaintenance = z.strictObject({ type: MaintenanceTypeText, ...shape }).meta({ id: 'NewMaintenance' });
export type NewMaintenance = z.output<typeof NewMaintenance>;

export const StartBody = z.strictObject({ override: Override.optional() });
export const CancelBody = z.strictObject({ reason: Reason.optional() });
export const CompleteBody = z
  .strictObject({
    cost: Cost.optional(),
    notes: lines(2000).optional(),
    resultingCondition: ConditionText.optional().meta({ description: 'Left out: as it was' }),
    passed: z.boolean().optional().meta({ description: 'Of inspections, and needed there' }),
  })
  .meta({ id: 'CompleteMaintenance' });

export const MaintenanceView = z
  .object({
    id: Id,
    equipmentId: Id,
    type: MaintenanceTypeText,
    status: MaintenanceStatusText,
    scheduledAt: z.string().meta({ example: '2026-11-20T09:00:00Z' }),
    estimatedMinutes: z.int(),
    window: ShownWindow.meta({ description: 'As scheduled, or as it runs' }),
    quantity: z.int(),
    description: z.string(),
    technicianId: Id.optional(),
    startedAt: z.string().optional(),
    completedAt: z.string().optional(),
    cost: Money.optional(),
    notes: z.string().optional(),
    resultingCondition: ConditionText.optional(),
    passed: z.boolean().optional(),
    reason: z.string().optional().meta({ description: 'Why it was cancelled' }),
    returnedFrom: z.object({ reservationId: Id, eventId: Id }).optional().meta({
      description: 'The return that an inspection is due to; until it is done the item takes no reservations',
    }),
    overReservations: z.array(Id).meta({ description: 'Reservations whose units it takes' }),
    ...metaShape,
  })
  .meta({ id: 'Maintenance' });

/** As a list shows it. */
export function shownMaintenance({ id, state, meta }: Entity<MaintenanceState>): z.input<typeof MaintenanceView> {
  const { placement: _, over, units: __, endsBy: ___, returnedFrom, ...fields } = state;
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  return {
    ...{ id, ...fields, window: windowOf(state), overReservations: [...over] },
    ...(returnedFrom ? { returnedFrom: { ...returnedFrom } } : {}),
    ...{ createdAt, createdBy, modifiedAt, modifiedBy },
  };
}

/** The reply that shows one. */
export function repliedMaintenance(one: Entity<MaintenanceState>) {
  return { body: shownMaintenance(one), etag: one.etag };
}
