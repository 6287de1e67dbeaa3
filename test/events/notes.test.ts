/** Notes on events, through HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../support/callers.ts';
import { unguarded } from '../support/faults.ts';
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

describe('notes', () => {
  test('REQ-EVT-030 newest first; customers see and write kind customer only; the event counts them', async () => {
    const made = await manager.post('events', await world.booking({ customerId }));
    const path = `events/${made.body.id}`;
    const inner = await manager.post(`${path}/notes`, { kind: 'internal', content: 'They never pay' });
    expect(inner.status).toBe(201);
    expect(inner.body).toMatchObject({ kind: 'internal', authorName: 'The manager', eventId: made.body.id });
    const outer = await customer.post(`${path}/notes`, { kind: 'customer', content: 'Lilies, please' });
    expect((await customer.post(`${path}/notes`, { kind: 'internal', content: 'x' })).status).toBe(403);
    expect((await manager.post(`${path}/notes`, { kind: 'system', content: 'x' })).status).toBe(400);
    expect((await manager.post(`${path}/notes`, { kind: 'internal', content: 'x'.repeat(4001) })).status).toBe(400);
    const ids = (page: { body: { data: { id: string }[] } }) => page.body.data.map(({ id }) => id);
    expect(ids(await manager.get(`${path}/notes`))).toEqual([outer.body.id, inner.body.id]);
    expect(ids(await manager.get(`${path}/notes?kind=internal`))).toEqual([inner.body.id]);
    expect(ids(await customer.get(`${path}/notes`))).toEqual([outer.body.id]);
    expect(ids(await customer.get(`${path}/notes?kind=internal`))).toEqual([]);
    expect((await customer.get(`${path}/notes/${inner.body.id}`)).status).toBe(404);
    expect((await manager.get(path)).body.notes).toBe(2);
    expect((await customer.get(path)).body.notes).toBe(1);
  });

  test('REQ-EVT-030 only the author edits; author or manager deletes', async () => {
    const made = await manager.post('events', await world.booking({ customerId }));
    const path = `events/${made.body.id}/notes`;
    const note = await customer.post(path, { kind: 'customer', content: 'One' });
    const own = `${path}/${note.body.id}`;
    expect((await manager.patch(own, { content: 'Two' })).status).toBe(403);
    const changed = await customer.patch(own, { content: 'Two' }, { 'if-match': note.headers.get('etag') ?? '' });
    expect(changed.body).toMatchObject({ content: 'Two', createdAt: note.body.createdAt });
    const stale = await customer.patch(own, { content: 'Three' }, { 'if-match': note.headers.get('etag') ?? '' });
    expect(stale.status).toBe(412);
    const second = world.as('customer', { customerId });
    expect((await second.delete(own)).status).toBe(403);
    expect((await manager.delete(own)).status).toBe(204);
    expect((await customer.get(own)).status).toBe(404);
    expect((await manager.get(`events/${made.body.id}`)).body.notes).toBe(0);
  });

  test('REQ-EVT-030 a change of nothing writes nothing', async () => {
    const made = await manager.post('events', await world.booking());
    const note = await manager.post(`events/${made.body.id}/notes`, { kind: 'internal', content: 'One' });
    const path = `events/${made.body.id}/notes/${note.body.id}`;
    for (const same of [await manager.patch(path, {}), await manager.put(path, { content: ' One ' })]) {
      expect(same.status).toBe(200);
      expect(same.headers.get('etag')).toBe(note.headers.get('etag'));
    }
    const etag = { 'if-match': '"other"' };
    expect((await manager.patch(path, {}, etag)).status).toBe(412);
    const history = await manager.get(`events/${made.body.id}/history`);
    expect(history.body.data.map(({ type }: { type: string }) => type)).toEqual(['EventNoteAdded', 'EventCreated']);
  });

  test('a note of one event is not found under another', async () => {
    const one = await manager.post('events', await world.booking());
    const two = await manager.post('events', await world.booking());
    const note = await manager.post(`events/${one.body.id}/notes`, { kind: 'internal', content: 'Here' });
    expect((await manager.get(`events/${two.body.id}/notes/${note.body.id}`)).status).toBe(404);
    expect((await manager.delete(`events/${two.body.id}/notes/${note.body.id}`)).status).toBe(404);
  });

  test('notes written at the same time are all counted', async () => {
    const made = await manager.post('events', await world.booking());
    const path = `events/${made.body.id}`;
    const other = (await world.over(world.twin())).as('manager');
    const written = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? manager : other).post(`${path}/notes`, { kind: 'internal', content: `Note ${at}` }),
      ),
    );
    expect(written.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect((await manager.get(path)).body.notes).toBe(20);
    expect((await manager.get(`${path}/notes?count=true`)).body.page.totalCount).toBe(20);
  });

  test('with the etags ignored the count goes wrong (so the test above can fail)', async () => {
    const made = await manager.post('events', await world.booking());
    const path = `events/${made.body.id}`;
    const careless = async () => {
      const twin = world.twin();
      return (await world.over({ ...twin, store: unguarded(twin.store) })).as('manager');
    };
    const clients = [await careless(), await careless()];
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => clients[at % 2]?.post(`${path}/notes`, { kind: 'internal', content: 'x' })),
    );
    expect((await manager.get(path)).body.notes).toBeLessThan(20);
  });
});
