/** Booking events: rules, claims, overrides, titles, through HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { venues } from '../../shared/venues/model.ts';
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

describe('booking an event', () => {
  test('REQ-EVT-002 an event is booked, numbered, and shows the names of what it refers to', async () => {
    const customerId = await world.customer('Blue Door');
    const venueId = await world.venue({ name: 'Old Hall' });
    const made = await book({ customerId, venueId, attendance: 80 });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toContain(`/api/events/${made.body.id}`);
    expect(made.body).toMatchObject({
      eventNumber: 'EVT-2026-000001',
      status: 'draft',
      customerName: 'Blue Door',
      venueName: 'Old Hall',
      eventTypeName: 'Wedding',
      timeZone: 'Europe/London',
      attendance: 80,
      assignedStaff: [],
      notes: 0,
      createdBy: manager.actor.userId,
    });
    const read = await manager.get(`events/${made.body.id}`);
    expect(read.body).toEqual(made.body);
    expect(read.headers.get('etag')).toBe(made.headers.get('etag'));
  });

  test('REQ-EVT-002 numbers run without gaps, refused bookings draw none', async () => {
    const first = Number((await book()).body.eventNumber.slice(-6));
    await book({ startsAt: '2020-01-01T00:00:00Z', endsAt: '2020-01-01T01:00:00Z' });
    const venueId = await world.venue();
    await Promise.all([book({ venueId }), book({ venueId })]);
    expect(Number((await book()).body.eventNumber.slice(-6))).toBe(first + 2);
  });

  test('each rule has a name of its own', async () => {
    const inactive = await world.customer('Gone Ltd', 'inactive');
    const oddType = await world.as('admin').post('event-types', { name: 'Séance', status: 'inactive' });
    const closed = await world.venue();
    const changes = { status: { from: 'active', to: 'inactive' } };
    await world.scope
      .of(venues)
      .execute(closed, () => [{ type: 'VenueDeactivated', data: { reason: 'Works', changes } }]);
    expect(rule(await book({ startsAt: '2026-11-20T09:00:00Z', endsAt: '2026-11-20T10:00:00Z' }))).toBe(
      'start-in-future',
    );
    expect(rule(await book({ customerId: inactive }))).toBe('customer-active');
    expect(rule(await book({ venueId: closed }))).toBe('venue-active');
    expect(rule(await book({ eventTypeId: oddType.body.id }))).toBe('type-active');
    expect(rule(await book({ attendance: 101 }))).toBe('attendance-within-capacity');
    expect(rule(await book({ attendance: 100 }))).toBe(201);
  });

  test('ids of nothing here are field errors of the body', async () => {
    const nothing = '0193b0a0-7c1e-7000-8000-000000000001';
    for (const field of ['customerId', 'venueId', 'eventTypeId']) {
      const answer = await book({ [field]: nothing });
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toMatchObject([{ path: `body.${field}`, code: 'unknown' }]);
    }
    const all = await book({ customerId: nothing, venueId: nothing, eventTypeId: nothing });
    expect(all.body.errors).toHaveLength(3);
  });

  test('an event lasts 15 minutes to 30 days', async () => {
    const startsAt = '2026-12-01T18:00:00Z';
    const lasting = async (endsAt: string) => (await book({ startsAt, endsAt })).status;
    expect(await lasting('2026-12-01T18:14:59Z')).toBe(400);
    expect(await lasting('2026-12-01T18:15:00Z')).toBe(201);
    expect(await lasting('2026-12-31T18:00:00Z')).toBe(201);
    expect(await lasting('2026-12-31T18:00:01Z')).toBe(400);
    expect(await lasting('2026-12-01T17:00:00Z')).toBe(400);
  });

  test('REQ-EVT-002 each field has its limits', async () => {
    const startsAt = '2026-12-20T00:00:00Z';
    const of = async (more: Record<string, unknown>) =>
      (
        await manager.post('events', {
          ...(await world.booking({ startsAt, endsAt: '2026-12-20T01:00:00Z' })),
          ...more,
        })
      ).status;
    const limits = {
      title: { takes: ['x', 'x'.repeat(200)], refuses: ['', '  ', 'x'.repeat(201), 'a\nb', null] },
      description: { takes: ['', 'x'.repeat(2000), 'a\nb'], refuses: ['x'.repeat(2001), 5] },
      setupMinutes: { takes: [0, 2880], refuses: [-1, 2881, 1.5, '5'] },
      teardownMinutes: { takes: [0, 2880], refuses: [-1, 2881, 1.5, '5'] },
      attendance: { takes: [0, 100], refuses: [-1, 1.5, '5'] },
      timeZone: { takes: ['Asia/Kolkata'], refuses: ['Mars/Base', '+01:00', ''] },
      startsAt: { takes: ['2026-12-20T01:00:00+01:00'], refuses: ['2026-12-20', '2026-12-20T00:00:00', 5] },
      eventNumber: { takes: [], refuses: ['EVT-2026-000001'] },
    };
    for (const [field, { takes, refuses }] of Object.entries(limits)) {
      for (const value of takes) expect([field, value, await of({ [field]: value })]).toEqual([field, value, 201]);
      for (const value of refuses) expect([field, value, await of({ [field]: value })]).toEqual([field, value, 400]);
    }
  });

  test('all that is wrong with the fields is told at once', async () => {
    const wrong = { title: 5, attendance: -1, endsAt: '2026-12-01T18:05:00Z', colour: 'red', eventTypeId: undefined };
    const answer = await manager.post('events', { ...(await world.booking()), ...wrong });
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      'body.attendance',
      'body.colour',
      'body.endsAt',
      'body.eventTypeId',
      'body.title',
    ]);
    const noTimes = await manager.post('events', { ...(await world.booking()), startsAt: 'soon', endsAt: null });
    expect(noTimes.body.errors.map(({ path }: { path: string }) => path)).toEqual(['body.startsAt', 'body.endsAt']);
  });

  test('a title is unique per customer and local date, whatever its case', async () => {
    const customerId = await world.customer();
    const title = 'Été gala';
    expect((await book({ customerId, title })).status).toBe(201);
    expect(rule(await book({ customerId, title: 'ETE GALA' }))).toBe('title-unique');
    expect((await book({ title })).status).toBe(201);
    const next = { startsAt: '2026-12-02T18:00:00Z', endsAt: '2026-12-02T19:00:00Z' };
    const other = await book({ customerId, title, ...next });
    expect(other.status).toBe(201);
    const onto = { startsAt: '2026-12-01T08:00:00Z', endsAt: '2026-12-01T09:00:00Z' };
    expect(rule(await manager.patch(`events/${other.body.id}`, onto))).toBe('title-unique');
    await manager.post(`events/${other.body.id}/cancel`, { reason: 'No' });
    const freed = await book({ customerId, title, ...next });
    expect(freed.status).toBe(201);
    expect(rule(await manager.post(`events/${other.body.id}/reinstate`))).toBe('title-unique');
  });

  test('a refused title gives the venue back at once', async () => {
    const [customerId, venueId] = [await world.customer(), await world.venue()];
    await book({ customerId, title: 'Twice' });
    expect(rule(await book({ customerId, venueId, title: 'Twice' }))).toBe('title-unique');
    expect((await book({ venueId })).status).toBe(201);
  });

  test('the same Idempotency-Key books once', async () => {
    const body = await world.booking();
    const key = { 'idempotency-key': 'once' };
    const [first, second] = [await manager.post('events', body, key), await manager.post('events', body, key)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  test('an Idempotency-Key whose request was forbidden, here or by the row, keeps no reply', async () => {
    const [customerId, key] = [await world.customer(), { 'idempotency-key': 'forbidden' }];
    const customer = world.as('customer', { customerId });
    expect((await customer.post('events', await world.booking(), key)).status).toBe(403);
    expect((await customer.post('event-types', { name: 'Mine' }, key)).status).toBe(403);
    const own = await customer.post('events', await world.booking({ customerId }), key);
    expect(own.status).toBe(201);
    expect(own.headers.get('idempotency-replayed')).toBeNull();
  });
});

describe('the venue of an event', () => {
  test('REQ-EVT-053 a clash lists window, owner and title; back to back is legal', async () => {
    const venueId = await world.venue({ turnaroundMinutes: 30 });
    const first = await book({ venueId, setupMinutes: 60, teardownMinutes: 15 });
    const clash = await book({ venueId, startsAt: '2026-12-01T20:00:00Z', endsAt: '2026-12-01T22:00:00Z' });
    expect(clash.status).toBe(409);
    expect(clash.body.type).toBe('urn:marquee:problem:conflict');
    expect(clash.body.conflicts).toEqual([
      {
        resource: `venue:${venueId}`,
        window: { start: '2026-12-01T20:00:00Z', end: '2026-12-01T21:45:00Z' },
        owner: { type: 'event', id: first.body.id, title: first.body.title },
        short: 1,
      },
    ]);
    const after = { startsAt: '2026-12-01T21:45:00Z', endsAt: '2026-12-01T23:00:00Z' };
    expect((await book({ venueId, ...after })).status).toBe(201);
    // Its own turnaround reaches until the first one's set-up begins.
    const before = { startsAt: '2026-12-01T15:00:00Z', endsAt: '2026-12-01T16:30:00Z' };
    expect((await book({ venueId, ...before })).status).toBe(201);
  });

  test('a venue that takes two at once takes two', async () => {
    const venueId = await world.venue({ bookable: 2 });
    expect([
      (await book({ venueId })).status,
      (await book({ venueId })).status,
      (await book({ venueId })).status,
    ]).toEqual([201, 201, 409]);
  });

  test('the title of a clash is told only to those who may read the event', async () => {
    const venueId = await world.venue();
    await book({ venueId });
    const customerId = await world.customer();
    const customer = world.as('customer', { customerId });
    const clash = await customer.post('events', await world.booking({ venueId, customerId }));
    expect(clash.status).toBe(409);
    expect(clash.body.conflicts[0].owner.title).toBeUndefined();
  });

  test('REQ-EVT-054 managers override with a reason, which is a fact; others are forbidden', async () => {
    const venueId = await world.venue();
    const first = await book({ venueId });
    const override = { reason: 'Two rooms will do' };
    const customerId = await world.customer();
    const customer = world.as('customer', { customerId });
    const refused = await customer.post('events', await world.booking({ venueId, customerId, override }));
    expect(refused.status).toBe(403);
    const made = await book({ venueId, override });
    expect(made.status).toBe(201);
    const history = await manager.get(`events/${made.body.id}/history`);
    expect(history.body.data[0]).toMatchObject({
      type: 'EventDoubleBookingOverridden',
      by: manager.actor.userId,
      data: { reason: 'Two rooms will do', over: [{ owner: { type: 'event', id: first.body.id } }] },
    });
    expect((await book({ venueId })).body.conflicts).toHaveLength(2);
  });

  test('an override of nothing leaves no such fact', async () => {
    const made = await book({ override: { reason: 'Just in case' } });
    const history = await manager.get(`events/${made.body.id}/history`);
    expect(history.body.data.map(({ type }: { type: string }) => type)).toEqual(['EventCreated']);
  });
});
