/** Units to take: the conflict engine follows the item, and no change of stock passes what is reserved (REQ-EQP-004 to 007). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { removeItem, reviseItem } from '../../shared/equipment/commands.ts';
import { equipmentResource, items, MAINTENANCE } from '../../shared/equipment/model.ts';
import * as rules from '../../shared/equipment/rules.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { crashing, stalling } from '../support/faults.ts';
import { happened } from '../support/items.ts';
import { cancelled, freeUnits, held, madeItem, NOVEMBER, reserved, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const DECEMBER = { start: '2026-12-10T10:00:00Z', end: '2026-12-11T10:00:00Z' };
const free = (id: string) => freeUnits(world.scope(), id);

describe('REQ-EQP-005 to 007 deactivating and deleting', () => {
  test('take all units away; activating gives them back', async () => {
    const { id } = await madeItem(world.manager);
    await cancelled(world.scope(), id, await reserved(world.scope(), id, 2));
    const off = await world.manager.post(`equipment/${id}/deactivate`);
    expect([off.status, off.body.active]).toEqual([200, false]);
    await expect(reserved(world.scope(), id, 1)).rejects.toMatchObject({ code: 'conflict' });
    const again = await world.manager.post(`equipment/${id}/deactivate`, {});
    expect([again.status, again.body.state, again.body.allowed]).toEqual([409, 'inactive', ['activate', 'retire']]);
    expect((await world.manager.post(`equipment/${id}/activate`, { reason: 'Back' })).body.active).toBe(true);
    expect((await world.manager.post(`equipment/${id}/activate`)).body.state).toBe('active');
    expect(await free(id)).toBe(10);
    expect((await world.facts(id)).map(({ type }) => type).slice(1)).toEqual([
      'EquipmentItemDeactivated',
      'EquipmentItemActivated',
    ]);
  });

  test('are refused with the list while reservations are active, and change nothing', async () => {
    const { id } = await madeItem(world.manager);
    const first = await reserved(world.scope(), id, 2);
    const second = await reserved(world.scope(), id, 3, DECEMBER);
    for (const answer of [
      await world.manager.post(`equipment/${id}/deactivate`),
      await world.manager.delete(`equipment/${id}`),
    ]) {
      expect([answer.status, answer.body.rule]).toEqual([409, 'equipment-has-active-reservations']);
      expect(answer.body.reservations).toMatchObject([
        { id: first, quantity: 2, window: NOVEMBER },
        { id: second, quantity: 3, window: DECEMBER },
      ]);
    }
    expect(await free(id)).toBe(8);
    await cancelled(world.scope(), id, first);
    await cancelled(world.scope(), id, second);
    expect((await world.manager.delete(`equipment/${id}`)).status).toBe(204);
    await world.settled();
    expect(await free(id)).toBe(0);
  });

  test('see a reservation that is on its way, and let none slip in while they decide', async () => {
    const { id } = await madeItem(world.manager);
    const onItsWay = await held(world.scope(), id, 1);
    const refused = await world.manager.post(`equipment/${id}/deactivate`);
    expect(refused.body.reservations).toEqual([{ id: onItsWay, window: NOVEMBER }]);
    await claimsOf(world.scope()).release(equipmentResource(id), onItsWay);
    const tried: unknown[] = [];
    const late = stalling(world.platform, 'equipment', async () => {
      tried.push(await reserved(world.scope(), id, 1).catch((error) => error.code));
    });
    await removeItem(world.scope(late), id);
    expect(tried).toEqual(['conflict']);
  });

  test('without the hold a reservation slips in between the look and the commit', async () => {
    const { id } = await madeItem(world.manager);
    const late = stalling(world.platform, 'equipment', () => reserved(world.scope(), id, 1));
    const { state } = await world.scope().of(items).get(id);
    const unguarded = rules.deactivate(state, undefined);
    await world
      .scope(late)
      .of(items)
      .execute(id, () => unguarded);
    expect((await world.manager.get(`equipment/${id}`)).body.active).toBe(false);
    expect(await claimsOf(world.scope()).upcoming(equipmentResource(id))).toHaveLength(1);
  });

  test('by 10 people against 20 reservations leave either all of these or a closed item, never both', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { id } = await madeItem(world.manager);
      const bookings = Array.from({ length: 20 }, () => reserved(world.scope(), id, 1));
      const closings = Array.from({ length: 10 }, () => world.manager.post(`equipment/${id}/deactivate`));
      const made = (await Promise.allSettled(bookings)).filter(({ status }) => status === 'fulfilled').length;
      const closed = (await Promise.all(closings)).filter(({ status }) => status === 200).length;
      expect(closed === 0 || made === 0, `${made} made, ${closed} closed`).toBe(true);
      expect(made).toBeLessThanOrEqual(10);
    }
  });
});

describe('REQ-EQP-004 a cut of the quantity', () => {
  const cut = (id: string, quantity: number) => world.manager.patch(`equipment/${id}`, { quantity });

  test('goes down to the peak of what is reserved, and not below: it is refused with those concerned', async () => {
    const { id } = await madeItem(world.manager);
    const scope = world.scope();
    const [a, b] = [await reserved(scope, id, 4), await reserved(scope, id, 3)];
    await reserved(scope, id, 5, DECEMBER);
    const refused = await cut(id, 6);
    expect([refused.status, refused.body.rule]).toEqual([409, 'quantity-below-reserved']);
    expect(refused.body.reservations).toMatchObject([
      { id: a, quantity: 4 },
      { id: b, quantity: 3 },
    ]);
    expect(refused.body.maintenance).toEqual([]);
    expect(await free(id)).toBe(3);
    expect((await cut(id, 7)).status).toBe(200);
    expect(await free(id)).toBe(0);
    expect((await cut(id, 20)).status).toBe(200);
    expect(await free(id)).toBe(13);
  });

  test('minds maintenance, and reservations years ahead', async () => {
    const { id } = await madeItem(world.manager);
    const far = { start: '2031-05-01T00:00:00Z', end: '2031-05-02T00:00:00Z' };
    const reservation = await reserved(world.scope(), id, 8, far);
    expect((await cut(id, 7)).body.reservations).toMatchObject([{ id: reservation }]);
    await cancelled(world.scope(), id, reservation);
    const claimId = systemIds.next();
    await claimsOf(world.scope()).claim({
      id: claimId,
      resource: equipmentResource(id),
      quantity: 9,
      windows: [NOVEMBER],
      use: NOVEMBER,
      owner: { type: MAINTENANCE, id: claimId },
      mode: 'firm',
      capacity: 10,
    });
    expect((await cut(id, 8)).body.maintenance).toEqual([{ id: claimId, window: NOVEMBER }]);
  });

  test('is refused for units that are out, reserved or not', async () => {
    const { id } = await madeItem(world.manager);
    await happened(world.scope(), id, { type: 'EquipmentUnitsMoved', data: { to: 'atVenue', quantity: 6 } });
    const refused = await cut(id, 5);
    expect([refused.body.rule, refused.body.away]).toEqual(['quantity-below-away', 6]);
    expect((await cut(id, 6)).body).toMatchObject({ status: 'atVenue', units: { inStock: 0, atVenue: 6 } });
  });

  test('that is refused for another reason, or crashes anywhere, leaves no unit withheld after a minute', async () => {
    const { id } = await madeItem(world.manager);
    const taken = await madeItem(world.manager, { barcode: 'TAKEN' });
    expect((await world.manager.patch(`equipment/${id}`, { quantity: 4, barcode: 'TAKEN' })).status).toBe(409);
    expect(await free(id)).toBe(10);
    expect(taken.barcode).toBe('TAKEN');
    for (const when of ['before', 'after'] as const) {
      for (let at = 1, died = true; died; at += 1) {
        const item = await madeItem(world.manager);
        const mortal = crashing(world.platform, at, when);
        const work = reviseItem(world.scope(mortal.platform), item.id, (now) => ({ ...now, quantity: 4 }));
        died = (await work.catch(() => undefined)) === undefined;
        await world.settled();
        world.platform.clock.advance(61_000);
        const { quantity } = (await world.manager.get(`equipment/${item.id}`)).body;
        // The first claim of a new item brings its capacity along.
        await cancelled(world.scope(), item.id, await reserved(world.scope(), item.id, 1, DECEMBER));
        expect(await free(item.id), `${when} commit ${at}`).toBe(quantity);
        world.platform.clock.set('2026-10-01T09:00:00Z');
      }
    }
  });

  test('and reservations in the same instant never leave more reserved than there is', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { id } = await madeItem(world.manager, { quantity: 12 });
      const twin = world.scope(world.platform.twin());
      const bookings = Array.from({ length: 16 }, (_, n) => reserved(n % 2 ? twin : world.scope(), id, 1));
      const cuts = [9, 6, 3].map((quantity, n) =>
        n === 1 ? reviseItem(twin, id, (now) => ({ ...now, quantity })) : cut(id, quantity),
      );
      const [booked] = await Promise.all([Promise.allSettled(bookings), Promise.allSettled(cuts)]);
      const made = booked.filter(({ status }) => status === 'fulfilled').length;
      await world.settled();
      const { quantity } = (await world.manager.get(`equipment/${id}`)).body;
      expect(made).toBeLessThanOrEqual(quantity);
      expect(await free(id)).toBe(quantity - made);
    }
  });

  test('without the guard leaves more reserved than there is', async () => {
    const { id } = await madeItem(world.manager);
    const late = stalling(world.platform, 'equipment', () => reserved(world.scope(), id, 9));
    await world
      .scope(late)
      .of(items)
      .execute(id, (state) =>
        rules.revise(state, { ...rules.fieldsOf(state), quantity: 3 }, { now: '', today: '2026-10-01' }),
      );
    await world.settled();
    expect(await free(id)).toBe(0);
    expect((await claimsOf(world.scope()).upcoming(equipmentResource(id)))[0]?.quantity).toBe(9);
  });
});
