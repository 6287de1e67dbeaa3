/** What events say happened to them: every fact of chapter 04, with who, when, in which request, and what changed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventClock } from '../../functions/timers/event-clock.ts';
import { FACT_KIND, type Fact, factOf } from '../../shared/platform/facts.ts';
import type { Person } from '../support/callers.ts';
import { testScope } from '../support/platform.ts';
import { closeStages, type Stage, stage } from './support.ts';

const NOW = '2026-11-20T09:00:00Z';
let world: Stage;
let manager: Person;
beforeAll(async () => {
  world = await stage(NOW);
  manager = world.as('manager');
});
afterAll(closeStages);

/** As the chapter lists them. */
const CHAPTER = [
  ...['EventCreated', 'EventDetailsUpdated', 'EventDateChanged', 'EventVenueChanged', 'EventTypeChanged'],
  ...['EventPendingApproval', 'EventApproved', 'EventRejected', 'EventConfirmed', 'EventStarted', 'EventCompleted'],
  ...['EventPostponed', 'EventRescheduled', 'EventCancelled', 'EventReinstated', 'EventArchived', 'EventDeleted'],
  ...['EventDoubleBookingOverridden', 'EventNoteAdded', 'EventNoteUpdated', 'EventNoteDeleted'],
];
const UPDATES = ['DetailsUpdated', 'DateChanged', 'VenueChanged', 'TypeChanged', 'Rescheduled', 'NoteUpdated'];

async function factsOf(eventId: string): Promise<Fact[]> {
  const where = [{ path: 'subject', eq: eventId }];
  const page = await world.scope.documents('events').query({ kind: FACT_KIND, where, limit: 100 });
  return page.items.map(({ document }) => factOf(document)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One request after another on an event, each with a correlation of its own; what was asked, by correlation. */
async function worked(eventId: string, requests: readonly (readonly [string, string, unknown?])[]) {
  for (const [at, [method, path, body]] of requests.entries()) {
    const headers = { 'x-correlation-id': `request-${at}` };
    const answer = await manager.send(method, `events/${eventId}${path}`, { body, headers });
    expect(answer.status, `${method} ${path} ${answer.text}`).toBeLessThan(300);
    expect(answer.headers.get('x-correlation-id')).toBe(`request-${at}`);
  }
}

describe('REQ-EVT-065, 066 facts', () => {
  test('every command leaves one with actor, time and correlation id and, for updates, from what to what', async () => {
    const [venueId, taken] = [await world.venue(), await world.venue()];
    const other = await world.as('admin').post('event-types', { name: 'Fair' });
    await manager.post('events', await world.booking({ venueId: taken }));
    const made = await manager.post('events', await world.booking({ venueId }), { 'x-correlation-id': 'made' });
    const { id } = made.body;
    const note = await manager.post(`events/${id}/notes`, { kind: 'internal', content: 'One' });
    const reason = 'As it is';
    const soon = { startsAt: '2026-11-20T09:30:00Z', endsAt: '2026-11-20T12:00:00Z' };
    await worked(id, [
      ['PATCH', `/notes/${note.body.id}`, { content: 'Two' }],
      ['DELETE', `/notes/${note.body.id}`],
      ['PATCH', '', { title: 'New', eventTypeId: other.body.id }],
      ['PATCH', '', { setupMinutes: 30 }],
      ['PATCH', '', { venueId: taken, override: { reason } }],
      ['POST', '/submit-for-approval'],
      ['POST', '/reject', { reason }],
      ['POST', '/approve'],
      ['POST', '/postpone', { reason }],
      ['POST', '/reschedule', { ...soon, venueId }],
      ['POST', '/confirm'],
      ['POST', '/cancel', { reason }],
      ['POST', '/reinstate'],
      ['POST', '/start'],
      ['POST', '/complete'],
      ['POST', '/archive'],
    ]);
    const gone = await manager.post('events', await world.booking());
    await worked(gone.body.id, [['DELETE', '']]);

    const facts = [...(await factsOf(id)), ...(await factsOf(gone.body.id))];
    expect(new Set(facts.map(({ type }) => type))).toEqual(new Set(CHAPTER));
    for (const fact of facts) {
      expect(fact, fact.type).toMatchObject({ source: 'event', time: NOW, actorid: manager.actor.userId });
      expect(fact.orgid).toBe(world.orgId);
      expect(fact.correlationid).toMatch(/^(made|request-\d+|[0-9a-f-]{36})$/);
      if (!UPDATES.some((update) => fact.type === `Event${update}`)) continue;
      const changes = Object.values(fact.data.changes as Record<string, { from: unknown; to: unknown }>);
      expect(changes.length, fact.type).toBeGreaterThan(0);
      for (const { from, to } of changes) expect(from, fact.type).not.toEqual(to);
    }
    const told = (type: string) => facts.find((fact) => fact.type === type);
    expect(told('EventCreated')?.correlationid).toBe('made');
    expect(told('EventDoubleBookingOverridden')).toMatchObject({
      correlationid: 'request-4',
      data: { by: manager.actor.userId, reason, over: [{ resource: `venue:${taken}`, owner: { type: 'event' } }] },
    });
    expect(told('EventArchived')?.correlationid).toBe('request-15');
    expect(told('EventDateChanged')?.data.changes).toEqual({ setupMinutes: { from: 0, to: 30 } });
  });

  test('REQ-EVT-011 what the clock does is the system’s, under a correlation of the clock’s own', async () => {
    const soon = { startsAt: '2026-11-20T09:30:00Z', endsAt: '2026-11-20T12:00:00Z' };
    const made = await manager.post('events', await world.booking(soon));
    await worked(made.body.id, [
      ['POST', '/approve'],
      ['POST', '/confirm'],
    ]);
    world.move(soon.startsAt);
    await eventClock.handle(testScope(world.platform, world.orgId));
    const started = (await factsOf(made.body.id)).at(-1);
    expect(started).toMatchObject({ type: 'EventStarted', actorid: 'system', correlationid: 'test' });
    world.move(NOW);
  });
});

describe('reading an event', () => {
  test('REQ-EVT-003 gives it with its ETag, 304 for one that is known, 404 for one that is not here', async () => {
    const made = await manager.post('events', await world.booking());
    const path = `events/${made.body.id}`;
    const read = await manager.get(path);
    expect(read.body).toEqual(made.body);
    const etag = read.headers.get('etag') ?? '';
    const known = await manager.get(path, { 'if-none-match': etag });
    expect([known.status, known.text, known.headers.get('etag')]).toEqual([304, '', etag]);
    await manager.patch(path, { title: 'New' });
    expect((await manager.get(path, { 'if-none-match': etag })).status).toBe(200);
    expect((await manager.get('events/0193b0a0-7c1e-7000-8000-000000000001')).status).toBe(404);
    expect((await manager.get('events/EVT-2026-000001')).status).toBe(400);
    await manager.delete(path);
    expect((await manager.get(path)).status).toBe(404);
    expect((await manager.get(`${path}/history`)).status).toBe(404);
    expect((await manager.post(`${path}/approve`)).status).toBe(404);
  });
});
