/** Where the units of a bulk item are while several jobs and maintenance have some of them: always all of them, once each. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeStages, type Warehouse, warehouse, way } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

interface Units {
  readonly inStock: number;
  readonly reservedNow: number;
  readonly inTransit: number;
  readonly atVenue: number;
  readonly inMaintenance: number;
}
interface Item {
  readonly quantity: number;
  readonly status: string;
  readonly units: Units;
}

/** Where the units of a job are after a step. */
const places: Readonly<Record<string, keyof Units>> = {
  pack: 'reservedNow',
  load: 'reservedNow',
  dispatch: 'inTransit',
  deliver: 'atVenue',
  'setup-complete': 'atVenue',
  pickup: 'inTransit',
  return: 'inStock',
};

test('REQ-EQP-040 to 048 units add up at every step of four jobs that are each somewhere else', async () => {
  const equipmentId = await world.item({ quantity: 14 });
  const look = async (): Promise<Item> => (await world.manager.get(`equipment/${equipmentId}`)).body;
  const jobs: { readonly id: string; readonly quantity: number }[] = [];
  for (const [at, quantity] of [4, 3, 3, 2].entries()) {
    const slot = { startsAt: `2027-01-1${at}T10:00:00Z`, endsAt: `2027-01-1${at}T12:00:00Z` };
    const id = await world.reserved(equipmentId, await world.event(slot, 'approve', 'confirm'), { quantity });
    await world.manager.post(`equipment/reservations/${id}/confirm`);
    jobs.push({ id, quantity });
  }
  const body = { type: 'cleaning', scheduledAt: '2026-12-20T10:00:00Z', estimatedMinutes: 60, description: 'Dust' };
  const { body: work } = await world.manager.post(`equipment/${equipmentId}/maintenance`, { ...body, quantity: 2 });
  expect((await world.manager.post(`equipment/maintenance/${work.id}/start`, {})).status).toBe(200);

  // Each job starts two rounds after the one before it; one of them loses a unit.
  const steps = [...way, ['return', {}] as const];
  let inStock = 14;
  const last = new Map<string, string>();
  for (let round = 0; round < steps.length + 6; round += 1) {
    const moves = jobs.flatMap(({ id, quantity }, at) => {
      const [name, given] = steps[round - 2 * at] ?? [];
      if (name === undefined) return [];
      const missing = at === 1 ? 1 : 0;
      const back = { returned: quantity - 1, damaged: 1 - missing, missing };
      if (name === 'return') inStock -= missing;
      last.set(id, name);
      return [{ path: `equipment/logistics/${id}/${name}`, given: name === 'return' ? back : given }];
    });
    // A return keeps the others from being packed until it is inspected.
    const isReturn = ({ path }: { readonly path: string }) => path.endsWith('/return');
    const waves = [moves.filter((move) => !isReturn(move)), moves.filter(isReturn)];
    for (const wave of waves) {
      const sent = wave.map(({ path, given }) => world.manager.post(path, given));
      // Whenever it is asked, before the reactions too, no unit is in two places.
      const before = await look();
      expect(Object.values(before.units).reduce((sum, one) => sum + one, 0)).toBe(before.quantity);
      for (const { status, text } of await Promise.all(sent)) expect(status, text).toBe(200);
    }
    await world.settle();
    const item = await look();
    const expected = { inStock, reservedNow: 0, inTransit: 0, atVenue: 0, inMaintenance: 2 };
    expected.inStock -= 2;
    for (const { id, quantity } of jobs) {
      const place = places[last.get(id) ?? 'return'];
      if (place === undefined || place === 'inStock') continue;
      expected[place] += quantity;
      expected.inStock -= quantity;
    }
    expect(item, `round ${round}`).toMatchObject({ quantity: inStock, units: expected });
    expect(item.status).toBe(expected.inStock > 0 ? 'available' : item.status);
    for (const maintenanceId of (await world.stateOf(equipmentId)).inspections) {
      await world.happens(equipmentId, { type: 'EquipmentInspectionDone', data: { maintenanceId } });
    }
  }
  expect((await world.manager.post(`equipment/maintenance/${work.id}/complete`, {})).status).toBe(200);
  expect(await look()).toMatchObject({ quantity: 13, status: 'available', units: { inStock: 13, inMaintenance: 0 } });
});
