/** No event has a type that is gone, though it was booked or changed as the type was deleted (ADR 0004). */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { events } from '../../shared/events/model.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store, Write } from '../../shared/platform/store.ts';
import type { Answer, Person } from '../support/callers.ts';
import { stalling, unguarded } from '../support/faults.ts';
import { closeStages, type Stage, stage } from './support.ts';

let world: Stage;
beforeEach(async () => {
  world = await stage();
});
afterAll(closeStages);

type Through = (store: Store) => Store;
const guarded: Through = (store) => store;

async function newType(): Promise<string> {
  return (await world.as('admin').post('event-types', { name: 'Launch' })).body.id;
}

function process(through: Through): Platform {
  const twin = world.twin();
  return { ...twin, store: through(twin.store) };
}

/** Events of a type that is not there any more. */
async function orphans(typeId: string): Promise<number> {
  const gone = (await world.as('admin').get('event-types')).body.data.every(({ id }: { id: string }) => id !== typeId);
  const { items } = await world.scope.of(events).list({ where: [{ path: 'typeId', eq: typeId }], limit: 10 });
  return gone ? items.length : 0;
}

const commands = {
  'a booking': async (client: Person, eventTypeId: string) =>
    client.post('events', await world.booking({ eventTypeId })),
  'a change of type': async (client: Person, eventTypeId: string) => {
    const made = await world.as('manager').post('events', await world.booking());
    return client.patch(`events/${made.body.id}`, { eventTypeId });
  },
};
type Command = (client: Person, typeId: string) => Promise<Answer>;
const remove: Command = (client, typeId) => client.delete(`event-types/${typeId}`);

/** The first stalls, its decision made, until the second is through. */
async function race(first: Command, second: Command, through: Through) {
  const typeId = await newType();
  const other = (await world.over(process(through))).as('admin');
  let met: Answer | undefined;
  const meanwhile = async () => {
    met = await second(other, typeId);
  };
  const slow = (await world.over(stalling(process(through), 'events', meanwhile))).as('admin');
  const answer = await first(slow, typeId);
  return { first: answer, second: met, orphans: await orphans(typeId) };
}

describe.each(Object.entries(commands))('%s and the deletion of its type', (_, command) => {
  test('the deletion first: the type is unknown', async () => {
    const { first, second, orphans } = await race(command, remove, guarded);
    expect([first.status, second?.status, orphans]).toEqual([400, 204, 0]);
    expect(first.body.errors).toMatchObject([{ path: 'body.eventTypeId', code: 'unknown' }]);
  });

  test('the event first: the type is in use', async () => {
    const { first, second, orphans } = await race(remove, command, guarded);
    expect([first.status, first.body?.rule]).toEqual([409, 'type-in-use']);
    expect([second?.status, orphans]).toEqual([second?.headers.has('location') ? 201 : 200, 0]);
  });

  test('with the etags ignored the type goes and the event has it (so the tests above can fail)', async () => {
    expect((await race(command, remove, unguarded)).orphans).toBe(1);
    expect((await race(remove, command, unguarded)).orphans).toBe(1);
  });
});

/** The counter forgets that anything was withdrawn. */
const forgetful: Through = (store) => {
  const off = (write: Write): Write => {
    if (write.op === 'delete' || write.document.kind !== 'counter') return write;
    const { body } = write.document;
    const last = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body.last ?? 0) : body;
    return { ...write, document: { ...write.document, body: last } };
  };
  return { ...store, commit: (container, partition, writes) => store.commit(container, partition, writes.map(off)) };
};

describe('a booking that waits while its type is deleted', () => {
  /** By the time it is committed its process has seen the counter as the deletion left it. */
  async function overtaken(through: Through) {
    const [typeId, venueId] = [await newType(), await world.venue()];
    const other = (await world.over(process(through))).as('admin');
    let after: Answer | undefined;
    let own: Person | undefined;
    const meanwhile = async () => {
      await remove(other, typeId);
      after = await own?.post('events', await world.booking());
    };
    own = (await world.over(stalling(process(through), 'claims', meanwhile))).as('admin');
    const before = await own.post('events', await world.booking({ eventTypeId: typeId, venueId }));
    return { before, after, venueId, orphans: await orphans(typeId) };
  }

  test('is refused though others were booked in between, and numbers go on without a gap', async () => {
    const { before, after, venueId, orphans } = await overtaken(guarded);
    expect([before.status, after?.status, orphans]).toEqual([400, 201, 0]);
    const next = await world.as('manager').post('events', await world.booking());
    expect([after?.body.eventNumber, next.body.eventNumber]).toEqual(['EVT-2026-000001', 'EVT-2026-000002']);
    const again = await world.as('admin').post('events', await world.booking({ venueId }));
    expect(again.status).toBe(201);
  });

  test('is let through where the counter does not tell of deletions (so the test above can fail)', async () => {
    expect((await overtaken(forgetful)).orphans).toBe(1);
  });

  test('is refused across New Year', async () => {
    world.move('2026-12-31T23:59:59Z');
    const day = { startsAt: '2027-01-08T10:00:00Z', endsAt: '2027-01-08T12:00:00Z' };
    const book: Command = async (client, eventTypeId) =>
      client.post('events', await world.booking({ eventTypeId, ...day }));
    const removeNextYear: Command = (client, typeId) => {
      world.move('2027-01-01T00:00:00Z');
      return remove(client, typeId);
    };
    const { first, second, orphans } = await race(book, removeNextYear, guarded);
    expect([first.status, second?.status, orphans]).toEqual([400, 204, 0]);
  });
});

test('a booking costs four reads, a query and three commits, and one read where its process does not know the counter', async () => {
  const tally = { reads: 0, queries: 0, commits: 0 };
  const counted: Through = (store) => ({
    ...store,
    read: (...of) => {
      tally.reads += 1;
      return store.read(...of);
    },
    query: (...of) => {
      tally.queries += 1;
      return store.query(...of);
    },
    commit: (...of) => {
      tally.commits += 1;
      return store.commit(...of);
    },
  });
  await world.as('manager').post('events', await world.booking());
  const client = (await world.over(process(counted))).as('manager');
  const reads: number[] = [];
  for (let at = 0; at < 2; at += 1) {
    const body = await world.booking();
    Object.assign(tally, { reads: 0, queries: 0, commits: 0 });
    expect((await client.post('events', body)).status).toBe(201);
    expect([tally.queries, tally.commits]).toEqual([1, 3]);
    reads.push(tally.reads);
  }
  expect(reads).toEqual([5, 4]);
});
