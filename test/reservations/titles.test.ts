/** What views of reservations name, whose they are, and what lists of them are narrowed to. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flags, reservations, type Trouble } from '../../shared/reservations/model.ts';
import { closeStages, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

describe('REQ-EQP-021 the title of the event', () => {
  const viewsOf = (equipmentId: string, eventId: string, id: string) => [
    `equipment/reservations/${id}`,
    `equipment/reservations?equipmentId=${equipmentId}`,
    `equipment/${equipmentId}/reservations`,
    `events/${eventId}/equipment-reservations`,
    `equipment/logistics/${id}`,
    `equipment/logistics?equipmentId=${equipmentId}`,
    `equipment/logistics/in-transit?equipmentId=${equipmentId}`,
  ];

  test('is in no view for who may not see the event, and in every one for who may', async () => {
    const equipmentId = await world.item({ quantity: 9 });
    const eventId = await world.event({ title: 'Secret ball' }, 'approve', 'confirm');
    const id = await world.reserved(equipmentId, eventId);
    const done = [];
    const { manager } = world;
    // Staff is assigned to nothing here.
    const staff = world.as('staff', { staffId: '0193b0a0-7c1e-7000-8000-000000000009' });
    done.push(await staff.patch(`equipment/reservations/${id}`, { notes: 'By the door' }));
    done.push(await staff.post(`equipment/reservations/${id}/confirm`));
    done.push(await staff.post('equipment/reservations', { equipmentId, eventId, quantity: 1 }));
    done.push(await staff.post(`events/${eventId}/equipment`, { items: [{ equipmentId, quantity: 1 }] }));
    for (const [step, body] of [
      ['pack', {}],
      ['load', { vehicle: 'Van 3' }],
      ['dispatch', { driver: 'Dee' }],
    ] as const) {
      done.push(await staff.post(`equipment/logistics/${id}/${step}`, body));
    }
    expect(done.map(({ status }) => status)).toEqual([200, 200, 201, 201, 200, 200, 200]);
    const paths = viewsOf(equipmentId, eventId, id).filter((path) => !path.startsWith('equipment/logistics?'));
    paths.push('equipment/logistics');
    for (const path of paths) done.push(await staff.get(path));
    for (const nobodys of [staff, world.as('staff')]) done.push(await nobodys.get(`equipment/reservations/${id}`));
    for (const { text } of done) {
      expect(text).toContain(eventId);
      expect(text).not.toContain('Secret ball');
      expect(text).not.toContain('eventTitle');
    }
    for (const path of paths) expect((await manager.get(path)).text, path).toContain('"eventTitle":"Secret ball"');
    const keeper = world.as('warehouseManager');
    expect((await keeper.get(`equipment/logistics/${id}`)).body.eventTitle).toBe('Secret ball');
  });

  test('is shown to whose own event it is, and to nobody once the event is gone', async () => {
    const customerId = await world.customer();
    const [own, other] = [
      await world.event({ title: 'Own ball', customerId }),
      await world.event({ title: 'Secret ball' }),
    ];
    const equipmentId = await world.item({ quantity: 9 });
    for (const eventId of [own, other]) await world.reserved(equipmentId, eventId);
    // The organization's own role on top of a customer's.
    const customer = world.as('customer', { customerId, privileges: new Set(['reservations:read']) });
    const titles = async () => {
      const { body } = await customer.get(`equipment/${equipmentId}/reservations?status=requested,cancelled`);
      return body.data.map(({ eventTitle = '' }: { eventTitle?: string }) => eventTitle).sort();
    };
    expect(await titles()).toEqual(['', 'Own ball']);
    await world.manager.delete(`events/${own}`);
    await world.settle();
    expect(await titles()).toEqual(['', '']);
  });
});

test('REQ-EQP-021 lists are narrowed to what needs attention, by its trouble', async () => {
  const equipmentId = await world.item({ quantity: 9 });
  const eventId = await world.event();
  const [retired, mended, both] = [
    await world.reserved(equipmentId, eventId),
    await world.reserved(equipmentId, eventId),
    await world.reserved(equipmentId, eventId),
  ];
  await world.reserved(equipmentId, eventId);
  // Else the reactions to these look, and find nothing wrong.
  await world.settle();
  const flag = (id: string, trouble: Trouble) =>
    world.scope.of(reservations).execute(id, (state) => flags(state, trouble, true));
  await flag(retired, 'itemRetired');
  await flag(mended, 'maintenance');
  for (const trouble of ['itemRetired', 'maintenance'] as const) await flag(both, trouble);
  const lists = [
    'equipment/reservations',
    `equipment/${equipmentId}/reservations`,
    `events/${eventId}/equipment-reservations`,
  ];
  for (const path of lists) {
    const found = async (named: string) => {
      const { body } = await world.manager.get(`${path}?troubles=${named}&count=true`);
      expect(body.page.totalCount).toBe(body.data.length);
      return body.data.map(({ id }: { id: string }) => id).sort();
    };
    expect(await found('itemRetired')).toEqual([retired, both].sort());
    expect(await found('itemRetired,maintenance')).toEqual([retired, mended, both].sort());
    expect(await found('eventMoved')).toEqual([]);
    expect((await world.manager.get(`${path}?troubles=nonsense`)).status).toBe(400);
  }
  await world.scope.of(reservations).execute(mended, (state) => flags(state, 'maintenance', false));
  const { body } = await world.manager.get('equipment/reservations?troubles=maintenance');
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual([both]);
});

describe('REQ-EQP-020 units are reserved', () => {
  test("by customers, whom a role of the organization's own lets reserve, for events of their own alone", async () => {
    const customerId = await world.customer();
    const [own, other] = [await world.event({ customerId }), await world.event()];
    const equipmentId = await world.item({ quantity: 9 });
    const privileges = new Set(['reservations:create']);
    const [customer, nobodys] = [
      world.as('customer', { customerId, privileges }),
      world.as('customer', { roles: ['customer'], privileges }),
    ];
    const one = (eventId: string) => ({ equipmentId, eventId, quantity: 1 });
    const order = { items: [{ equipmentId, quantity: 1 }] };
    const statuses = async (who: typeof customer, eventId: string) => [
      (await who.post('equipment/reservations', one(eventId))).status,
      (await who.post(`events/${eventId}/equipment`, order)).status,
    ];
    expect(await statuses(customer, own)).toEqual([201, 201]);
    expect(await statuses(customer, other)).toEqual([403, 403]);
    expect(await statuses(nobodys, own)).toEqual([403, 403]);
    // Staff reads what it is assigned to, but reserves for all (the matrix of chapter 06).
    expect(await statuses(world.as('staff'), other)).toEqual([201, 201]);
  });
});
