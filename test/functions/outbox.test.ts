import { afterEach, beforeEach, expect, test } from 'vitest';
import { outboxes, relayChanges } from '../../functions/feed/outbox.ts';
import { register } from '../../functions/register.ts';
import { declarationOf } from '../../shared/platform/containers.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { type RecordedBus, recordedApp, recordedBus, recordedLog, registerOptions } from '../support/azure.ts';
import { bellFacts, hang, ORG, ring } from '../support/bells.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

let platform: TestPlatform;
let bus: RecordedBus;

beforeEach(async () => {
  platform = await testPlatform();
  bus = recordedBus();
});
afterEach(() => platform.close());

/** What the change feed shows of the bells' container: heads, facts and whatever else was written. */
async function changed(): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const { document } of platform.store.changes('customers')) items.push({ ...document, orgId: ORG, _ts: 1 });
  return items;
}

async function audited(subject: string) {
  const page = await testScope(platform, ORG).documents('audit', subject).query({ kind: 'fact', limit: 1000 });
  return page.items.map(({ document }) => factOf(document));
}

test('every container that holds facts has its feed, read from the beginning', () => {
  const azure = recordedApp();
  const declared = { routes: [], reactions: [], timers: [] };
  register(azure, declared, registerOptions(platform, bus, recordedLog()));
  expect([...azure.feeds.values()].map(({ container }) => container)).toEqual(outboxes);
  expect(outboxes.length).toBeGreaterThanOrEqual(5);
  for (const name of outboxes) expect(declarationOf(name).facts).toBe(true);
  for (const { fromBeginning } of azure.feeds.values()) expect(fromBeginning).toBe(true);
});

test('the facts among changed items are copied to the audit trail and published in their order', async () => {
  for (const id of ['a', 'b']) await hang(platform, id);
  for (let n = 0; n < 3; n += 1) for (const id of ['a', 'b']) await ring(platform, id);
  const items = await changed();
  expect(items.length).toBeGreaterThan(8);
  await relayChanges(platform.store, bus, items);
  const facts = await bellFacts(platform);
  expect(bus.published).toEqual(facts);
  for (const id of ['a', 'b']) expect(await audited(id)).toEqual(facts.filter(({ subject }) => subject === id));
});

test('when the bus is down the trigger fails, and the same items again lose and double nothing', async () => {
  await hang(platform, 'a');
  const items = await changed();
  bus.down = true;
  await expect(relayChanges(platform.store, bus, items)).rejects.toThrow('the bus is down');
  bus.down = false;
  await relayChanges(platform.store, bus, items);
  expect(bus.published.map(({ type }) => type)).toEqual(['BellHung']);
  expect(await audited('a')).toEqual(bus.published);
});

test('facts of one subject that are too large for one batch are copied in several, and hold up nobody', async () => {
  await hang(platform, 'a');
  const [fact] = await bellFacts(platform);
  if (!fact) throw new Error('No bell was hung');
  const large = Array.from({ length: 30 }, (_, at) => ({
    kind: 'fact',
    body: { ...fact, id: `fact-${10 + at}`, data: { sound: 'x'.repeat(100_000) } },
  }));
  await relayChanges(platform.store, bus, large);
  expect(bus.published).toHaveLength(30);
  expect(await audited('a')).toHaveLength(30);
});

test('more facts of one subject than a batch takes are all copied', async () => {
  await hang(platform, 'a');
  for (let n = 0; n < 130; n += 1) await ring(platform, 'a');
  await relayChanges(platform.store, bus, await changed());
  expect(await audited('a')).toHaveLength(131);
});
