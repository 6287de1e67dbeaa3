import { afterAll, describe, expect, test } from 'vitest';
import { eventReminders } from '../../functions/timers/event-reminders.ts';
import { remind, remindAt } from '../../shared/events/reminders.ts';
import { users } from '../../shared/identity/model.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { scopeOf } from '../../shared/platform/scope.ts';
import { closeStages, type Stage, stage } from '../events/support.ts';
import type { Body, Person } from '../support/callers.ts';
import { together, unguardedProcess } from '../support/faults.ts';

afterAll(closeStages);

async function tick(platform: Platform): Promise<void> {
  await eventReminders.handle(scopeOf(platform, { actor: systemActor(''), correlationId: 'test' }));
}

/** A manager who is stored as a user, so that it can be told; events are made by it. */
async function manager(here: Stage): Promise<Person> {
  const userId = systemIds.next();
  const data = { username: userId, displayName: 'Manager', roles: ['manager'] };
  await here.scope.of(users).create(userId, () => [{ type: 'UserAccountCreated', data }]);
  return here.as('manager', { userId });
}

async function booked(here: Stage, by: Person, startsAt: string, ...steps: string[]): Promise<Body> {
  const endsAt = startsAt.replace(/T\d\d/, (hour) => `T${String(Number(hour.slice(1)) + 3).padStart(2, '0')}`);
  const made = await by.post('events', await here.booking({ startsAt, endsAt }));
  expect(made.status, made.text).toBe(201);
  for (const step of steps) {
    const answer = await by.post(`events/${made.body.id}/${step}`, {});
    expect(answer.status, answer.text).toBe(200);
  }
  return made.body;
}

async function reminded(here: Stage, person: Person): Promise<string[]> {
  await here.settle();
  const { body } = await person.get('notifications?limit=100&sort=createdAt');
  return body.data
    .filter(({ type }: { type: string }) => type === 'reminder')
    .map(({ title }: { title: string }) => title.replace(/^.*begins /, ''));
}

describe('Reminders: 7 days, 1 day and 2 hours ahead (REQ-NTF-023)', () => {
  test('REQ-NTF-023 each is sent once, however often the timer runs, in two processes at once', async () => {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    const twin = here.twin();
    const { id } = await booked(here, by, '2026-12-01T18:00:00Z', 'approve', 'confirm');
    for (const [at, told] of [
      ['2026-11-24T17:59:00Z', []],
      ['2026-11-24T18:00:00Z', ['in 7 days']],
      ['2026-11-24T18:05:00Z', ['in 7 days']],
      ['2026-11-30T18:00:00Z', ['in 7 days', 'in 1 day']],
      ['2026-12-01T16:02:00Z', ['in 7 days', 'in 1 day', 'in 2 hours']],
      ['2026-12-01T17:30:00Z', ['in 7 days', 'in 1 day', 'in 2 hours']],
    ] as const) {
      here.move(at);
      await Promise.all([tick(here.platform), tick(twin)]);
      await tick(here.platform);
      expect(await reminded(here, by), at).toEqual(told);
    }
    const history = await by.get(`events/${id}/history`);
    expect(history.text).not.toContain('EventReminderDue');
    expect((await by.get(`events/${id}`)).text).not.toContain('reminded');
  });

  /** How often the creator is told when two processes find the reminder due, and neither commits before the other has. */
  async function raced(change: (platform: Platform) => Platform): Promise<number> {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    await booked(here, by, '2026-12-01T18:00:00Z', 'approve');
    here.move('2026-11-24T18:00:00Z');
    const gate = together(2, 'events');
    const processes = [here.platform, here.twin()].map((one) => change({ ...one, store: gate(one.store) }));
    await Promise.all(processes.map(tick));
    return (await reminded(here, by)).length;
  }

  test('REQ-NTF-023 two processes at the worst moment send one reminder', async () => {
    expect(await raced((platform) => platform)).toBe(1);
  });

  test('the twin without the guard sends it twice', async () => {
    expect(await raced(unguardedProcess)).toBe(2);
  });

  test('REQ-NTF-023 after a day’s outage: what still makes sense, of several the nearest', async () => {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    // Meanwhile the last two reminders of the first fall due, the first one of the second, and all of one that begins.
    await booked(here, by, '2026-11-29T10:00:00Z', 'approve');
    await booked(here, by, '2026-12-04T18:00:00Z', 'approve');
    await booked(here, by, '2026-11-28T20:00:00Z', 'approve');
    here.move('2026-11-27T08:59:00Z');
    await tick(here.platform);
    // Too late for the week of those that begin in two days, too early for all else.
    const before = await reminded(here, by);
    expect(before.toSorted()).toEqual([]);
    here.move('2026-11-29T09:00:00Z');
    await tick(here.platform);
    const after = (await reminded(here, by)).slice(before.length);
    expect(after.toSorted()).toEqual(['in 1 hour', 'in 5 days']);
    await tick(here.platform);
    expect((await reminded(here, by)).length).toBe(before.length + 2);
  });

  test('REQ-NTF-023 moved, postponed and cancelled ones are left out; one that was moved has its reminders anew', async () => {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    const moved = await booked(here, by, '2026-12-01T18:00:00Z', 'approve');
    const cancelled = await booked(here, by, '2026-12-01T18:00:00Z', 'approve');
    const postponed = await booked(here, by, '2026-12-01T18:00:00Z', 'approve');
    await booked(here, by, '2026-12-01T18:00:00Z');
    here.move('2026-11-24T18:00:00Z');
    // Found due, and moved before the reminder is written, or before the people are told.
    await tick(here.platform);
    const change = { startsAt: '2026-12-10T18:00:00Z', endsAt: '2026-12-10T21:00:00Z' };
    expect((await by.patch(`events/${moved.id}`, change)).status).toBe(200);
    for (const [id, step] of [
      [cancelled.id, 'cancel'],
      [postponed.id, 'postpone'],
    ]) {
      expect((await by.post(`events/${id}/${step}`, { reason: 'Rain' })).status).toBe(200);
    }
    expect(await reminded(here, by)).toEqual([]);
    here.move('2026-12-03T18:00:00Z');
    await tick(here.platform);
    expect(await reminded(here, by)).toEqual(['in 7 days']);
  });

  test('REQ-NTF-023 one that was moved away and back is not reminded of the same time twice', async () => {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    const { id } = await booked(here, by, '2026-12-01T18:00:00Z', 'approve');
    const moveTo = async (startsAt: string) => {
      const endsAt = startsAt.replace('T18', 'T21');
      expect((await by.patch(`events/${id}`, { startsAt, endsAt })).status).toBe(200);
      await tick(here.platform);
      return reminded(here, by);
    };
    here.move('2026-11-25T09:00:00Z');
    await tick(here.platform);
    expect(await reminded(here, by)).toEqual(['in 6 days']);
    // The other time has a reminder of its own.
    expect(await moveTo('2026-12-02T18:00:00Z')).toEqual(['in 6 days']);
    here.move('2026-11-25T18:00:00Z');
    await tick(here.platform);
    expect(await reminded(here, by)).toEqual(['in 6 days', 'in 7 days']);
    expect(await moveTo('2026-12-01T18:00:00Z')).toEqual(['in 6 days', 'in 7 days']);
    expect(await moveTo('2026-12-02T18:00:00Z')).toEqual(['in 6 days', 'in 7 days']);
    await moveTo('2026-12-01T18:00:00Z');
    here.move('2026-11-30T18:00:00Z');
    await tick(here.platform);
    expect(await reminded(here, by)).toEqual(['in 6 days', 'in 7 days', 'in 1 day']);
    expect((await by.get(`events/${id}`)).text).not.toContain('reminded');
  });

  test('REQ-NTF-023 assigned staff and the creator are told, each once; nobody else', async () => {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    const other = await manager(here);
    await booked(here, by, '2026-11-21T09:00:00Z', 'approve');
    await tick(here.platform);
    expect(await reminded(here, by)).toEqual(['in 1 day']);
    expect(await reminded(here, other)).toEqual([]);
  });

  test('REQ-NTF-023 is found by when it is due, across organizations, in one indexed query', async () => {
    const here = await stage('2026-11-20T09:00:00Z');
    const by = await manager(here);
    for (let day = 1; day <= 5; day += 1) await booked(here, by, `2026-12-2${day}T18:00:00Z`, 'approve');
    let found = 0;
    const store: Platform['store'] = {
      ...here.platform.store,
      async query(...args) {
        const page = await here.platform.store.query(...args);
        found += page.items.length;
        return page;
      },
    };
    await tick({ ...here.platform, store });
    expect(found).toBe(0);
  });

  const event = { status: 'confirmed', startsAt: '2026-12-01T18:00:00Z' };
  test('REQ-NTF-023 only what is to take place is reminded of', () => {
    for (const status of [
      'draft',
      'pendingApproval',
      'postponed',
      'cancelled',
      'inProgress',
      'completed',
      'archived',
    ]) {
      expect(remindAt({ ...event, status })).toMatch(/^9999/);
      expect(remind({ ...event, status }, '2026-12-01T17:00:00Z')).toEqual([]);
    }
    for (const status of ['approved', 'confirmed']) expect(remindAt({ ...event, status })).toBe('2026-11-24T18:00:00Z');
  });

  test.each([
    ['2026-11-24T17:59:59Z', undefined],
    ['2026-11-24T18:00:00Z', 'P7D'],
    ['2026-11-26T17:59:59Z', 'P7D'],
    ['2026-11-26T18:00:00Z', 'P7D late'],
    ['2026-11-30T17:59:59Z', 'P7D late'],
    ['2026-11-30T18:00:00Z', 'P1D'],
    ['2026-12-01T15:59:59Z', 'P1D'],
    ['2026-12-01T16:00:00Z', 'PT2H'],
    ['2026-12-01T17:59:59Z', 'PT2H'],
    ['2026-12-01T18:00:00Z', 'PT2H late'],
  ])('REQ-NTF-023 what is due of an event that was never reminded of, at %s: %s', (now, due) => {
    const [fact] = remind(event, now);
    expect(fact && `${fact.data.lead}${fact.data.late ? ' late' : ''}`).toBe(due);
  });
});
