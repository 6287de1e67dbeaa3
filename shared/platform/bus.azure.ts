/** The bus on Azure: a Service Bus topic, with one subscription a reaction. The SDK is loaded on first use. */
import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import { type Bus, envelopeOf } from './bus.ts';
import type { Fact } from './facts.ts';
import { once } from './once.ts';

export interface AzureBusOptions {
  /** Fully qualified, reached by the managed identity. */
  readonly namespace?: string | undefined;
  /** Taken before `namespace`; with `UseDevelopmentEmulator=true` in it, the emulator without TLS. */
  readonly connectionString?: string | undefined;
  readonly topic: string;
  readonly retry?: Partial<typeof RETRY>;
}

/**
 * The SDK waits a minute for an answer, also when the link it sent on is gone, and half a minute between tries. Here the
 * change feed stands still meanwhile, and what was sent twice is dropped by its id.
 */
const RETRY = { timeoutInMs: 10_000, maxRetries: 4, retryDelayInMs: 250, maxRetryDelayInMs: 5_000 };

/** `publish` answers when the topic has the facts; the trigger that called it tries the whole batch again otherwise. */
export function openAzureBus(options: AzureBusOptions): Bus {
  const opened = once(async () => {
    const client = await connectToBus(options);
    return { client, sender: client.createSender(options.topic) };
  });
  return {
    publish: async (facts) => explained(sendInBatches((await opened()).sender, facts)),
    async ping() {
      // Opens the link when it is not; fails when the topic cannot be reached or we may not send.
      await explained((await opened()).sender.createMessageBatch());
    },
    async close() {
      await (await opened.begun())?.client.close();
    },
  };
}

/** A client of the namespace; it connects when it is first used. Throws when neither it nor a connection string is set. */
export async function connectToBus({ namespace, connectionString, retry }: AzureBusOptions): Promise<ServiceBusClient> {
  const { RetryMode, ServiceBusClient: Client } = await import('@azure/service-bus');
  const retryOptions = { ...RETRY, ...retry, mode: RetryMode.Exponential };
  if (connectionString !== undefined) return new Client(connectionString, { retryOptions });
  if (namespace === undefined) throw new Error('Neither a namespace nor a connection string of Service Bus is set');
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new Client(namespace, new DefaultAzureCredential(), { retryOptions });
}

/** The SDK throws an error without words when every try failed; the last of them says why. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    const last: unknown = error.errors.at(-1);
    throw new Error(`Service Bus, after ${error.errors.length} tries: ${String(last)}`, { cause: last });
  }
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

/** Sends in order, as many in one go as the topic takes; of a fact that is too large by itself the envelope. */
async function sendInBatches(sender: ServiceBusSender, facts: readonly Fact[]): Promise<void> {
  let batch = await sender.createMessageBatch();
  for (const fact of facts) {
    const message = messageOf(fact);
    if (batch.tryAddMessage(message)) continue;
    if (batch.count > 0) {
      await sender.sendMessages(batch);
      batch = await sender.createMessageBatch();
      if (batch.tryAddMessage(message)) continue;
    }
    // The change feed would bring it again for ever and all others after it never.
    if (batch.tryAddMessage({ ...message, body: envelopeOf(fact) })) continue;
    throw new Error(`The envelope of the fact ${fact.id} (${fact.type}) is larger than the bus takes`);
  }
  if (batch.count > 0) await sender.sendMessages(batch);
}
