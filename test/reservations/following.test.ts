/** Reservations follow their event and their item (spec chapter 06). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stalling } from '../support/faults.ts';
import { storedItem } from '../support/items.ts';
import { closeStages, disagreements, goTo, trailOf, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const read = async (id: string) => (await world.manager.get(`equipment/reservations/${id}`)).body;
const change = (eventId: string, body: object) => world.manager.patch(`events/${eventId}`, body);
const firstDay = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' };
const nextDay = { startsAt: '2026-12-02T18:00:00Z', endsAt: '2026-12-02T21:00:00Z' };
const thatDay = { start: nextDay.startsAt, end: nextDay.endsAt };

describe('an event that is called off', () => {
  test.each([
    ['cancelled', ['approve'], (id: string) => world.manager.post(`events/${id}/cancel`, { reason: 'No' })],
    ['postponed', ['approve'], (id: string) => world.manager.post(`events/${id}/postpone`, { reason: 'No' })],
    ['deleted', [], (id: string) => world.manager.delete(`events/${id}`)],
  ] as const)('%s: what has not left is cancelled and free, what is out comes home', async (how, steps, callOff) => {
    const equipmentId = await world.item({ quantity: 2 });
    const eventId = await world.event({}, ...steps);
    const [one, two] = [await world.reserved(equipmentId, eventId), await world.reserved(equipmentId, eventId)];
    await world.manager.post(`equipment/reservations/${two}/confirm`);
    await callOff(eventId);
    await world.settle();
    for (const id of [one, two]) {
      expect(await read(id)).toMatchObject({ status: 'cancelled', reason: `The event was ${how}` });
    }
    expect(await disagreements(world.scope)).toEqual([]);
    expect(await world.reserved(equipmentId, await world.event(), { quantity: 2 })).toBeDefined();
  });

  test('in the very moment of a reservation takes that one too', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const cancel = () => world.manager.post(`events/${eventId}/cancel`, { reason: 'No' }).then(() => world.settle());
    const slow = (await world.over(stalling(world.twin(), 'reservations', cancel))).as('manager');
    const answer = await slow.post('equipment/reservations', { equipmentId, eventId, quantity: 1 });
    expect(answer.status).toBe(201);
    await world.settle();
    expect((await read(answer.body.id)).status).toBe('cancelled');
  });

  test('and reinstated clears the flag of what is out', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event({}, 'approve', 'confirm')];
    const id = await world.reserved(equipmentId, eventId);
    await world.manager.post(`equipment/reservations/${id}/confirm`);
    await goTo(world.manager, id, 'dispatch');
    await world.manager.post(`events/${eventId}/cancel`, { reason: 'No' });
    await world.settle();
    expect((await read(id)).troubles).toEqual(['eventCancelled']);
    await world.manager.post(`events/${eventId}/reinstate`, {});
    await world.settle();
    expect((await read(id)).troubles).toEqual([]);
  });
});

describe('an event that moves', () => {
  test('takes along what was reserved for its window; set-up and tear-down count', async () => {
    const [equipmentId, eventId] = [await world.item({ quantity: 1 }), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    await change(eventId, { ...nextDay, setupMinutes: 60, teardownMinutes: 30 });
    await world.settle();
    expect(await read(id)).toMatchObject({
      window: { start: '2026-12-02T17:00:00Z', end: '2026-12-02T21:30:00Z' },
      windowGiven: false,
      troubles: [],
    });
    // Shorter is never refused.
    await change(eventId, { setupMinutes: 0, teardownMinutes: 0 });
    await world.settle();
    expect((await read(id)).window).toEqual(thatDay);
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('flags what does not fit, which stays where it was; the list of the event says which', async () => {
    const [small, large] = [await world.item({ quantity: 1 }), await world.item({ quantity: 2 })];
    const [mine, other] = [await world.event(), await world.event(nextDay)];
    const [stuck, free] = [await world.reserved(small, mine), await world.reserved(large, mine)];
    for (const equipmentId of [small, large]) await world.reserved(equipmentId, other);
    await change(mine, nextDay);
    await world.settle();
    const { data } = (await world.manager.get(`events/${mine}/equipment-reservations?sort=start`)).body;
    expect(data).toMatchObject([
      { id: stuck, troubles: ['eventMoved'], window: { start: '2026-12-01T18:00:00Z' } },
      { id: free, troubles: [], window: thatDay },
    ]);
    expect((await world.manager.post(`equipment/reservations/${stuck}/confirm`)).body.rule).toBe(
      'flagged-needs-override',
    );
    expect(await disagreements(world.scope)).toEqual([]);
    const staff = await world.as('staff').post(`equipment/reservations/${stuck}/override`, { reason: 'So' });
    expect(staff.status).toBe(403);
    const over = await world.manager.post(`equipment/reservations/${stuck}/override`, { reason: 'We borrow one' });
    expect(over.body).toMatchObject({ status: 'confirmed', troubles: [], window: thatDay });
    await world.settle();
    expect((await trailOf(world.scope, stuck)).slice(-4)).toEqual([
      'EquipmentReservationUpdated',
      'EquipmentDoubleBookingOverridden',
      'EquipmentReservationUnflagged',
      'EquipmentReservedForEvent',
    ]);
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('to when an item’s preventive maintenance is overdue flags it there, until that is done', async () => {
    const equipmentId = await storedItem(world.scope, { nextPreventiveDueAt: nextDay.startsAt });
    const eventId = await world.event();
    const id = await world.reserved(equipmentId, eventId);
    const given = await world.reserved(equipmentId, eventId, { window: firstDay });
    await change(eventId, nextDay);
    await world.settle();
    expect(await read(id)).toMatchObject({ troubles: ['eventMoved'], window: firstDay });
    const done = { at: world.scope.now(), nextPreventiveDueAt: '2027-05-20T09:00:00Z' };
    await world.happens(equipmentId, { type: 'EquipmentPreventiveDone', data: done });
    await world.settle();
    expect(await read(id)).toMatchObject({ troubles: [], window: thatDay });
    // A window that was given stays where it was put.
    expect(await read(given)).toMatchObject({ troubles: ['eventMoved'], window: firstDay });
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('and moves back clears the flag', async () => {
    const [equipmentId, mine, other] = [
      await world.item({ quantity: 1 }),
      await world.event(),
      await world.event(nextDay),
    ];
    const id = await world.reserved(equipmentId, mine);
    await world.reserved(equipmentId, other);
    await change(mine, nextDay);
    await world.settle();
    expect((await read(id)).troubles).toEqual(['eventMoved']);
    await change(mine, { startsAt: '2026-12-01T18:00:00Z', endsAt: '2026-12-01T21:00:00Z' });
    await world.settle();
    expect((await read(id)).troubles).toEqual([]);
  });

  test('leaves a window that was given, and flags it when it no longer touches the event', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const window = { start: '2026-12-01T12:00:00Z', end: '2026-12-01T19:00:00Z' };
    const apart = { start: '2026-11-30T12:00:00Z', end: '2026-11-30T19:00:00Z' };
    const [id, early] = [
      await world.reserved(equipmentId, eventId, { window }),
      await world.reserved(equipmentId, eventId, { window: apart }),
    ];
    await world.settle();
    expect((await read(early)).troubles).toEqual([]);
    await change(eventId, nextDay);
    await world.settle();
    expect(await read(id)).toMatchObject({ window, troubles: ['eventMoved'] });
    const mended = await world.manager.patch(`equipment/reservations/${id}`, { window: null });
    expect(mended.body).toMatchObject({ window: thatDay, windowGiven: false, troubles: [] });
  });

  test('keeps what is out until the event is over, and flags it when the event goes to another day', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event({}, 'approve', 'confirm')];
    const id = await world.reserved(equipmentId, eventId);
    await world.manager.post(`equipment/reservations/${id}/confirm`);
    await goTo(world.manager, id, 'dispatch');
    const now = world.scope.now();
    world.move('2026-12-01T16:30:00Z');
    await change(eventId, { startsAt: '2026-12-01T19:00:00Z', endsAt: '2026-12-01T23:00:00Z' });
    await world.settle();
    const longer = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T23:00:00Z' };
    expect(await read(id)).toMatchObject({ window: longer, troubles: [] });
    await change(eventId, nextDay);
    await world.settle();
    expect(await read(id)).toMatchObject({ window: longer, troubles: ['eventMoved'] });
    world.move(now);
    expect(await disagreements(world.scope)).toEqual([]);
  });
});

describe('an item', () => {
  test('that is retired or cut flags what counted on it, and more units clear that', async () => {
    const [retired, cut] = [await world.item({ quantity: 3 }), await world.item({ quantity: 3 })];
    const eventId = await world.event();
    const [one, two] = [
      await world.reserved(retired, eventId, { quantity: 3 }),
      await world.reserved(cut, eventId, { quantity: 3 }),
    ];
    await world.happens(retired, { type: 'EquipmentRetired', data: { at: world.scope.now(), reason: 'Worn' } });
    const quantity = (from: number, to: number) => ({ changes: { quantity: { from, to } } });
    await world.happens(cut, { type: 'EquipmentItemUpdated', data: quantity(3, 2) });
    await world.settle();
    expect((await read(one)).troubles).toEqual(['itemRetired']);
    expect((await read(two)).troubles).toEqual(['unitsShort']);
    expect((await world.manager.post(`equipment/reservations/${one}/override`, { reason: 'So' })).body.rule).toBe(
      'item-retired',
    );
    await world.happens(cut, { type: 'EquipmentItemUpdated', data: quantity(2, 4) });
    await world.settle();
    expect((await read(two)).troubles).toEqual([]);
  });

  test('and an event that are renamed show so in all reservations', async () => {
    const [equipmentId, eventId] = [await world.item({ name: 'Old item' }), await world.event({ title: 'Old event' })];
    const [one, gone] = [await world.reserved(equipmentId, eventId), await world.reserved(equipmentId, eventId)];
    await world.manager.delete(`equipment/reservations/${gone}`);
    await change(eventId, { title: 'New event' });
    const changes = { name: { from: 'Old item', to: 'New item' } };
    await world.happens(equipmentId, { type: 'EquipmentItemUpdated', data: { changes } });
    await world.settle();
    for (const id of [one, gone])
      expect(await read(id)).toMatchObject({ equipmentName: 'New item', eventTitle: 'New event' });
  });
});
