/** What the whole system tells of itself: one trace from the request to the socket, metrics, and the log beside them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Fact, factOf } from '../../shared/platform/facts.ts';
import { openLog } from '../../shared/platform/log.pino.ts';
import { runReaction } from '../../shared/platform/react.ts';
import { type World, worldOf } from '../http/world.ts';
import { type Listener, listening, PATIENCE } from '../realtime/support.ts';
import { startTestHost, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';
import { pathOf, type RecordedTelemetry, recordedTelemetry } from '../support/telemetry.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const SUBMIT = 'POST /api/events/{eventId}/submit-for-approval';

let folder: string;
let host: TestHost;
let telemetry: RecordedTelemetry;
let organization: TestOrganization;
let world: World;
let manager: TestUser;

beforeAll(async () => {
  telemetry = await recordedTelemetry();
  folder = await mkdtemp(join(tmpdir(), 'marquee-telemetry-'));
  host = await startTestHost({ telemetry, folder, log: openLog('debug', join(folder, 'log')) });
  organization = await host.organization('Secret Events Limited');
  world = await worldOf(host, organization);
  manager = await organization.as('manager');
  await host.settled();
}, 60_000);
afterAll(async () => {
  await host.close();
  await telemetry.stop();
  await rm(folder, { recursive: true, force: true });
});

function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: unknown) {
  return fetch(`${host.origin}/api/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${organization.admin.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Submits a new event in this trace. */
async function submitted(traceparent: string): Promise<Response> {
  const { id } = await world.event();
  await host.settled();
  return ask('POST', `events/${id}/submit-for-approval`, { traceparent }, {});
}

async function logged(): Promise<{ readonly [key: string]: unknown }[]> {
  const text = await readFile(join(folder, 'log'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The facts of the outbox of events. */
async function eventFacts(): Promise<Fact[]> {
  const found: Fact[] = [];
  for await (const { document } of host.platform.store.changes('events')) {
    if (document.kind === 'fact') found.push(factOf(document));
  }
  return found;
}

const named = (spans: readonly ReadableSpan[], name: string) => spans.find((span) => span.name === name);

describe('REQ-EQP-112 a request that ends in a notification', () => {
  let socket: Listener;
  let spans: ReadableSpan[];

  beforeAll(async () => {
    const { data } = await manager.api.POST('/api/realtime/negotiate', {});
    socket = await listening(data?.url ?? '');
    const response = await submitted(`00-${TRACE}-${PARENT}-01`);
    expect(response.status).toBe(200);
    await host.settled();
    await socket.until(1);
    await vi.waitUntil(() => named(telemetry.spans(TRACE), 'reaction notify'), PATIENCE);
    spans = telemetry.spans(TRACE);
  });
  afterAll(() => socket.client.stop());

  test('is one trace: request, commit, audit, send, receive, reaction, the write of the notification, the push', () => {
    const paths = spans.map((span) => pathOf(span, spans));
    const reaction = 'process domain-events/notify > reaction notify';
    // What comes after the commit belongs to the request by way of the fact.
    for (const path of [
      SUBMIT,
      `${SUBMIT} > read events`,
      `${SUBMIT} > commit events`,
      `${SUBMIT} > commit audit`,
      `${SUBMIT} > send domain-events`,
      `${SUBMIT} > ${reaction}`,
      `${SUBMIT} > ${reaction} > commit notifications`,
      `${SUBMIT} > ${reaction} > send notifications`,
    ]) {
      expect(paths).toContain(path);
    }
    const roots = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === PARENT);
    expect(roots.map(({ name }) => name)).toEqual([SUBMIT]);
    expect(paths.filter((path) => !path.startsWith(SUBMIT))).toEqual([]);
  });

  test('says of each what kind it is, and what it was about', () => {
    const told = (name: string) => {
      const { kind, attributes, status } = named(spans, name) ?? {};
      return { kind, attributes, status: status?.code };
    };
    const ok = SpanStatusCode.UNSET;
    expect(told(SUBMIT)).toEqual({
      kind: SpanKind.SERVER,
      status: ok,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/api/events/{eventId}/submit-for-approval',
        'url.path': '/api/events/{eventId}/submit-for-approval',
        'url.scheme': 'http',
        'http.response.status_code': 200,
      },
    });
    expect(told('commit events')).toEqual({
      kind: SpanKind.CLIENT,
      status: ok,
      attributes: { 'db.system': 'sqlite', 'db.operation': 'commit', 'db.collection.name': 'events' },
    });
    const fact = {
      'messaging.system': 'local',
      'messaging.destination.name': 'domain-events',
      'messaging.message.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'cloudevents.event_type': 'EventPendingApproval',
      'marquee.organization.id': organization.orgId,
    };
    expect(told('send domain-events')).toEqual({
      kind: SpanKind.PRODUCER,
      status: ok,
      attributes: { ...fact, 'messaging.operation.type': 'send', 'messaging.batch.message_count': 1 },
    });
    expect(told('process domain-events/notify')).toEqual({
      kind: SpanKind.CONSUMER,
      status: ok,
      attributes: {
        ...fact,
        'messaging.operation.type': 'process',
        'messaging.destination.subscription.name': 'notify',
      },
    });
    expect(told('reaction notify').kind).toBe(SpanKind.INTERNAL);
    expect(told('send notifications')).toMatchObject({ kind: SpanKind.PRODUCER, status: ok });
  });

  test('leaves lines in the log that name the trace, of the request and of the reaction', async () => {
    const spanIds = (name: string) => named(spans, name)?.spanContext().spanId;
    const lines = await vi.waitFor(async () => {
      const own = (await logged()).filter(({ trace_id }) => trace_id === TRACE);
      expect(own.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['request', 'reaction done']));
      return own;
    }, PATIENCE);
    expect(lines.find(({ msg }) => msg === 'request')).toMatchObject({ traceId: TRACE, span_id: spanIds(SUBMIT) });
    const done = lines.find(({ reaction }) => reaction === 'notify');
    expect(done).toMatchObject({ msg: 'reaction done', span_id: spanIds('reaction notify') });
  });

  test('gives its trace id to the facts it leaves', async () => {
    const server = named(spans, SUBMIT)?.spanContext().spanId;
    const own = (await eventFacts()).filter(({ traceparent }) => traceparent?.includes(TRACE));
    expect(own).toMatchObject([{ type: 'EventPendingApproval', traceparent: `00-${TRACE}-${server}-01` }]);
  });
});

describe('REQ-EQP-112 the trace of a request', () => {
  test.each([
    ['none', undefined],
    ['no header at all', ''],
    ['an id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a version that never is', `ff-${TRACE}-${PARENT}-01`],
    ['more than version 00 has', `00-${TRACE}-${PARENT}-01-more`],
    ['a text', 'Ann Lee'],
  ])('is a new one for %s', async (_, traceparent) => {
    const response = await ask('GET', 'events/nope', traceparent === undefined ? {} : { traceparent });
    const { traceId } = (await response.json()) as { traceId: string };
    expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE);
    const server = named(telemetry.spans(traceId), 'GET /api/events/{eventId}');
    expect(server).toBeDefined();
    expect(server?.parentSpanContext).toBeUndefined();
  });

  test('is that of a later version too, as far as that is known', async () => {
    const traceparent = `cc-${'1'.repeat(32)}-${PARENT}-01-what-comes-later`;
    const response = await ask('GET', 'events/nope', { traceparent });
    expect(await response.json()).toMatchObject({ traceId: '1'.repeat(32) });
    expect(telemetry.spans('1'.repeat(32))[0]?.parentSpanContext?.spanId).toBe(PARENT);
  });

  test('is not recorded when it says so, and neither is what follows; yet its id goes on, in the log too', async () => {
    const trace = '2'.repeat(32);
    expect((await submitted(`00-${trace}-${PARENT}-00`)).status).toBe(200);
    await host.settled();
    expect(telemetry.spans(trace)).toEqual([]);
    await vi.waitFor(async () => {
      const own = (await logged()).filter(({ trace_id }) => trace_id === trace).map(({ msg }) => msg);
      expect(own).toEqual(expect.arrayContaining(['request', 'reaction done']));
    }, PATIENCE);
  });
});

describe('REQ-EQP-112 what is refused', () => {
  test('is no failure of the system, and counted by its code', async () => {
    const before = await refusals();
    const stale = await ask('PATCH', `venues/${world.place.id}`, { 'if-match': '"old"' }, { name: 'Another' });
    expect([stale.status, (await ask('GET', 'nowhere/ann@person.example')).status]).toEqual([412, 404]);
    const server = telemetry.spans().findLast(({ name }) => name === 'PATCH /api/venues/{venueId}');
    expect(server?.status.code).toBe(SpanStatusCode.OK);
    expect(server?.attributes).toMatchObject({ 'error.type': 'stale', 'http.response.status_code': 412 });
    const after = await refusals();
    const patch = 'stale PATCH /api/venues/{venueId}';
    expect((after.get(patch) ?? 0) - (before.get(patch) ?? 0)).toBe(1);
    expect((after.get('not_found GET') ?? 0) - (before.get('not_found GET') ?? 0)).toBe(1);
  });

  async function refusals(): Promise<Map<string, number>> {
    const points = await telemetry.metric('marquee.refusals');
    return new Map(
      points.map(({ attributes, value }) => [
        ['error.type', 'http.request.method', 'http.route'].flatMap((name) => attributes[name] ?? []).join(' '),
        Number(value),
      ]),
    );
  }
});

describe('REQ-EQP-112 metrics', () => {
  test('measure requests by route and status', async () => {
    const points = await telemetry.metric('http.server.request.duration');
    const submits = points.find(
      ({ attributes }) => attributes['http.route'] === '/api/events/{eventId}/submit-for-approval',
    );
    expect(submits?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/api/events/{eventId}/submit-for-approval',
      'http.response.status_code': 200,
    });
    expect(submits?.value).toMatchObject({ count: 2, sum: expect.any(Number) });
  });

  test('measure how long facts waited, by reaction', async () => {
    const { id } = await world.event();
    await host.settled();
    const fact = (await eventFacts()).find(({ subject }) => subject === id);
    if (!fact) return expect.fail('There is no fact');
    const before = await waited();
    host.clock.advance(42_000);
    await runReaction(host.platform, { name: 'late', on: ['EventCreated'], handle: async () => {} }, fact);
    expect([before, await waited()]).toEqual([0, 42]);
  });

  async function waited(): Promise<number> {
    const points = await telemetry.metric('marquee.queue.age');
    const late = points.find(({ attributes }) => attributes['marquee.reaction'] === 'late');
    return (late?.value as { readonly sum: number } | undefined)?.sum ?? 0;
  }
});

describe('REQ-EQP-112 nothing that is told', () => {
  test('holds a title, a name, an address, an e-mail or a token', async () => {
    await host.settled();
    const own = ['Secret Events', 'Another', 'Ann', 'Lee', 'High Street', 'London', 'The admin', 'The manager'];
    const more = ['@', 'example', 'Event ', 'Venue ', 'Customer ', 'Bearer', 'eyJ', 'nowhere', '+44'];
    const spans = telemetry.spans().map(({ name, attributes, events, status, links, resource }) => {
      return { name, attributes, events, status, links, resource: resource.attributes };
    });
    const texts = [JSON.stringify(spans), await telemetry.metrics()];
    expect(spans.length).toBeGreaterThan(100);
    for (const text of texts) for (const personal of [...own, ...more]) expect(text).not.toContain(personal);
    // Nor do the metrics name anybody by an id.
    expect(texts[1]).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
});
