/** Nothing is ever in two places at once: races for a venue and between changes of one event (ADR 0004). */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimsOf } from '../../shared/claims/engine.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import { CLOSING, venueResource } from '../../shared/venues/model.ts';
import type { Answer, Person } from '../support/callers.ts';
import { unguarded } from '../support/faults.ts';
import { disagreement } from './agreement.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let here: Person;
let there: Person;
beforeAll(async () => {
  world = await stage();
  here = world.as('manager');
  there = (await world.over(world.twin())).as('manager');
});
afterAll(closeStages);

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort();
const day = (date: string, from = '10:00', to = '12:00') => ({
  startsAt: `2026-12-${date}T${from}:00Z`,
  endsAt: `2026-12-${date}T${to}:00Z`,
});

async function twoHundred(clients: readonly Person[]): Promise<readonly Answer[]> {
  const [venueId, customerId] = [await world.venue(), await world.customer()];
  const bodies = await Promise.all(Array.from({ length: 200 }, () => world.booking({ venueId, customerId })));
  return Promise.all(bodies.map((body, at) => clients[at % clients.length]?.post('events', body) ?? fail()));
}
/** A process whose store ignores etags and what is there already. */
function careless(): Promise<Stage> {
  const twin = world.twin();
  return world.over({ ...twin, store: unguarded(twin.store) });
}
function fail(): never {
  throw new Error('There is no client');
}

describe('one venue, one window', () => {
  test('REQ-EVT-053 of 200 parallel bookings in two processes exactly one wins, 199 get the conflict', async () => {
    const answers = await twoHundred([here, there]);
    expect(statuses(answers)).toEqual([201, ...Array(199).fill(409)]);
    const winner = answers.find(({ status }) => status === 201);
    for (const { status, body } of answers) {
      if (status === 409) expect(body.conflicts).toMatchObject([{ owner: { id: winner?.body.id } }]);
    }
    await world.settle();
    expect(await disagreement(world.scope, winner?.body.id)).toBeUndefined();
  });

  test('what meets only a closing of the venue waits for it to be over, and is refused where it stays', async () => {
    const venueId = await world.venue();
    const window = { start: '2026-11-20T09:00:00Z', end: '2027-11-20T09:00:00Z' };
    await claimsOf(world.scope).claim({
      ...{ id: systemIds.next(), resource: venueResource(venueId), quantity: 1, windows: [window], use: window },
      ...{ owner: { type: CLOSING, id: venueId }, mode: 'held', expiresAt: '2026-11-20T09:01:00Z', capacity: 1 },
    });
    const refused = await here.post('events', await world.booking({ venueId }));
    expect(refused.body).toMatchObject({ status: 409, conflicts: [{ owner: { type: CLOSING } }] });
    const [booked] = await Promise.all([
      here.post('events', await world.booking({ venueId })),
      // Over by the clock, so that nothing but the waiting itself takes time.
      sleep(20).then(() => world.move('2026-11-20T09:01:01Z')),
    ]);
    expect(booked.status).toBe(201);
    world.move('2026-11-20T09:00:00Z');
  });

  test('with the etags ignored, more than one of them gets the venue (so the test above can fail)', async () => {
    const answers = await twoHundred([await careless(), await careless()].map((one) => one.as('manager')));
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(1);
  });

  test('of 50 parallel bookings of one title on one day exactly one wins, the others give their venues back', async () => {
    const customerId = await world.customer();
    const bodies = await Promise.all(Array.from({ length: 50 }, () => world.booking({ customerId, title: 'The one' })));
    const answers = await Promise.all(bodies.map((body, at) => (at % 2 ? here : there).post('events', body)));
    expect(statuses(answers)).toEqual([201, ...Array(49).fill(409)]);
    const again = await Promise.all(bodies.map((body, at) => here.post('events', { ...body, title: `Other ${at}` })));
    expect(statuses(again)).toEqual([...Array(49).fill(201), 409]);
    const off = (await careless()).as('manager');
    const title = { customerId, title: 'Not the one' };
    const unchecked = await Promise.all(Array.from({ length: 10 }, () => world.booking(title)));
    const loose = await Promise.all(unchecked.map((body) => off.post('events', body)));
    expect(loose.filter(({ status }) => status === 201).length, 'with the guard off').toBeGreaterThan(1);
  });
});

describe('changes of one event at once', () => {
  const path = (id: string) => `events/${id}`;

  /** Four changes at once by two clients; what went wrong: changes lost of the two that nothing else touches, and more. */
  async function faults(one: Person, two: Person): Promise<number> {
    const made = await here.post('events', await world.booking(day('03')));
    const { id } = made.body;
    const venueId = await world.venue();
    const answers = await Promise.all([
      one.patch(path(id), day('03', '11:00', '13:00')),
      two.patch(path(id), day('04')),
      one.patch(path(id), { venueId }),
      two.patch(path(id), { setupMinutes: 30 }),
    ]);
    await world.settle();
    const { body } = await here.get(path(id));
    const wrong = [
      answers.some(({ status }) => status !== 200),
      (await disagreement(world.scope, id)) !== undefined,
      body.venueId !== venueId,
      body.setupMinutes !== 30,
    ];
    return wrong.filter(Boolean).length;
  }

  test('moves to different times and venues: one after the other, none is lost, and one claim stays', async () => {
    for (let round = 0; round < 10; round += 1) expect(await faults(here, there)).toBe(0);
  });

  test('with the etags ignored changes are lost (so the test above can fail)', async () => {
    const [one, two] = [(await careless()).as('manager'), (await careless()).as('manager')];
    let count = 0;
    for (let round = 0; round < 20 && count === 0; round += 1) count += await faults(one, two);
    expect(count).toBeGreaterThan(0);
  });

  test('a move against a cancellation, a deletion, a postponement: whatever wins, claim and event agree', async () => {
    const ends = [
      (client: Person, id: string) => client.post(`${path(id)}/cancel`, { reason: 'No' }),
      (client: Person, id: string) => client.delete(path(id)),
      (client: Person, id: string) => client.post(`${path(id)}/postpone`, { reason: 'Ill' }),
    ];
    for (let round = 0; round < 12; round += 1) {
      const made = await here.post('events', await world.booking(day('05')));
      const { id } = made.body;
      await here.post(`${path(id)}/approve`);
      const end = ends[round % ends.length] ?? fail();
      const [ended] = await Promise.all([
        end(there, id),
        here.patch(path(id), day('05', '11:00', '13:00')),
        there.patch(path(id), day('06')),
      ]);
      expect(ended.status).toBeLessThan(300);
      await world.settle();
      expect(await disagreement(world.scope, id)).toBeUndefined();
      const again = await here.post('events', await world.booking({ ...day('05'), venueId: made.body.venueId }));
      expect(again.status).toBe(201);
    }
  });

  test('two events that would swap their times both stay where they are', async () => {
    const venueId = await world.venue();
    const a = await here.post('events', await world.booking({ ...day('07'), venueId }));
    const b = await here.post('events', await world.booking({ ...day('08'), venueId }));
    const swapped = await Promise.all([
      here.patch(path(a.body.id), day('08')),
      there.patch(path(b.body.id), day('07')),
    ]);
    expect(statuses(swapped)).toEqual([409, 409]);
    await world.settle();
    for (const { body } of [a, b]) expect(await disagreement(world.scope, body.id)).toBeUndefined();
  });
});
