/** What the API shows and takes of reservations. */
import * as z from 'zod';
import { ClashView, MOST_DAYS } from '../claims/model.ts';
import { MOST_UNITS } from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, HOUR } from '../platform/clock.ts';
import { Id, lines, metaShape, ShownWindow, Window } from '../platform/fields.ts';
import type { Availability } from './availability.ts';
import { isOut, logisticsSteps, type ReservationState, reservationStatuses, stepOf, troubles } from './model.ts';
import type { MayName } from './titles.ts';

/** An order of more is none that people make by hand, and would not fit in one commit. */
const MOST_ITEMS = 30;
const MOST_ASKED = 50;

/** Why something is done. */
export const Reason = lines(500, 1).meta({ example: 'The client asked for it' });

const OverrideBody = z.strictObject({ reason: Reason }).meta({
  id: 'EquipmentOverride',
  description: 'Takes the units although others have them; needs reservations:override (REQ-EQP-031)',
});

const lengthOf = ({ start, end }: Window) => Date.parse(end) - Date.parse(start);

/** Three years at most. */
const AskedWindow = Window.refine((window) => lengthOf(window) <= MOST_DAYS * DAY, {
  message: `must be at most ${MOST_DAYS} days long`,
  path: ['end'],
});
/** And an hour or more. */
const ReservedWindow = AskedWindow.refine((window) => lengthOf(window) >= HOUR, {
  message: 'must be an hour long at least',
  path: ['end'],
});
const Quantity = z.int().min(1).max(MOST_UNITS);

const changeable = {
  quantity: Quantity,
  window: ReservedWindow.optional().meta({ description: "The event's with set-up and tear-down unless given" }),
  notes: lines(1000).optional(),
  override: OverrideBody.optional(),
};
/** What PUT and PATCH change; a window left out is the event's. */
export const ReservationFields = z.strictObject(changeable).meta({ id: 'ReservationFields' });
export type ReservationFields = z.output<typeof ReservationFields>;

export const ReservationBody = z
  .strictObject({ equipmentId: Id, eventId: Id, ...changeable })
  .meta({ id: 'ReservationBody' });

const Ordered = z.strictObject({ equipmentId: Id, quantity: Quantity });

export const OrderBody = z
  .strictObject({
    items: z.array(Ordered).min(1).max(MOST_ITEMS),
    window: changeable.window,
    override: OverrideBody.optional(),
  })
  .meta({ id: 'EquipmentOrder' });

export const AvailabilityBody = z
  .strictObject({ items: z.array(Ordered).min(1).max(MOST_ASKED), window: AskedWindow })
  .meta({ id: 'EquipmentAvailabilityBody' });

/** Left out of views for who may not see the event. */
export const EventTitle = z.string().optional().meta({ description: 'Only for those who may see the event' });

export const ReservationView = z
  .object({
    id: Id,
    equipmentId: Id,
    equipmentName: z.string(),
    eventId: Id,
    eventTitle: EventTitle,
    quantity: z.int(),
    window: ShownWindow,
    windowGiven: z.boolean().meta({ description: 'Whether the window was given rather than taken from the event' }),
    notes: z.string().optional(),
    status: z.enum(reservationStatuses),
    step: z.enum(logisticsSteps).optional().meta({ description: 'The last step of its logistics' }),
    out: z.boolean().meta({ description: 'Left the warehouse and not yet back' }),
    troubles: z.array(z.enum(troubles)).meta({ description: 'Why it needs attention' }),
    reason: z.string().optional().meta({ description: 'Why it was cancelled' }),
    ...metaShape,
  })
  .meta({ id: 'Reservation' });

export const ReservationsView = z.object({ reservations: z.array(ReservationView) }).meta({ id: 'ReservationsMade' });

/** `mayName`: whether the event's title may be shown. */
export function shownReservation(
  { id, state, meta }: Entity<ReservationState>,
  mayName: MayName,
): z.input<typeof ReservationView> {
  const { equipmentId, eventId, quantity, window, windowGiven, notes, status, names, reason } = state;
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  const step = stepOf(state);
  return {
    id,
    equipmentId,
    equipmentName: names.equipment,
    eventId,
    ...(mayName(eventId) ? { eventTitle: names.event } : {}),
    quantity,
    window,
    windowGiven,
    status,
    out: isOut(state),
    troubles: [...state.troubles],
    createdAt,
    createdBy,
    modifiedAt,
    modifiedBy,
    ...(notes === undefined ? {} : { notes }),
    ...(step === undefined ? {} : { step }),
    ...(reason === undefined ? {} : { reason }),
  };
}

const AlternativeView = z
  .object({
    equipmentId: Id,
    name: z.string(),
    free: z.int().meta({ description: 'Units free for the whole window' }),
    same: z.array(z.string()).meta({ description: 'Specifications that are the same' }),
    different: z.array(z.object({ key: z.string(), wanted: z.string(), offered: z.string().optional() })),
    reason: z.string(),
  })
  .meta({ id: 'EquipmentAlternative' });

const ItemAvailability = z.object({
  equipmentId: Id,
  quantity: z.int(),
  available: z.boolean(),
  free: z.int().min(0),
  short: z.int().min(0),
  rule: z.string().optional().meta({ description: 'The rule that keeps it from being reserved at all' }),
  conflicts: z.array(ClashView),
  alternatives: z.array(AlternativeView),
});
export const AvailabilityView = z
  .object({ available: z.boolean().meta({ description: 'All of it' }), items: z.array(ItemAvailability) })
  .meta({ id: 'EquipmentAvailability' });

export function shownAvailability(answers: readonly Availability[]): z.input<typeof AvailabilityView> {
  return {
    available: answers.every(({ available }) => available),
    items: answers.map((answer) => ({
      ...answer,
      conflicts: [...answer.conflicts],
      alternatives: answer.alternatives.map((one) => ({
        ...one,
        same: [...one.same],
        different: [...one.different],
      })),
    })),
  };
}
