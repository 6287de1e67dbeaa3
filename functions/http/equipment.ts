/** Equipment: lists, the item itself, its status, its sides (spec chapter 06). */
import * as z from 'zod';
import {
  activateItem,
  addItem,
  deactivateItem,
  removeItem,
  retireItem,
  reviseCondition,
  reviseItem,
} from '../../shared/equipment/commands.ts';
import { ConditionChange, ItemChanges, NewItem, Reason, Specifications } from '../../shared/equipment/fields.ts';
import { itemListing, listItems } from '../../shared/equipment/lists.ts';
import { items } from '../../shared/equipment/model.ts';
import { ItemView, ListedItem, repliedItem } from '../../shared/equipment/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import { equipmentPhotoRoutes } from './equipment-photos.ts';

const tag = 'Equipment';
const params = z.strictObject({ equipmentId: Id });
const path = 'equipment/{equipmentId}';
/** Of an item's life: into use, and out of it. */
const step = { method: 'POST', tag, params, reply: ItemView, status: 200 } as const;

const list = listRoute({
  path: 'equipment',
  summary: 'List equipment, or search it by name, manufacturer, model, serial number or barcode',
  tag,
  access: 'equipment:read',
  list: itemListing,
  item: ListedItem,
  handle: async ({ query }, scope) => ({ body: await listItems(scope, query) }),
});

const add = route({
  method: 'POST',
  path: 'equipment',
  summary: 'Add equipment',
  tag,
  access: 'equipment:create',
  body: NewItem,
  reply: ItemView,
  refusals: ['already_exists'],
  handle: async ({ body }, scope) => {
    const item = await addItem(scope, body);
    return { ...(await repliedItem(scope, item)), location: `equipment/${item.id}` };
  },
});

const read = route({
  method: 'GET',
  path,
  summary: 'Read an item',
  tag,
  access: 'equipment:read',
  params,
  reply: ItemView,
  handle: async ({ params: { equipmentId } }, scope) => repliedItem(scope, await scope.of(items).get(equipmentId)),
});

const revise = reviseRoutes({
  path,
  summary: 'Change an item; its condition has a route of its own',
  tag,
  access: 'equipment:write',
  params,
  fields: ItemChanges,
  reply: ItemView,
  refusals: ['already_exists', 'rule_broken'],
  handle: async ({ params: { equipmentId }, revise: how }, scope) =>
    repliedItem(scope, await reviseItem(scope, equipmentId, how)),
});

const remove = route({
  method: 'DELETE',
  path,
  summary: 'Delete an item without active reservations',
  tag,
  access: 'equipment:delete',
  params,
  refusals: ['rule_broken'],
  handle: async ({ params: { equipmentId } }, scope) => {
    await removeItem(scope, equipmentId);
    return {};
  },
});

const activate = route({
  ...step,
  path: `${path}/activate`,
  summary: 'Let an inactive item be reserved again',
  access: 'equipment:write',
  body: z.strictObject({ reason: Reason.optional() }),
  refusals: ['wrong_state'],
  handle: async ({ params: { equipmentId }, body }, scope) =>
    repliedItem(scope, await activateItem(scope, equipmentId, body.reason)),
});

const deactivate = route({
  ...step,
  path: `${path}/deactivate`,
  summary: 'Take an item without active reservations out of use for a while',
  access: 'equipment:write',
  body: z.strictObject({ reason: Reason.optional() }),
  refusals: ['wrong_state', 'rule_broken'],
  handle: async ({ params: { equipmentId }, body }, scope) =>
    repliedItem(scope, await deactivateItem(scope, equipmentId, body.reason)),
});

const retire = route({
  ...step,
  path: `${path}/retire`,
  summary: 'Take an item out of use for good; its reservations are flagged',
  access: 'equipment:retire',
  body: z.strictObject({ reason: Reason }),
  refusals: ['wrong_state'],
  handle: async ({ params: { equipmentId }, body }, scope) =>
    repliedItem(scope, await retireItem(scope, equipmentId, body.reason)),
});

const specifications = reviseRoutes({
  path: `${path}/specifications`,
  summary: 'Replace the specifications',
  tag,
  access: 'equipment:write',
  params,
  fields: z.strictObject({ specifications: Specifications }),
  reply: ItemView,
  handle: async ({ params: { equipmentId }, revise: how }, scope) => {
    const replace = (now: ItemChanges) => ({ ...now, ...how({ specifications: now.specifications }) });
    return repliedItem(scope, await reviseItem(scope, equipmentId, replace));
  },
});

const condition = reviseRoutes({
  path: `${path}/condition`,
  summary: 'Say which condition an item is in',
  tag,
  access: 'maintenance:write',
  params,
  fields: ConditionChange,
  reply: ItemView,
  refusals: ['wrong_state'],
  handle: async ({ params: { equipmentId }, revise: how }, scope) =>
    repliedItem(scope, await reviseCondition(scope, equipmentId, how)),
});

export const equipmentRoutes: readonly Route[] = [
  list,
  add,
  read,
  ...revise,
  remove,
  activate,
  deactivate,
  retire,
  ...specifications,
  ...condition,
  ...equipmentPhotoRoutes,
];
