/**
 * The Cosmos DB store when the service is busy and the network fails, over HTTP through a proxy that makes it so: calls
 * come to an end, and what is answered is what is so. Lost replies to commits have a file of their own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CommitRefused, StoreUnavailable } from '../../shared/platform/store.ts';
import { ids } from './store.contract.ts';
import { create, faultyCosmos, replace, throttled, upsert } from './store.faulty.ts';

const { now, org, commit, stored, batches, applied } = faultyCosmos();

describe('throttling', () => {
  test('a commit, a read and a query wait as they are told, and go on', async () => {
    now().proxy.fail('batch', throttled(20), 3);
    const [etag] = await commit(create('a', 1));
    expect(applied()).toBe(1);
    expect(batches()).toHaveLength(4);
    now().proxy.fail('read', throttled(20), 3);
    now().proxy.fail('query', throttled(20), 3);
    expect(await now().store.read('customers', [org()], 'a')).toMatchObject({ etag });
    expect(await ids(now().store, [org()])).toEqual(['a']);
  });

  test('after five tries the caller is told to come back when the service said', async () => {
    now().proxy.fail('batch', throttled(2100), 9);
    now().proxy.fail('read', throttled(2100), 9);
    const wait = { name: 'StoreUnavailable', retryAfterSeconds: 3 };
    await Promise.all([
      expect(commit(create('a'))).rejects.toMatchObject(wait),
      expect(now().store.read('customers', [org()], 'a')).rejects.toMatchObject(wait),
    ]);
    expect(await stored('a')).toBeUndefined();
  });
});

describe('a logical partition that is full', () => {
  const full = { name: 'StoreFull', retryAfterSeconds: 3600 };
  const message = 'Partition key reached maximum size of 20 GB.';

  test.each([
    ['of the batch', { status: 403, headers: { 'x-ms-substatus': '1014' }, body: { code: 'Forbidden', message } }],
    ['of one write in it', { status: 207, body: [{ statusCode: 424 }, { statusCode: 403 }] }],
  ])('a 403 %s: nothing is written, what is there is read, and nobody tries again soon', async (_, fault) => {
    await commit(create('a', 1));
    const before = batches().length;
    now().proxy.fail('batch', fault, 9);
    await expect(commit(create('b'), create('c'))).rejects.toMatchObject(full);
    expect(batches()).toHaveLength(before + 1);
    now().proxy.heal();
    expect(await stored('b')).toBeUndefined();
    expect(await stored('a')).toBeDefined();
  });

  test('a 403 to somebody who may not write is another thing', async () => {
    const body = {
      code: 'Forbidden',
      message: 'Request blocked by Auth: principal does not have required RBAC permissions.',
    };
    now().proxy.fail('batch', { status: 403, headers: { 'x-ms-substatus': '5302' }, body }, 9);
    await expect(commit(create('a'))).rejects.toMatchObject({ name: 'WireFailure', status: 403 });
    now().proxy.heal();
  });
});

describe('reads while the network fails', () => {
  test.each(['lost request', 'lost reply'] as const)('%s: they are asked again', async (fault) => {
    const [etag] = await commit(create('a', 1));
    now().proxy.fail('read', fault);
    now().proxy.fail('query', fault);
    expect(await now().store.read('customers', [org()], 'a')).toMatchObject({ etag });
    expect(await ids(now().store, [org()])).toEqual(['a']);
  });

  test('a service that does not answer holds nobody longer than the time for a call', async () => {
    now().proxy.fail('read', 'silence', 20);
    now().proxy.fail('query', 'silence', 20);
    const begun = performance.now();
    await Promise.all([
      expect(now().hasty.read('customers', [org()], 'a')).rejects.toThrow(StoreUnavailable),
      expect(ids(now().hasty, [org()])).rejects.toThrow(StoreUnavailable),
    ]);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test.each([
    ['a probe', 'other', () => now().hasty.ping()],
    ['the change feed', 'changes', () => now().hasty.changes('customers', undefined)[Symbol.asyncIterator]().next()],
  ] as const)('%s comes to an end as well, and asks no more when nobody waits', async (_, kind, call) => {
    now().proxy.fail(kind, 'silence', 20);
    await expect(call()).rejects.toThrow(StoreUnavailable);
    const asked = now().proxy.passed.length;
    await sleep(2500);
    expect(now().proxy.passed.length).toBe(asked);
  });
});

test.each([
  ['a probe', 'other', () => now().brief.ping()],
  ['the change feed', 'changes', () => now().brief.changes('customers', undefined)[Symbol.asyncIterator]().next()],
] as const)('%s does not wait for a request that outlasts the call', async (_, kind, call) => {
  now().proxy.fail(kind, 'silence', 20);
  const begun = performance.now();
  await expect(call()).rejects.toThrow(StoreUnavailable);
  expect(performance.now() - begun).toBeLessThan(3000);
});

describe('a 404 that says more than that a document is not there', () => {
  const notFound = (substatus: number) => ({ status: 404, headers: { 'x-ms-substatus': String(substatus) } });

  /** Each of these asks in a way of its own. */
  const calls = [
    ['read', () => now().store.read('customers', [org()], 'a')],
    ['query', () => ids(now().store, [org()])],
    ['batch', () => commit(create('b'))],
  ] as const;

  test.each(calls)('to a %s by a replica that is behind the session: the store is unavailable', async (kind, call) => {
    await commit(create('a', 1));
    now().proxy.fail(kind, notFound(1002), 20);
    await expect(call()).rejects.toThrow(StoreUnavailable);
    now().proxy.heal();
    expect(await stored('a')).toBeDefined();
    expect(await stored('b')).toBeUndefined();
  });

  test.each(calls)('to a %s in a container that was never made: a bug, and no missing document', async (kind, call) => {
    now().proxy.fail(kind, notFound(1003), 9);
    await expect(call()).rejects.toMatchObject({ name: 'WireFailure', status: 404 });
  });
});

describe('what a reader is told', () => {
  test('a read and a query after a commit carry the session of its reply, so that they see it', async () => {
    await commit(create('a', 1));
    const token = batches()[0]?.tokenReceived;
    expect(token).toEqual(expect.stringMatching(/^\d+:/));
    await now().store.read('customers', [org()], 'a');
    await ids(now().store, [org()]);
    const later = now().proxy.passed.filter(({ kind }) => kind === 'read' || kind === 'query');
    expect(later.map(({ tokenSent }) => tokenSent?.split(',').includes(token ?? ''))).toEqual([true, true]);
  });

  test('a commit that lost a race reads at least what it lost to', async () => {
    await commit(create('a', 1));
    const [etag = ''] = await now().other.commit('customers', [org()], [upsert('a', 2)]);
    await expect(commit(replace('a', 'old', 3))).rejects.toMatchObject({ reason: 'stale' });
    const token = batches().at(-1)?.tokenReceived;
    expect(await now().store.read('customers', [org()], 'a')).toMatchObject({ etag });
    expect(now().proxy.passed.at(-1)?.tokenSent?.split(',')).toContain(token);
  });

  test('the request units of all replies are told, refused and repeated ones included', async () => {
    now().proxy.fail('batch', { ...throttled(1), headers: { ...throttled(1).headers, 'x-ms-request-charge': '0.38' } });
    await commit(create('a', 1), create('b', 1));
    await expect(commit(create('a'))).rejects.toThrow(CommitRefused);
    await now().store.read('customers', [org()], 'a');
    await now().store.read('customers', [org()], 'none');
    await now().store.query('customers', [org()], { kind: 'customer', limit: 1, count: true });
    const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
    expect(sum(now().charges)).toBeCloseTo(0.38 + sum(now().proxy.passed.map(({ requestUnits }) => requestUnits)));
    expect(now().proxy.passed.filter(({ requestUnits }) => requestUnits > 0).length).toBeGreaterThanOrEqual(6);
  });
});
