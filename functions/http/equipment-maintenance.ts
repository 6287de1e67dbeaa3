/** Maintenance and inspections of equipment (spec chapter 06). */
import * as z from 'zod';
import {
  cancelMaintenance,
  changeMaintenance,
  completeMaintenance,
  scheduleMaintenance,
  startMaintenance,
} from '../../shared/maintenance/commands.ts';
import { itemMaintenanceListing, listOfItem, listScheduled, scheduledListing } from '../../shared/maintenance/lists.ts';
import { maintenance } from '../../shared/maintenance/model.ts';
import {
  CancelBody,
  CompleteBody,
  MaintenanceBody,
  MaintenanceView,
  NewMaintenance,
  repliedMaintenance,
  StartBody,
  shownMaintenance,
} from '../../shared/maintenance/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Equipment maintenance';
const read = 'maintenance:read';
const write = 'maintenance:write';
const ofItem = z.strictObject({ equipmentId: Id });
const params = z.strictObject({ maintenanceId: Id });
const path = 'equipment/maintenance/{maintenanceId}';
const step = { method: 'POST', tag, access: write, params, reply: MaintenanceView, status: 200 } as const;

const scheduled = listRoute({
  path: 'equipment/maintenance/scheduled',
  summary: 'List the maintenance that is still to be done, by its time',
  tag,
  access: read,
  list: scheduledListing,
  item: MaintenanceView,
  handle: async ({ query }, scope) => ({ body: shownPage(await listScheduled(scope, query), shownMaintenance) }),
});

const one = route({
  method: 'GET',
  path,
  summary: 'Read a maintenance',
  tag,
  access: read,
  params,
  reply: MaintenanceView,
  handle: async ({ params: { maintenanceId } }, scope) =>
    repliedMaintenance(await scope.of(maintenance).get(maintenanceId)),
});

const change = reviseRoutes({
  path,
  summary: 'Change a maintenance; its units are blocked for the new time',
  tag,
  access: write,
  params,
  fields: MaintenanceBody,
  reply: MaintenanceView,
  refusals: ['conflict', 'rule_broken', 'wrong_state'],
  handle: async ({ params: { maintenanceId }, revise }, scope) =>
    repliedMaintenance(await changeMaintenance(scope, maintenanceId, revise)),
});

const start = route({
  ...step,
  path: `${path}/start`,
  summary: 'Start: the units leave the shelf, and their window begins now',
  body: StartBody,
  refusals: ['conflict', 'rule_broken', 'wrong_state'],
  handle: async ({ params: { maintenanceId }, body }, scope) =>
    repliedMaintenance(await startMaintenance(scope, maintenanceId, body.override)),
});

const complete = route({
  ...step,
  path: `${path}/complete`,
  summary: 'Complete, with its cost and the condition it leaves: the units are back at once',
  body: CompleteBody,
  refusals: ['rule_broken', 'wrong_state'],
  handle: async ({ params: { maintenanceId }, body }, scope) =>
    repliedMaintenance(await completeMaintenance(scope, maintenanceId, body)),
});

const cancel = route({
  ...step,
  path: `${path}/cancel`,
  summary: 'Cancel: the units are given back',
  body: CancelBody,
  refusals: ['wrong_state'],
  handle: async ({ params: { maintenanceId }, body }, scope) =>
    repliedMaintenance(await cancelMaintenance(scope, maintenanceId, body.reason)),
});

const list = listRoute({
  path: 'equipment/{equipmentId}/maintenance',
  summary: 'List the maintenance of a piece of equipment, latest first',
  tag,
  access: read,
  params: ofItem,
  list: itemMaintenanceListing,
  item: MaintenanceView,
  handle: async ({ params: { equipmentId }, query }, scope) => ({
    body: shownPage(await listOfItem(scope, equipmentId, query), shownMaintenance),
  }),
});

const schedule = route({
  method: 'POST',
  path: 'equipment/{equipmentId}/maintenance',
  summary: 'Schedule maintenance: the units are blocked for its time',
  tag,
  access: write,
  params: ofItem,
  body: NewMaintenance,
  reply: MaintenanceView,
  refusals: ['conflict', 'rule_broken'],
  handle: async ({ params: { equipmentId }, body }, scope) => {
    const made = await scheduleMaintenance(scope, equipmentId, body);
    return { ...repliedMaintenance(made), location: `equipment/maintenance/${made.id}` };
  },
});

export const maintenanceRoutes: readonly Route[] = [scheduled, one, ...change, start, complete, cancel, list, schedule];
