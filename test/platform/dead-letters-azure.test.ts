import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DeadLetters, openDeadLetters } from '../../shared/platform/dead-letters.azure.ts';
import { type DeadLetterPeer, letter, openDeadLetterPeer } from '../support/dead-letter-peer.ts';
import { textOf } from '../support/service-bus-peer.ts';

let peer: DeadLetterPeer;
let letters: DeadLetters;
beforeEach(async () => {
  peer = await openDeadLetterPeer();
  letters = await open();
});
afterEach(async () => {
  await letters.close();
  await peer.close();
});

/** As a run of the command opens them. */
function open(): Promise<DeadLetters> {
  const { connectionString } = peer;
  const retry = { maxRetries: 1, retryDelayInMs: 10, timeoutInMs: 1000 };
  return openDeadLetters({ connectionString, topic: 'domain-events', retry }, 300);
}

const fact = (at: number) => ({ id: `fact-${at}`, type: 'EventApproved', subject: `event-${at}`, secret: 'hush' });
const lying = (count: number) => Array.from({ length: count }, (_, at) => letter(100 + at, fact(at)));

test('dead letters are listed, without what they say, and stay where they are', async () => {
  peer.queues.set('notify', lying(7));
  const found = await letters.list('notify');
  expect(found.map(({ factId }) => factId)).toEqual(lying(7).map((_, at) => `fact-${at}`));
  expect(found[2]).toEqual({
    reaction: 'notify',
    factId: 'fact-2',
    type: 'EventApproved',
    subject: 'event-2',
    tries: 9,
    at: '2026-11-26T09:01:42.000Z',
    error: 'MaxDeliveryCountExceeded: could not be consumed after 10 tries',
  });
  expect(await letters.list('send-mail')).toEqual([]);
  expect(peer.queues.get('notify')).toHaveLength(7);
});

test('a replay sends each to its reaction alone, in its session, under an id that the topic does not know', async () => {
  peer.queues.set('notify', lying(4));
  expect(await letters.replay('notify')).toBe(4);
  expect(peer.queues.get('notify')).toEqual([]);
  expect(peer.held.map(({ message_id }) => message_id)).toEqual(
    [100, 101, 102, 103].map((n) => `fact-${n - 100}/notify/${n}`),
  );
  const [first] = peer.held;
  expect(first).toMatchObject({
    group_id: 'event-0',
    subject: 'EventApproved',
    correlation_id: 'a-correlation',
    content_type: 'application/cloudevents+json',
    application_properties: { type: 'EventApproved', orgid: 'an-organization', replayfor: 'notify' },
  });
  expect(first?.application_properties).not.toHaveProperty('DeadLetterReason');
  expect(JSON.parse(textOf(first))).toEqual(fact(0));
});

test('of one fact alone the others are given back', async () => {
  peer.queues.set('notify', lying(4));
  expect(await letters.replay('notify', 'fact-3')).toBe(1);
  expect(peer.held.map(({ message_id }) => message_id)).toEqual(['fact-3/notify/103']);
  expect(peer.queues.get('notify')?.map(({ n }) => n)).toEqual([100, 101, 102]);
  expect(peer.returned).toBe(3);
  expect(await letters.replay('notify', 'nowhere')).toBe(0);
});

test('one that was sent again, but not taken away because the connection ended, is sent twice under one id, and arrives once', async () => {
  peer.queues.set('notify', lying(2));
  peer.cut = true;
  await expect(letters.replay('notify')).rejects.toThrow();
  expect(peer.queues.get('notify')).toHaveLength(2);
  await letters.close();
  letters = await open();
  expect(await letters.replay('notify')).toBe(2);
  expect(peer.queues.get('notify')).toEqual([]);
  expect(peer.held.map(({ message_id }) => message_id)).toEqual(['fact-0/notify/100', 'fact-1/notify/101']);
});

test('the command lists and replays them where a Service Bus is set', async () => {
  peer.queues.set('notify', lying(1));
  const command = async (...args: string[]) => {
    const all = ['infra/local/cli/run.mjs', 'infra/local/dead-letters.ts', ...args];
    const env = { ...process.env, SERVICE_BUS_CONNECTION: peer.connectionString, DATA_DIR: '/nowhere' };
    return (await promisify(execFile)(process.execPath, all, { env })).stdout;
  };
  const listed = await command('list');
  expect(listed).toMatch(/^2026-11-26T09:01:40.000Z {2}notify {2}fact-0 {2}EventApproved of event-0, 9 tries$/m);
  expect(listed).toMatch(/^1 dead letter$/m);
  expect(listed).not.toContain('hush');
  expect(await command('replay', '--reaction', 'notify')).toBe('1 dead letter will be delivered again\n');
  expect(await command('list', '--reaction', 'notify')).toBe('0 dead letters\n');
});
