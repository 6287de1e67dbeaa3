/** Maintenance and damage at and beyond the limits: refused by the field, or taken whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeStages, type Warehouse, warehouse } from '../reservations/support.ts';

let world: Warehouse;
let equipmentId: string;
beforeAll(async () => {
  world = await warehouse();
  equipmentId = await world.item({ quantity: 2 });
});
afterAll(closeStages);

const work = {
  type: 'repair',
  scheduledAt: '2026-12-01T18:00:00Z',
  estimatedMinutes: 60,
  description: 'A leg is loose',
};
const at = (scheduledAt: string, more = {}) => ({ ...work, scheduledAt, ...more });
const schedule = (body: object) => world.as('maintenanceTechnician').post(`equipment/${equipmentId}/maintenance`, body);

describe('REQ-EQP-050 maintenance', () => {
  test.each([
    ['of no units', { quantity: 0 }, 'body.quantity'],
    ['of half a unit', { quantity: 0.5 }, 'body.quantity'],
    ['of a million and one', { quantity: 1_000_001 }, 'body.quantity'],
    ['of no time', { estimatedMinutes: 0 }, 'body.estimatedMinutes'],
    ['of less than no time', { estimatedMinutes: -60 }, 'body.estimatedMinutes'],
    ['of over a year', { estimatedMinutes: 525_601 }, 'body.estimatedMinutes'],
    ['of no description', { description: ' ' }, 'body.description'],
    ['of a type that is none', { type: 'wash' }, 'body.type'],
  ])('%s is refused by its field', async (_what, more, path) => {
    const { status, body } = await schedule({ ...work, ...more });
    expect([status, body.errors?.[0].path]).toEqual([400, path]);
  });

  test('of more units than there are, or that is over by now, is against the rules', async () => {
    expect((await schedule({ ...work, quantity: 3 })).body.rule).toBe('units-in-stock');
    expect((await schedule(at('2026-11-01T18:00:00Z'))).body.rule).toBe('end-in-future');
  });

  test('of a year is taken; what touches it does not clash, what is in it does, and reservations the same', async () => {
    const year = await schedule(at('2027-01-01T00:00:00Z', { estimatedMinutes: 525_600 }));
    expect(year.body.window).toEqual({ start: '2027-01-01T00:00:00Z', end: '2028-01-01T00:00:00Z' });
    expect((await schedule(at('2026-12-31T23:00:00Z'))).status).toBe(201);
    expect((await schedule(at('2028-01-01T00:00:00Z'))).status).toBe(201);
    expect((await schedule(at('2027-12-31T23:59:00Z'))).body.type).toBe('urn:marquee:problem:conflict');
    const eventId = await world.event();
    const reserve = (start: string, end: string) =>
      world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1, window: { start, end } });
    expect((await reserve('2026-12-31T22:00:00Z', '2026-12-31T23:00:00Z')).status).toBe(201);
    const inside = await reserve('2027-07-01T00:00:00Z', '2027-07-02T00:00:00Z');
    expect(inside.body.rule).toBe('item-in-maintenance');
  });

  test('is patched with null where it may have nothing: no technician, all units', async () => {
    const { body: made } = await schedule(at('2026-12-05T18:00:00Z', { quantity: 1 }));
    const patch = (body: object) => world.as('maintenanceTechnician').patch(`equipment/maintenance/${made.id}`, body);
    expect((await patch({ quantity: null })).body.quantity).toBe(2);
    expect((await patch({ technicianId: null, override: null })).status).toBe(200);
    for (const name of ['scheduledAt', 'estimatedMinutes', 'description', 'type', 'status', 'cost', 'notes']) {
      const { status, body } = await patch({ [name]: null });
      expect([status, body.errors?.[0].path]).toEqual([400, `body.${name}`]);
    }
  });
});

test('REQ-EQP-060 a damage report is patched with null where it may have nothing', async () => {
  const estimatedRepairCost = { amount: 1, currency: 'GBP' };
  const report = { severity: 'minor', description: 'Scratched', estimatedRepairCost };
  const { body: made } = await world.as('staff').post(`equipment/${equipmentId}/damage-reports`, report);
  const patch = (body: object) => world.manager.patch(`equipment/damage-reports/${made.id}`, body);
  expect((await patch({ estimatedRepairCost: null })).body).not.toHaveProperty('estimatedRepairCost');
  for (const name of ['description', 'status', 'severity', 'eventId', 'photos']) {
    const { status, body } = await patch({ [name]: null });
    expect([status, body.errors?.[0].path]).toEqual([400, `body.${name}`]);
  }
});
