/** Maintenance and damage: a request that succeeds for each route. */
import type { Example } from './examples.ts';
import type { Sent, World } from './world.ts';

const onItem =
  (body?: (world: World) => unknown): Example =>
  async (world) => ({ params: { equipmentId: (await world.item()).id }, ...(body ? { body: body(world) } : {}) });
const onMaintenance =
  (steps: readonly string[] = [], body?: (world: World) => unknown): Example =>
  async (world) => {
    const { id } = await world.maintenance(...steps);
    return { params: { maintenanceId: id }, ...(body ? { body: body(world) } : {}) };
  };
const onDamage =
  (more: (world: World) => Omit<Sent, 'params'> = () => ({})): Example =>
  async (world) => ({ params: { damageReportId: (await world.damageReport()).id }, ...more(world) });

/** Keyed as the routes are: method and path. */
export const maintenanceExamples: Readonly<Record<string, Example>> = {
  'GET equipment/maintenance/scheduled': () => ({}),
  'GET equipment/maintenance/{maintenanceId}': onMaintenance(),
  'PUT equipment/maintenance/{maintenanceId}': onMaintenance([], ({ maintenanceBody }) => {
    const { type: _, ...body } = maintenanceBody();
    return body;
  }),
  'PATCH equipment/maintenance/{maintenanceId}': onMaintenance([], ({ organization }) => ({
    estimatedMinutes: 90,
    technicianId: organization.admin.userId,
  })),
  'POST equipment/maintenance/{maintenanceId}/start': onMaintenance(),
  'POST equipment/maintenance/{maintenanceId}/complete': onMaintenance(['start'], () => ({ notes: 'As new' })),
  'POST equipment/maintenance/{maintenanceId}/cancel': onMaintenance([], () => ({ reason: 'Not needed' })),
  'GET equipment/{equipmentId}/maintenance': onItem(),
  'POST equipment/{equipmentId}/maintenance': onItem((world) => ({
    ...world.maintenanceBody(),
    technicianId: world.organization.admin.userId,
  })),
  'GET equipment/damage-reports/{damageReportId}': onDamage(),
  'PUT equipment/damage-reports/{damageReportId}': onDamage(() => ({
    body: { description: 'A dent', status: 'inRepair' },
  })),
  'PATCH equipment/damage-reports/{damageReportId}': onDamage(() => ({ body: { status: 'resolved' } })),
  'POST equipment/damage-reports/{damageReportId}/photos': onDamage((world) => ({ file: world.photo })),
  'GET equipment/damage-reports/{damageReportId}/photos/{photoId}': async (world) => {
    const { id } = await world.damageReport();
    const photo = await world.make(`equipment/damage-reports/${id}/photos`, { file: world.photo });
    return { params: { damageReportId: id, photoId: photo.id } };
  },
  'GET equipment/{equipmentId}/damage-reports': onItem(),
  'POST equipment/{equipmentId}/damage-reports': async (world) => ({
    params: { equipmentId: (await world.item()).id },
    body: { ...world.damageBody, eventId: (await world.event()).id },
  }),
};
