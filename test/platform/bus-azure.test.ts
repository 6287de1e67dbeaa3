import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { openAzureBus } from '../../shared/platform/bus.azure.ts';
import type { Bus } from '../../shared/platform/bus.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { type Message, openServiceBusPeer, type ServiceBusPeer, textOf } from '../support/service-bus-peer.ts';

const TOPIC = 'domain-events';
const retry = { timeoutInMs: 500, retryDelayInMs: 20 };
let peer: ServiceBusPeer;
let bus: Bus;

beforeEach(async () => {
  await open();
});
afterEach(async () => {
  vi.doUnmock('@azure/service-bus');
  vi.doUnmock('@azure/identity');
  await bus.close();
  await peer.close();
});

/** A peer whose link takes messages of so many bytes, and the bus that sends to it by the SDK. */
async function open(maxMessageSize?: number): Promise<void> {
  peer = await openServiceBusPeer(maxMessageSize);
  bus = openAzureBus({ connectionString: peer.connectionString, topic: TOPIC, retry });
}

async function reopen(maxMessageSize: number): Promise<void> {
  await bus.close();
  await peer.close();
  await open(maxMessageSize);
}

function fact(id: string, size = 1): Fact {
  return {
    specversion: '1.0',
    id,
    type: 'EventCreated',
    source: 'event',
    subject: 'an-event',
    time: '2026-11-20T09:00:00Z',
    data: { text: 'x'.repeat(size) },
    orgid: 'an-organization',
    actorid: 'a-user',
    correlationid: 'a-correlation',
    schemaversion: 1,
  };
}
const many = (count: number, size?: number) => Array.from({ length: count }, (_, at) => fact(`f${at}`, size));
/** Time for the SDK to see what the peer did on its own. */
const noticed = () => sleep(100);
const ids = (messages: readonly Message[]) => messages.map(({ message_id }) => message_id);

test('on the wire a message carries the fact, its id against duplicates, its subject as session, its type to filter by', async () => {
  const one = fact('f1');
  await bus.publish([one]);
  const [message] = peer.held;
  expect(message).toMatchObject({
    message_id: 'f1',
    group_id: 'an-event',
    subject: 'EventCreated',
    correlation_id: 'a-correlation',
    content_type: 'application/cloudevents+json',
    application_properties: { type: 'EventCreated', orgid: 'an-organization' },
  });
  expect(JSON.parse(textOf(message))).toEqual(one);
});

test('the right to send is claimed with a token of the topic, and without it nothing is sent', async () => {
  peer.status = 401;
  await expect(bus.publish([fact('f1')])).rejects.toThrow('Refused');
  expect([peer.held, peer.tokens]).toEqual([[], []]);
  peer.status = 202;
  await bus.publish([fact('f2')]);
  expect(peer.tokens).toEqual([
    {
      audience: `sb://127.0.0.1:${peer.port}/${TOPIC}`,
      type: 'servicebus.windows.net:sastoken',
      token: expect.stringMatching(/^SharedAccessSignature sr=/),
    },
  ]);
});

test('on Azure the claim is a token of the managed identity', async () => {
  const asked: unknown[] = [];
  class DefaultAzureCredential {
    async getToken(scope: unknown) {
      asked.push(scope);
      return { token: 'a-token-of-the-identity', expiresOnTimestamp: Date.now() + 3_600_000 };
    }
  }
  vi.doMock('@azure/identity', () => ({ DefaultAzureCredential }));
  // TLS to a name of Azure is the one thing that cannot be had here: the same frames go through a WebSocket.
  const { webSocket } = peer;
  class ToPeer extends WebSocket {
    constructor(_: string, protocols?: string | string[]) {
      super(webSocket, protocols);
    }
  }
  vi.doMock('@azure/service-bus', async (original) => {
    const sdk = await original<typeof import('@azure/service-bus')>();
    class ServiceBusClient extends sdk.ServiceBusClient {
      constructor(namespace: string, credential: DefaultAzureCredential, options: object) {
        super(namespace, credential, { ...options, webSocketOptions: { webSocket: ToPeer } });
      }
    }
    return { ...sdk, ServiceBusClient };
  });
  await bus.close();
  bus = openAzureBus({ namespace: 'marquee.servicebus.windows.net', topic: TOPIC });
  await bus.publish([fact('f1')]);
  expect(ids(peer.held)).toEqual(['f1']);
  expect(asked).toEqual(['https://servicebus.azure.net//.default']);
  expect(peer.tokens).toEqual([
    { audience: `sb://marquee.servicebus.windows.net/${TOPIC}`, type: 'jwt', token: 'a-token-of-the-identity' },
  ]);
});

test('facts are sent in order, in as few batches as the link of the topic takes', async () => {
  const facts = many(100, 8_000);
  await bus.publish(facts);
  expect(ids(peer.transfers.flat())).toEqual(facts.map(({ id }) => id));
  // 100 facts of 8.4 kB, 256 KiB a batch.
  expect(peer.transfers.map(({ length }) => length)).toEqual([31, 31, 31, 7]);
});

test('a Premium namespace takes a megabyte in one go, since the link says so', async () => {
  await reopen(1024 * 1024);
  await bus.publish(many(100, 8_000));
  expect(peer.transfers).toHaveLength(1);
});

test('of a fact that no batch takes the envelope is sent, in its place, and says where the fact is kept', async () => {
  await bus.publish([fact('f1'), fact('huge', 300_000), fact('f2')]);
  expect(ids(peer.held)).toEqual(['f1', 'huge', 'f2']);
  expect(JSON.parse(textOf(peer.held[1]))).toEqual({ ...fact('huge'), data: {}, dataref: 'audit/huge' });
});

test('a fact whose envelope alone is too large fails, after those before it were sent', async () => {
  const odd = { ...fact('huge'), correlationid: 'x'.repeat(300_000) };
  await expect(bus.publish([fact('f1'), odd, fact('f2')])).rejects.toThrow('fact huge');
  expect(ids(peer.held)).toEqual(['f1']);
});

test('nothing is sent when there is nothing', async () => {
  await bus.publish([]);
  expect(peer.transfers).toEqual([]);
});

test('after the link was detached, and after the connection was dropped, the next facts are sent on a new one', async () => {
  await bus.publish([fact('f1')]);
  peer.dropLinks();
  await noticed();
  await bus.publish([fact('f2')]);
  expect(peer.opened.links).toBeGreaterThan(1);
  expect(peer.opened.connections).toBe(1);
  peer.dropConnections();
  await noticed();
  await bus.publish([fact('f3')]);
  expect(peer.opened.connections).toBe(2);
  expect(ids(peer.held)).toEqual(['f1', 'f2', 'f3']);
});

test.each([
  ['is detached under a send', 'detached', 1],
  ['refuses a send for now', 'busy', 1],
  ['takes a send and is lost before it says so', 'lost', 2],
  ['never answers a send', 'silent', 1],
] as const)('a link that %s costs no fact, and none is there twice', async (_, fault, times) => {
  await bus.publish([fact('f1')]);
  peer.faults.push(fault);
  await bus.publish([fact('f2'), fact('f3')]);
  expect(ids(peer.held)).toEqual(['f1', 'f2', 'f3']);
  expect(peer.transfers.slice(1).map(ids)).toEqual(Array.from({ length: times }, () => ['f2', 'f3']));
});

test('when the topic refuses again and again, publishing fails, so that the change feed brings the facts again', async () => {
  peer.faults.push(...Array.from({ length: 5 }, () => 'busy' as const));
  await expect(bus.publish([fact('f1')])).rejects.toThrow('Too many requests');
  await bus.publish([fact('f1')]);
  expect(ids(peer.held)).toEqual(['f1']);
});

test('a namespace that was away is used again once it is back', async () => {
  await bus.publish([fact('f1')]);
  await peer.close();
  await expect(bus.publish([fact('f2')])).rejects.toThrow('ECONNREFUSED');
  peer = await openServiceBusPeer(undefined, peer.port);
  await bus.publish([fact('f2')]);
  expect(ids(peer.held)).toEqual(['f2']);
});

test('the bus is called ready while the topic lets us send', async () => {
  await bus.ping();
  expect(peer.opened.links).toBe(1);
  peer.status = 401;
  peer.dropConnections();
  await noticed();
  await expect(bus.ping()).rejects.toThrow('Refused');
});

test('without a namespace and a connection string there is no bus to open', async () => {
  const none = openAzureBus({ topic: TOPIC });
  await expect(none.publish([fact('f1')])).rejects.toThrow('Neither');
});
