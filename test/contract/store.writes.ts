/** Contract: point reads, the conditions of writes, batches. */
import { expect, test } from 'vitest';
import type { Document, Store, Write } from '../../shared/platform/store.ts';
import { CommitRefused } from '../../shared/platform/store.ts';
import type { Subject } from './store.contract.ts';
import { create, customer, ids, newOrg } from './store.contract.ts';

async function refused(work: Promise<unknown>): Promise<[string, number] | string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CommitRefused) return [error.reason, error.index];
    throw error;
  }
  return 'committed';
}

async function etagOf(store: Store, org: string, id: string): Promise<string> {
  return (await store.read('customers', [org], id))?.etag ?? 'none';
}

export function writeContract({ store }: Subject): void {
  const commit = (org: string, ...writes: Write[]) => store().commit('customers', [org], writes);

  test('what was created is read back whole: body, ix, sets, words', async () => {
    const org = newOrg();
    const document: Document = {
      id: 'c1',
      kind: 'customer',
      body: { text: 'Zoë 😀 \u0000 "quoted" \\', list: [1, 2.5, -3e20, true, null, { deep: [] }], empty: '' },
      ix: { name: 'zoë', type: 'person' },
      sets: { tags: ['vip', 'press'], countries: [] },
      words: ['zoe', 'smith'],
    };
    const [etag] = await commit(org, { op: 'create', document });
    expect(await store().read('customers', [org], 'c1')).toEqual({ document, etag });
  });

  test('an id that is not there is undefined, one that no document can have included', async () => {
    const org = newOrg();
    expect(await store().read('customers', [org], 'nobody')).toBeUndefined();
    for (const id of ['', 'a/b', 'a\\b', 'a?b', 'a#b', 'a\u0000b', 'a\ud800', 'x'.repeat(300)]) {
      expect(await store().read('customers', [org], id)).toBeUndefined();
    }
  });

  test('bodies of every JSON type are kept', async () => {
    const org = newOrg();
    const bodies = [null, true, 0, -1.5, 'text', [], {}, [null]];
    await create(store(), [org], ...bodies.map((body, at) => customer(`c${at}`, { body })));
    for (const [at, body] of bodies.entries()) {
      expect((await store().read('customers', [org], `c${at}`))?.document.body).toEqual(body);
    }
  });

  test('create refuses an id in use, and changes nothing', async () => {
    const org = newOrg();
    await create(store(), [org], customer('c1', { body: 'first' }));
    const again: Write = { op: 'create', document: customer('c1', { body: 'second' }) };
    expect(await refused(commit(org, again))).toEqual(['exists', 0]);
    expect((await store().read('customers', [org], 'c1'))?.document.body).toBe('first');
  });

  test('replace needs the present etag: an old one is stale, no document is missing', async () => {
    const org = newOrg();
    const document = customer('c1', { body: 1 });
    const [first = ''] = await commit(org, { op: 'create', document });
    const [second = ''] = await commit(org, { op: 'replace', document: { ...document, body: 2 }, ifMatch: first });
    expect(second).not.toBe(first);
    expect(await refused(commit(org, { op: 'replace', document, ifMatch: first }))).toEqual(['stale', 0]);
    const other = customer('c2');
    expect(await refused(commit(org, { op: 'replace', document: other, ifMatch: second }))).toEqual(['missing', 0]);
    expect(await store().read('customers', [org], 'c1')).toEqual({ document: { ...document, body: 2 }, etag: second });
  });

  test('the etag changes at every write, even of the same content, and is never used again', async () => {
    const org = newOrg();
    const document = customer('c1');
    const seen = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      seen.add((await commit(org, { op: 'upsert', document }))[0] ?? '');
      await commit(org, { op: 'delete', id: 'c1' });
    }
    expect(seen.size).toBe(5);
    expect(seen.has('')).toBe(false);
  });

  test('upsert writes whether or not there was one', async () => {
    const org = newOrg();
    await commit(org, { op: 'upsert', document: customer('c1', { body: 1 }) });
    await commit(org, { op: 'upsert', document: customer('c1', { body: 2 }) });
    expect((await store().read('customers', [org], 'c1'))?.document.body).toBe(2);
  });

  test('delete: missing when there is none, stale on another etag, and gone from reads and queries', async () => {
    const org = newOrg();
    await create(store(), [org], customer('c1', { ix: { name: 'a' }, sets: { tags: ['t'] }, words: ['w'] }));
    expect(await refused(commit(org, { op: 'delete', id: 'c2' }))).toEqual(['missing', 0]);
    expect(await refused(commit(org, { op: 'delete', id: 'c1', ifMatch: 'other' }))).toEqual(['stale', 0]);
    const etag = await etagOf(store(), org, 'c1');
    expect(await commit(org, { op: 'delete', id: 'c1', ifMatch: etag })).toEqual(['']);
    expect(await store().read('customers', [org], 'c1')).toBeUndefined();
    expect(await ids(store(), [org])).toEqual([]);
    expect(await ids(store(), [org], { search: ['w'] })).toEqual([]);
    expect(await ids(store(), [org], { where: [{ set: 'tags', all: ['t'] }] })).toEqual([]);
  });

  test('an id is free again after a delete', async () => {
    const org = newOrg();
    await create(store(), [org], customer('c1'));
    await commit(org, { op: 'delete', id: 'c1' });
    await create(store(), [org], customer('c1', { body: 'new' }));
    expect((await store().read('customers', [org], 'c1'))?.document.body).toBe('new');
  });

  test('a batch returns the etags in the order of its writes, whichever of them is guarded', async () => {
    const org = newOrg();
    await create(store(), [org], customer('old'), customer('gone'));
    const etags = await commit(
      org,
      { op: 'upsert', document: customer('first') },
      { op: 'delete', id: 'gone' },
      { op: 'create', document: customer('second') },
      { op: 'replace', document: customer('old', { body: 2 }), ifMatch: await etagOf(store(), org, 'old') },
    );
    expect(etags).toEqual([
      await etagOf(store(), org, 'first'),
      '',
      await etagOf(store(), org, 'second'),
      await etagOf(store(), org, 'old'),
    ]);
  });

  test.each([0, 1, 2])(
    'a batch is all or nothing: a refusal at place %i undoes the rest and names its place',
    async (place) => {
      const org = newOrg();
      await create(store(), [org], customer('there', { body: 'before' }), customer('kept', { body: 'before' }));
      const writes: Write[] = [
        { op: 'create', document: customer('new') },
        { op: 'upsert', document: customer('kept', { body: 'after' }) },
      ];
      writes.splice(place, 0, { op: 'create', document: customer('there', { body: 'after' }) });
      expect(await refused(commit(org, ...writes))).toEqual(['exists', place]);
      expect(await ids(store(), [org])).toEqual(['kept', 'there']);
      expect((await store().read('customers', [org], 'kept'))?.document.body).toBe('before');
    },
  );

  test('a batch takes 1 to 100 writes to distinct ids', async () => {
    const org = newOrg();
    const many = (count: number): Write[] =>
      Array.from({ length: count }, (_, at) => ({ op: 'create', document: customer(`c${1000 + at}`) }));
    await expect(commit(org)).rejects.toThrow('1 to 100 writes');
    await expect(commit(org, ...many(101))).rejects.toThrow('1 to 100 writes');
    await expect(commit(org, ...many(1), ...many(1))).rejects.toThrow('twice');
    expect(await commit(org, ...many(100))).toHaveLength(100);
    expect(await ids(store(), [org], { limit: 1000 })).toHaveLength(100);
  });

  test.each(['x', '漢'])(
    'a batch of more than 1.9 MB is a bug, and refused, in whatever script: %s',
    async (character) => {
      const org = newOrg();
      const text = character.repeat(Math.floor(950_000 / Buffer.byteLength(character)));
      const half = (id: string): Write => ({ op: 'create', document: customer(id, { body: text }) });
      await expect(commit(org, half('c1'), half('c2'))).rejects.toThrow('too large');
      expect(await ids(store(), [org])).toEqual([]);
      expect(await commit(org, half('c1'))).toHaveLength(1);
      expect((await store().read('customers', [org], 'c1'))?.document.body).toBe(text);
    },
  );

  test('partitions do not see each other: same id, different organizations and resources', async () => {
    const [one, two] = [newOrg(), newOrg()];
    await create(store(), [one], customer('c1', { body: 'one' }));
    await create(store(), [two], customer('c1', { body: 'two' }));
    expect((await store().read('customers', [one], 'c1'))?.document.body).toBe('one');
    expect((await store().read('customers', [two], 'c1'))?.document.body).toBe('two');
    await commit(one, { op: 'delete', id: 'c1' });
    expect(await ids(store(), [two])).toEqual(['c1']);
    expect(await ids(store(), [one])).toEqual([]);
  });

  test('what the container does not declare is a bug, and refused', async () => {
    const org = newOrg();
    const bad: [Partial<Document>, string][] = [
      [{ ix: { shoeSize: 1 } }, 'shoeSize'],
      [{ ix: { constructor: 'x' } }, 'constructor'],
      [{ ix: { name: 1 } }, 'not a text'],
      // The engine of the embedded store would end the process whenever it read half a character.
      [{ ix: { name: 'a\ud800' } }, 'half a character'],
      [{ sets: { friends: ['x'] } }, 'friends'],
      [{ words: ['two words'] }, 'not one word'],
      [{ words: ['a\ud800'] }, 'not one word'],
      [{ ttl: 0 }, 'ttl'],
      [{ id: 'a/b' }, 'a/b'],
      [{ id: 'a\ud800' }, 'cannot have this id'],
      [{ kind: '' }, 'kind'],
    ];
    for (const [part, named] of bad) {
      await expect(commit(org, { op: 'upsert', document: { ...customer('c1'), ...part } })).rejects.toThrow(named);
    }
    const login: Document = { id: 'x', kind: 'login', body: null };
    await expect(store().commit('logins', [org], [{ op: 'create', document: { ...login, ttl: 5 } }])).rejects.toThrow(
      'ttl',
    );
    await expect(
      store().commit('logins', [org], [{ op: 'create', document: { ...login, words: ['x'] } }]),
    ).rejects.toThrow('words');
    await expect(store().commit('claims', [org], [{ op: 'create', document: login }])).rejects.toThrow('2 values');
    await expect(store().read('claims', [org], 'x')).rejects.toThrow('2 values');
    await expect(commit(`${org}\ud800`, { op: 'create', document: customer('c1') })).rejects.toThrow(
      'half a character',
    );
  });

  test('of 200 simultaneous creations of one id exactly one wins, and the others are told it exists', async () => {
    const org = newOrg();
    const tries = Array.from({ length: 200 }, (_, at) =>
      commit(org, { op: 'create', document: customer('c1', { body: at }) }),
    );
    const results = await Promise.allSettled(tries);
    const winners = results.flatMap((result, at) => (result.status === 'fulfilled' ? [at] : []));
    expect(winners).toHaveLength(1);
    expect((await store().read('customers', [org], 'c1'))?.document.body).toBe(winners[0]);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ reason: 'exists', index: 0 });
    }
  });

  async function countUp(org: string, write: (body: number, etag: string) => Write): Promise<number> {
    await create(store(), [org], customer('counter', { body: 0 }));
    const one = async (): Promise<void> => {
      for (;;) {
        const stored = await store().read('customers', [org], 'counter');
        const next = write(Number(stored?.document.body) + 1, stored?.etag ?? '');
        if ((await refused(commit(org, next))) === 'committed') return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, one));
    return Number((await store().read('customers', [org], 'counter'))?.document.body);
  }

  test('no update is lost when each is written under the etag it was decided on', async () => {
    const write = (body: number, ifMatch: string): Write => ({
      op: 'replace',
      document: customer('counter', { body }),
      ifMatch,
    });
    expect(await countUp(newOrg(), write)).toBe(20);
  });

  test('twin without the etag: the same updates are lost', async () => {
    const write = (body: number): Write => ({ op: 'upsert', document: customer('counter', { body }) });
    expect(await countUp(newOrg(), write)).toBeLessThan(20);
  });
}
