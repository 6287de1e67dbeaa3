/** Event types, through HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventTypes } from '../../shared/events/types.model.ts';
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

describe('event types', () => {
  test('the defaults are there for a newcomer at once, and stay gone once deleted', async () => {
    const fresh = await stage();
    const admin = fresh.as('admin');
    expect((await admin.post('events', await fresh.booking())).status).toBe(201);
    const listed = await admin.get('event-types');
    const names = listed.body.data.map(({ name }: { name: string }) => name);
    expect(names).toEqual([
      'Birthday',
      'Concert',
      'Conference',
      'Corporate',
      'Festival',
      'Fundraiser',
      'Other',
      'Wedding',
    ]);
    const birthday = listed.body.data[0].id;
    expect((await admin.delete(`event-types/${birthday}`)).status).toBe(204);
    expect((await admin.get('event-types')).body.data).toHaveLength(7);
    expect((await admin.post('events', await fresh.booking({ eventTypeId: birthday }))).status).toBe(400);
  });

  test('many who need them first at once make them once', async () => {
    const fresh = await stage();
    const lists = await Promise.all(
      [fresh, await fresh.over(fresh.twin()), await fresh.over(fresh.twin())].map((one) =>
        one.as('viewer').get('event-types'),
      ),
    );
    expect(lists.map(({ body }) => body.data.length)).toEqual([8, 8, 8]);
    expect((await fresh.scope.of(eventTypes).list({ limit: 100 })).items).toHaveLength(8);
  });

  test('names are unique; one in use is deactivated, not deleted', async () => {
    const admin = world.as('admin');
    const twice = await admin.post('event-types', { name: 'wedding' });
    expect(twice.body).toMatchObject({ type: 'urn:marquee:problem:already_exists', field: 'name' });
    const type = await admin.post('event-types', { name: 'Product launch' });
    const event = await book({ eventTypeId: type.body.id });
    expect(rule(await admin.delete(`event-types/${type.body.id}`))).toBe('type-in-use');
    expect((await admin.patch(`event-types/${type.body.id}`, { status: 'inactive' })).status).toBe(200);
    expect(rule(await book({ eventTypeId: type.body.id }))).toBe('type-active');
    await manager.delete(`events/${event.body.id}`);
    expect((await admin.delete(`event-types/${type.body.id}`)).status).toBe(204);
    expect((await manager.post('event-types', { name: 'Mine' })).status).toBe(403);
  });
});
