/** Event types: the organization's own list. */
import * as z from 'zod';
import { EventTypeBody, EventTypeView, shownType } from '../../shared/events/types.model.ts';
import {
  addEventType,
  changeEventType,
  eventTypeListing,
  getEventType,
  listEventTypes,
  removeEventType,
} from '../../shared/events/types.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Event types';
const params = z.object({ eventTypeId: Id });

const list = listRoute({
  tag,
  path: 'event-types',
  summary: 'List event types',
  access: 'events:read',
  list: eventTypeListing,
  item: EventTypeView,
  handle: async ({ query }, scope) => ({ body: shownPage(await listEventTypes(scope, query), shownType) }),
});

const create = route({
  tag,
  method: 'POST',
  path: 'event-types',
  summary: 'Add an event type',
  access: 'settings:write',
  body: EventTypeBody,
  reply: EventTypeView,
  refusals: ['already_exists'],
  async handle({ body }, scope) {
    const type = await addEventType(scope, body);
    return { body: shownType(type), etag: type.etag, location: `event-types/${type.id}` };
  },
});

const read = route({
  tag,
  method: 'GET',
  path: 'event-types/{eventTypeId}',
  summary: 'Read an event type',
  access: 'events:read',
  params,
  reply: EventTypeView,
  async handle({ params: { eventTypeId } }, scope) {
    const type = await getEventType(scope, eventTypeId);
    return { body: shownType(type), etag: type.etag };
  },
});

const change = reviseRoutes({
  tag,
  path: 'event-types/{eventTypeId}',
  summary: 'Rename, activate or deactivate an event type',
  access: 'settings:write',
  params,
  fields: EventTypeBody,
  reply: EventTypeView,
  refusals: ['already_exists'],
  async handle({ params: { eventTypeId }, revise }, scope) {
    const type = await changeEventType(scope, eventTypeId, revise);
    return { body: shownType(type), etag: type.etag };
  },
});

const remove = route({
  tag,
  method: 'DELETE',
  path: 'event-types/{eventTypeId}',
  summary: 'Delete an event type that no event has',
  access: 'settings:write',
  params,
  refusals: ['rule_broken'],
  async handle({ params: { eventTypeId } }, scope) {
    await removeEventType(scope, eventTypeId);
    return {};
  },
});

export const eventTypeRoutes: readonly Route[] = [list, create, read, ...change, remove];
