/** The examples of reservations and logistics. */
import type { Example } from './examples.ts';
import type { World } from './world.ts';

type Steps = readonly (readonly [string, unknown?])[];

const onReservation =
  (steps: Steps = [], body?: unknown): Example =>
  async (world) => {
    const reservation = await world.reservation(...steps);
    return { params: { reservationId: reservation.id }, ...(body === undefined ? {} : { body }) };
  };
/** The way of a reservation out and back; the body of each step. */
const way = [
  ['confirm', {}],
  ['pack', {}],
  ['load', { vehicle: 'Van 3' }],
  ['dispatch', { driver: 'Dee' }],
  ['deliver', {}],
  ['setup-complete', {}],
  ['pickup', {}],
  ['return', { returned: 1, damaged: 1 }],
] as const;
/** On a reservation that has come so far that a step is due. */
const onWay = (step: (typeof way)[number][0]): Example => {
  const at = way.findIndex(([name]) => name === step);
  return onReservation(way.slice(0, at), way[at]?.[1]);
};
const two = async (world: World) => ({ equipmentId: (await world.chairs()).id, quantity: 2 });

export const reservationExamples: Readonly<Record<string, Example>> = {
  'GET events/{eventId}/equipment-reservations': async (world) => ({ params: { eventId: (await world.event()).id } }),
  'POST events/{eventId}/equipment': async (world) => ({
    params: { eventId: (await world.event()).id },
    body: { items: [await two(world)] },
  }),
  'GET equipment/reservations': () => ({}),
  'POST equipment/reservations': async (world) => ({
    body: { ...(await two(world)), eventId: (await world.event()).id },
  }),
  'POST equipment/check-availability': async (world) => {
    const date = world.day();
    const window = { start: `${date}T08:00:00Z`, end: `${date}T18:00:00Z` };
    return { body: { items: [await two(world)], window } };
  },
  'GET equipment/reservations/{reservationId}': onReservation(),
  'PUT equipment/reservations/{reservationId}': onReservation([], { quantity: 3 }),
  'PATCH equipment/reservations/{reservationId}': onReservation([], { notes: 'By the door' }),
  'DELETE equipment/reservations/{reservationId}': onReservation(),
  'POST equipment/reservations/{reservationId}/confirm': onReservation(),
  'POST equipment/reservations/{reservationId}/override': onReservation([], { reason: 'Because' }),
  'GET equipment/{equipmentId}/reservations': async (world) => ({
    params: { equipmentId: (await world.chairs()).id },
  }),
  'GET equipment/logistics': () => ({}),
  'GET equipment/logistics/in-transit': () => ({}),
  'GET equipment/logistics/{reservationId}': onReservation(way.slice(0, 2)),
  'POST equipment/logistics/{reservationId}/pack': onWay('pack'),
  'POST equipment/logistics/{reservationId}/load': onWay('load'),
  'POST equipment/logistics/{reservationId}/dispatch': onWay('dispatch'),
  'POST equipment/logistics/{reservationId}/deliver': onWay('deliver'),
  'POST equipment/logistics/{reservationId}/setup-complete': onWay('setup-complete'),
  'POST equipment/logistics/{reservationId}/pickup': onWay('pickup'),
  'POST equipment/logistics/{reservationId}/return': onWay('return'),
};
