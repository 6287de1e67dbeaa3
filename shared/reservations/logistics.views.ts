/** What the API shows and takes of the way of a reservation out and back. */
import * as z from 'zod';
import { MOST_UNITS } from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { Id, lines, metaShape, ShownWindow, text } from '../platform/fields.ts';
import { allowedAfter, dueStep } from './logistics.ts';
import { isOut, logisticsSteps, type ReservationState, reservationStatuses, stepOf } from './model.ts';
import type { MayName } from './titles.ts';
import { EventTitle } from './views.ts';

const Count = z.int().min(0).max(MOST_UNITS);
const note = lines(1000).optional();

export const StepBody = z.strictObject({ note }).meta({ id: 'LogisticsStepBody' });
export const LoadBody = z.strictObject({ vehicle: text(1, 100).meta({ example: 'Van 3' }), note });
export const DispatchBody = z.strictObject({ driver: text(1, 100).meta({ personal: 'identity' }), note });
export const ReturnBody = z
  .strictObject({ returned: Count, damaged: Count.default(0), missing: Count.default(0), note })
  .meta({ description: 'How many came back whole, damaged, or not at all: together what went out (REQ-EQP-048)' });

const StepView = z
  .object({
    step: z.enum(logisticsSteps),
    at: z.string(),
    by: z.string().meta({ description: "A user's id" }),
    note: z.string().optional(),
    vehicle: z.string().optional(),
    driver: z.string().optional().meta({ personal: 'identity' }),
    counts: z.object({ returned: z.int(), damaged: z.int(), missing: z.int() }).optional(),
  })
  .meta({ id: 'LogisticsStep' });

export const LogisticsView = z
  .object({
    id: Id.meta({ description: 'Of the reservation' }),
    equipmentId: Id,
    equipmentName: z.string(),
    eventId: Id,
    eventTitle: EventTitle,
    quantity: z.int(),
    window: ShownWindow,
    status: z.enum(reservationStatuses),
    step: z.enum(logisticsSteps).optional().meta({ description: 'The last one taken' }),
    due: z.enum(logisticsSteps).optional().meta({ description: 'The one that is due' }),
    allowed: z.array(z.string()).meta({ description: 'What may be done next, as addresses call it' }),
    late: z.boolean().meta({ description: 'Out past the end of its window' }),
    steps: z.array(StepView),
    ...metaShape,
  })
  .meta({ id: 'Logistics' });

/** `mayName`: whether the event's title may be shown. */
export function shownLogistics(
  { id, state, meta }: Entity<ReservationState>,
  now: string,
  mayName: MayName,
): z.input<typeof LogisticsView> {
  const { equipmentId, eventId, quantity, window, status, names, steps } = state;
  const [step, due] = [stepOf(state), dueStep(state)];
  return {
    id,
    equipmentId,
    equipmentName: names.equipment,
    eventId,
    ...(mayName(eventId) ? { eventTitle: names.event } : {}),
    quantity,
    window,
    status,
    allowed: [...allowedAfter(state)],
    late: isOut(state) && window.end < now,
    steps: [...steps],
    createdAt: meta.createdAt,
    createdBy: meta.createdBy,
    modifiedAt: meta.modifiedAt,
    modifiedBy: meta.modifiedBy,
    ...(step === undefined ? {} : { step }),
    ...(due === undefined ? {} : { due }),
  };
}
