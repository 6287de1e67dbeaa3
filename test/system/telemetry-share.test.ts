/** Of a share of the traces each is recorded whole; metrics count all. */
import { afterEach, describe, expect, test } from 'vitest';
import { startTestHost } from '../support/host.ts';
import { recordedTelemetry } from '../support/telemetry.ts';

describe('REQ-EQP-112 where a share of the traces is recorded', () => {
  const started: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one.close();
  });

  async function recorded(share: number) {
    const partial = await recordedTelemetry(share);
    const other = await startTestHost({ telemetry: partial });
    started.push(other);
    const { admin } = await other.organization();
    for (let n = 0; n < 60; n += 1) await admin.api.GET('/api/events', {});
    await other.settled();
    return partial;
  }

  test('a trace is recorded whole or not at all', async () => {
    const partial = await recorded(0.5);
    const spans = partial.spans();
    const servers = spans.filter(({ name }) => name === 'GET /api/events');
    expect(servers.length).toBeGreaterThan(5);
    expect(servers.length).toBeLessThan(55);
    for (const server of servers) {
      const { traceId } = server.spanContext();
      expect(partial.spans(traceId).map(({ name }) => name)).toContain('query events');
    }
    const orphans = spans.filter(({ parentSpanContext }) => {
      return parentSpanContext && !spans.some((one) => one.spanContext().spanId === parentSpanContext.spanId);
    });
    expect(orphans).toEqual([]);
  });

  test('none is recorded for none, and all requests are measured all the same', async () => {
    const none = await recorded(0);
    expect(none.spans()).toEqual([]);
    const points = await none.metric('http.server.request.duration');
    const lists = points.find(({ attributes }) => attributes['http.route'] === '/api/events');
    expect(lists?.value).toMatchObject({ count: 60 });
  });
});
