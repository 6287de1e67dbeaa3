/** Changing and deleting events, through HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Person } from '../support/callers.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let manager: Person;
beforeAll(async () => {
  world = await stage();
  manager = world.as('manager');
});
afterAll(closeStages);

const rule = (answer: Answer) => (answer.status === 409 ? answer.body.rule : answer.status);
const book = async (more: Parameters<Stage['booking']>[0] = {}) => manager.post('events', await world.booking(more));

describe('changing an event', () => {
  test('REQ-EVT-004 PATCH changes what it names, PUT everything; each kind of change is a fact', async () => {
    const made = await book({ description: 'Old', attendance: 10 });
    const path = `events/${made.body.id}`;
    const [venueId, type] = [await world.venue(), await world.as('admin').post('event-types', { name: 'Fair' })];
    const patched = await manager.patch(path, { description: null, title: 'New' });
    expect(patched.body).toMatchObject({ title: 'New', attendance: 10 });
    expect(patched.body.description).toBeUndefined();
    await manager.patch(path, { startsAt: '2026-12-03T18:00:00Z', endsAt: '2026-12-03T19:00:00Z' });
    await manager.patch(path, { venueId });
    await manager.patch(path, { eventTypeId: type.body.id });
    const history = await manager.get(`${path}/history?limit=4`);
    expect(history.body.data.map((entry: { type: string }) => entry.type)).toEqual([
      'EventTypeChanged',
      'EventVenueChanged',
      'EventDateChanged',
      'EventDetailsUpdated',
    ]);
    expect(history.body.data[2].data.changes).toEqual({
      startsAt: { from: '2026-12-01T18:00:00Z', to: '2026-12-03T18:00:00Z' },
      endsAt: { from: '2026-12-01T21:00:00Z', to: '2026-12-03T19:00:00Z' },
    });
    const replaced = await manager.put(path, await world.booking({ customerId: made.body.customerId, venueId }));
    expect(replaced.status).toBe(200);
    expect(replaced.body.attendance).toBeUndefined();
    expect(replaced.body).toMatchObject({ eventTypeName: 'Wedding', startsAt: '2026-12-01T18:00:00Z' });
  });

  test('a change of nothing writes nothing', async () => {
    const made = await book();
    const same = await manager.patch(`events/${made.body.id}`, { title: made.body.title });
    expect(same.headers.get('etag')).toBe(made.headers.get('etag'));
  });

  test('REQ-EVT-004, 006, 010 If-Match is obeyed by every change, step and deletion', async () => {
    const made = await book();
    const path = `events/${made.body.id}`;
    const etag = { 'if-match': made.headers.get('etag') ?? '' };
    expect((await manager.patch(path, { title: 'One' }, etag)).status).toBe(200);
    expect((await manager.patch(path, { title: 'Two' }, etag)).status).toBe(412);
    const moved = await manager.patch(path, { venueId: await world.venue() }, etag);
    expect(moved.status).toBe(412);
    expect((await manager.put(path, await world.booking(), etag)).status).toBe(412);
    expect((await manager.post(`${path}/approve`, {}, etag)).body.type).toBe('urn:marquee:problem:stale');
    expect((await manager.delete(path, etag)).status).toBe(412);
    const fresh = { 'if-match': (await manager.get(path)).headers.get('etag') ?? '' };
    expect((await manager.post(`${path}/approve`, {}, fresh)).status).toBe(200);
    expect((await manager.delete(path, fresh)).status).toBe(412);
  });

  test('an event moved by half an hour does not clash with itself, frees what it left, keeps what it has', async () => {
    const venueId = await world.venue();
    const made = await book({ venueId });
    const path = `events/${made.body.id}`;
    const moved = await manager.patch(path, { startsAt: '2026-12-01T18:30:00Z', endsAt: '2026-12-01T21:30:00Z' });
    expect(moved.status).toBe(200);
    expect((await book({ venueId, startsAt: '2026-12-01T18:00:00Z', endsAt: '2026-12-01T18:30:00Z' })).status).toBe(
      201,
    );
    expect((await book({ venueId, startsAt: '2026-12-01T21:00:00Z', endsAt: '2026-12-01T21:30:00Z' })).status).toBe(
      409,
    );
    expect((await manager.patch(path, { teardownMinutes: 60 })).status).toBe(200);
    expect((await book({ venueId, startsAt: '2026-12-01T22:00:00Z', endsAt: '2026-12-01T22:30:00Z' })).status).toBe(
      409,
    );
  });

  test('a refused move leaves everything as it was', async () => {
    const [venueId, other] = [await world.venue(), await world.venue()];
    const made = await book({ venueId });
    const taken = await book({ venueId: other });
    const path = `events/${made.body.id}`;
    const refused = await manager.patch(path, { venueId: other });
    expect(refused.body.conflicts).toMatchObject([{ owner: { id: taken.body.id } }]);
    expect((await manager.get(path)).body).toEqual(made.body);
    expect((await book({ venueId })).status).toBe(409);
  });

  test('another venue is taken and the first one freed', async () => {
    const [venueId, other] = [await world.venue(), await world.venue({ timeZone: 'Pacific/Apia' })];
    const made = await book({ venueId });
    const moved = await manager.patch(`events/${made.body.id}`, { venueId: other });
    expect(moved.body).toMatchObject({ venueId: other, timeZone: 'Pacific/Apia' });
    expect((await book({ venueId })).status).toBe(201);
    expect((await book({ venueId: other })).status).toBe(409);
  });

  test('cancelled and archived events take no change; a postponed one gets its time by rescheduling', async () => {
    const made = await book();
    const path = `events/${made.body.id}`;
    await manager.post(`${path}/approve`);
    await manager.post(`${path}/postpone`, { reason: 'Ill' });
    const times = { startsAt: '2026-12-08T18:00:00Z', endsAt: '2026-12-08T19:00:00Z' };
    expect(rule(await manager.patch(path, times))).toBe('postponed-needs-reschedule');
    expect((await manager.patch(path, { title: 'Later' })).status).toBe(200);
    await manager.post(`${path}/reschedule`, times);
    await manager.post(`${path}/cancel`, { reason: 'No' });
    expect((await manager.patch(path, { title: 'Never' })).body).toMatchObject({
      type: 'urn:marquee:problem:wrong_state',
      state: 'cancelled',
      allowed: ['reinstate'],
    });
  });

  test('a running event can be made longer, not begun anew, and stays where it is in time once completed', async () => {
    const soon = { startsAt: '2026-11-20T09:30:00Z', endsAt: '2026-11-20T11:00:00Z' };
    const made = await book(soon);
    const path = `events/${made.body.id}`;
    for (const step of ['approve', 'confirm', 'start']) await manager.post(`${path}/${step}`);
    world.move('2026-11-20T10:00:00Z');
    expect((await manager.patch(path, { endsAt: '2026-11-20T12:00:00Z' })).status).toBe(200);
    expect(rule(await manager.patch(path, { endsAt: '2026-11-20T09:50:00Z' }))).toBe('end-in-future');
    expect(rule(await manager.patch(path, { startsAt: '2026-11-20T09:45:00Z' }))).toBe('start-in-future');
    const tomorrow = { startsAt: '2026-11-21T09:30:00Z', endsAt: '2026-11-21T11:00:00Z' };
    expect(rule(await manager.patch(path, tomorrow))).toBe('begun-is-fixed');
    await manager.post(`${path}/complete`);
    expect(rule(await manager.patch(path, { endsAt: '2026-11-20T13:00:00Z' }))).toBe('over-is-fixed');
    expect((await manager.patch(path, { attendance: 20 })).status).toBe(200);
    world.move('2026-11-20T09:00:00Z');
  });
});

describe('deleting an event', () => {
  test('REQ-EVT-006 frees the venue; a confirmed one needs events:approve; one in progress stays', async () => {
    const venueId = await world.venue();
    const deleter = world.as('manager', { privileges: new Set(['events:read', 'events:delete']) });
    const draft = await book({ venueId });
    expect((await deleter.delete(`events/${draft.body.id}`)).status).toBe(204);
    expect((await manager.get(`events/${draft.body.id}`)).status).toBe(404);
    expect((await manager.delete(`events/${draft.body.id}`)).status).toBe(404);
    const made = await book({ venueId, startsAt: '2026-11-20T09:30:00Z', endsAt: '2026-11-20T11:00:00Z' });
    expect(made.status).toBe(201);
    const path = `events/${made.body.id}`;
    for (const step of ['approve', 'confirm']) await manager.post(`${path}/${step}`);
    expect((await deleter.delete(path)).status).toBe(403);
    await manager.post(`${path}/start`);
    expect((await manager.delete(path)).body.type).toBe('urn:marquee:problem:wrong_state');
  });
});
