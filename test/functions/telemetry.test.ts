/** The trace of a fact through the triggers of Azure Functions: change feed, bus, reaction. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { register } from '../../functions/register.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { tracedStore } from '../../shared/platform/telemetry.ports.ts';
import { recordedApp, recordedBus, recordedLog, registerOptions } from '../support/azure.ts';
import { ORG, tallies } from '../support/bells.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';
import { pathOf, type RecordedTelemetry, recordedTelemetry } from '../support/telemetry.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

let bare: TestPlatform;
let telemetry: RecordedTelemetry;
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

test('REQ-EQP-112 a fact takes its trace through the change feed and the topic to its reaction', async () => {
  const scope = testScope(bare, ORG, { traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
  await scope.of(tallies).create('a', () => [{ type: 'RingCounted', data: { ring: 'one' } }]);
  const items: unknown[] = [];
  for await (const { document } of bare.store.changes('events')) items.push({ ...document, orgId: ORG });

  const answered: (string | undefined)[] = [];
  const listen = reaction({
    name: 'listen',
    on: ['RingCounted'],
    async handle(fact, scope) {
      answered.push(scope.traceparent);
      await scope.documents('events').read(fact.subject);
    },
  });
  const [azure, bus] = [recordedApp(), recordedBus()];
  const declared = { routes: [], reactions: [listen], timers: [] };
  expect(register(azure, declared, registerOptions(platform, bus, recordedLog()))).toEqual([]);
  await azure.feeds.get('outbox-events')?.call(items);
  const [message] = bus.published;
  await azure.topics.get('on-listen')?.call(message);

  const spans = telemetry.spans(TRACE);
  const process = 'process domain-events/listen';
  const read = `${process} > reaction listen > read events`;
  const paths = spans.map((span) => pathOf(span, spans));
  expect(paths).toEqual(['commit audit', 'send domain-events', read, `${process} > reaction listen`, process]);
  const inner = spans.find(({ name }) => name === 'reaction listen')?.spanContext();
  expect(answered).toEqual([`00-${TRACE}-${inner?.spanId}-01`]);
});
