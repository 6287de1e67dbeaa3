/** Reservations of equipment for events (REQ-EQP-020 to 024, 030, 031, REQ-EVT-023). */
import * as z from 'zod';
import { items } from '../../shared/equipment/model.ts';
import { events } from '../../shared/events/model.ts';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import type { EntityPage } from '../../shared/platform/repository.ts';
import { listRoute, type Reply, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { checkAvailability } from '../../shared/reservations/availability.ts';
import {
  cancelReservation,
  changeReservation,
  confirmReservation,
  overrideReservation,
  reserve,
} from '../../shared/reservations/commands.ts';
import { eventNamed } from '../../shared/reservations/context.ts';
import { listReservations, partListing, reservationListing } from '../../shared/reservations/lists.ts';
import { type ReservationState, reservations } from '../../shared/reservations/model.ts';
import { namingOf } from '../../shared/reservations/titles.ts';
import {
  AvailabilityBody,
  AvailabilityView,
  OrderBody,
  Reason,
  ReservationBody,
  ReservationFields,
  ReservationsView,
  ReservationView,
  shownAvailability,
  shownReservation,
} from '../../shared/reservations/views.ts';

const tag = 'Equipment reservations';
const params = z.object({ reservationId: Id });
const path = 'equipment/reservations/{reservationId}';

type Reservation = Entity<ReservationState>;

async function replyOf(scope: Scope, reservation: Reservation): Promise<Reply<z.input<typeof ReservationView>>> {
  return { body: shownReservation(reservation, await namingOf(scope, [reservation])), etag: reservation.etag };
}

async function shownPageOf(scope: Scope, page: EntityPage<ReservationState>) {
  const mayName = await namingOf(scope, page.items);
  return shownPage(page, (one) => shownReservation(one, mayName));
}

/** The items of an order, each with its place in the request. */
function ordered<T extends object>(order: readonly T[]) {
  return order.map((one, at) => ({ path: `body.items.${at}.equipmentId`, ...one }));
}

const list = listRoute({
  tag,
  path: 'equipment/reservations',
  summary: 'List reservations',
  description: 'Cancelled ones only where `status` names them.',
  access: 'reservations:read',
  list: reservationListing,
  item: ReservationView,
  handle: async ({ query }, scope) => ({ body: await shownPageOf(scope, await listReservations(scope, query)) }),
});

const ofItem = listRoute({
  tag,
  path: 'equipment/{equipmentId}/reservations',
  summary: "List an item's reservations",
  description: 'Cancelled ones only where `status` names them.',
  access: 'reservations:read',
  params: z.object({ equipmentId: Id }),
  list: partListing,
  item: ReservationView,
  async handle({ params: { equipmentId }, query }, scope) {
    await scope.of(items).get(equipmentId);
    const page = await listReservations(scope, query, [{ path: 'equipmentId', eq: equipmentId }]);
    return { body: await shownPageOf(scope, page) };
  },
});

const ofEvent = listRoute({
  tag,
  path: 'events/{eventId}/equipment-reservations',
  summary: "List an event's reservations of equipment",
  description: '`troubles` says which need attention: those that no longer fit after a move, for one.',
  access: 'reservations:read',
  params: z.object({ eventId: Id }),
  list: partListing,
  item: ReservationView,
  async handle({ params: { eventId }, query }, scope) {
    await scope.of(events).get(eventId);
    const page = await listReservations(scope, query, [{ path: 'eventId', eq: eventId }]);
    return { body: await shownPageOf(scope, page) };
  },
});

const create = route({
  tag,
  method: 'POST',
  path: 'equipment/reservations',
  summary: 'Reserve units of an item for an event',
  description: 'A clash lists what is in the way in `conflicts`, and other items that would do in `alternatives`.',
  access: 'reservations:create',
  body: ReservationBody,
  reply: ReservationView,
  refusals: ['conflict', 'rule_broken'],
  async handle({ body: { equipmentId, eventId, quantity, ...given } }, scope) {
    const event = await eventNamed(scope, eventId);
    const order = [{ equipmentId, quantity, path: 'body.equipmentId' }];
    const [made] = await reserve(scope, event, { ordered: order, ...given });
    if (!made) throw new Error('An order of one item makes one reservation');
    return { ...(await replyOf(scope, made)), location: `equipment/reservations/${made.id}` };
  },
});

const order = route({
  tag,
  method: 'POST',
  path: 'events/{eventId}/equipment',
  summary: 'Reserve several items for an event, all or none',
  description: 'At most 30 items, each once. The first that is not free refuses the whole order.',
  access: 'reservations:create',
  params: z.object({ eventId: Id }),
  body: OrderBody,
  reply: ReservationsView,
  refusals: ['conflict', 'rule_broken'],
  async handle({ params: { eventId }, body }, scope) {
    const event = await scope.of(events).get(eventId);
    const { items: asked, ...given } = body;
    const made = await reserve(scope, event, { ordered: ordered(asked), ...given });
    const mayName = await namingOf(scope, made);
    return {
      body: { reservations: made.map((one) => shownReservation(one, mayName)) },
      location: `events/${eventId}/equipment-reservations`,
    };
  },
});

const availability = route({
  tag,
  method: 'POST',
  path: 'equipment/check-availability',
  summary: 'Whether units are free for a window, and what else would be',
  access: 'reservations:read',
  body: AvailabilityBody,
  reply: AvailabilityView,
  status: 200,
  handle: async ({ body }, scope) => ({
    body: shownAvailability(await checkAvailability(scope, ordered(body.items), body.window)),
  }),
});

const read = route({
  tag,
  method: 'GET',
  path,
  summary: 'Read a reservation',
  access: 'reservations:read',
  params,
  reply: ReservationView,
  handle: async ({ params: { reservationId } }, scope) =>
    replyOf(scope, await scope.of(reservations).get(reservationId)),
});

const change = reviseRoutes({
  tag,
  path,
  summary: 'Change a reservation',
  description:
    "A window that is left out is the event's. The old units stay taken until the new ones are. Fewer units, or a window " +
    "away from the event, within 48 hours of the event's start need `reservations:override`, as cancelling does.",
  access: 'reservations:write',
  params,
  fields: ReservationFields,
  reply: ReservationView,
  refusals: ['conflict', 'rule_broken', 'wrong_state'],
  handle: async ({ params: { reservationId }, revise }, scope) =>
    replyOf(scope, await changeReservation(scope, reservationId, revise)),
});

const cancel = route({
  tag,
  method: 'DELETE',
  path,
  summary: 'Cancel a reservation',
  description:
    "Frees its units. Within 48 hours of the event's start it needs `reservations:override`. `reason` is kept with it.",
  access: 'reservations:write',
  params,
  query: z.strictObject({ reason: Reason.optional() }),
  refusals: ['wrong_state'],
  async handle({ params: { reservationId }, query: { reason = 'No reason given' } }, scope) {
    await cancelReservation(scope, reservationId, reason);
    return {};
  },
});

const confirm = route({
  tag,
  method: 'POST',
  path: `${path}/confirm`,
  summary: 'Confirm a reservation',
  access: 'reservations:confirm',
  params,
  reply: ReservationView,
  status: 200,
  refusals: ['wrong_state', 'rule_broken'],
  handle: async ({ params: { reservationId } }, scope) =>
    replyOf(scope, await confirmReservation(scope, reservationId)),
});

const override = route({
  tag,
  method: 'POST',
  path: `${path}/override`,
  summary: 'Confirm a reservation although it clashes',
  description:
    'Takes its units for its window, or where its event went, over whoever has them; clears its flags, but for that its event is off.',
  access: 'reservations:override',
  params,
  body: z.strictObject({ reason: Reason }),
  reply: ReservationView,
  status: 200,
  refusals: ['wrong_state', 'rule_broken'],
  handle: async ({ params: { reservationId }, body: { reason } }, scope) =>
    replyOf(scope, await overrideReservation(scope, reservationId, reason)),
});

export const equipmentReservationRoutes: readonly Route[] = [
  list,
  create,
  availability,
  read,
  ...change,
  cancel,
  confirm,
  override,
  ofItem,
  ofEvent,
  order,
];
