import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store } from '../../shared/platform/store.ts';
import type { Person } from '../support/callers.ts';
import { Crash, crashing } from '../support/faults.ts';
import { closeDesks, type Desk, desk, sockets } from './support.ts';

afterAll(closeDesks);

const announcement = (here: Desk, more: Partial<Fact['data']> = {}): Fact =>
  here.fact('NotificationAnnounced', {
    source: 'notification',
    data: {
      roles: ['staff'],
      content: { type: 'info', category: 'system', priority: 'high', title: 'Hello', message: 'There' },
      ...more,
    },
  });

async function crowd(here: Desk, count: number): Promise<Person[]> {
  const people: Person[] = [];
  for (let at = 0; at < count; at += 1) people.push(await here.user('staff'));
  return people;
}

/** What everybody has: notifications, the count, and queued mails. */
async function stateOf(here: Desk, people: readonly Person[]) {
  return Promise.all(
    people.map(async (person) => {
      const { body } = await person.get('notifications?count=true');
      const { total } = (await person.get('notifications/unread-count')).body;
      const { userId } = person.actor;
      const mails = await here.platform.store.query('notifications', [here.orgId, userId], {
        kind: 'mail',
        limit: 100,
      });
      return [body.page.totalCount, total, mails.items.length];
    }),
  );
}

describe('Everybody is told once (REQ-NTF-020)', () => {
  test('REQ-NTF-020 over several pages of people, delivered twice at once by two processes, and once more', async () => {
    const here = await desk();
    const people = await crowd(here, 230);
    const fact = announcement(here);
    await Promise.all([here.react('notify', fact), here.react('notify', fact, here.platform.twin())]);
    await here.react('notify', fact);
    const some = [people[0], people[99], people[100], people[229]].flatMap((person) => person ?? []);
    expect(await stateOf(here, some)).toEqual(some.map(() => [1, 1, 1]));
    const { total } = await here.platform.store.query('notifications', [here.orgId], {
      kind: 'notification',
      limit: 1,
      count: true,
    });
    expect(total).toBe(230);
  }, 60_000);

  test('REQ-NTF-020 a crash at any commit, before or after it, then a second delivery: the same end', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= 4; at += 1) {
        const here = await desk();
        const people = await crowd(here, 3);
        const fact = announcement(here);
        const process = crashing(here.platform, at, when);
        await here.react('notify', fact, process.platform).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
        expect(process.died(), `commit ${at}`).toBe(at <= 3);
        await here.react('notify', fact);
        expect(await stateOf(here, people), `${when} ${at}`).toEqual(people.map(() => [1, 1, 1]));
      }
    }
  }, 60_000);

  test('REQ-NTF-020 what a user deleted in between does not come back', async () => {
    const here = await desk();
    const [person] = await crowd(here, 1);
    if (!person) throw new Error('Nobody is there');
    const fact = announcement(here);
    await here.react('notify', fact);
    await person.delete(`notifications/${(await person.get('notifications')).body.data[0].id}`);
    await here.react('notify', fact);
    expect(await stateOf(here, [person])).toEqual([[0, 0, 1]]);
  });

  test('REQ-NTF-020 out of order: each fact has its own effect, and places are in the order of arrival', async () => {
    const here = await desk();
    const [person] = await crowd(here, 1);
    if (!person) throw new Error('Nobody is there');
    const content = { type: 'info', category: 'system', priority: 'low', message: 'x' };
    const [one, two] = ['one', 'two'].map((title) => announcement(here, { content: { ...content, title } }));
    if (!one || !two) throw new Error('Nothing is there');
    for (const fact of [two, one, two, one]) await here.react('notify', fact);
    const { body } = await person.get('notifications');
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(['one', 'two']);
  });

  test('without the mark of what was done, a deleted one does come back', async () => {
    const here = await desk();
    const [person] = await crowd(here, 1);
    if (!person) throw new Error('Nobody is there');
    const { store } = here.platform;
    const unmarked: Store = {
      ...store,
      commit: (container, partition, writes) =>
        store.commit(
          container,
          partition,
          writes.filter((write) => write.op !== 'create' || write.document.kind !== 'done'),
        ),
    };
    const off: Platform = { ...here.platform, store: unmarked, queue: keyedQueue() };
    const fact = announcement(here, {
      content: { type: 'info', category: 'system', priority: 'low', title: 'x', message: 'x' },
    });
    await here.react('notify', fact, off);
    await person.delete(`notifications/${(await person.get('notifications')).body.data[0].id}`);
    await here.react('notify', fact, off);
    expect(await stateOf(here, [person])).toEqual([[1, 1, 0]]);
  });

  test('REQ-NTF-010 a push that is lost loses nothing but itself, and nothing is pushed before its commit', async () => {
    const seen: string[] = [];
    const here = await desk(undefined, {}, () => ({
      realtime: sockets(async (orgId, userId, { type }) => {
        const { items } = await here.platform.store.query('notifications', [orgId, userId], {
          kind: 'notification',
          limit: 1,
        });
        seen.push(`${type} ${items.length}`);
        throw new Error('The socket is gone');
      }),
    }));
    const [person] = await crowd(here, 1);
    if (!person) throw new Error('Nobody is there');
    await here.react('notify', announcement(here));
    expect(seen.sort()).toEqual(['notification 1', 'unread 1']);
    expect(await stateOf(here, [person])).toEqual([[1, 1, 1]]);
  });

  test('REQ-NTF-010 the last count that is pushed is the one there is, whatever happens while an arrival is pushed', async () => {
    const heard: string[] = [];
    const inOrder = keyedQueue();
    let arriving = () => {};
    const arrival = new Promise<void>((resolve) => {
      arriving = resolve;
    });
    const here = await desk(undefined, {}, () => ({
      // As the real one: one after another, and each takes a while.
      realtime: sockets((_, userId, { type, data }) =>
        inOrder.run(userId, async () => {
          arriving();
          await sleep(50);
          heard.push(type === 'unread' ? `${(data as { total: number }).total} unread` : type);
        }),
      ),
    }));
    const [person] = await crowd(here, 1);
    if (!person) throw new Error('Nobody is there');
    const telling = here.react('notify', announcement(here));
    await arrival;
    expect((await person.put('notifications/read-all', {})).body.total).toBe(0);
    await telling;
    // Who told of the arrival says it once more: for all it knows, the other was said before.
    expect(heard).toEqual(['notification', '1 unread', '0 unread', '0 unread']);
  });

  test('REQ-NTF-010 the last count that is pushed is the one there is, where another process is faster', async () => {
    const heard: number[] = [];
    const hearing = (before: () => Promise<void>) =>
      sockets(async (_, __, { type, data }) => {
        if (type !== 'unread') return;
        await before();
        heard.push((data as { total: number }).total);
      });
    const here = await desk();
    const [person] = await crowd(here, 1);
    if (!person) throw new Error('Nobody is there');
    const fast: Platform = { ...here.platform.twin(), realtime: hearing(async () => {}) };
    const { userId } = person.actor;
    let rounds = 0;
    // While the slow one pushes, the other commits and pushes; twice.
    const slow: Platform = {
      ...here.platform,
      realtime: hearing(async () => {
        rounds += 1;
        if (rounds <= 2) await here.told(userId, { on: fast });
      }),
    };
    await here.told(userId, { on: slow });
    expect(heard).toEqual([2, 1, 3, 2, 3]);
    // But it does not go on for ever.
    rounds = 0;
    const busy = hearing(async () => {
      rounds += 1;
      await here.told(userId, { on: fast });
    });
    await here.told(userId, { on: { ...here.platform, realtime: busy } });
    expect(rounds).toBeLessThanOrEqual(6);
  });

  test('REQ-NTF-010 the notification is pushed first, then how many are unread, to nobody else', async () => {
    const here = await desk();
    const [one, two] = await crowd(here, 2);
    await here.react(
      'notify',
      announcement(here, { roles: undefined, userIds: [one?.actor.userId, systemIds.next()] }),
    );
    expect(here.pushed.map(({ userId, type }) => [userId, type])).toEqual([
      [one?.actor.userId, 'notification'],
      [one?.actor.userId, 'unread'],
    ]);
    expect(here.pushed[0]?.data).toEqual((await one?.get('notifications'))?.body.data[0]);
    expect((await two?.get('notifications'))?.body.data).toEqual([]);
  });
});
