/** A crash at any point parts no event from its claim (ADR 0004). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expiredHolds } from '../../functions/timers/expired-holds.ts';
import { events } from '../../shared/events/model.ts';
import { placingFacts, placingOf, settleClaims } from '../../shared/events/settling.ts';
import { factOf } from '../../shared/platform/facts.ts';
import type { Answer, Person } from '../support/callers.ts';
import { crashing } from '../support/faults.ts';
import { testScope } from '../support/platform.ts';
import { claimsOfEvent, disagreement, isCovered } from './agreement.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let here: Person;
const start = '2026-11-20T09:00:00Z';
beforeAll(async () => {
  world = await stage(start);
  here = world.as('manager');
});
afterEach(() => world.move(start));
afterAll(closeStages);

const day = (date: string, from = '10:00', to = '12:00') => ({
  startsAt: `2026-12-${date}T${from}:00Z`,
  endsAt: `2026-12-${date}T${to}:00Z`,
});

/** Commands that take or give up a venue; each begins with what `prepare` leaves. */
const commands: readonly {
  readonly name: string;
  readonly prepare?: (id: string) => Promise<unknown>;
  readonly run: (client: Person, id: string) => Promise<Answer>;
}[] = [
  {
    name: 'a move within its own window',
    run: (client, id) => client.patch(`events/${id}`, day('10', '11:00', '13:00')),
  },
  { name: 'a move to another day', run: (client, id) => client.patch(`events/${id}`, day('11')) },
  {
    name: 'a move to another venue',
    run: async (client, id) => client.patch(`events/${id}`, { venueId: await world.venue() }),
  },
  { name: 'a growth', run: (client, id) => client.patch(`events/${id}`, { attendance: 50 }) },
  { name: 'a cancellation', run: (client, id) => client.post(`events/${id}/cancel`, { reason: 'No' }) },
  {
    name: 'a postponement',
    prepare: (id) => here.post(`events/${id}/approve`),
    run: (client, id) => client.post(`events/${id}/postpone`, { reason: 'No' }),
  },
  {
    name: 'a rescheduling',
    async prepare(id) {
      await here.post(`events/${id}/approve`);
      await here.post(`events/${id}/postpone`, { reason: 'No' });
    },
    run: (client, id) => client.post(`events/${id}/reschedule`, day('12')),
  },
  {
    name: 'a reinstatement',
    prepare: (id) => here.post(`events/${id}/cancel`, { reason: 'No' }),
    run: (client, id) => client.post(`events/${id}/reinstate`),
  },
  { name: 'a deletion', run: (client, id) => client.delete(`events/${id}`) },
];

/** After a crash: the relay does its work, holds run out, and the sweep takes them away. */
async function recover(): Promise<void> {
  await world.settle();
  world.move('2026-11-20T09:16:00Z');
  await expiredHolds.handle(testScope(world.platform, ''));
  world.move(start);
}

describe('crashes', () => {
  for (const { name, prepare, run } of commands) {
    test(`at any commit of ${name}: never an event without its claim, in the end no claim without its event`, async () => {
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; ; at += 1) {
          const made = await here.post('events', await world.booking(day('10')));
          const { id } = made.body;
          await prepare?.(id);
          await world.settle();
          const crash = crashing(world.platform, at, when);
          const answer = await run((await world.over(crash.platform)).as('manager'), id);
          expect(await isCovered(world.scope, id), `${when} commit ${at}, at once`).toBe(true);
          await recover();
          expect(await disagreement(world.scope, id), `${when} commit ${at}`).toBeUndefined();
          if (!crash.died()) {
            expect(answer.status).toBeLessThan(300);
            expect(at).toBeGreaterThan(2);
            break;
          }
        }
      }
    });
  }

  test('at any commit of a booking: what was answered is there, what was not leaves the venue free', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        const body = await world.booking(day('13'));
        const crash = crashing(world.platform, at, when);
        const answer = await (await world.over(crash.platform)).as('manager').post('events', body);
        await recover();
        const list = await here.get(`events?venueId=${body.venueId}`);
        const [made] = list.body.data;
        if (answer.status === 201) expect(made.id).toBe(answer.body.id);
        if (made) expect(await disagreement(world.scope, made.id), `${when} commit ${at}`).toBeUndefined();
        const again = await here.post('events', { ...body, title: 'Another' });
        expect(again.status, `${when} commit ${at}`).toBe(made ? 409 : 201);
        if (!crash.died()) break;
      }
    }
  });

  test('without the settling reaction the venue of a booking that crashed before its hold was firm is lost', async () => {
    // A world of its own, in which no reaction runs before it is told to; its first booking begins the numbers.
    const world = await stage(start);
    const here = world.as('manager');
    await here.post('events', await world.booking(day('13')));
    const body = await world.booking(day('14'));
    // Claim, event, firm: dead just after the second.
    const crash = crashing(world.platform, 2, 'after');
    await (await world.over(crash.platform)).as('manager').post('events', body);
    const [made] = (await here.get(`events?venueId=${body.venueId}`)).body.data;
    world.move('2026-11-20T09:16:00Z');
    expect(await isCovered(world.scope, made.id)).toBe(false);
    // An outage longer than the hold, and somebody is faster than the reaction: both were promised, and both are told.
    const second = await here.post('events', { ...body, title: 'Faster' });
    expect(second.status).toBe(201);
    await world.settle();
    expect(await isCovered(world.scope, made.id)).toBe(true);
    const history = await here.get(`events/${made.id}/history`);
    expect(history.body.data[0]).toMatchObject({
      type: 'EventDoubleBookingOverridden',
      by: 'system',
      data: { over: [{ owner: { id: second.body.id } }] },
    });
  });

  test('a booking whose outcome stayed open is made once by its retry under the same key', async () => {
    const body = await world.booking(day('15'));
    const key = { 'idempotency-key': 'again' };
    const manager = here.actor;
    // Key, claim, event: dead just after the event.
    const crash = crashing(world.platform, 3, 'after');
    const first = await (await world.over(crash.platform)).as('manager', manager).post('events', body, key);
    expect(first.status).toBe(500);
    // The lease of the first try is over.
    world.move('2026-11-20T09:02:00Z');
    const second = await here.post('events', body, key);
    expect(second.status).toBe(201);
    await world.settle();
    const list = await here.get(`events?venueId=${body.venueId}`);
    expect(list.body.data.map(({ id }: { id: string }) => id)).toEqual([second.body.id]);
    expect(await disagreement(world.scope, second.body.id)).toBeUndefined();
  });

  test('a step whose outcome stayed open is taken once by its retry under the same key', async () => {
    const made = await here.post('events', await world.booking(day('18')));
    const path = `events/${made.body.id}/approve`;
    const key = { 'idempotency-key': 'approve again' };
    // Key, event: dead just after the event.
    const crash = crashing(world.platform, 2, 'after');
    const first = await (await world.over(crash.platform)).as('manager', here.actor).post(path, {}, key);
    expect(first.status).toBe(500);
    world.move('2026-11-20T09:02:00Z');
    expect((await here.post(path, {}, key)).body.status).toBe('approved');
    expect((await here.post(path, {})).status).toBe(409);
    const history = await here.get(`events/${made.body.id}/history?count=true`);
    expect(history.body.page.totalCount).toBe(2);
  });

  test('so is one with If-Match, which still keeps a retry from changes that others made', async () => {
    const made = await here.post('events', await world.booking(day('19')));
    const path = `events/${made.body.id}`;
    const read = async (key: string) => ({
      'idempotency-key': key,
      'if-match': (await here.get(path)).headers.get('etag') ?? '',
    });
    const dying = async (at: number, step: string, headers: Readonly<Record<string, string>>) => {
      const { platform } = crashing(world.platform, at, 'after');
      const answer = await (await world.over(platform)).as('manager', here.actor).post(`${path}/${step}`, {}, headers);
      expect(answer.status).toBe(500);
    };
    const approve = await read('approve as read');
    await dying(2, 'approve', approve);
    const confirm = await read('confirm as read');
    // Dead with the key alone taken.
    await dying(1, 'confirm', confirm);
    await here.patch(path, { title: 'Changed meanwhile' });
    world.move('2026-11-20T09:02:00Z');
    expect((await here.post(`${path}/approve`, {}, approve)).status).toBe(200);
    expect((await here.post(`${path}/confirm`, {}, confirm)).status).toBe(412);
    expect((await here.get(path)).body.status).toBe('approved');
  });

  test('the settling reaction may run again at any time, late and out of order', async () => {
    const made = await here.post('events', await world.booking(day('16')));
    const { id } = made.body;
    await here.patch(`events/${id}`, day('17'));
    await here.patch(`events/${id}`, day('17', '11:00', '14:00'));
    await world.settle();
    const page = await world.scope.documents('audit', id).query({ kind: 'fact', limit: 100 });
    const facts = page.items.map(({ document }) => factOf(document));
    const names: readonly string[] = placingFacts;
    for (const fact of [...facts, ...facts.toReversed()]) {
      if (names.includes(fact.type)) await settleClaims(world.scope, id, placingOf(fact));
      expect(await disagreement(world.scope, id)).toBeUndefined();
    }
    expect(await claimsOfEvent(world.scope, id)).toHaveLength(1);
    expect((await world.scope.of(events).get(id)).state.placement).toBeDefined();
  });
});
