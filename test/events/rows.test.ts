/** Who sees and does what to which events and their history, through HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events } from '../../shared/events/model.ts';
import type { Person } from '../support/callers.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let manager: Person;
let customer: Person;
let customerId: string;
beforeAll(async () => {
  world = await stage();
  manager = world.as('manager');
  customerId = await world.customer('Blue Door');
  customer = world.as('customer', { customerId });
});
afterAll(closeStages);

const titles = (page: { body: { data: { title: string }[] } }) => page.body.data.map(({ title }) => title);

describe('row rights', () => {
  test('REQ-EVT-005 customers see their own events, staff those it is assigned to, the others all', async () => {
    const own = await manager.post('events', await world.booking({ customerId, title: 'Own' }));
    const other = await manager.post('events', await world.booking({ title: 'Other' }));
    expect(titles(await customer.get('events'))).toEqual(['Own']);
    expect((await customer.get(`events/${own.body.id}`)).status).toBe(200);
    expect((await customer.get(`events/${other.body.id}`)).status).toBe(403);
    expect((await customer.get(`events/${other.body.id}/history`)).status).toBe(403);
    expect((await customer.get(`events/${other.body.id}/notes`)).status).toBe(403);
    const staff = world.as('staff', { staffId: '0193b0a0-7c1e-7000-8000-00000000aaaa' });
    expect(titles(await staff.get('events'))).toEqual([]);
    expect((await staff.get(`events/${own.body.id}`)).status).toBe(403);
    for (const role of ['admin', 'viewer', 'accountant'] as const) {
      expect(titles(await world.as(role).get('events')).sort()).toEqual(['Other', 'Own']);
    }
  });

  test('REQ-EVT-005 staff sees and finds what it is assigned to, and changes nothing', async () => {
    const staffId = '0193b0a0-7c1e-7000-8000-00000000bbbb';
    const staff = world.as('staff', { staffId });
    const made = await manager.post('events', await world.booking({ title: 'Assigned' }));
    const to = [{ staffId, name: 'Sam' }];
    await world.scope
      .of(events)
      .execute(made.body.id, () => [
        { type: 'EventDetailsUpdated', data: { changes: { assignedStaff: { from: [], to } } } },
      ]);
    expect(titles(await staff.get('events'))).toEqual(['Assigned']);
    expect(titles(await manager.get(`events?staffId=${staffId}`))).toEqual(['Assigned']);
    expect((await staff.get(`events/${made.body.id}`)).body.assignedStaff).toEqual(to);
    expect((await staff.get(`events/${made.body.id}/notes`)).status).toBe(200);
    expect((await staff.get(`events/${made.body.id}/history`)).status).toBe(200);
    expect((await staff.patch(`events/${made.body.id}`, { title: 'Mine' })).status).toBe(403);
    expect((await staff.post(`events/${made.body.id}/approve`)).status).toBe(403);
  });

  test('a customer linked to nobody, and staff who is nobody yet, see nothing', async () => {
    await manager.post('events', await world.booking({ customerId }));
    for (const role of ['customer', 'staff'] as const) {
      const lone = await world.as(role).get('events?count=true');
      expect(lone.body).toEqual({ data: [], page: { nextCursor: null, totalCount: 0 } });
    }
  });

  test('a customer books for itself only, and changes its drafts only, and never whose they are', async () => {
    const forOther = await customer.post('events', await world.booking());
    expect(forOther.status).toBe(403);
    const made = await customer.post('events', await world.booking({ customerId }));
    const path = `events/${made.body.id}`;
    expect((await customer.patch(path, { title: 'Mine' })).body.title).toBe('Mine');
    expect((await customer.patch(path, { customerId: await world.customer() })).status).toBe(403);
    expect((await customer.post(`${path}/submit-for-approval`)).status).toBe(200);
    expect((await customer.patch(path, { title: 'Too late' })).status).toBe(403);
    expect((await customer.post(`${path}/approve`)).status).toBe(403);
    await manager.post(`${path}/approve`);
    expect((await customer.post(`${path}/postpone`, { reason: 'x' })).status).toBe(403);
    expect((await customer.post(`${path}/confirm`)).body.status).toBe('confirmed');
    expect((await customer.post(`${path}/complete`)).status).toBe(403);
    expect((await customer.post(`${path}/cancel`, { reason: 'Sold out' })).body.status).toBe('cancelled');
  });

  test('who is staff or a customer besides being a manager sees all', async () => {
    const both = world.as('manager', { roles: ['customer', 'manager'], customerId });
    const other = await manager.post('events', await world.booking());
    expect((await both.get(`events/${other.body.id}`)).status).toBe(200);
  });
});

describe('lists of events', () => {
  test('REQ-EVT-005, 040 filters, ranges, order, search and paging', async () => {
    const fresh = await stage();
    const all = fresh.as('manager');
    const venueId = await fresh.venue({ name: 'Grand Palace', bookable: 50 });
    const who = await fresh.customer('Zoë & Sons');
    const made = [];
    for (let day = 1; day <= 5; day += 1) {
      const startsAt = `2026-12-0${day}T10:00:00Z`;
      const endsAt = `2026-12-0${day}T12:00:00Z`;
      const booking = await fresh.booking({ venueId, startsAt, endsAt, title: `Day ${6 - day}` });
      made.push((await all.post('events', day === 3 ? { ...booking, customerId: who } : booking)).body);
    }
    await all.post(`events/${made[0].id}/approve`);
    expect(titles(await all.get('events'))).toEqual(['Day 5', 'Day 4', 'Day 3', 'Day 2', 'Day 1']);
    expect(titles(await all.get('events?sort=title&limit=2'))).toEqual(['Day 1', 'Day 2']);
    expect(titles(await all.get('events?sort=-startsAt,title&limit=1'))).toEqual(['Day 1']);
    expect(titles(await all.get('events?sort=status,-title'))).toEqual(['Day 5', 'Day 4', 'Day 3', 'Day 2', 'Day 1']);
    expect(titles(await all.get('events?status=approved'))).toEqual(['Day 5']);
    expect(titles(await all.get('events?status=draft,approved&sort=-createdAt&limit=1'))).toHaveLength(1);
    expect(titles(await all.get(`events?customerId=${who}`))).toEqual(['Day 3']);
    expect(titles(await all.get(`events?venueId=${venueId}&type=${fresh.typeId}&limit=1`))).toEqual(['Day 5']);
    const range = 'startsFrom=2026-12-02T10:00:00Z&startsTo=2026-12-04T10:00:00Z';
    expect(titles(await all.get(`events?${range}`))).toEqual(['Day 4', 'Day 3']);
    expect(titles(await all.get('events?q=zoe'))).toEqual(['Day 3']);
    expect(titles(await all.get('events?q=grand%20pal%20day')).length).toBe(5);
    expect(titles(await all.get(`events?q=${made[1].eventNumber}`))).toContain('Day 4');
    const first = await all.get('events?limit=3&count=true');
    expect(first.body.page.totalCount).toBe(5);
    const second = await all.get(`events?limit=3&cursor=${first.body.page.nextCursor}`);
    expect(titles(second)).toEqual(['Day 2', 'Day 1']);
    expect((await all.get('events?colour=red')).status).toBe(400);
    expect((await all.get('events?sort=colour')).status).toBe(400);
    expect((await all.get('events?fields=id,title&limit=1')).body.data[0]).toEqual({ id: made[0].id, title: 'Day 5' });
  });

  test('archived events are listed only where the filter names them', async () => {
    const fresh = await stage();
    const all = fresh.as('manager');
    const soon = { startsAt: '2026-11-20T09:30:00Z', endsAt: '2026-11-20T11:00:00Z', title: 'Old' };
    const old = await all.post('events', await fresh.booking(soon));
    for (const step of ['approve', 'confirm', 'start', 'complete', 'archive']) {
      await all.post(`events/${old.body.id}/${step}`);
    }
    await all.post('events', await fresh.booking({ title: 'New' }));
    expect(titles(await all.get('events'))).toEqual(['New']);
    expect(titles(await all.get('events?status=archived'))).toEqual(['Old']);
    expect(titles(await all.get('events?status=archived,draft&sort=-title'))).toEqual(['Old', 'New']);
    for (const sort of ['startsAt', 'title', 'status', 'createdAt']) {
      expect(titles(await all.get(`events?status=archived&sort=${sort}`))).toEqual(['Old']);
      expect(titles(await all.get(`events?status=archived,draft&sort=${sort}`))).toHaveLength(2);
    }
    expect((await all.get(`events/${old.body.id}`)).status).toBe(200);
  });
});

describe('history', () => {
  test("shows the event's facts newest first, before and after the relay has carried them, page by page", async () => {
    const made = await manager.post('events', await world.booking({ customerId }));
    const path = `events/${made.body.id}`;
    await manager.post(`${path}/submit-for-approval`);
    await world.settle();
    await manager.post(`${path}/approve`);
    await manager.post(`${path}/notes`, { kind: 'internal', content: 'Secret' });
    const whole = await manager.get(`${path}/history?count=true`);
    const types = ['EventNoteAdded', 'EventApproved', 'EventPendingApproval', 'EventCreated'];
    expect(whole.body.data.map(({ type }: { type: string }) => type)).toEqual(types);
    expect(whole.body.page).toEqual({ nextCursor: null, totalCount: 4 });
    await world.settle();
    expect((await manager.get(`${path}/history`)).body.data).toEqual(whole.body.data);
    const paged: unknown[] = [];
    for (let cursor = ''; ; ) {
      const page = await manager.get(`${path}/history?limit=1${cursor}`);
      paged.push(...page.body.data);
      if (page.body.page.nextCursor === null) break;
      cursor = `&cursor=${page.body.page.nextCursor}`;
    }
    expect(paged).toEqual(whole.body.data);
    const rising = await manager.get(`${path}/history?sort=at`);
    expect(rising.body.data).toEqual(whole.body.data.toReversed());
    expect((await manager.get(`${path}/history?cursor=nonsense`)).status).toBe(400);
  });

  test('tells customers nothing of internal notes and overrides, and nobody of claims', async () => {
    const venueId = await world.venue();
    await manager.post('events', await world.booking({ venueId }));
    const override = { reason: 'Their rival next door' };
    const made = await manager.post('events', await world.booking({ venueId, customerId, override }));
    const path = `events/${made.body.id}`;
    await manager.post(`${path}/notes`, { kind: 'internal', content: 'Secret' });
    await manager.post(`${path}/notes`, { kind: 'customer', content: 'Hello' });
    const theirs = await customer.get(`${path}/history?count=true`);
    expect(theirs.body.data.map(({ type }: { type: string }) => type)).toEqual(['EventNoteAdded', 'EventCreated']);
    expect(theirs.body.page.totalCount).toBe(2);
    const all = JSON.stringify((await manager.get(`${path}/history`)).body);
    expect(all).toContain('Secret');
    expect(all).not.toContain('claimId');
    expect(JSON.stringify(theirs.body)).not.toMatch(/Secret|rival/);
  });
});
