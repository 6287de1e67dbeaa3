import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, systemIds } from '../../shared/platform/clock.ts';
import type { Person } from '../support/callers.ts';
import { unguardedProcess } from '../support/faults.ts';
import { testScope } from '../support/platform.ts';
import { closeDesks, type Desk, desk } from './support.ts';

let here: Desk;
beforeAll(async () => {
  here = await desk();
});
afterAll(closeDesks);

const unread = async (user: Person) => (await user.get('notifications/unread-count')).body;
const titles = async (user: Person, query = '') =>
  (await user.get(`notifications?${query}`)).body.data.map(({ title }: { title: string }) => title);

/** All pages of a list. */
async function whole(user: Person, query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await user.get(`notifications?limit=100&${query}${cursor && `&cursor=${cursor}`}`);
    ids.push(...body.data.map(({ id }: { id: string }) => id));
    if (body.page.nextCursor === null) return ids;
    cursor = body.page.nextCursor;
  }
}

describe('What a user was told (REQ-NTF-001, REQ-NTF-003)', () => {
  test('REQ-NTF-001 shows what it is, newest first, found by each filter and paged', async () => {
    const user = await here.user('staff');
    for (const [title, category, priority] of [
      ['one', 'events', 'low'],
      ['two', 'equipment', 'high'],
      ['three', 'events', 'urgent'],
    ] as const) {
      await here.told(user.actor.userId, { title, category, priority });
      here.platform.clock.advance(60_000);
    }
    const { body } = await user.get('notifications?count=true');
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(['three', 'two', 'one']);
    expect(body.page).toEqual({ nextCursor: null, totalCount: 3 });
    expect(body.data[0]).toMatchObject({ userId: user.actor.userId, type: 'info', category: 'events' });
    expect(body.data[0].readAt).toBeUndefined();
    expect(await titles(user, 'category=events')).toEqual(['three', 'one']);
    expect(await titles(user, 'priority=high,urgent')).toEqual(['three', 'two']);
    expect(await titles(user, `from=${body.data[1].createdAt}`)).toEqual(['three', 'two']);
    expect(await titles(user, `to=${body.data[1].createdAt}`)).toEqual(['one']);
    expect(await titles(user, 'sort=createdAt&limit=2')).toEqual(['one', 'two']);
    const first = await user.get('notifications?limit=2');
    const next = await user.get(`notifications?limit=2&cursor=${first.body.page.nextCursor}`);
    expect(next.body.data.map(({ title }: { title: string }) => title)).toEqual(['one']);
    expect((await user.get('notifications?colour=red')).status).toBe(400);
    expect((await user.get('notifications?cursor=x')).status).toBe(400);
    expect((await user.get(`notifications?unread=true&cursor=${first.body.page.nextCursor}`)).status).toBe(400);
  });

  test('REQ-NTF-004 REQ-NTF-006 reading one and deleting one each lower the count, once', async () => {
    const user = await here.user('staff');
    for (const title of ['a', 'b', 'c']) await here.told(user.actor.userId, { title });
    expect(await unread(user)).toMatchObject({ total: 3, byCategory: { events: 3, staff: 0 } });
    const { body } = await user.get('notifications');
    const [c, b, a] = body.data.map(({ id }: { id: string }) => id);
    const before = await user.get(`notifications/${c}`);
    const read = await user.put(`notifications/${c}/read`);
    expect(read.body.readAt).toBe(here.platform.clock.now());
    expect((await user.put(`notifications/${c}/read`)).body).toEqual(read.body);
    expect(await unread(user)).toMatchObject({ total: 2 });
    const stale = await user.put(`notifications/${c}/read`, undefined, {
      'if-match': before.headers.get('etag') ?? '',
    });
    expect(stale.status).toBe(412);
    expect((await user.delete(`notifications/${c}`)).status).toBe(204);
    expect((await user.delete(`notifications/${c}`)).status).toBe(404);
    expect(await unread(user)).toMatchObject({ total: 2 });
    expect((await user.delete(`notifications/${b}`)).status).toBe(204);
    expect(await unread(user)).toMatchObject({ total: 1 });
    expect(await titles(user)).toEqual(['a']);
    expect(here.pushed.filter(({ userId }) => userId === user.actor.userId).at(-1)).toMatchObject({
      type: 'unread',
      data: { total: 1 },
    });
    expect((await user.get(`notifications/${a}`)).status).toBe(200);
  });

  test('REQ-NTF-003 only one’s own: another user’s id is answered as one that does not exist', async () => {
    const [owner, other] = [await here.user('staff'), await here.user('admin')];
    await here.told(owner.actor.userId);
    const id = (await owner.get('notifications')).body.data[0].id;
    for (const answer of [
      await other.get(`notifications/${id}`),
      await other.put(`notifications/${id}/read`),
      await other.delete(`notifications/${id}`),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await other.get('notifications')).body.data).toEqual([]);
    expect(await unread(owner)).toMatchObject({ total: 1 });
    // Neither are the documents beside notifications taken for one.
    expect((await owner.get('notifications/inbox')).status).toBe(400);
  });

  test('REQ-NTF-001 is gone after 90 days, and what was unread counts no longer, at the same instant', async () => {
    const own = await desk('2026-11-20T09:00:00Z');
    const user = await own.user('staff');
    await own.told(user.actor.userId, { title: 'old' });
    own.platform.clock.set('2026-11-21T10:00:00Z');
    await own.told(user.actor.userId, { title: 'new' });
    const [, old] = (await user.get('notifications')).body.data;
    expect(old.expiresAt).toBe('2027-02-19T00:00:00Z');
    for (const [at, left] of [
      ['2027-02-18T23:59:59Z', 2],
      ['2027-02-19T00:00:00Z', 1],
      ['2027-02-19T23:59:59Z', 1],
      ['2027-02-20T00:00:00Z', 0],
    ] as const) {
      own.platform.clock.set(at);
      expect((await unread(user)).total, at).toBe(left);
      expect((await user.get('notifications?unread=true&count=true')).body.page.totalCount, at).toBe(left);
    }
  });
});

describe('Read-all is a watermark (REQ-NTF-005)', () => {
  test('REQ-NTF-005 of one category and of all, in lists, single ones and counts alike', async () => {
    const user = await here.user('staff');
    const { userId } = user.actor;
    await here.told(userId, { title: 'e1', category: 'events' });
    await here.told(userId, { title: 's1', category: 'system' });
    const one = (await user.get('notifications?category=events')).body.data[0].id;
    const before = await user.get(`notifications/${one}`);
    expect((await user.put('notifications/read-all', { category: 'events' })).body).toMatchObject({ total: 1 });
    await here.told(userId, { title: 'e2', category: 'events' });
    expect(await titles(user, 'unread=true')).toEqual(['e2', 's1']);
    expect(await titles(user, 'unread=false')).toEqual(['e1']);
    expect(await titles(user, 'unread=true&category=events')).toEqual(['e2']);
    const after = await user.get(`notifications/${one}`);
    expect(after.body.readAt).toBe(here.platform.clock.now());
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect((await user.delete(`notifications/${one}`)).status).toBe(204);
    expect(await unread(user)).toMatchObject({ total: 2, byCategory: { events: 1, system: 1 } });
    expect((await user.put('notifications/read-all', {})).body).toMatchObject({ total: 0 });
    expect(await titles(user, 'unread=true')).toEqual([]);
    expect(await titles(user, 'unread=false')).toEqual(['e2', 's1']);
    await here.told(userId, { title: 's2', category: 'system' });
    expect(await titles(user, 'unread=true')).toEqual(['s2']);
    expect((await user.put('notifications/read-all', { category: 'weather' })).status).toBe(400);
  });

  test('REQ-NTF-005 of 10,000 while 40 more arrive: two writes, and count and list agree to the last one', async () => {
    const user = await here.user('staff');
    const { userId } = user.actor;
    const { store } = here.platform;
    const many = 10_000;
    // As they would have come, in large batches: the inbox says what came.
    const now = here.platform.clock.now();
    const key = (count: number) => `${now}#${String(count).padStart(9, '0')}`;
    const day = now.slice(0, 10);
    const expiresAt = here.platform.clock.now().replace('2026', '2027');
    for (let from = 0; from < many; from += 100) {
      await store.commit(
        'notifications',
        [here.orgId, userId],
        Array.from({ length: 100 }, (_, at) => {
          const content = { type: 'info', category: 'events', priority: 'low', title: 'x', message: 'y' };
          const body = { ...content, key: key(from + at + 1), createdAt: now, createdBy: 'system', expiresAt };
          const ix = { createdAt: body.key, unread: true, category: 'events', priority: 'low' };
          return { op: 'create', document: { id: systemIds.next(), kind: 'notification', body, ix } };
        }),
      );
    }
    const inbox = {
      arrived: many,
      last: key(many),
      unread: { [day]: { events: many } },
      readUpTo: { categories: {} },
    };
    await store.commit(
      'notifications',
      [here.orgId, userId],
      [{ op: 'create', document: { id: 'inbox', kind: 'inbox', body: inbox } }],
    );
    expect(await unread(user)).toMatchObject({ total: many });
    const twin = here.platform.twin();
    const arrivals = Array.from({ length: 40 }, (_, at) =>
      here.told(userId, {
        title: `late ${at}`,
        category: at % 2 ? 'events' : 'staff',
        ...(at % 3 ? { on: twin } : {}),
      }),
    );
    const since = performance.now();
    const answered = user.put('notifications/read-all', {});
    const [reply] = await Promise.all([answered, ...arrivals]);
    expect(reply.status).toBe(200);
    const elapsed = performance.now() - since;
    expect(elapsed).toBeLessThan(20_000);
    const { total, byCategory } = await unread(user);
    const listed = await whole(user, 'unread=true');
    expect(listed).toHaveLength(total);
    expect(total).toBeLessThanOrEqual(40);
    expect(byCategory.events + byCategory.staff).toBe(total);
    const page = await user.get('notifications?unread=false&count=true&limit=1');
    expect(page.body.page.totalCount).toBe(many + 40 - total);
  }, 120_000);

  test('REQ-NTF-005 a cursor stays good when all are read in between', async () => {
    const user = await here.user('staff');
    for (const title of ['a', 'b', 'c', 'd']) await here.told(user.actor.userId, { title });
    const first = await user.get('notifications?unread=true&limit=2');
    await user.put('notifications/read-all', {});
    const next = await user.get(`notifications?unread=true&limit=2&cursor=${first.body.page.nextCursor}`);
    expect([next.status, next.body.data]).toEqual([200, []]);
  });
});

describe('Counts under changes at the same time', () => {
  const race = async (user: Person, twin = here.platform.twin()) => {
    const { userId } = user.actor;
    await Promise.all(
      Array.from({ length: 30 }, (_, at) => here.told(userId, { on: at % 2 ? twin : { ...here.platform } })),
    );
  };

  test('REQ-NTF-004 every arrival counts, whichever process it came through, and each has a place of its own', async () => {
    const user = await here.user('staff');
    await race(user);
    expect(await unread(user)).toMatchObject({ total: 30 });
    expect(await whole(user, 'unread=true')).toHaveLength(30);
  });

  test('the twin without the guard loses some', async () => {
    const user = await here.user('staff');
    const off = unguardedProcess(here.platform);
    await Promise.all(Array.from({ length: 30 }, () => here.told(user.actor.userId, { on: off })));
    expect((await unread(user)).total).toBeLessThan(30);
  });

  test('REQ-NTF-004 one read twice at once counts once', async () => {
    const user = await here.user('staff');
    for (let at = 0; at < 3; at += 1) await here.told(user.actor.userId);
    const [one] = (await user.get('notifications')).body.data;
    await Promise.all(Array.from({ length: 8 }, () => user.put(`notifications/${one.id}/read`)));
    expect(await unread(user)).toMatchObject({ total: 2 });
  });

  test('the unread count is one point read', async () => {
    const user = await here.user('staff');
    await here.told(user.actor.userId);
    let reads = 0;
    const store = {
      ...here.platform.store,
      read: (...args: Parameters<typeof here.platform.store.read>) => {
        reads += 1;
        return here.platform.store.read(...args);
      },
      query: () => Promise.reject(new Error('a query')),
    };
    const { countUnread } = await import('../../shared/notifications/commands.ts');
    const scope = testScope({ ...here.platform, store }, here.orgId, { actor: user.actor });
    expect(await countUnread(scope)).toMatchObject({ total: 1 });
    expect(reads).toBe(1);
  });
});

describe('By hand (REQ-NTF-002)', () => {
  test('REQ-NTF-002 to users and to roles, each once; unknown ones are named', async () => {
    const own = await desk();
    const [manager, staff, other] = [await own.user('manager'), await own.user('staff'), await own.user('staff')];
    const content = { type: 'info', category: 'system', title: 'Car park', message: 'It is closed' };
    const nobody = systemIds.next();
    const refused = await manager.post('notifications', { ...content, userIds: [staff.actor.userId, nobody] });
    expect(refused.status).toBe(400);
    expect(refused.body.errors).toMatchObject([{ path: 'body.userIds.1', code: 'unknown_user' }]);
    const role = await manager.post('notifications', { ...content, roles: ['staff', 'stuff'] });
    expect(role.body.errors).toMatchObject([{ path: 'body.roles.1', code: 'unknown_role' }]);
    expect((await manager.post('notifications', content)).status).toBe(400);
    expect((await staff.post('notifications', { ...content, roles: ['staff'] })).status).toBe(403);
    const answer = await manager.post('notifications', { ...content, roles: ['staff'] });
    expect(answer.status).toBe(202);
    const { items } = await own.platform.store.query('notifications', [own.orgId], { kind: 'fact', limit: 100 });
    const fact = items.map(({ document }) => document.body as unknown as ReturnType<Desk['fact']>).at(-1);
    if (!fact) throw new Error('There is no fact');
    await Promise.all([own.react('notify', fact), own.react('notify', fact, own.platform.twin())]);
    for (const user of [staff, other]) expect(await titles(user)).toEqual(['Car park']);
    expect(await titles(manager)).toEqual([]);
    expect((await staff.get('notifications')).body.data[0]).toMatchObject({ createdBy: manager.actor.userId });
    own.platform.clock.advance(DAY);
  });
});
