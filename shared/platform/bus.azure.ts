/** The bus on Azure: a Service Bus topic, with one subscription a reaction. The SDK is loaded on first use. */
import type { ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import type { Bus } from './bus.ts';
import type { Fact } from './facts.ts';
import { once } from './once.ts';

interface AzureBusOptions {
  /** Fully qualified, reached by the managed identity. */
  readonly namespace: string;
  readonly topic: string;
}

/** What is used of the SDK's sender. */
export type Sender = Pick<ServiceBusSender, 'createMessageBatch' | 'sendMessages'>;

/** `publish` answers when the topic has the facts; the trigger that called it tries the whole batch again otherwise. */
export function openAzureBus({ namespace, topic }: AzureBusOptions): Bus {
  const opened = once(async () => {
    const [{ ServiceBusClient }, { DefaultAzureCredential }] = await Promise.all([
      import('@azure/service-bus'),
      import('@azure/identity'),
    ]);
    const client = new ServiceBusClient(namespace, new DefaultAzureCredential());
    return { client, sender: client.createSender(topic) };
  });
  return {
    publish: async (facts) => sendInBatches((await opened()).sender, facts),
    async ping() {
      // Asks the topic for its greatest batch; fails when it cannot be reached or we may not send.
      await (await opened()).sender.createMessageBatch();
    },
    async close() {
      await (await opened.begun())?.client.close();
    },
  };
}

/**
 * `messageId` is the fact's id, so that the topic's duplicate detection drops what is sent again; `sessionId` is the
 * aggregate's, so that its facts stay in order; subscriptions filter by `subject`, the fact's type.
 */
function messageOf(fact: Fact): ServiceBusMessage {
  return {
    messageId: fact.id,
    sessionId: fact.subject,
    subject: fact.type,
    correlationId: fact.correlationid,
    contentType: 'application/cloudevents+json',
    body: fact,
    applicationProperties: { type: fact.type, orgid: fact.orgid },
  };
}

/** Sends in order, as many in one go as the topic takes. Throws for a fact that is too large by itself. */
export async function sendInBatches(sender: Sender, facts: readonly Fact[]): Promise<void> {
  let batch = await sender.createMessageBatch();
  for (const fact of facts) {
    const message = messageOf(fact);
    if (batch.tryAddMessage(message)) continue;
    if (batch.count > 0) {
      await sender.sendMessages(batch);
      batch = await sender.createMessageBatch();
      if (batch.tryAddMessage(message)) continue;
    }
    throw new Error(`The fact ${fact.id} (${fact.type}) is larger than the bus takes`);
  }
  if (batch.count > 0) await sender.sendMessages(batch);
}
