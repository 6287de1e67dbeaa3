/** Every step of an event's life in every state, through HTTP: allowed, or `wrong_state` with what is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { life, stepsFrom } from '../../shared/events/life.ts';
import { type EventFact, type EventStatus, eventStatuses } from '../../shared/events/model.ts';
import type { EventBody } from '../../shared/events/views.ts';
import type { Person } from '../support/callers.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let manager: Person;
beforeAll(async () => {
  world = await stage(NOW);
  manager = world.as('manager');
});
afterAll(closeStages);

/** The steps that lead from a draft to each state. */
const ways: Readonly<Record<EventStatus, readonly string[]>> = {
  draft: [],
  pendingApproval: ['submit-for-approval'],
  approved: ['approve'],
  confirmed: ['approve', 'confirm'],
  inProgress: ['approve', 'confirm', 'start'],
  completed: ['approve', 'confirm', 'start', 'complete'],
  postponed: ['approve', 'postpone'],
  cancelled: ['cancel'],
  archived: ['approve', 'confirm', 'start', 'complete', 'archive'],
};
const NOW = '2026-11-20T09:00:00Z';
const SOON = { startsAt: '2026-11-20T09:30:00Z', endsAt: '2026-11-20T12:00:00Z' };
const FAR = { startsAt: '2026-12-01T09:30:00Z', endsAt: '2026-12-01T12:00:00Z' };
const bodies: Readonly<Record<string, unknown>> = {
  reject: { reason: 'Not yet' },
  cancel: { reason: 'Rained off' },
  postpone: { reason: 'Ill' },
  reschedule: { startsAt: '2026-12-05T10:00:00Z', endsAt: '2026-12-05T12:00:00Z' },
};

async function eventIn(status: EventStatus, more: Partial<EventBody> = {}): Promise<string> {
  const made = await manager.post('events', await world.booking({ ...SOON, ...more }));
  for (const step of ways[status]) {
    const moved = await manager.post(`events/${made.body.id}/${step}`, bodies[step]);
    expect(moved.status, `${step} on the way to ${status}`).toBe(200);
  }
  return made.body.id;
}

describe('the life of an event', () => {
  for (const status of eventStatuses) {
    for (const step of life) {
      const allowed = step.from.includes(status);
      test(`REQ-EVT-010 ${step.name} in ${status} is ${allowed ? `allowed and leads to ${step.to}` : 'wrong_state'}`, async () => {
        const id = await eventIn(status);
        if (step.name === 'complete') world.move(SOON.startsAt);
        const answer = await manager.post(`events/${id}/${step.name}`, bodies[step.name]);
        world.move(NOW);
        const after = await manager.get(`events/${id}`);
        if (allowed) {
          expect(answer.status).toBe(200);
          expect(answer.body.status).toBe(step.to);
          expect(after.body.status).toBe(step.to);
          return;
        }
        expect(answer.status).toBe(409);
        expect(answer.body).toMatchObject({ type: 'urn:marquee:problem:wrong_state', state: status });
        expect(answer.body.allowed).toEqual(stepsFrom(status));
        expect(after.body.status).toBe(status);
      });
    }
  }

  for (const step of life) {
    test(`REQ-EVT-010 a customer ${step.customer ? 'may' : 'may not'} ${step.name} its own event`, async () => {
      const customerId = await world.customer();
      const customer = world.as('customer', { customerId });
      for (const status of step.from) {
        // Within a day of its start an event is cancelled by others only.
        const id = await eventIn(status, { customerId, ...(step.name === 'cancel' ? FAR : {}) });
        const answer = await customer.post(`events/${id}/${step.name}`, bodies[step.name]);
        expect([status, answer.status]).toEqual([status, step.customer ? 200 : 403]);
      }
    });
  }

  test('every state can be left or is the end, and every state can be reached', () => {
    const reached = new Set<EventStatus>(['draft', ...life.map(({ to }) => to)]);
    expect([...reached].sort()).toEqual([...eventStatuses].sort());
    const ends = eventStatuses.filter((status) => stepsFrom(status).length === 0);
    expect(ends).toEqual(['archived']);
  });

  test('a step without its reason, or with more than it takes, is invalid', async () => {
    const id = await eventIn('approved');
    expect((await manager.post(`events/${id}/cancel`, {})).status).toBe(400);
    expect((await manager.post(`events/${id}/confirm`, { reason: 'x' })).status).toBe(400);
    expect((await manager.post(`events/${id}/confirm`)).status).toBe(200);
  });

  test('each step leaves its fact, in order, with who took it', async () => {
    const id = await eventIn('archived');
    const history = await manager.get(`events/${id}/history`);
    const types = history.body.data.map((entry: { type: EventFact['type'] }) => entry.type).reverse();
    expect(types).toEqual([
      'EventCreated',
      'EventApproved',
      'EventConfirmed',
      'EventStarted',
      'EventCompleted',
      'EventArchived',
    ]);
    expect(new Set(history.body.data.map(({ by }: { by: string }) => by))).toEqual(new Set([manager.actor.userId]));
  });
});

describe('times of steps', () => {
  const later = { startsAt: '2026-12-10T18:00:00Z', endsAt: '2026-12-10T20:00:00Z' };
  async function confirmed(): Promise<string> {
    const made = await manager.post('events', await world.booking(later));
    for (const step of ['approve', 'confirm']) await manager.post(`events/${made.body.id}/${step}`);
    return made.body.id;
  }

  test('REQ-EVT-011 an event is started from an hour before its time, not earlier', async () => {
    const id = await confirmed();
    world.move('2026-12-10T16:59:59Z');
    const early = await manager.post(`events/${id}/start`);
    expect(early.body).toMatchObject({ status: 409, rule: 'start-too-early', from: '2026-12-10T17:00:00Z' });
    world.move('2026-12-10T17:00:00Z');
    expect((await manager.post(`events/${id}/start`)).body.status).toBe('inProgress');
    expect((await manager.post(`events/${id}/complete`)).body.status).toBe('completed');
    world.move(NOW);
  });

  test('REQ-EVT-012 a confirmed event is completed once it has started', async () => {
    const id = await confirmed();
    world.move('2026-12-10T17:59:59Z');
    expect((await manager.post(`events/${id}/complete`)).body.rule).toBe('complete-before-start');
    world.move('2026-12-10T18:00:00Z');
    expect((await manager.post(`events/${id}/complete`)).body).toMatchObject({
      status: 'completed',
      completedAt: '2026-12-10T18:00:00Z',
    });
    world.move(NOW);
  });

  test('REQ-EVT-015 within 24 hours of the start only events:approve cancels', async () => {
    const customerId = await world.customer();
    const customer = world.as('customer', { customerId });
    const book = async () => (await manager.post('events', await world.booking({ ...later, customerId }))).body.id;
    const [early, late] = [await book(), await book()];
    world.move('2026-12-09T17:59:59Z');
    expect((await customer.post(`events/${early}/cancel`, { reason: 'No' })).body.status).toBe('cancelled');
    world.move('2026-12-09T18:00:00Z');
    const refused = await customer.post(`events/${late}/cancel`, { reason: 'No' });
    expect(refused.body.type).toBe('urn:marquee:problem:forbidden');
    expect((await manager.post(`events/${late}/cancel`, { reason: 'Yes' })).body).toMatchObject({
      status: 'cancelled',
      reason: 'Yes',
    });
    world.move(NOW);
  });

  test('REQ-EVT-013 postponing gives the venue back, rescheduling takes it anew', async () => {
    const venueId = await world.venue();
    const made = await manager.post('events', await world.booking({ ...later, venueId }));
    await manager.post(`events/${made.body.id}/approve`);
    await manager.post(`events/${made.body.id}/postpone`, { reason: 'Ill' });
    const second = await manager.post('events', await world.booking({ ...later, venueId }));
    expect(second.status).toBe(201);
    const again = `events/${made.body.id}/reschedule`;
    const clash = await manager.post(again, later);
    expect(clash.status).toBe(409);
    expect(clash.body.conflicts).toMatchObject([
      { owner: { type: 'event', id: second.body.id, title: second.body.title } },
    ]);
    const elsewhere = await world.venue({ name: 'The other hall', timeZone: 'Asia/Kolkata' });
    const moved = await manager.post(again, { ...later, venueId: elsewhere });
    expect(moved.body).toMatchObject({ status: 'approved', venueName: 'The other hall', timeZone: 'Asia/Kolkata' });
    expect((await manager.post('events', await world.booking({ ...later, venueId: elsewhere }))).status).toBe(409);
  });

  test('a cancelled event is reinstated while its start is ahead and its venue free', async () => {
    const venueId = await world.venue();
    const booked = async () => (await manager.post('events', await world.booking({ ...later, venueId }))).body.id;
    const first = await booked();
    await manager.post(`events/${first}/cancel`, { reason: 'No' });
    const second = await booked();
    expect((await manager.post(`events/${first}/reinstate`)).body.conflicts).toHaveLength(1);
    await manager.delete(`events/${second}`);
    expect((await manager.post(`events/${first}/reinstate`)).body.status).toBe('confirmed');
    expect((await manager.post('events', await world.booking({ ...later, venueId }))).status).toBe(409);
    await manager.post(`events/${first}/cancel`, { reason: 'No' });
    world.move('2026-12-10T18:00:00Z');
    expect((await manager.post(`events/${first}/reinstate`)).body.rule).toBe('start-in-future');
    world.move(NOW);
  });
});
