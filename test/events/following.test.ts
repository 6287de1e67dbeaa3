/** What happens by itself: names that follow, merged customers, and the clock. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventClock } from '../../functions/timers/event-clock.ts';
import { customers } from '../../shared/customers/model.ts';
import { events } from '../../shared/events/model.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { venues } from '../../shared/venues/model.ts';
import type { Person } from '../support/callers.ts';
import { unguarded } from '../support/faults.ts';
import { testScope } from '../support/platform.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let manager: Person;
beforeAll(async () => {
  world = await stage();
  manager = world.as('manager');
});
afterAll(closeStages);

const from = (before: unknown, to: unknown) => ({ from: before, to });
async function rename(customerId: string, name: string): Promise<void> {
  await world.scope
    .of(customers)
    .execute(customerId, (state) => [
      { type: 'CustomerProfileUpdated', data: { changes: { name: from(state.name, name) } } },
    ]);
}

describe('names', () => {
  test('a renamed customer, venue and type show in lists and searches, without a trace in the history', async () => {
    const customerId = await world.customer('Old name');
    const venueId = await world.venue({ name: 'Old venue' });
    const type = await world.as('admin').post('event-types', { name: 'Old type' });
    const body = await world.booking({ customerId, venueId, eventTypeId: type.body.id });
    const made = await manager.post('events', body);
    await rename(customerId, 'New name');
    await world.scope
      .of(venues)
      .execute(venueId, () => [
        { type: 'VenueDetailsUpdated', data: { changes: { name: from('Old venue', 'New venue') } } },
      ]);
    await world.as('admin').patch(`event-types/${type.body.id}`, { name: 'New type' });
    await world.settle();
    const found = await manager.get('events?q=new%20name');
    expect(found.body.data).toMatchObject([
      { id: made.body.id, customerName: 'New name', venueName: 'New venue', eventTypeName: 'New type' },
    ]);
    const history = await manager.get(`events/${made.body.id}/history`);
    expect(history.body.data).toHaveLength(1);
  });

  test('more events than a page follow', async () => {
    const customerId = await world.customer('Many');
    const venueId = await world.venue({ bookable: 1000 });
    const bookings = Array.from({ length: 120 }, () => world.booking({ customerId, venueId }));
    for (const booking of await Promise.all(bookings)) await manager.post('events', booking);
    await rename(customerId, 'Very many');
    await world.settle();
    const list = await manager.get('events?q=very%20many&count=true&limit=1');
    expect(list.body.page.totalCount).toBe(120);
  });

  test('an event booked while its customer is renamed ends with the new name', async () => {
    const customerId = await world.customer('Before');
    const bookings = await Promise.all(Array.from({ length: 8 }, () => world.booking({ customerId })));
    await Promise.all([...bookings.map((body) => manager.post('events', body)), rename(customerId, 'After')]);
    await world.settle();
    const list = await manager.get(`events?customerId=${customerId}`);
    expect(list.body.data.map(({ customerName }: { customerName: string }) => customerName)).toEqual(
      Array(8).fill('After'),
    );
  });
});

async function merge(sourceId: string, targetId: string): Promise<void> {
  const changes = { status: from('active', 'inactive'), mergedInto: from(null, targetId) };
  const data = { sourceId, targetId, moved: [], dropped: [], changes };
  await world.scope.of(customers).execute(sourceId, () => [{ type: 'CustomerMerged', data }]);
}

describe('merged customers', () => {
  test('their events go to the target, a title that is there already gets its number behind it', async () => {
    const [source, target] = [await world.customer('Source'), await world.customer('Target')];
    const twin = await manager.post('events', await world.booking({ customerId: source, title: 'Same' }));
    await manager.post('events', await world.booking({ customerId: source, title: 'Other' }));
    await manager.post('events', await world.booking({ customerId: target, title: 'Same' }));
    await merge(source, target);
    await world.settle();
    const list = await manager.get(`events?customerId=${target}&sort=title`);
    expect(list.body.data.map(({ title }: { title: string }) => title)).toEqual([
      'Other',
      'Same',
      `Same (${twin.body.eventNumber})`,
    ]);
    expect(new Set(list.body.data.map((event: { customerName: string }) => event.customerName))).toEqual(
      new Set(['Target']),
    );
    expect((await manager.get(`events?customerId=${source}`)).body.data).toEqual([]);
  });
});

describe('deleted customers', () => {
  test('a cancelled event is not reinstated for a customer that is gone, and its venue stays free', async () => {
    const customerId = await world.customer();
    const body = await world.booking({ customerId });
    const path = `events/${(await manager.post('events', body)).body.id}`;
    await manager.post(`${path}/cancel`, { reason: 'No' });
    await world.scope
      .of(customers)
      .execute(customerId, ({ customerNumber, name }) => [{ type: 'CustomerRemoved', data: { customerNumber, name } }]);
    await world.settle();
    const answer = await manager.post(`${path}/reinstate`);
    expect([answer.status, answer.body.rule]).toEqual([409, 'customer-active']);
    expect((await manager.get(path)).body.status).toBe('cancelled');
    expect((await manager.post('events', await world.booking({ venueId: body.venueId }))).status).toBe(201);
  });
});

describe('the clock', () => {
  beforeEach(() => world.move('2026-11-20T09:00:00Z'));
  const run = (platform: Platform) => eventClock.handle(testScope(platform, ''));

  async function confirmed(more: { startsAt: string; endsAt: string }): Promise<string> {
    const made = await manager.post('events', await world.booking(more));
    for (const step of ['approve', 'confirm']) await manager.post(`events/${made.body.id}/${step}`);
    return made.body.id;
  }
  const status = async (id: string) => (await manager.get(`events/${id}`)).body.status;
  const types = async (id: string) =>
    (await manager.get(`events/${id}/history`)).body.data.map(({ type }: { type: string }) => type);

  test('REQ-EVT-011, 012 starts, completes and archives at their times, once, run by two processes at once', async () => {
    const id = await confirmed({ startsAt: '2026-11-21T10:00:00Z', endsAt: '2026-11-21T12:00:00Z' });
    const draft = await manager.post(
      'events',
      await world.booking({ startsAt: '2026-11-21T10:00:00Z', endsAt: '2026-11-21T12:00:00Z' }),
    );
    const other = world.twin();
    const both = () => Promise.all([run(world.platform), run(other), run(world.platform)]);
    world.move('2026-11-21T09:59:59Z');
    await both();
    expect(await status(id)).toBe('confirmed');
    world.move('2026-11-21T10:00:00Z');
    await both();
    expect(await status(id)).toBe('inProgress');
    world.move('2026-11-21T12:00:00Z');
    await both();
    expect(await status(id)).toBe('completed');
    // The outbox keeps facts for a week: long enough for the relay, not for this jump.
    await world.settle();
    world.move('2027-02-19T11:59:59Z');
    await both();
    expect(await status(id)).toBe('completed');
    world.move('2027-02-19T12:00:00Z');
    await both();
    expect(await status(id)).toBe('archived');
    expect(await types(id)).toEqual([
      'EventArchived',
      'EventCompleted',
      'EventStarted',
      'EventConfirmed',
      'EventApproved',
      'EventCreated',
    ]);
    const history = await manager.get(`events/${id}/history?limit=1`);
    expect(history.body.data[0].by).toBe('system');
    expect(await status(draft.body.id)).toBe('draft');
  });

  test('with the etags ignored two processes start it twice (so the test above can fail)', async () => {
    const id = await confirmed({ startsAt: '2026-11-21T15:00:00Z', endsAt: '2026-11-21T17:00:00Z' });
    world.move('2026-11-21T15:00:00Z');
    const careless = () => {
      const twin = world.twin();
      return { ...twin, store: unguarded(twin.store) };
    };
    await Promise.all([run(careless()), run(careless())]);
    expect((await types(id)).slice(0, 2)).toEqual(['EventStarted', 'EventStarted']);
  });

  test('after an outage an event goes through all it missed at once', async () => {
    const id = await confirmed({ startsAt: '2026-11-22T10:00:00Z', endsAt: '2026-11-22T12:00:00Z' });
    world.move('2026-11-25T00:00:00Z');
    await run(world.platform);
    expect(await status(id)).toBe('completed');
    expect((await types(id)).slice(0, 2)).toEqual(['EventCompleted', 'EventStarted']);
  });

  test('an event that fails does not stop the others, and stays due', async () => {
    const slot = { startsAt: '2026-11-23T10:00:00Z', endsAt: '2026-11-23T12:00:00Z' };
    const ids = [await confirmed(slot), await confirmed(slot), await confirmed(slot)];
    const [, bad] = ids;
    const logged: unknown[] = [];
    const { store } = world.platform;
    const failing: Platform = {
      ...world.platform,
      log: { ...world.platform.log, error: (fields) => void logged.push(fields) },
      store: {
        ...store,
        commit: async (container, partition, writes) => {
          const [first] = writes;
          if (first && first.op !== 'delete' && first.document.id === bad) throw new Error('Planted');
          return store.commit(container, partition, writes);
        },
      },
    };
    world.move(slot.startsAt);
    await run(failing);
    expect(logged).toMatchObject([{ eventId: bad, orgId: world.orgId, correlationId: 'test' }]);
    expect(await Promise.all(ids.map(status))).toEqual(['inProgress', 'confirmed', 'inProgress']);
    await run(world.platform);
    expect(await Promise.all(ids.map(status))).toEqual(['inProgress', 'inProgress', 'inProgress']);
  });

  test('works across organizations and pages', async () => {
    const fresh = await stage();
    const all = fresh.as('manager');
    const venueId = await fresh.venue({ bookable: 1000 });
    const [customerId, slot] = [
      await fresh.customer(),
      { startsAt: '2026-11-24T10:00:00Z', endsAt: '2026-11-24T12:00:00Z' },
    ];
    for (let at = 0; at < 110; at += 1) {
      const made = await all.post('events', await fresh.booking({ venueId, customerId, ...slot }));
      for (const step of ['approve', 'confirm']) await all.post(`events/${made.body.id}/${step}`);
    }
    fresh.move(slot.startsAt);
    await eventClock.handle(testScope(fresh.platform, ''));
    const running = await fresh.scope.of(events).list({
      where: [{ path: 'status', eq: 'inProgress' }],
      orderBy: [{ path: 'startsAt' }],
      limit: 1,
      count: true,
    });
    expect(running.total).toBe(110);
  });
});
