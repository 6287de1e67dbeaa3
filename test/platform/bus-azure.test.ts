import type { ServiceBusMessage, ServiceBusMessageBatch } from '@azure/service-bus';
import { expect, test } from 'vitest';
import { type Sender, sendInBatches } from '../../shared/platform/bus.azure.ts';
import type { Fact } from '../../shared/platform/facts.ts';

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

/** A topic that takes so many bytes of bodies in one go. */
function topic(most: number): { readonly sender: Sender; readonly sent: ServiceBusMessage[][] } {
  const sent: ServiceBusMessage[][] = [];
  const open = new Map<unknown, ServiceBusMessage[]>();
  const sender: Sender = {
    async createMessageBatch() {
      const messages: ServiceBusMessage[] = [];
      const batch = {
        get count() {
          return messages.length;
        },
        tryAddMessage(message: ServiceBusMessage) {
          if (JSON.stringify([...messages, message].map(({ body }) => body)).length > most) return false;
          messages.push(message);
          return true;
        },
      } as unknown as ServiceBusMessageBatch;
      open.set(batch, messages);
      return batch;
    },
    async sendMessages(batch) {
      sent.push(open.get(batch) ?? []);
    },
  };
  return { sender, sent };
}

test('a message carries the fact, its id against duplicates, its subject as session and its type to filter by', async () => {
  const { sender, sent } = topic(10_000);
  const one = fact('f1');
  await sendInBatches(sender, [one]);
  expect(sent).toEqual([
    [
      {
        messageId: 'f1',
        sessionId: 'an-event',
        subject: 'EventCreated',
        correlationId: 'a-correlation',
        contentType: 'application/cloudevents+json',
        body: one,
        applicationProperties: { type: 'EventCreated', orgid: 'an-organization' },
      },
    ],
  ]);
});

test('facts are sent in order, in as few batches as the topic takes', async () => {
  const { sender, sent } = topic(2000);
  const facts = Array.from({ length: 40 }, (_, at) => fact(`f${at}`, 100));
  await sendInBatches(sender, facts);
  expect(sent.flat().map(({ messageId }) => messageId)).toEqual(facts.map(({ id }) => id));
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.length).toBeLessThan(15);
  for (const batch of sent) expect(batch.length).toBeGreaterThan(0);
});

test('a fact that no batch takes fails, after those before it were sent', async () => {
  const { sender, sent } = topic(2000);
  await expect(sendInBatches(sender, [fact('f1'), fact('huge', 5000), fact('f2')])).rejects.toThrow('fact huge');
  expect(sent.flat().map(({ messageId }) => messageId)).toEqual(['f1']);
});

test('nothing is sent when there is nothing', async () => {
  const { sender, sent } = topic(2000);
  await sendInBatches(sender, []);
  expect(sent).toEqual([]);
});
