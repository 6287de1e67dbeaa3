/** For every route of equipment items, a request that succeeds. */
import type { Example } from './examples.ts';
import type { Sent, World } from './world.ts';

const reason = { reason: 'Because' };
const onEquipment =
  (more: (world: World) => Omit<Sent, 'params'> = () => ({}), ...steps: readonly string[]): Example =>
  async (world) => {
    const { id: equipmentId } = await world.equipment();
    for (const step of steps) await world.make(`equipment/${equipmentId}/${step}`, { body: {} });
    return { params: { equipmentId }, ...more(world) };
  };
const onEquipmentPhoto =
  (body?: unknown): Example =>
  async (world) => {
    const item = await world.equipment();
    const photo = await world.equipmentPhoto(item);
    return { params: { equipmentId: item.id, photoId: photo.id }, ...(body === undefined ? {} : { body }) };
  };

export const equipmentExamples: Readonly<Record<string, Example>> = {
  'GET equipment': () => ({}),
  'POST equipment': (world) => ({ body: world.equipmentBody() }),
  'GET equipment/{equipmentId}': onEquipment(),
  'PUT equipment/{equipmentId}': onEquipment((world) => ({ body: world.equipmentBody() })),
  'PATCH equipment/{equipmentId}': onEquipment(() => ({ body: { warehouseLocation: 'Row 7' } })),
  'DELETE equipment/{equipmentId}': onEquipment(),
  'POST equipment/{equipmentId}/activate': onEquipment(() => ({ body: {} }), 'deactivate'),
  'POST equipment/{equipmentId}/deactivate': onEquipment(() => ({ body: reason })),
  'POST equipment/{equipmentId}/retire': onEquipment(() => ({ body: reason })),
  'PUT equipment/{equipmentId}/specifications': onEquipment(() => ({
    body: { specifications: [{ key: 'Height', value: '74', unit: 'cm' }] },
  })),
  'PATCH equipment/{equipmentId}/specifications': onEquipment(() => ({
    body: { specifications: [{ key: 'Colour', value: 'White' }] },
  })),
  'PUT equipment/{equipmentId}/condition': onEquipment(() => ({ body: { condition: 'fair' } })),
  'PATCH equipment/{equipmentId}/condition': onEquipment(() => ({ body: { condition: 'poor' } })),
  'POST equipment/{equipmentId}/photos': onEquipment((world) => ({ file: world.photo })),
  'GET equipment/{equipmentId}/photos': onEquipment(),
  'GET equipment/{equipmentId}/photos/{photoId}': onEquipmentPhoto(),
  'DELETE equipment/{equipmentId}/photos/{photoId}': onEquipmentPhoto(),
  'PUT equipment/{equipmentId}/photos/{photoId}/primary': onEquipmentPhoto({}),
};
