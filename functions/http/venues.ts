/** Venues: lists, the venue itself, its status and its sides (spec chapter 03). */
import * as z from 'zod';
import { Id } from '../../shared/platform/fields.ts';
import type { Revise } from '../../shared/platform/merge-patch.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import { AvailabilityQuery, AvailabilityView, availability } from '../../shared/venues/availability.ts';
import { CalendarQuery, CalendarView, calendar } from '../../shared/venues/calendar.ts';
import { activateVenue, addVenue, deactivateVenue, removeVenue, reviseVenue } from '../../shared/venues/commands.ts';
import { Amenities, Capacity, NewVenue, OpeningHours, Reason, VenueFields } from '../../shared/venues/fields.ts';
import { venues } from '../../shared/venues/model.ts';
import { freeVenueListing, freeVenues, listVenues, venueListing } from '../../shared/venues/search.ts';
import { shown, VenueItem, VenueView } from '../../shared/venues/views.ts';
import { venuePartRoutes } from './venues.parts.ts';

const tag = 'Venues';
const params = z.strictObject({ venueId: Id });

const list = listRoute({
  path: 'venues',
  summary: 'List venues',
  tag,
  access: 'venues:read',
  list: venueListing,
  item: VenueItem,
  handle: async ({ query }, scope) => ({ body: await listVenues(scope, query) }),
});

const free = listRoute({
  path: 'venues/available',
  summary: 'List venues that are open and free for a whole window',
  description:
    'Active venues only; their turnaround after the window must be free too. A page may hold fewer than `limit`, or none, while `nextCursor` goes on.',
  tag,
  access: 'venues:read',
  list: freeVenueListing,
  item: VenueItem,
  handle: async ({ query }, scope) => ({ body: await freeVenues(scope, query) }),
});

const add = route({
  method: 'POST',
  path: 'venues',
  summary: 'Add a venue',
  tag,
  access: 'venues:create',
  body: NewVenue,
  reply: VenueView,
  refusals: ['already_exists'],
  handle: async ({ body }, scope) => {
    const venue = await addVenue(scope, body);
    return { ...(await shown(scope, venue)), location: `venues/${venue.id}` };
  },
});

const read = route({
  method: 'GET',
  path: 'venues/{venueId}',
  summary: 'Read a venue',
  tag,
  access: 'venues:read',
  params,
  reply: VenueView,
  handle: async ({ params: { venueId } }, scope) => shown(scope, await scope.of(venues).get(venueId)),
});

const revise = reviseRoutes({
  path: 'venues/{venueId}',
  summary: 'Change a venue',
  tag,
  access: 'venues:write',
  params,
  fields: VenueFields,
  reply: VenueView,
  refusals: ['already_exists', 'rule_broken'],
  handle: async ({ params: { venueId }, revise: how }, scope) => shown(scope, await reviseVenue(scope, venueId, how)),
});

const remove = route({
  method: 'DELETE',
  path: 'venues/{venueId}',
  summary: 'Delete a venue without upcoming events',
  tag,
  access: 'venues:delete',
  params,
  refusals: ['rule_broken'],
  handle: async ({ params: { venueId } }, scope) => {
    await removeVenue(scope, venueId);
    return {};
  },
});

const activate = route({
  method: 'POST',
  path: 'venues/{venueId}/activate',
  summary: 'Let an inactive venue take events again',
  tag,
  access: 'venues:write',
  params,
  body: z.strictObject({ reason: Reason.optional() }),
  reply: VenueView,
  status: 200,
  refusals: ['wrong_state'],
  handle: async ({ params: { venueId }, body }, scope) =>
    shown(scope, await activateVenue(scope, venueId, body.reason)),
});

const deactivate = route({
  method: 'POST',
  path: 'venues/{venueId}/deactivate',
  summary: 'Take no more events at a venue',
  tag,
  access: 'venues:write',
  params,
  body: z.strictObject({ reason: Reason }),
  reply: VenueView,
  status: 200,
  refusals: ['wrong_state', 'rule_broken'],
  handle: async ({ params: { venueId }, body }, scope) =>
    shown(scope, await deactivateVenue(scope, venueId, body.reason)),
});

/** PUT and PATCH of one side of a venue. */
function side<F extends z.ZodType>(
  path: string,
  summary: string,
  fields: F,
  change: (fields: VenueFields, revise: Revise<z.output<F>>) => Partial<VenueFields>,
): readonly Route[] {
  return reviseRoutes({
    path: `venues/{venueId}/${path}`,
    summary,
    tag,
    access: 'venues:write',
    params,
    fields,
    reply: VenueView,
    refusals: ['rule_broken'],
    handle: async ({ params: { venueId }, revise: how }, scope) =>
      shown(scope, await reviseVenue(scope, venueId, (now) => ({ ...now, ...change(now, how) }))),
  });
}

const sides = [
  ...side('amenities', 'Change the amenities', z.strictObject({ amenities: Amenities }), ({ amenities }, how) =>
    how({ amenities }),
  ),
  ...side('capacity', 'Change the capacity', Capacity, ({ capacity }, how) => ({ capacity: how(capacity) })),
  ...side('opening-hours', 'Change the opening hours', OpeningHours, ({ openingHours = {} }, how) => ({
    openingHours: how(openingHours),
  })),
];

const readAvailability = route({
  method: 'GET',
  path: 'venues/{venueId}/availability',
  summary: 'When a venue is free and when it is taken',
  tag,
  access: 'venues:read',
  params,
  query: AvailabilityQuery,
  reply: AvailabilityView,
  handle: async ({ params: { venueId }, query }, scope) => ({
    body: await availability(scope, await scope.of(venues).get(venueId), query),
  }),
});

const readCalendar = route({
  method: 'GET',
  path: 'venues/{venueId}/calendar',
  summary: 'A month of a venue, day by day in its zone',
  tag,
  access: 'venues:read',
  params,
  query: CalendarQuery,
  reply: CalendarView,
  handle: async ({ params: { venueId }, query }, scope) => ({
    body: await calendar(scope, await scope.of(venues).get(venueId), query.month),
  }),
});

export const venueRoutes: readonly Route[] = [
  list,
  free,
  add,
  read,
  ...revise,
  remove,
  activate,
  deactivate,
  ...sides,
  readAvailability,
  readCalendar,
  ...venuePartRoutes,
];
