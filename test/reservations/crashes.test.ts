/** A crash at any point parts no reservation from its claim, and reactions told twice or late come to the same end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reactions } from '../../functions/registry.ts';
import { expiredHolds } from '../../functions/timers/expired-holds.ts';
import { items } from '../../shared/equipment/model.ts';
import { type Fact, factOf } from '../../shared/platform/facts.ts';
import { runReaction } from '../../shared/platform/react.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { reservations } from '../../shared/reservations/model.ts';
import type { Answer, Person } from '../support/callers.ts';
import { crashing } from '../support/faults.ts';
import { testScope } from '../support/platform.ts';
import { claimsOnEquipment, closeStages, disagreements, goTo, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

/** After a crash: the relay does its work, holds run out, and the sweep takes them away. */
async function recover(): Promise<void> {
  await world.settle();
  const now = world.scope.now();
  world.move('2026-11-20T09:16:00Z');
  await expiredHolds.handle(testScope(world.platform, ''));
  world.move(now);
}

const window = { start: '2026-12-05T08:00:00Z', end: '2026-12-05T18:00:00Z' };
const commands: readonly {
  readonly name: string;
  readonly prepare?: (id: string) => Promise<unknown>;
  readonly run: (client: Person, id: string) => Promise<Answer>;
}[] = [
  { name: 'another window', run: (client, id) => client.patch(`equipment/reservations/${id}`, { window }) },
  { name: 'more units', run: (client, id) => client.patch(`equipment/reservations/${id}`, { quantity: 5 }) },
  { name: 'fewer units', run: (client, id) => client.patch(`equipment/reservations/${id}`, { quantity: 1 }) },
  { name: 'an override', run: (client, id) => client.post(`equipment/reservations/${id}/override`, { reason: 'So' }) },
  { name: 'a cancellation', run: (client, id) => client.delete(`equipment/reservations/${id}`) },
  {
    name: 'a return with a unit missing',
    async prepare(id) {
      await world.manager.post(`equipment/reservations/${id}/confirm`);
      await goTo(world.manager, id, 'pickup');
    },
    run: (client, id) => client.post(`equipment/logistics/${id}/return`, { returned: 1, missing: 1 }),
  },
  {
    name: 'a return of all',
    async prepare(id) {
      await world.manager.post(`equipment/reservations/${id}/confirm`);
      await goTo(world.manager, id, 'pickup');
    },
    run: (client, id) => client.post(`equipment/logistics/${id}/return`, { returned: 2 }),
  },
  {
    name: 'a dispatch',
    async prepare(id) {
      await world.manager.post(`equipment/reservations/${id}/confirm`);
      await goTo(world.manager, id, 'load');
    },
    run: (client, id) => client.post(`equipment/logistics/${id}/dispatch`, { driver: 'Dee' }),
  },
];

describe('crashes', () => {
  for (const { name, prepare, run } of commands) {
    test(`at any commit of ${name}: claim and reservation agree in the end`, async () => {
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; ; at += 1) {
          const equipmentId = await world.item({ quantity: 5 });
          const id = await world.reserved(equipmentId, await world.event({}, 'approve', 'confirm'), { quantity: 2 });
          await prepare?.(id);
          await world.settle();
          const crash = crashing(world.platform, at, when);
          const answer = await run((await world.over(crash.platform)).as('manager'), id);
          const { state } = await world.scope.of(reservations).get(id);
          const open = state.status === 'requested' || state.status === 'confirmed';
          const mine = (await claimsOnEquipment(world.scope)).filter(({ owner }) => owner.id === id);
          if (open)
            expect(
              mine.some(({ quantity }) => quantity >= state.quantity),
              `${when} ${at}, at once`,
            ).toBe(true);
          await recover();
          expect(await disagreements(world.scope), `${when} commit ${at}`).toEqual([]);
          if (!crash.died()) {
            expect(answer.status, answer.text).toBeLessThan(300);
            expect(at).toBeGreaterThan(1);
            break;
          }
        }
      }
    });
  }

  test('at any commit of an order: all of it is there, or nothing and the units are free', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        const ids = await Promise.all([1, 2, 3].map((quantity) => world.item({ quantity })));
        const order = ids.map((equipmentId, index) => ({ equipmentId, quantity: index + 1 }));
        const eventId = await world.event();
        const crash = crashing(world.platform, at, when);
        const client = (await world.over(crash.platform)).as('manager');
        const answer = await client.post(`events/${eventId}/equipment`, { items: order });
        await recover();
        const { data } = (await world.manager.get(`events/${eventId}/equipment-reservations`)).body;
        if (answer.status === 201) expect(data).toHaveLength(3);
        expect([0, 3]).toContain(data.length);
        expect(await disagreements(world.scope), `${when} commit ${at}`).toEqual([]);
        const again = await world.manager.post(`events/${eventId}/equipment`, { items: order });
        expect(again.status, `${when} commit ${at}`).toBe(data.length === 3 ? 409 : 201);
        if (!crash.died()) break;
      }
    }
  });

  test('an order whose outcome stayed open is made once by its retry under the same key', async () => {
    const ids = await Promise.all([world.item({ quantity: 1 }), world.item({ quantity: 1 })]);
    const body = { items: ids.map((equipmentId) => ({ equipmentId, quantity: 1 })) };
    const path = `events/${await world.event()}/equipment`;
    const key = { 'idempotency-key': 'again' };
    // Key, two claims, reservations: dead just after those.
    const crash = crashing(world.platform, 4, 'after');
    const first = await (await world.over(crash.platform)).as('manager', world.manager.actor).post(path, body, key);
    expect(first.status).toBe(500);
    const now = world.scope.now();
    // The lease of the first try is over.
    world.move('2026-11-20T09:02:00Z');
    expect((await world.manager.post(path, body, key)).status).toBe(201);
    world.move(now);
    await world.settle();
    for (const id of ids) expect((await world.manager.get(`equipment/${id}/reservations`)).body.data).toHaveLength(1);
    expect(await disagreements(world.scope)).toEqual([]);
  });
});

describe('at the same time', () => {
  test('changes, a cancellation, and a move of the event: whatever wins, claim and reservation agree', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [equipmentId, eventId] = [await world.item({ quantity: 5 }), await world.event()];
      const [one, two] = [await world.reserved(equipmentId, eventId), await world.reserved(equipmentId, eventId)];
      const other = (await world.over(world.twin())).as('manager');
      const path = (id: string) => `equipment/reservations/${id}`;
      await Promise.all([
        world.manager.patch(path(one), { window }),
        other.patch(path(one), { quantity: 3 }),
        other.patch(path(one), { quantity: 2, window }),
        world.manager.post(`${path(one)}/override`, { reason: 'So' }),
        world.manager.patch(path(two), { quantity: 4 }),
        other.delete(path(two)),
        world.manager.patch(`events/${eventId}`, { setupMinutes: 30 }),
        world.settle(),
      ]);
      await world.settle();
      expect(await disagreements(world.scope)).toEqual([]);
    }
  });
});

describe('reactions told twice, out of order, and after a crash before their acknowledgement', () => {
  const mine = ['settle-reservation-claim', 'follow-reserved-event', 'settle-equipment-capacity', 'track-units'];
  const all: readonly Reaction[] = reactions.filter(({ name }) => mine.includes(name));

  async function tell(platform: Platform, facts: readonly Fact[]): Promise<void> {
    for (const fact of facts) {
      for (const reaction of all) if (reaction.on.includes(fact.type)) await runReaction(platform, reaction, fact);
    }
  }
  async function factsOf(...subjects: string[]): Promise<Fact[]> {
    const facts: Fact[] = [];
    for (const subject of subjects) {
      for (const container of ['events', 'reservations', 'equipment'] as const) {
        const where = [{ path: 'subject', eq: subject }];
        const page = await world.scope.documents(container).query({ kind: 'fact', where, limit: 1000 });
        facts.push(...page.items.map(({ document }) => factOf(document)));
      }
    }
    return facts.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  const shuffled = <T>(list: readonly T[], seed: number): T[] =>
    list
      .map((one, at) => ({ one, key: (at * 7919 + seed * 104_729) % 97 }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one);

  const orders: readonly (readonly [string, (facts: readonly Fact[]) => readonly Fact[]])[] = [
    ['in order', (facts) => facts],
    ['twice', (facts) => facts.flatMap((fact) => [fact, fact])],
    ['backwards, twice', (facts) => [...facts.toReversed(), ...facts.toReversed()]],
    ['shuffled', (facts) => shuffled(facts, 1)],
    ['shuffled otherwise, twice', (facts) => [...shuffled(facts, 2), ...shuffled(facts, 3)]],
  ];
  test.each(orders)('%s: the same end', async (_, order) => {
    // No relay runs: the facts are told here alone.
    const fresh = await warehouse();
    world = fresh;
    const equipmentId = await fresh.item({ quantity: 10 });
    const eventId = await fresh.event({}, 'approve', 'confirm');
    const [out, packed, called] = [
      await fresh.reserved(equipmentId, eventId, { quantity: 4 }),
      await fresh.reserved(equipmentId, eventId, { quantity: 2 }),
      await fresh.reserved(equipmentId, eventId, { quantity: 1 }),
    ];
    for (const id of [out, packed]) await fresh.manager.post(`equipment/reservations/${id}/confirm`);
    await goTo(fresh.manager, out, 'pickup');
    await goTo(fresh.manager, packed, 'load');
    await fresh.manager.post(`equipment/logistics/${out}/return`, { returned: 3, missing: 1 });
    await fresh.manager.patch(`events/${eventId}`, { endsAt: '2026-12-01T22:00:00Z', title: 'Longer' });
    await fresh.manager.post(`events/${eventId}/cancel`, { reason: 'Rain' });
    const facts = await factsOf(eventId, out, packed, called, equipmentId);
    await tell(fresh.platform, order(facts));
    // What those facts brought about is told in turn.
    await tell(fresh.platform, (await factsOf(out, packed, called, equipmentId)).slice(facts.length));
    await tell(fresh.platform, await factsOf(out, packed, called, equipmentId));
    const item = (await fresh.scope.of(items).get(equipmentId)).state;
    expect(item).toMatchObject({
      quantity: 9,
      away: { setApart: 0, inTransit: 0, atVenue: 0, inMaintenance: 0 },
      jobs: {},
    });
    const list = await fresh.manager.get(`equipment/${equipmentId}/reservations?status=cancelled,fulfilled`);
    expect(
      Object.fromEntries(
        list.body.data.map(({ id, status, eventTitle }: Answer['body']) => [id, [status, eventTitle]]),
      ),
    ).toEqual({ [out]: ['fulfilled', 'Longer'], [packed]: ['cancelled', 'Longer'], [called]: ['cancelled', 'Longer'] });
    expect(await claimsOnEquipment(fresh.scope)).toEqual([]);
  });

  test('dead at any commit of a reaction, then told again: the same end', async () => {
    for (let at = 1; ; at += 1) {
      const fresh = await warehouse();
      world = fresh;
      const equipmentId = await fresh.item({ quantity: 5 });
      const eventId = await fresh.event({}, 'approve', 'confirm');
      const id = await fresh.reserved(equipmentId, eventId, { quantity: 3 });
      await fresh.manager.post(`equipment/reservations/${id}/confirm`);
      await goTo(fresh.manager, id, 'pickup');
      await fresh.manager.post(`equipment/logistics/${id}/return`, { returned: 1, missing: 2 });
      const facts = await factsOf(eventId, id, equipmentId);
      const crash = crashing(fresh.platform, at, 'after');
      const died = await tell(crash.platform, facts).then(
        () => false,
        () => true,
      );
      await tell(fresh.platform, facts);
      const { quantity, away, jobs } = (await fresh.scope.of(items).get(equipmentId)).state;
      expect({ quantity, away, jobs }, `commit ${at}`).toEqual({
        quantity: 3,
        away: { setApart: 0, inTransit: 0, atVenue: 0, inMaintenance: 0 },
        jobs: {},
      });
      expect(await claimsOnEquipment(fresh.scope)).toEqual([]);
      if (!died) {
        expect(at).toBeGreaterThan(2);
        break;
      }
    }
  });
});
