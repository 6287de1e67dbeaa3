/** Spans and metrics of the parts: the store and its request units, timers, the relay, dead letters. */
import { createServer, type Server } from 'node:http';
import { SpanStatusCode } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRelay } from '../../infra/local/relay.ts';
import { reaction, type Timer, timer } from '../../shared/platform/reaction.ts';
import { relay } from '../../shared/platform/relay.ts';
import { runTick } from '../../shared/platform/run-timer.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import type { Store, Write } from '../../shared/platform/store.ts';
import { tracedStore } from '../../shared/platform/telemetry.ports.ts';
import { bellFacts, hang, ORG, ring } from '../support/bells.ts';
import { said } from '../support/local-bus.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';
import { closed, onFreePort } from '../support/servers.ts';
import { pathOf, type RecordedTelemetry, recordedTelemetry } from '../support/telemetry.ts';

const TICK = '2026-11-20T03:00:00Z';
let bare: TestPlatform;
let telemetry: RecordedTelemetry;
/** The platform, with its store and what is told of it. */
let platform: Platform;

beforeEach(async () => {
  bare = await testPlatform();
  telemetry = await recordedTelemetry();
  platform = { ...bare, store: tracedStore(bare.store, telemetry), telemetry };
});
afterEach(async () => {
  await telemetry.stop();
  await bare.close();
});

const paths = () => telemetry.spans().map((span) => pathOf(span, telemetry.spans()));

describe('REQ-EQP-112 the store', () => {
  const create: Write = { op: 'create', document: { id: 'a', kind: 'note', body: null } };

  test('leaves no span outside of a trace, so that polling tells nothing', async () => {
    await platform.store.read('events', [ORG], 'a');
    await platform.store.query('events', [ORG], { kind: 'note', limit: 1 });
    expect(telemetry.spans()).toEqual([]);
  });

  test('counts each commit of which somebody else was first, by container, and calls it no failure', async () => {
    await platform.store.commit('events', [ORG], [create]);
    const late = telemetry.timer('late', async () => void (await platform.store.commit('events', [ORG], [create])));
    await expect(late).rejects.toThrow('refused');
    const [commit] = telemetry.spans();
    expect(commit).toMatchObject({ name: 'commit events', status: { code: SpanStatusCode.UNSET } });
    expect(commit?.attributes['error.type']).toBe('exists');
    expect(await telemetry.metric('marquee.store.conflicts')).toMatchObject([
      { attributes: { 'db.collection.name': 'events', 'marquee.reason': 'exists' }, value: 1 },
    ]);
  });

  test('says that a call failed, and with what kind of error, without its words', async () => {
    const broken: Store = { ...bare.store, read: () => Promise.reject(new TypeError('ann@person.example is broken')) };
    const store = tracedStore(broken, telemetry);
    await expect(telemetry.timer('late', async () => void (await store.read('events', [ORG], 'a')))).rejects.toThrow();
    const told = telemetry.spans().map(({ name, status, attributes }) => [name, status, attributes['error.type']]);
    const failed = { code: SpanStatusCode.ERROR };
    expect(told).toEqual([
      ['read events', failed, 'TypeError'],
      ['timer late', failed, 'TypeError'],
    ]);
  });
});

describe('REQ-EQP-112 request units, as @azure/cosmos hears them', () => {
  let service: Server;
  let store: Store;
  const CHARGES = [1.5, 3];

  beforeEach(async () => {
    const charges = [...CHARGES];
    service = createServer((request, reply) => {
      const item = request.url?.includes('/docs/') ?? false;
      const body = item ? { id: 'a', kind: 'note', body: null, orgId: ORG, _etag: '"1"' } : { id: 'an-account' };
      const charge = item ? { 'x-ms-request-charge': String(charges.shift()) } : {};
      reply.writeHead(200, { 'content-type': 'application/json', ...charge });
      reply.end(JSON.stringify(body));
    });
    const { origin: endpoint } = await onFreePort(service);
    const key = Buffer.from('a key').toString('base64');
    store = openCosmosStore({ endpoint, key, database: 'marquee', onCharge: (units) => telemetry.charged(units) });
  });
  afterEach(async () => {
    await store.close();
    await closed(service);
  });

  test('stand on the call, add up on what makes it, and are counted by container', async () => {
    const traced = tracedStore(store, telemetry);
    await telemetry.timer('dear', async () => {
      await traced.read('events', [ORG], 'a');
      await traced.read('venues', [ORG], 'a');
    });
    const charged = telemetry.spans().map(({ name, attributes }) => {
      return [name, attributes['azure.cosmosdb.operation.request_charge']];
    });
    expect(charged).toEqual([
      ['read events', 1.5],
      ['read venues', 3],
      ['timer dear', 4.5],
    ]);
    const counted = await telemetry.metric('marquee.store.request_charge');
    expect(counted.map(({ attributes, value }) => [attributes['db.collection.name'], value])).toEqual([
      ['events', 1.5],
      ['venues', 3],
    ]);
  });
});

describe('REQ-EQP-112 a timer', () => {
  const nightly = (handle: Timer['handle']) => timer({ name: 'nightly', schedule: '0 0 3 * * *', handle });

  test('is a trace of its own, and what it brings about belongs to it', async () => {
    await hang(bare, 'a');
    const parents: (string | undefined)[] = [];
    const job = nightly(async ({ traceparent }) => {
      parents.push(traceparent);
      await ring(platform, 'a');
    });
    expect(await runTick(platform, job, TICK)).toBe('done');
    expect(paths()).toEqual(['timer nightly > read customers', 'timer nightly > commit customers', 'timer nightly']);
    const [tick] = telemetry.spans().slice(-1);
    const { traceId, spanId } = tick?.spanContext() ?? {};
    expect(parents).toEqual([`00-${traceId}-${spanId}-01`]);
    expect(tick?.parentSpanContext).toBeUndefined();
    expect(tick?.status.code).toBe(SpanStatusCode.UNSET);
  });

  test('that fails says so, and is failed as without telemetry', async () => {
    const failing = nightly(() => Promise.reject(new RangeError('too much')));
    expect(await runTick(platform, failing, TICK)).toBe('failed');
    const [tick] = telemetry.spans();
    expect(tick).toMatchObject({ name: 'timer nightly', status: { code: SpanStatusCode.ERROR } });
    expect(tick?.attributes['error.type']).toBe('RangeError');
  });

  test('that another process has taken leaves no span', async () => {
    await runTick(
      bare,
      nightly(async () => {}),
      TICK,
    );
    expect(
      await runTick(
        platform,
        nightly(async () => {}),
        TICK,
      ),
    ).toBe('taken');
    expect(telemetry.spans()).toEqual([]);
  });
});

describe('REQ-EQP-112 facts on their way', () => {
  const traceparent = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;

  test('are sent in one span for each trace among them, and kept for audit in theirs', async () => {
    const facts = ['a', 'b', 'a'].map((digit, at) => ({ ...said(`subject-${at}`), traceparent: traceparent(digit) }));
    await relay(platform.store, telemetry, facts, async () => {});
    const sent = telemetry.spans().map(({ name, parentSpanContext, attributes }) => {
      return [name, parentSpanContext?.spanId[0], attributes['messaging.batch.message_count']];
    });
    expect(sent.toSorted()).toEqual([
      ['commit audit', 'a', undefined],
      ['commit audit', 'a', undefined],
      ['commit audit', 'b', undefined],
      ['send domain-events', 'a', 2],
      ['send domain-events', 'b', 1],
    ]);
  });

  test('that could not be sent fail their spans, and the relay', async () => {
    const fact = { ...said('subject'), traceparent: traceparent('a') };
    const down = async () => {
      throw new Error('the bus is down');
    };
    await expect(relay(platform.store, telemetry, [fact], down)).rejects.toThrow('the bus is down');
    expect(telemetry.spans().at(-1)).toMatchObject({
      name: 'send domain-events',
      status: { code: SpanStatusCode.ERROR },
    });
  });

  test('that are given up are counted by reaction; each try is a failed span', async () => {
    const deaf = reaction({ name: 'deaf', on: ['BellRung'], handle: () => Promise.reject(new Error('cannot hear')) });
    const retry = { tries: 2, firstDelay: 1, longestDelay: 1 };
    const { folder } = bare;
    const running = startRelay({ platform, reactions: [deaf], folder, poll: 20, retry });
    try {
      await hang(platform, 'a');
      await ring(platform, 'a');
      await running.drained();
    } finally {
      await running.stop();
    }
    expect(await bellFacts(platform)).toHaveLength(2);
    expect(await telemetry.metric('marquee.dead_letters')).toMatchObject([
      { attributes: { 'marquee.reaction': 'deaf' }, value: 1 },
    ]);
    const tries = telemetry.spans().filter(({ name }) => name === 'reaction deaf');
    expect(tries.map(({ status }) => status)).toEqual(tries.map(() => ({ code: SpanStatusCode.ERROR })));
    expect(tries).toHaveLength(2);
  });
});
