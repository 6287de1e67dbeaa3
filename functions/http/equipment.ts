/** Equipment: lists, the item itself, its status, its sides (spec chapter 06). */
import { z } from 'zod';
import {
  activateItem,
  addItem,
  deactivateItem,
  removeItem,
  retire,
  reviseCondition,
  reviseItem,
} from '../../shared/equipment/commands.ts';
import { ConditionChange, ItemChanges, NewItem, Reason, Specifications } from '../../shared/equipment/fields.ts';
import { itemListing, listItems } from '../../shared/equipment/lists.ts';
import { items } from '../../shared/equipment/model.ts';
import { ItemView, ListedItem, shown } from '../../shared/equipment/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import { equipmentPhotoRoutes } from './equipment-photos.ts';

const tag = 'Equipment';
const params = z.strictObject({ equipmentId: Id });

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
    return { ...(await shown(scope, item)), location: `equipment/${item.id}` };
  },
});

const read = route({
  method: 'GET',
  path: 'equipment/{equipmentId}',
  summary: 'Read an item',
  tag,
  access: 'equipment:read',
  params,
  reply: ItemView,
  handle: async ({ params: { equipmentId } }, scope) => shown(scope, await scope.of(items).get(equipmentId)),
});

const revise = reviseRoutes({
  path: 'equipment/{equipmentId}',
  summary: 'Change an item; its condition has a route of its own',
  tag,
  access: 'equipment:write',
  params,
  fields: ItemChanges,
  reply: ItemView,
  refusals: ['already_exists', 'rule_broken'],
  handle: async ({ params: { equipmentId }, revise: how }, scope) =>
    shown(scope, await reviseItem(scope, equipmentId, how)),
});

const remove = route({
  method: 'DELETE',
  path: 'equipment/{equipmentId}',
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
  method: 'POST',
  path: 'equipment/{equipmentId}/activate',
  summary: 'Let an inactive item be reserved again',
  tag,
  access: 'equipment:write',
  params,
  body: z.strictObject({ reason: Reason.optional() }),
  reply: ItemView,
  status: 200,
  refusals: ['wrong_state'],
  handle: async ({ params: { equipmentId }, body }, scope) =>
    shown(scope, await activateItem(scope, equipmentId, body.reason)),
});

const deactivate = route({
  method: 'POST',
  path: 'equipment/{equipmentId}/deactivate',
  summary: 'Take an item without active reservations out of use for a while',
  tag,
  access: 'equipment:write',
  params,
  body: z.strictObject({ reason: Reason.optional() }),
  reply: ItemView,
  status: 200,
  refusals: ['wrong_state', 'rule_broken'],
  handle: async ({ params: { equipmentId }, body }, scope) =>
    shown(scope, await deactivateItem(scope, equipmentId, body.reason)),
});

const retireForGood = route({
  method: 'POST',
  path: 'equipment/{equipmentId}/retire',
  summary: 'Take an item out of use for good; its reservations are flagged',
  tag,
  access: 'equipment:retire',
  params,
  body: z.strictObject({ reason: Reason }),
  reply: ItemView,
  status: 200,
  refusals: ['wrong_state'],
  handle: async ({ params: { equipmentId }, body }, scope) =>
    shown(scope, await retire(scope, equipmentId, body.reason)),
});

const specifications = reviseRoutes({
  path: 'equipment/{equipmentId}/specifications',
  summary: 'Replace the specifications',
  tag,
  access: 'equipment:write',
  params,
  fields: z.strictObject({ specifications: Specifications }),
  reply: ItemView,
  handle: async ({ params: { equipmentId }, revise: how }, scope) => {
    const replace = (now: ItemChanges) => ({ ...now, ...how({ specifications: now.specifications }) });
    return shown(scope, await reviseItem(scope, equipmentId, replace));
  },
});

const condition = reviseRoutes({
  path: 'equipment/{equipmentId}/condition',
  summary: 'Say which condition an item is in',
  tag,
  access: 'maintenance:write',
  params,
  fields: ConditionChange,
  reply: ItemView,
  refusals: ['wrong_state'],
  handle: async ({ params: { equipmentId }, revise: how }, scope) =>
    shown(scope, await reviseCondition(scope, equipmentId, how)),
});

export const equipmentRoutes: readonly Route[] = [
  list,
  add,
  read,
  ...revise,
  remove,
  activate,
  deactivate,
  retireForGood,
  ...specifications,
  ...condition,
  ...equipmentPhotoRoutes,
];
