/** Contract: time to live, the change feed, being there and being closed. */
import { expect, test } from 'vitest';
import type { Change, Document, Write } from '../../shared/platform/store.ts';
import { BadCursor, CommitRefused } from '../../shared/platform/store.ts';
import type { Subject } from './store.contract.ts';
import { create, customer, ids, newOrg } from './store.contract.ts';

export function lifeContract({ store, pass }: Subject): void {
  test('a document is gone when its ttl has passed: from reads, lists, searches, counts; its id is free', async () => {
    const org = newOrg();
    const brief = customer('brief', { ttl: 2, ix: { name: 'a' }, words: ['brief'], sets: { tags: ['t'] } });
    await create(store(), [org], brief, customer('stays', { ix: { name: 'b' } }));
    expect(await ids(store(), [org])).toEqual(['brief', 'stays']);
    await pass(3);
    expect(await store().read('customers', [org], 'brief')).toBeUndefined();
    expect(await ids(store(), [org], { orderBy: [{ path: 'name' }] })).toEqual(['stays']);
    expect(await ids(store(), [org], { search: ['brief'] })).toEqual([]);
    expect(await ids(store(), [org], { where: [{ set: 'tags', all: ['t'] }] })).toEqual([]);
    expect((await store().query('customers', [org], { kind: 'customer', limit: 1, count: true })).total).toBe(1);
    const late: Write = { op: 'delete', id: 'brief' };
    await expect(store().commit('customers', [org], [late])).rejects.toThrow(CommitRefused);
    await create(store(), [org], customer('brief', { body: 'again' }));
    expect((await store().read('customers', [org], 'brief'))?.document.body).toBe('again');
  });

  test('each write sets the time anew, and a write without a ttl makes it stay', async () => {
    const org = newOrg();
    const put = (id: string, ttl?: number) =>
      store().commit('customers', [org], [{ op: 'upsert', document: customer(id, ttl === undefined ? {} : { ttl }) }]);
    await put('renewed', 3);
    await put('kept', 3);
    await pass(2);
    await put('renewed', 60);
    await put('kept');
    await pass(2);
    expect(await ids(store(), [org])).toEqual(['kept', 'renewed']);
  });

  /** The changes of one organization; a feed is of the whole container. */
  async function changed(org: string, from?: string): Promise<Change[]> {
    const changes: Change[] = [];
    for await (const change of store().changes('customers', from))
      if (change.partition[0] === org) changes.push(change);
    return changes;
  }

  test('the change feed gives documents in the order of their commits, each at its latest change', async () => {
    const org = newOrg();
    await create(store(), [org], customer('c1'), customer('c2'));
    await create(store(), [org], customer('c3'));
    const [etag] = await store().commit(
      'customers',
      [org],
      [{ op: 'upsert', document: customer('c1', { body: 'new' }) }],
    );
    await store().commit('customers', [org], [{ op: 'delete', id: 'c2' }]);
    const changes = await changed(org);
    expect(changes.map(({ document }) => document.id)).toEqual(['c3', 'c1']);
    expect(changes[1]).toMatchObject({ partition: [org], document: customer('c1', { body: 'new' }), etag });
  });

  test('the feed goes on after any position, and gives what comes later', async () => {
    const org = newOrg();
    const documents = Array.from({ length: 30 }, (_, n): Document => customer(`c${10 + n}`));
    for (const document of documents) await create(store(), [org], document);
    const all = await changed(org);
    expect(all.map(({ document }) => document.id)).toEqual(documents.map(({ id }) => id));
    expect((await changed(org, all[9]?.position)).map(({ document }) => document.id)).toEqual(
      documents.slice(10).map(({ id }) => id),
    );
    const end = all.at(-1)?.position;
    expect(await changed(org, end)).toEqual([]);
    await create(store(), [org], customer('later'));
    expect((await changed(org, end)).map(({ document }) => document.id)).toEqual(['later']);
    await expect(changed(org, 'not a position')).rejects.toThrow(BadCursor);
  });

  test('while many write at once, one who follows the feed misses none', async () => {
    const org = newOrg();
    const seen = new Set<string>();
    let from: string | undefined;
    let writing = true;
    const follow = async () => {
      for await (const change of store().changes('customers', from)) {
        from = change.position;
        if (change.partition[0] === org) seen.add(change.document.id);
      }
    };
    const follower = (async () => {
      while (writing) {
        await follow();
        await new Promise(setImmediate);
      }
      await follow();
    })();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; n < 25; n += 1) await create(store(), [org], customer(`w${writer}-${n}`));
    });
    await Promise.all(writers);
    writing = false;
    await follower;
    expect(seen.size).toBe(200);
  });

  test('it answers a ping', async () => {
    await expect(store().ping()).resolves.toBeUndefined();
  });
}
