/** Reserving units, changing, confirming and cancelling (REQ-EQP-020 to 024, 031). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ItemFact } from '../../shared/equipment/model.ts';
import { closeStages, disagreements, mostTaken, trailOf, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const conflict = 'urn:marquee:problem:conflict';
const evening = { start: '2026-12-01T18:00:00Z', end: '2026-12-01T21:00:00Z' };

describe('a reservation', () => {
  test('REQ-EQP-020 takes the event with set-up and tear-down unless told otherwise, and shows in lists', async () => {
    const [itemId, eventId] = [
      await world.item({ name: 'Sofa' }),
      await world.event({ setupMinutes: 60, teardownMinutes: 30, title: 'Ball' }),
    ];
    const answer = await world.manager.post('equipment/reservations', { equipmentId: itemId, eventId, quantity: 3 });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toMatch(new RegExp(`/api/equipment/reservations/${answer.body.id}$`));
    expect(answer.body).toMatchObject({
      equipmentName: 'Sofa',
      eventTitle: 'Ball',
      status: 'requested',
      windowGiven: false,
      window: { start: '2026-12-01T17:00:00Z', end: '2026-12-01T21:30:00Z' },
      troubles: [],
      out: false,
    });
    const given = await world.manager.post('equipment/reservations', {
      equipmentId: itemId,
      eventId,
      quantity: 1,
      window: { start: '2026-12-02T08:00:00Z', end: '2026-12-02T09:00:00Z' },
      notes: 'By the door',
    });
    expect(given.body).toMatchObject({ windowGiven: true, notes: 'By the door' });
    for (const path of [
      `equipment/reservations?equipmentId=${itemId}`,
      `equipment/${itemId}/reservations`,
      `events/${eventId}/equipment-reservations`,
    ]) {
      const list = await world.manager.get(path);
      expect(
        list.body.data.map(({ id }: { id: string }) => id),
        path,
      ).toEqual([answer.body.id, given.body.id]);
    }
    const read = await world.as('viewer').get(`equipment/reservations/${answer.body.id}`);
    expect(read.body).toEqual(answer.body);
    await world.settle();
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('of a short event takes an hour; a given window is an hour at least', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event({ endsAt: '2026-12-01T18:15:00Z' })];
    const made = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1 });
    expect(made.body.window.end).toBe('2026-12-01T19:00:00Z');
    const short = { start: evening.start, end: '2026-12-01T18:59:59Z' };
    const answer = await world.manager.post('equipment/reservations', {
      equipmentId,
      eventId,
      quantity: 1,
      window: short,
    });
    expect(answer.body.errors).toMatchObject([{ path: 'body.window.end' }]);
  });

  test('of what is not here is invalid, each under its own field', async () => {
    const nobody = '0193b0a0-7c1e-7000-8000-000000000001';
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const one = await world.manager.post('equipment/reservations', { equipmentId: nobody, eventId, quantity: 1 });
    expect(one.body.errors[0].path).toBe('body.equipmentId');
    const two = await world.manager.post('equipment/reservations', { equipmentId, eventId: nobody, quantity: 1 });
    expect(two.body.errors[0].path).toBe('body.eventId');
  });

  const states: readonly (readonly [string, readonly string[], number])[] = [
    ['draft', [], 201],
    ['pendingApproval', ['submit-for-approval'], 201],
    ['approved', ['approve'], 201],
    ['confirmed', ['approve', 'confirm'], 201],
    ['postponed', ['approve', 'postpone'], 409],
    ['cancelled', ['cancel'], 409],
  ];
  test.each(states)('for an event that is %s', async (_, steps, status) => {
    const [equipmentId, eventId] = [await world.item(), await world.event({}, ...steps)];
    const answer = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1 });
    expect(answer.status).toBe(status);
    if (status === 409) expect(answer.body.rule).toBe('event-open');
  });
});

describe('not reservable', () => {
  const at = '2026-11-20T09:00:00Z';
  const down: ItemFact['type'] = 'EquipmentConditionDowngraded';
  const cases: readonly (readonly [string, ItemFact])[] = [
    ['item-active', { type: 'EquipmentItemDeactivated', data: {} }],
    ['item-retired', { type: 'EquipmentRetired', data: { at, reason: 'Old' } }],
    ['item-usable', { type: down, data: { from: 'good', to: 'needsRepair' } }],
    ['item-usable', { type: down, data: { from: 'good', to: 'outOfService' } }],
    ['inspection-pending', { type: 'EquipmentInspectionDue', data: { maintenanceId: 'm1' } }],
    [
      'preventive-overdue',
      { type: 'EquipmentPreventiveDone', data: { at, nextPreventiveDueAt: '2026-12-01T18:00:00Z' } },
    ],
  ];
  test.each(cases)('%s', async (rule, fact) => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    await world.happens(equipmentId, fact);
    const answer = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1 });
    expect(answer.body.rule).toBe(rule);
    const order = await world.manager.post(`events/${eventId}/equipment`, { items: [{ equipmentId, quantity: 1 }] });
    expect(order.body.rule).toBe(rule);
  });

  test('window-ahead: a window that is over', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const window = { start: '2026-11-19T00:00:00Z', end: '2026-11-20T09:00:00Z' };
    const answer = await world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1, window });
    expect(answer.body.rule).toBe('window-ahead');
  });
});

describe('REQ-EQP-022 a change', () => {
  test('of window and quantity moves the claim; a clash leaves all as it was', async () => {
    const equipmentId = await world.item({ quantity: 5 });
    const [mine, other] = [await world.event(), await world.event()];
    const id = await world.reserved(equipmentId, mine, { quantity: 3 });
    await world.reserved(equipmentId, other, { quantity: 2 });
    const path = `equipment/reservations/${id}`;
    expect((await world.manager.patch(path, { quantity: 4 })).body.type).toBe(conflict);
    expect((await world.manager.get(path)).body.quantity).toBe(3);
    const window = { start: '2026-12-02T18:00:00Z', end: '2026-12-02T21:00:00Z' };
    const moved = await world.manager.patch(path, { quantity: 5, window });
    expect(moved.body).toMatchObject({ quantity: 5, window, windowGiven: true });
    const back = await world.manager.put(path, { quantity: 2, notes: 'Fewer' });
    expect(back.body).toMatchObject({ quantity: 2, window: evening, windowGiven: false, notes: 'Fewer' });
    const cleared = await world.manager.patch(path, { notes: null });
    expect(cleared.body.notes).toBeUndefined();
    await world.settle();
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('of one end of the window leaves the other; the window sent back as it was read stays the event’s', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    const path = `equipment/reservations/${id}`;
    const read = (await world.manager.get(path)).body;
    const same = await world.manager.put(path, { quantity: 2, window: read.window });
    expect(same.body).toMatchObject({ quantity: 2, window: evening, windowGiven: false });
    const window = { start: evening.start, end: '2026-12-01T23:00:00Z' };
    const longer = await world.manager.patch(path, { window: { end: window.end } });
    expect(longer.body).toMatchObject({ window, windowGiven: true });
    const back = await world.manager.patch(path, { window: { end: evening.end } });
    expect(back.body).toMatchObject({ window: evening, windowGiven: true });
    expect((await world.manager.patch(path, { window: null })).body).toMatchObject({ windowGiven: false });
  });

  test('that only gives back is never refused, not even where too much is taken or the item is inactive', async () => {
    const equipmentId = await world.item({ quantity: 2 });
    const [mine, other] = [await world.event(), await world.event()];
    const id = await world.reserved(equipmentId, mine, { quantity: 2 });
    await world.reserved(equipmentId, other, { quantity: 2, override: { reason: 'So' } });
    await world.happens(equipmentId, { type: 'EquipmentItemDeactivated', data: {} });
    expect((await world.manager.patch(`equipment/reservations/${id}`, { quantity: 1 })).body.quantity).toBe(1);
    expect((await world.manager.patch(`equipment/reservations/${id}`, { quantity: 2 })).body.rule).toBe('item-active');
  });

  test('to fewer units that are still too many stays flagged', async () => {
    const [equipmentId, eventId] = [await world.item({ quantity: 10 }), await world.event()];
    const id = await world.reserved(equipmentId, eventId, { quantity: 10 });
    const changes = { quantity: { from: 10, to: 6 } };
    await world.happens(equipmentId, { type: 'EquipmentItemUpdated', data: { changes } });
    await world.settle();
    const to = (quantity: number) => world.manager.patch(`equipment/reservations/${id}`, { quantity });
    expect((await to(8)).body.troubles).toEqual(['unitsShort']);
    expect((await to(6)).body.troubles).toEqual([]);
  });

  test('of notes alone asks nobody, and one with the same content leaves no fact', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    await world.manager.patch(`equipment/reservations/${id}`, { notes: 'A' });
    await world.manager.patch(`equipment/reservations/${id}`, { notes: 'A' });
    await world.settle();
    expect(await trailOf(world.scope, id)).toEqual(['EquipmentBookingRequested', 'EquipmentReservationUpdated']);
  });

  test('with a stale If-Match is 412, and takes nothing', async () => {
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    const answer = await world.manager.patch(`equipment/reservations/${id}`, { quantity: 2 }, { 'if-match': '"old"' });
    expect(answer.status).toBe(412);
    expect(await mostTaken(world.scope, equipmentId)).toBe(1);
  });
});

describe('REQ-EQP-023, 024 confirming and cancelling', () => {
  test('every step from every state', async () => {
    const [equipmentId, eventId] = [await world.item({ quantity: 100 }), await world.event()];
    const requested = () => world.reserved(equipmentId, eventId);
    const confirmed = async () => {
      const id = await requested();
      await world.manager.post(`equipment/reservations/${id}/confirm`);
      return id;
    };
    const cancelled = async () => {
      const id = await requested();
      await world.manager.delete(`equipment/reservations/${id}`);
      return id;
    };
    const steps = {
      change: (id: string) => world.manager.patch(`equipment/reservations/${id}`, { quantity: 2 }),
      confirm: (id: string) => world.manager.post(`equipment/reservations/${id}/confirm`),
      override: (id: string) => world.manager.post(`equipment/reservations/${id}/override`, { reason: 'So' }),
      cancel: (id: string) => world.manager.delete(`equipment/reservations/${id}`),
    };
    const table: readonly (readonly [() => Promise<string>, Record<keyof typeof steps, number | string>])[] = [
      [requested, { change: 200, confirm: 200, override: 200, cancel: 204 }],
      [confirmed, { change: 200, confirm: 'wrong_state', override: 'nothing-to-override', cancel: 204 }],
      [cancelled, { change: 'wrong_state', confirm: 'wrong_state', override: 'wrong_state', cancel: 'wrong_state' }],
    ];
    for (const [prepare, outcomes] of table) {
      for (const [name, run] of Object.entries(steps)) {
        const { status, body } = await run(await prepare());
        const outcome = status === 409 ? (body.rule ?? body.type.split(':').at(-1)) : status;
        expect(outcome, `${prepare.name} ${name}`).toBe(outcomes[name as keyof typeof steps]);
      }
    }
    await world.settle();
    expect(await disagreements(world.scope)).toEqual([]);
  });

  test('a cancelled one frees its units at once, and is left out of lists unless its status is named', async () => {
    const [equipmentId, eventId] = [await world.item({ quantity: 1 }), await world.event()];
    const id = await world.reserved(equipmentId, eventId);
    expect((await world.manager.delete(`equipment/reservations/${id}?reason=Not%20needed`)).status).toBe(204);
    const again = await world.reserved(equipmentId, eventId);
    const ids = async (query: string) =>
      (await world.manager.get(`equipment/${equipmentId}/reservations${query}`)).body.data.map(
        (one: { id: string }) => one.id,
      );
    expect(await ids('')).toEqual([again]);
    expect(await ids('?status=cancelled')).toEqual([id]);
    expect((await world.manager.get(`equipment/reservations/${id}`)).body.reason).toBe('Not needed');
  });

  test('within 48 hours of the start only who may override cancels', async () => {
    const now = world.scope.now();
    const [equipmentId, eventId] = [await world.item(), await world.event()];
    const [one, two] = [await world.reserved(equipmentId, eventId), await world.reserved(equipmentId, eventId)];
    const staff = world.as('staff');
    world.move('2026-11-29T18:00:00Z');
    expect((await staff.delete(`equipment/reservations/${one}`)).status).toBe(204);
    world.move('2026-11-29T18:00:01Z');
    expect((await staff.delete(`equipment/reservations/${two}`)).status).toBe(403);
    expect((await world.manager.delete(`equipment/reservations/${two}`)).status).toBe(204);
    world.move(now);
  });

  test('REQ-EQP-024 within 48 hours of the start only who may override takes units off, as if cancelling them', async () => {
    const now = world.scope.now();
    const [equipmentId, eventId] = [await world.item({ quantity: 9 }), await world.event()];
    const path = `equipment/reservations/${await world.reserved(equipmentId, eventId, { quantity: 6 })}`;
    const staff = world.as('staff');
    world.move('2026-11-29T18:00:00Z');
    expect((await staff.patch(path, { quantity: 5 })).status).toBe(200);
    world.move('2026-11-29T18:00:01Z');
    expect((await staff.patch(path, { quantity: 4 })).status).toBe(403);
    expect((await staff.put(path, { quantity: 4 })).status).toBe(403);
    expect((await staff.get(path)).body.quantity).toBe(5);
    expect((await staff.patch(path, { quantity: 7, notes: 'Two more' })).status).toBe(200);
    expect((await staff.patch(path, { quantity: 7, notes: 'As many' })).status).toBe(200);
    // Units for a time when the event is not are none.
    const elsewhen = { start: '2026-12-05T18:00:00Z', end: '2026-12-05T21:00:00Z' };
    expect((await staff.patch(path, { window: elsewhen })).status).toBe(403);
    const longer = { start: '2026-12-01T16:00:00Z', end: '2026-12-01T19:00:00Z' };
    expect((await staff.patch(path, { window: longer })).status).toBe(200);
    expect((await world.manager.patch(path, { window: elsewhen, quantity: 1 })).status).toBe(200);
    expect((await staff.patch(path, { window: null })).status).toBe(200);
    world.move(now);
  });
});
