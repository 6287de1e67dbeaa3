/**
 * Commits to Cosmos DB whose request or reply is lost: no write happens twice, none is lost, and what cannot be known is
 * said (REQ-EQP-048 and every other rule on races). Over HTTP, through a proxy that breaks the connection.
 */
import { describe, expect, test, vi } from 'vitest';
import type { Write } from '../../shared/platform/store.ts';
import { CommitRefused, StoreUnavailable } from '../../shared/platform/store.ts';
import { create, faultyCosmos, replace, throttled, upsert } from './store.faulty.ts';

const { now, org, commit, stored, batches, applied } = faultyCosmos();

describe('a commit whose request or reply is lost', () => {
  const cases: [string, (etag: string) => Write[]][] = [
    ['a creation', () => [create('new', 1)]],
    ['a replacement', (etag) => [replace('old', etag, 1)]],
    ['a fact with its head', (etag) => [replace('old', etag, 1), create('fact', 1)]],
    [
      'all kinds',
      (etag) => [{ op: 'delete', id: 'gone' }, replace('old', etag, 1), create('new', 1), upsert('put', 1)],
    ],
    ['an upsert', () => [upsert('put', 1)]],
  ];
  async function prepared(): Promise<string> {
    const made = await now().other.commit('customers', [org()], [create('old', 0), create('gone', 0)]);
    return made[0] ?? '';
  }
  /** All documents with their etags. */
  async function all() {
    const { items } = await now().other.query('customers', [org()], { kind: 'customer', limit: 100 });
    return new Map(items.map(({ document, etag }) => [document.id, { body: document.body, etag }]));
  }

  describe.each(cases)('%s', (_, writesOf) => {
    test.each([
      ['once', 'lost reply', 1],
      ['every time', 'lost reply', 3],
    ] as const)(
      'that landed and whose reply was lost %s: it is known as done, and done once',
      async (_, fault, times) => {
        const writes = writesOf(await prepared());
        now().proxy.fail('batch', fault, times);
        const etags = await commit(...writes);
        expect(applied()).toBe(1);
        const kept = await all();
        for (const [at, write] of writes.entries()) {
          if (write.op === 'delete') expect(kept.has(write.id)).toBe(false);
          else expect(kept.get(write.document.id)).toEqual({ body: 1, etag: etags[at] });
        }
      },
    );

    test('that never reached the service: it is written once, or refused as not known', async () => {
      const writes = writesOf(await prepared());
      now().proxy.fail('batch', 'lost request', 2);
      const isRepeatable = writes.some(({ op }) => op === 'create' || op === 'replace');
      if (!isRepeatable) {
        await expect(commit(...writes)).rejects.toThrow(StoreUnavailable);
        expect(applied()).toBe(0);
        return;
      }
      const etags = await commit(...writes);
      expect(applied()).toBe(1);
      const kept = await all();
      for (const [at, write] of writes.entries()) {
        if (write.op !== 'delete') expect(kept.get(write.document.id)?.etag).toBe(etags[at]);
      }
    });
  });

  test('deletes alone carry no mark: the caller is told that it is not known', async () => {
    await prepared();
    now().proxy.fail('batch', 'lost reply');
    await expect(commit({ op: 'delete', id: 'gone' })).rejects.toThrow(StoreUnavailable);
    expect([...(await all()).keys()]).toEqual(['old']);
    await expect(commit({ op: 'delete', id: 'gone' })).rejects.toMatchObject({ reason: 'missing' });
  });

  test('the service is never reached: three tries, then the caller is told, and nothing is written', async () => {
    now().proxy.fail('batch', 'lost request', 9);
    await expect(commit(create('new'))).rejects.toThrow(StoreUnavailable);
    expect(batches()).toHaveLength(3);
    expect(await stored('new')).toBeUndefined();
  });

  test('no answer comes, before or after the service has written: as when the connection breaks', async () => {
    const etag = await prepared();
    for (const fault of ['silence', 'silence after'] as const) {
      now().proxy.fail('batch', fault);
      const id = fault.replace(' ', '-');
      const [made] = await now().hasty.commit('customers', [org()], [create(id, 1)]);
      expect(await stored(id)).toMatchObject({ etag: made });
    }
    now().proxy.fail('batch', 'silence after');
    const [replaced] = await now().hasty.commit('customers', [org()], [replace('old', etag, 1)]);
    expect((await all()).get('old')).toEqual({ body: 1, etag: replaced });
    expect(applied()).toBe(3);
  });

  test('the service fails over, to the batch and to who looks for it: all of it ends within the time for a call', async () => {
    const elsewhere = { status: 403, headers: { 'x-ms-substatus': '3' } };
    for (const kind of ['batch', 'read'] as const) now().proxy.fail(kind, elsewhere, 20);
    const begun = performance.now();
    await expect(now().hasty.commit('customers', [org()], [create('new')])).rejects.toThrow(StoreUnavailable);
    // The last wait of the SDK, of a second, is waited out.
    expect(performance.now() - begun).toBeLessThan(1900);
    expect(await stored('new')).toBeUndefined();
  });

  test.each([0, 15, 300])(
    'a request that comes %i ms after it was given up, whoever lands first: done once',
    async (late) => {
      const etag = await prepared();
      now().proxy.fail('batch', { late });
      const [made] = await now().hasty.commit('customers', [org()], [create('new', 1)]);
      now().proxy.fail('batch', { late });
      const [replaced] = await now().hasty.commit('customers', [org()], [replace('old', etag, 1), create('fact')]);
      // Both of those that were late have come.
      await vi.waitUntil(() => batches().filter(({ fault }) => fault !== undefined).length === 2, { timeout: 5000 });
      expect(applied()).toBe(2);
      const kept = await all();
      expect([kept.get('new')?.etag, kept.get('old')]).toEqual([made, { body: 1, etag: replaced }]);
    },
  );

  test.each([500, 503, 408])(
    'answered %i by somebody on the way, after the service had written: it is done once',
    async (status) => {
      now().proxy.fail('batch', { status, done: true });
      const [etag] = await commit(create('new', 1));
      expect(await stored('new')).toMatchObject({ etag });
      expect(applied()).toBe(1);
    },
  );

  test('a race lost to another while the request was lost is still a race lost', async () => {
    now().proxy.fail('batch', 'lost request');
    now().proxy.meanwhile('batch', () => now().other.commit('customers', [org()], [create('new', 'theirs')]));
    await expect(commit(create('new', 'ours'), create('fact'))).rejects.toMatchObject({ reason: 'exists', index: 0 });
    expect((await stored('new'))?.document.body).toBe('theirs');
    expect(await stored('fact')).toBeUndefined();
  });

  test('what was written over since is known by the fact beside it, and its etag matches nothing', async () => {
    const etag = await prepared();
    now().proxy.fail('batch', 'lost reply');
    now().proxy.meanwhile('batch', () => now().other.commit('customers', [org()], [upsert('old', 'theirs')]));
    const [head, fact] = await commit(replace('old', etag, 'ours'), create('fact'));
    expect(head).toBe('');
    expect(fact).toBe((await stored('fact'))?.etag);
    expect((await stored('old'))?.document.body).toBe('theirs');
  });

  test('what was written over since and has nothing beside it is not called stale: that would do it twice', async () => {
    const etag = await prepared();
    now().proxy.fail('batch', 'lost reply');
    now().proxy.meanwhile('batch', () => now().other.commit('customers', [org()], [upsert('old', 'theirs')]));
    await expect(commit(replace('old', etag, 'ours'))).rejects.toThrow(StoreUnavailable);
  });

  test('a refusal at the first try costs no read', async () => {
    await prepared();
    await expect(commit(create('old'))).rejects.toThrow(CommitRefused);
    expect(now().proxy.passed.filter(({ kind }) => kind === 'read')).toEqual([]);
  });

  /** Many count up, each with a fact of its own, and decide again when they are told that another was first. */
  async function countUp(): Promise<{ told: number; unknown: number; counted: number; facts: number }> {
    await now().other.commit('customers', [org()], [create('counter', 0)]);
    let [told, unknown] = [0, 0];
    const one = async (name: string): Promise<void> => {
      for (let round = 0; ; round += 1) {
        const { document, etag = '' } = (await now().store.read('customers', [org()], 'counter')) ?? {};
        const next = Number(document?.body) + 1;
        try {
          await commit(replace('counter', etag, next), create(`fact-${name}-${round}`));
          told += 1;
          return;
        } catch (error) {
          if (error instanceof CommitRefused) continue;
          if (!(error instanceof StoreUnavailable)) throw error;
          unknown += 1;
          return;
        }
      }
    };
    const many = Array.from({ length: 12 }, (_, at) => at);
    for (const at of many)
      now().proxy.fail('batch', at % 3 === 0 ? 'lost request' : at % 3 === 1 ? 'lost reply' : throttled(5));
    await Promise.all(many.map((at) => one(`w${at}`)));
    const kept = await all();
    const facts = [...kept.keys()].filter((id) => id.startsWith('fact'));
    return { told, unknown, counted: Number(kept.get('counter')?.body), facts: facts.length };
  }

  test('a crowd counts up through lost requests, lost replies and throttling: each counts once', async () => {
    expect(await countUp()).toEqual({ told: 12, unknown: 0, counted: 12, facts: 12 });
  });

  test('twin in which documents do not tell who wrote them: some count twice, or are told that they did not', async () => {
    now().proxy.blind();
    const { told, counted } = await countUp();
    expect(counted).not.toBe(told);
  });
});
