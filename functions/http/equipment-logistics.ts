/** Equipment from the warehouse to the venue and back (REQ-EQP-040 to 048). */
import * as z from 'zod';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import type { EntityPage } from '../../shared/platform/repository.ts';
import { listRoute, type Route, route } from '../../shared/platform/route.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { dueListing, listDue, listOut, outListing } from '../../shared/reservations/lists.ts';
import { type StepDetails, stepNames } from '../../shared/reservations/logistics.ts';
import {
  DispatchBody,
  LoadBody,
  LogisticsView,
  ReturnBody,
  StepBody,
  shownLogistics,
} from '../../shared/reservations/logistics.views.ts';
import { isOut, type LogisticsStep, type ReservationState, reservations } from '../../shared/reservations/model.ts';
import { moveOn } from '../../shared/reservations/moving.ts';
import { namingOf } from '../../shared/reservations/titles.ts';

const tag = 'Equipment logistics';
const params = z.object({ reservationId: Id });

type Reservation = Entity<ReservationState>;

async function shown(scope: Scope, reservation: Reservation) {
  return shownLogistics(reservation, scope.now(), await namingOf(scope, [reservation]));
}

async function shownPageOf(scope: Scope, page: EntityPage<ReservationState>) {
  const mayName = await namingOf(scope, page.items);
  const now = scope.now();
  return shownPage(page, (one) => shownLogistics(one, now, mayName));
}

const inTransit = listRoute({
  tag,
  path: 'equipment/logistics/in-transit',
  summary: 'List what left the warehouse and is not yet back',
  access: 'logistics:read',
  list: outListing,
  item: LogisticsView,
  async handle({ query }, scope) {
    return { body: await shownPageOf(scope, await listOut(scope, query)) };
  },
});

const due = listRoute({
  tag,
  path: 'equipment/logistics',
  summary: "List the warehouse's work: confirmed reservations, next first, with the step that is due",
  access: 'logistics:read',
  list: dueListing,
  item: LogisticsView,
  async handle({ query }, scope) {
    return { body: await shownPageOf(scope, await listDue(scope, query)) };
  },
});

const read = route({
  tag,
  method: 'GET',
  path: 'equipment/logistics/{reservationId}',
  summary: 'The steps a reservation has taken, and the one that is due',
  access: 'logistics:read',
  params,
  reply: LogisticsView,
  async handle({ params: { reservationId } }, scope) {
    const reservation = await scope.of(reservations).get(reservationId);
    const body = await shown(scope, reservation);
    // What is out becomes late while nobody changes it: never answered 304, its ETag is there for `If-Match`.
    return isOut(reservation.state)
      ? { body, headers: { etag: `"${reservation.etag}"` } }
      : { body, etag: reservation.etag };
  },
});

/** One route a step, with what it takes beside a note. */
function stepRoute<B extends z.ZodType>(
  step: LogisticsStep,
  summary: string,
  body: B,
  detailsOf: (body: z.output<B>) => StepDetails,
): Route {
  return route({
    tag,
    method: 'POST',
    path: `equipment/logistics/{reservationId}/${stepNames[step]}`,
    summary,
    description: 'Out of order it is `wrong_state`; `due` names the step that is.',
    access: 'logistics:write',
    params,
    body,
    reply: LogisticsView,
    status: 200,
    refusals: ['wrong_state', 'rule_broken'],
    async handle({ params: { reservationId }, body: given }, scope: Scope) {
      const reservation = await moveOn(scope, reservationId, step, detailsOf(given));
      return { body: await shown(scope, reservation), etag: reservation.etag };
    },
  });
}

const noted = ({ note }: z.output<typeof StepBody>): StepDetails => (note === undefined ? {} : { note });

export const equipmentLogisticsRoutes: readonly Route[] = [
  due,
  inTransit,
  read,
  stepRoute('packed', 'Set the units apart', StepBody, noted),
  stepRoute('loaded', 'Load them on a vehicle', LoadBody, ({ vehicle, note }) => ({ ...noted({ note }), vehicle })),
  stepRoute('dispatched', 'Send them off', DispatchBody, ({ driver, note }) => ({ ...noted({ note }), driver })),
  stepRoute('delivered', 'They have arrived at the venue', StepBody, noted),
  stepRoute('setUp', 'They are set up; may be left out', StepBody, noted),
  stepRoute('pickedUp', 'They leave the venue', StepBody, noted),
  stepRoute('returned', 'They are back, counted', ReturnBody, ({ note, ...counts }) => ({
    ...noted({ note }),
    counts,
  })),
];
