import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { register } from '../../functions/register.ts';
import { openAzureBus } from '../../shared/platform/bus.azure.ts';
import type { Bus } from '../../shared/platform/bus.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { type Reaction, reaction } from '../../shared/platform/reaction.ts';
import { relay } from '../../shared/platform/relay.ts';
import { recordedLog, registerOptions } from '../support/azure.ts';
import { bellFacts, counted, countRings, hang, ring, rings } from '../support/bells.ts';
import { deliver } from '../support/functions-core.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';
import { openServiceBusPeer, type ServiceBusPeer, textOf } from '../support/service-bus-peer.ts';

let azure: typeof import('@azure/functions').app;
let platform: TestPlatform;
let peer: ServiceBusPeer;
let bus: Bus;
let pauses: number[];

beforeAll(async () => {
  ({ app: azure } = await import('@azure/functions'));
});
beforeEach(async () => {
  platform = await testPlatform();
  peer = await openServiceBusPeer();
  bus = openAzureBus({ connectionString: peer.connectionString, topic: 'domain-events' });
  pauses = [];
});
afterEach(async () => {
  await bus.close();
  await peer.close();
  await platform.close();
});

function given(...reactions: Reaction[]): void {
  const pause = async (milliseconds: number) => void pauses.push(milliseconds);
  register(azure, { routes: [], reactions, timers: [] }, registerOptions(platform, bus, recordedLog(), { pause }));
}

/** Publishes, and brings what the topic then holds to a reaction's function, as the host does. */
async function told(name: string, facts: readonly Fact[], deliveryCount = 1): Promise<void> {
  await relay(platform.store, undefined, facts, () => bus.publish(facts));
  for (const message of peer.held) {
    const { message_id: MessageId, group_id: SessionId, subject: Label, content_type: ContentType } = message;
    const metadata = { MessageId, SessionId, Label, ContentType, DeliveryCount: deliveryCount };
    await deliver(`on-${name}`, textOf(message), metadata);
  }
}

async function ringFacts(): Promise<Fact[]> {
  return (await bellFacts(platform)).filter(({ type }) => type === 'BellRung');
}

test('what was published comes out of the topic and the worker as the same fact, and has its effect once', async () => {
  const seen: Fact[] = [];
  const hear = reaction({
    name: 'hear',
    on: ['BellRung'],
    async handle(fact) {
      seen.push(fact);
    },
  });
  given(countRings, hear);
  await hang(platform, 'a');
  await ring(platform, 'a');
  const facts = await ringFacts();
  await told('count-rings', facts);
  await told('count-rings', facts, 2);
  await told('hear', facts);
  expect(await counted(platform, 'a')).toEqual(rings(1));
  expect(seen).toEqual(facts);
  expect(pauses).toEqual([]);
});

test('a fact larger than the bus takes travels without its data, and its reaction has the whole of it', async () => {
  const seen: unknown[] = [];
  const hear = reaction({
    name: 'hear',
    on: ['BellRung'],
    async handle({ data }) {
      seen.push(data);
    },
  });
  given(hear);
  await hang(platform, 'a');
  await ring(platform, 'a');
  const [fact] = await ringFacts();
  if (!fact) throw new Error('No bell was rung');
  const large = { ...fact, data: { sound: 'x'.repeat(300_000) } };
  await told('hear', [large]);
  expect(seen).toEqual([large.data]);
  expect(textOf(peer.held[0]).length).toBeLessThan(1000);
});

test('a reaction that fails waits before the message is brought again, the longer the more often it was', async () => {
  const fail = reaction({
    name: 'fail',
    on: ['BellRung'],
    handle: () => Promise.reject(new Error('the store is away')),
  });
  given(fail);
  await hang(platform, 'a');
  await ring(platform, 'a');
  const facts = await ringFacts();
  for (let deliveryCount = 1; deliveryCount <= 10; deliveryCount += 1) {
    await expect(told('fail', facts, deliveryCount)).rejects.toThrow('the store is away');
  }
  for (const [at, pause] of pauses.entries()) {
    const most = Math.min(1000 * 2 ** at, 60_000);
    expect(pause).toBeGreaterThanOrEqual(most / 2);
    expect(pause).toBeLessThanOrEqual(most);
  }
  expect(pauses).toHaveLength(10);
});

test('an app that cannot start makes its messages wait too', async () => {
  const options = registerOptions(platform, bus, recordedLog(), { pause: async (ms) => void pauses.push(ms) });
  const running = () => Promise.reject(new Error('no settings'));
  register(azure, { routes: [], reactions: [countRings], timers: [] }, { ...options, running });
  await hang(platform, 'a');
  await ring(platform, 'a');
  await expect(told('count-rings', await ringFacts())).rejects.toThrow('no settings');
  expect(pauses).toHaveLength(1);
});

/** A fact whose fields are there, but not what they should be. */
const odd = (part: Record<string, unknown>) =>
  JSON.stringify({
    specversion: '1.0',
    id: 'a-fact',
    type: 'BellRung',
    source: 'bell',
    subject: 'a',
    time: '2026-11-20T09:00:00Z',
    data: {},
    orgid: 'an-organization',
    actorid: 'a-user',
    correlationid: 'a-correlation',
    schemaversion: 1,
    ...part,
  });

test.each([
  ['without a body', ''],
  ['of null', 'null'],
  ['of a list', '[]'],
  ['of a number', '42'],
  ['of no JSON', 'no JSON'],
  ['of another thing', '{"hello":"world"}'],
  ['of another version of CloudEvents', odd({ specversion: '2.0' })],
  ['of no time', odd({ time: 'yesterday' })],
  ['of a megabyte of text', odd({ data: 'x'.repeat(1_000_000) })],
  ['of several organizations', odd({ orgid: ['an-organization'] })],
  ['without an id', odd({ id: '' })],
])('a message %s is no fact and fails at once', async (_, text) => {
  given(countRings);
  await expect(deliver('on-count-rings', text, { DeliveryCount: 1 })).rejects.toThrow('not a fact');
  expect(pauses).toEqual([]);
});
