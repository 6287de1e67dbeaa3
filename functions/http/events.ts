/** Events and their lives (spec chapter 04). */
import * as z from 'zod';
import { checkAvailability } from '../../shared/events/availability.ts';
import {
  changeEvent,
  createEvent,
  reinstateEvent,
  removeEvent,
  rescheduleEvent,
  stepEvent,
} from '../../shared/events/commands.ts';
import { HistoryEntry, historyListing, historyOf } from '../../shared/events/history.ts';
import { life, type Step } from '../../shared/events/life.ts';
import { eventListing, getEvent, listEvents } from '../../shared/events/lists.ts';
import type { EventState } from '../../shared/events/model.ts';
import { isCustomer } from '../../shared/events/rows.ts';
import type { PlainStep } from '../../shared/events/steps.ts';
import {
  AvailabilityBody,
  AvailabilityView,
  EventBody,
  EventView,
  OverrideBody,
  Reason,
  RescheduleBody,
  shownEvent,
} from '../../shared/events/views.ts';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Reply, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import type { Scope } from '../../shared/platform/scope.ts';

const tag = 'Events';
const params = z.object({ eventId: Id });

function replyOf(scope: Scope, event: Entity<EventState>): Reply<z.input<typeof EventView>> {
  return { body: shownEvent(event, isCustomer(scope.actor)), etag: event.etag };
}

const list = listRoute({
  tag,
  path: 'events',
  summary: 'List and search events',
  description:
    'Archived events only where `status` names them. Customers see their own, staff those it is assigned to.',
  access: 'events:read',
  list: eventListing,
  item: EventView,
  async handle({ query }, scope) {
    const toCustomer = isCustomer(scope.actor);
    const page = await listEvents(scope, query);
    return { body: shownPage(page, (event) => shownEvent(event, toCustomer)) };
  },
});

const create = route({
  tag,
  method: 'POST',
  path: 'events',
  summary: 'Book an event',
  description:
    'Makes a draft and takes the venue from set-up to tear-down and turnaround. Customers book for themselves.',
  access: 'events:create',
  body: EventBody,
  reply: EventView,
  refusals: ['conflict', 'rule_broken', 'forbidden'],
  async handle({ body }, scope) {
    const event = await createEvent(scope, body);
    return { location: `events/${event.id}`, ...replyOf(scope, event) };
  },
});

const read = route({
  tag,
  method: 'GET',
  path: 'events/{eventId}',
  summary: 'Read an event',
  access: 'events:read',
  params,
  reply: EventView,
  handle: async ({ params: { eventId } }, scope) => replyOf(scope, await getEvent(scope, eventId)),
});

const change = reviseRoutes({
  tag,
  path: 'events/{eventId}',
  summary: 'Change an event',
  description: 'A new time or venue is taken before the old one is given back. Customers change their drafts only.',
  access: 'events:write',
  params,
  fields: EventBody,
  reply: EventView,
  refusals: ['conflict', 'rule_broken', 'wrong_state'],
  handle: async ({ params: { eventId }, revise }, scope) => replyOf(scope, await changeEvent(scope, eventId, revise)),
});

const remove = route({
  tag,
  method: 'DELETE',
  path: 'events/{eventId}',
  summary: 'Delete an event',
  description: 'Frees the venue. A confirmed event needs `events:approve`; one in progress or archived stays.',
  access: 'events:delete',
  params,
  refusals: ['wrong_state'],
  async handle({ params: { eventId } }, scope) {
    await removeEvent(scope, eventId);
    return {};
  },
});

const history = listRoute({
  tag,
  path: 'events/{eventId}/history',
  summary: 'What happened to an event',
  description: 'Its facts, newest first. Customers see what is fit for them.',
  access: 'events:read',
  params,
  list: historyListing,
  item: HistoryEntry,
  async handle({ params: { eventId }, query }, scope) {
    return { body: shownPage(await historyOf(scope, eventId, query), (entry) => entry) };
  },
});

const availability = route({
  tag,
  method: 'POST',
  path: 'events/check-availability',
  summary: 'Whether a venue is free, and what else would be',
  access: 'events:read',
  body: AvailabilityBody,
  reply: AvailabilityView,
  status: 200,
  refusals: ['rule_broken'],
  async handle({ body }, scope) {
    const { available, conflicts, alternatives } = await checkAvailability(scope, body);
    const { windows, venues } = alternatives;
    return {
      body: { available, conflicts: [...conflicts], alternatives: { windows: [...windows], venues: [...venues] } },
    };
  },
});

/** One route a step of the life table. */
function stepRoute({ name, summary, access, body, from, to }: Step): Route {
  const common = {
    tag,
    method: 'POST',
    path: `events/{eventId}/${name}`,
    summary,
    description: `From ${from.join(', ')} to ${to}.`,
    access,
    params,
    reply: EventView,
    status: 200,
  } as const;
  if (body === 'slot') {
    return route({
      ...common,
      body: RescheduleBody,
      refusals: ['wrong_state', 'rule_broken', 'conflict'],
      handle: async (input, scope) => replyOf(scope, await rescheduleEvent(scope, input.params.eventId, input.body)),
    });
  }
  if (body === 'override') {
    return route({
      ...common,
      body: z.strictObject({ override: OverrideBody.optional() }),
      refusals: ['wrong_state', 'rule_broken', 'conflict'],
      handle: async (input, scope) =>
        replyOf(scope, await reinstateEvent(scope, input.params.eventId, input.body.override)),
    });
  }
  // The two that take a venue are above.
  const step = name as PlainStep;
  if (body === 'reason') {
    return route({
      ...common,
      body: z.strictObject({ reason: Reason }),
      refusals: ['wrong_state'],
      handle: async (input, scope) =>
        replyOf(scope, await stepEvent(scope, input.params.eventId, step, input.body.reason)),
    });
  }
  return route({
    ...common,
    refusals: ['wrong_state', 'rule_broken'],
    handle: async (input, scope) => replyOf(scope, await stepEvent(scope, input.params.eventId, step)),
  });
}

export const eventRoutes: readonly Route[] = [
  list,
  create,
  availability,
  read,
  ...change,
  remove,
  history,
  ...life.map(stepRoute),
];
