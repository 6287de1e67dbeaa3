/**
 * The Cosmos DB store when the service is busy and the network fails, over HTTP through a proxy that makes it so: no
 * write happens twice, none is lost, and what cannot be known is said (REQ-EQP-048 and every other rule on races).
 * Against the account or emulator at COSMOS_ENDPOINT when there is one.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createContainers, openCosmosStore } from '../../shared/platform/store.azure.ts';
import type { Document, Store, Write } from '../../shared/platform/store.ts';
import { CommitRefused, StoreUnavailable } from '../../shared/platform/store.ts';
import type { FaultProxy } from '../support/cosmos/proxy.ts';
import { startFaultProxy } from '../support/cosmos/proxy.ts';
import { startCosmos } from '../support/cosmos/server.ts';
import { customer, ids, newOrg } from './store.contract.ts';

const { COSMOS_ENDPOINT, COSMOS_KEY: key = 'a2V5', COSMOS_DATABASE: database = 'marquee-contract' } = process.env;

let proxy: FaultProxy;
/** Through the proxy; the second waits a short time only. */
let store: Store;
let hasty: Store;
/** Past the proxy. */
let other: Store;
let charges: number[] = [];
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  let endpoint = COSMOS_ENDPOINT;
  if (endpoint === undefined) {
    const server = await startCosmos(Date.now);
    closing.push(() => server.close());
    ({ endpoint } = server);
  }
  await createContainers({ endpoint, key, database });
  proxy = await startFaultProxy(endpoint);
  const onCharge = (requestUnits: number) => void charges.push(requestUnits);
  store = openCosmosStore({ endpoint: proxy.endpoint, key, database, onCharge });
  hasty = openCosmosStore({ endpoint: proxy.endpoint, key, database, timeouts: { request: 300, whole: 1000 } });
  other = openCosmosStore({ endpoint, key, database });
  closing.unshift(
    () => store.close(),
    () => hasty.close(),
    () => other.close(),
    () => proxy.close(),
  );
});
afterAll(async () => {
  for (const close of closing) await close();
});

let org = '';
beforeEach(() => {
  org = newOrg();
  charges = [];
  proxy.heal();
  proxy.passed.length = 0;
});

const commit = (...writes: Write[]) => store.commit('customers', [org], writes);
const create = (id: string, body: Document['body'] = null): Write => ({
  op: 'create',
  document: customer(id, { body }),
});
const upsert = (id: string, body: Document['body']): Write => ({ op: 'upsert', document: customer(id, { body }) });
const replace = (id: string, ifMatch: string, body: Document['body']): Write => ({
  op: 'replace',
  document: customer(id, { body }),
  ifMatch,
});
const stored = (id: string) => other.read('customers', [org], id);
const batches = () => proxy.passed.filter(({ kind }) => kind === 'batch');
/** How often the service has written. */
const applied = () => batches().filter(({ status }) => status === 200).length;
const throttled = (milliseconds: number) => ({
  status: 429,
  headers: { 'x-ms-retry-after-ms': String(milliseconds), 'x-ms-substatus': '3200' },
  body: { code: 'TooManyRequests', message: 'Request rate is large.' },
});

describe('throttling', () => {
  test('a commit, a read and a query wait as they are told, and go on', async () => {
    proxy.fail('batch', throttled(20), 3);
    const [etag] = await commit(create('a', 1));
    expect(applied()).toBe(1);
    expect(batches()).toHaveLength(4);
    proxy.fail('read', throttled(20), 3);
    proxy.fail('query', throttled(20), 3);
    expect(await store.read('customers', [org], 'a')).toMatchObject({ etag });
    expect(await ids(store, [org])).toEqual(['a']);
  });

  test('after five tries the caller is told to come back when the service said', async () => {
    proxy.fail('batch', throttled(2100), 9);
    proxy.fail('read', throttled(2100), 9);
    const wait = { name: 'StoreUnavailable', retryAfterSeconds: 3 };
    await Promise.all([
      expect(commit(create('a'))).rejects.toMatchObject(wait),
      expect(store.read('customers', [org], 'a')).rejects.toMatchObject(wait),
    ]);
    expect(await stored('a')).toBeUndefined();
  });
});

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
    const made = await other.commit('customers', [org], [create('old', 0), create('gone', 0)]);
    return made[0] ?? '';
  }
  /** All documents with their etags. */
  async function all() {
    const { items } = await other.query('customers', [org], { kind: 'customer', limit: 100 });
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
        proxy.fail('batch', fault, times);
        const etags = await commit(...writes);
        expect(applied()).toBe(1);
        const now = await all();
        for (const [at, write] of writes.entries()) {
          if (write.op === 'delete') expect(now.has(write.id)).toBe(false);
          else expect(now.get(write.document.id)).toEqual({ body: 1, etag: etags[at] });
        }
      },
    );

    test('that never reached the service: it is written once, or refused as not known', async () => {
      const writes = writesOf(await prepared());
      proxy.fail('batch', 'lost request', 2);
      const isRepeatable = writes.some(({ op }) => op === 'create' || op === 'replace');
      if (!isRepeatable) {
        await expect(commit(...writes)).rejects.toThrow(StoreUnavailable);
        expect(applied()).toBe(0);
        return;
      }
      const etags = await commit(...writes);
      expect(applied()).toBe(1);
      const now = await all();
      for (const [at, write] of writes.entries()) {
        if (write.op !== 'delete') expect(now.get(write.document.id)?.etag).toBe(etags[at]);
      }
    });
  });

  test('deletes alone carry no mark: the caller is told that it is not known', async () => {
    await prepared();
    proxy.fail('batch', 'lost reply');
    await expect(commit({ op: 'delete', id: 'gone' })).rejects.toThrow(StoreUnavailable);
    expect([...(await all()).keys()]).toEqual(['old']);
    await expect(commit({ op: 'delete', id: 'gone' })).rejects.toMatchObject({ reason: 'missing' });
  });

  test('the service is never reached: three tries, then the caller is told, and nothing is written', async () => {
    proxy.fail('batch', 'lost request', 9);
    await expect(commit(create('new'))).rejects.toThrow(StoreUnavailable);
    expect(batches()).toHaveLength(3);
    expect(await stored('new')).toBeUndefined();
  });

  test('no answer comes, before or after the service has written: as when the connection breaks', async () => {
    const etag = await prepared();
    for (const fault of ['silence', 'silence after'] as const) {
      proxy.fail('batch', fault);
      const id = fault.replace(' ', '-');
      const [made] = await hasty.commit('customers', [org], [create(id, 1)]);
      expect(await stored(id)).toMatchObject({ etag: made });
    }
    proxy.fail('batch', 'silence after');
    const [replaced] = await hasty.commit('customers', [org], [replace('old', etag, 1)]);
    expect((await all()).get('old')).toEqual({ body: 1, etag: replaced });
    expect(applied()).toBe(3);
  });

  test.each([500, 503, 408])(
    'answered %i by somebody on the way, after the service had written: it is done once',
    async (status) => {
      proxy.fail('batch', { status, done: true });
      const [etag] = await commit(create('new', 1));
      expect(await stored('new')).toMatchObject({ etag });
      expect(applied()).toBe(1);
    },
  );

  test('a race lost to another while the request was lost is still a race lost', async () => {
    proxy.fail('batch', 'lost request');
    proxy.meanwhile('batch', () => other.commit('customers', [org], [create('new', 'theirs')]));
    await expect(commit(create('new', 'ours'), create('fact'))).rejects.toMatchObject({ reason: 'exists', index: 0 });
    expect((await stored('new'))?.document.body).toBe('theirs');
    expect(await stored('fact')).toBeUndefined();
  });

  test('what was written over since is known by the fact beside it, and its etag matches nothing', async () => {
    const etag = await prepared();
    proxy.fail('batch', 'lost reply');
    proxy.meanwhile('batch', () => other.commit('customers', [org], [upsert('old', 'theirs')]));
    const [head, fact] = await commit(replace('old', etag, 'ours'), create('fact'));
    expect(head).toBe('');
    expect(fact).toBe((await stored('fact'))?.etag);
    expect((await stored('old'))?.document.body).toBe('theirs');
  });

  test('what was written over since and has nothing beside it is not called stale: that would do it twice', async () => {
    const etag = await prepared();
    proxy.fail('batch', 'lost reply');
    proxy.meanwhile('batch', () => other.commit('customers', [org], [upsert('old', 'theirs')]));
    await expect(commit(replace('old', etag, 'ours'))).rejects.toThrow(StoreUnavailable);
  });

  test('a refusal at the first try costs no read', async () => {
    await prepared();
    await expect(commit(create('old'))).rejects.toThrow(CommitRefused);
    expect(proxy.passed.filter(({ kind }) => kind === 'read')).toEqual([]);
  });

  /** Many count up, each with a fact of its own, and decide again when they are told that another was first. */
  async function countUp(): Promise<{ told: number; unknown: number; counted: number; facts: number }> {
    await other.commit('customers', [org], [create('counter', 0)]);
    let [told, unknown] = [0, 0];
    const one = async (name: string): Promise<void> => {
      for (let round = 0; ; round += 1) {
        const { document, etag = '' } = (await store.read('customers', [org], 'counter')) ?? {};
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
      proxy.fail('batch', at % 3 === 0 ? 'lost request' : at % 3 === 1 ? 'lost reply' : throttled(5));
    await Promise.all(many.map((at) => one(`w${at}`)));
    const kept = await all();
    const facts = [...kept.keys()].filter((id) => id.startsWith('fact'));
    return { told, unknown, counted: Number(kept.get('counter')?.body), facts: facts.length };
  }

  test('a crowd counts up through lost requests, lost replies and throttling: each counts once', async () => {
    expect(await countUp()).toEqual({ told: 12, unknown: 0, counted: 12, facts: 12 });
  });

  test('twin in which documents do not tell who wrote them: some count twice, or are told that they did not', async () => {
    proxy.blind();
    const { told, counted } = await countUp();
    expect(counted).not.toBe(told);
  });
});

describe('reads while the network fails', () => {
  test.each(['lost request', 'lost reply'] as const)('%s: they are asked again', async (fault) => {
    const [etag] = await commit(create('a', 1));
    proxy.fail('read', fault);
    proxy.fail('query', fault);
    expect(await store.read('customers', [org], 'a')).toMatchObject({ etag });
    expect(await ids(store, [org])).toEqual(['a']);
  });

  test('a service that does not answer holds nobody longer than the time for a call', async () => {
    proxy.fail('read', 'silence', 20);
    proxy.fail('query', 'silence', 20);
    const begun = performance.now();
    await Promise.all([
      expect(hasty.read('customers', [org], 'a')).rejects.toThrow(StoreUnavailable),
      expect(ids(hasty, [org])).rejects.toThrow(StoreUnavailable),
    ]);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('a 404 that says more than that a document is not there', () => {
  const notFound = (substatus: number) => ({ status: 404, headers: { 'x-ms-substatus': String(substatus) } });

  test('a replica that is behind the session: the store is unavailable, the document is not missing', async () => {
    await commit(create('a', 1));
    proxy.fail('read', notFound(1002), 9);
    await expect(store.read('customers', [org], 'a')).rejects.toThrow(StoreUnavailable);
  });

  test('a container that was never made: a bug, not a missing document', async () => {
    proxy.fail('read', notFound(1003));
    const failure = await store.read('customers', [org], 'a').catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'WireFailure', status: 404 });
  });
});

describe('what a reader is told', () => {
  test('a read and a query after a commit carry the session of its reply, so that they see it', async () => {
    await commit(create('a', 1));
    const token = batches()[0]?.tokenReceived;
    expect(token).toEqual(expect.stringMatching(/^\d+:/));
    await store.read('customers', [org], 'a');
    await ids(store, [org]);
    const later = proxy.passed.filter(({ kind }) => kind === 'read' || kind === 'query');
    expect(later.map(({ tokenSent }) => tokenSent?.split(',').includes(token ?? ''))).toEqual([true, true]);
  });

  test('a commit that lost a race reads at least what it lost to', async () => {
    await commit(create('a', 1));
    const [etag = ''] = await other.commit('customers', [org], [upsert('a', 2)]);
    await expect(commit(replace('a', 'old', 3))).rejects.toMatchObject({ reason: 'stale' });
    const token = batches().at(-1)?.tokenReceived;
    expect(await store.read('customers', [org], 'a')).toMatchObject({ etag });
    expect(proxy.passed.at(-1)?.tokenSent?.split(',')).toContain(token);
  });

  test('the request units of all replies are told, refused and repeated ones included', async () => {
    proxy.fail('batch', { ...throttled(1), headers: { ...throttled(1).headers, 'x-ms-request-charge': '0.38' } });
    await commit(create('a', 1), create('b', 1));
    await expect(commit(create('a'))).rejects.toThrow(CommitRefused);
    await store.read('customers', [org], 'a');
    await store.read('customers', [org], 'none');
    await store.query('customers', [org], { kind: 'customer', limit: 1, count: true });
    const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
    expect(sum(charges)).toBeCloseTo(0.38 + sum(proxy.passed.map(({ requestUnits }) => requestUnits)));
    expect(proxy.passed.filter(({ requestUnits }) => requestUnits > 0).length).toBeGreaterThanOrEqual(6);
  });
});
