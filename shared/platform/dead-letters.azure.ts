/** Dead letters on Azure: each subscription's own queue of what its reaction gave up. The SDK is loaded on first use. */
import type { ServiceBusMessage, ServiceBusReceivedMessage } from '@azure/service-bus';
import * as z from 'zod';
import { type AzureBusOptions, connectToBus } from './bus.azure.ts';
import { type DeadLetter, REPLAY_FOR } from './bus.ts';

export interface DeadLetters {
  /** Of one reaction, in the order they were sent; `id` of a fact: that one alone. */
  list(reaction: string, id?: string): Promise<DeadLetter[]>;
  /** Sends them to their reaction again, which no other is told of; how many. Nothing is lost if it is cut short. */
  replay(reaction: string, id?: string): Promise<number>;
  close(): Promise<void>;
}

/** Messages that are peeked at or received in one go. */
const AT_ONCE = 100;
/** Milliseconds without a message after which the queue counts as empty. */
const WAIT = 5000;

const Named = z.looseObject({ id: z.string() });

/** Whoever runs it needs the role `Azure Service Bus Data Owner` on the namespace. `wait` is for tests. */
export async function openDeadLetters(options: AzureBusOptions, wait = WAIT): Promise<DeadLetters> {
  const client = await connectToBus(options);
  const { topic } = options;
  const receiverOf = (reaction: string) => client.createReceiver(topic, reaction, { subQueueType: 'deadLetter' });

  /** What lies there now, without taking it. */
  async function peeked(reaction: string, id: string | undefined): Promise<ServiceBusReceivedMessage[]> {
    const receiver = receiverOf(reaction);
    const found: ServiceBusReceivedMessage[] = [];
    try {
      for (;;) {
        const some = await receiver.peekMessages(AT_ONCE);
        found.push(...some.filter((message) => id === undefined || factIdOf(message) === id));
        if (some.length === 0) return found;
      }
    } finally {
      await receiver.close();
    }
  }

  return {
    list: async (reaction, id) => (await peeked(reaction, id)).map((message) => letterOf(reaction, message)),
    async replay(reaction, id) {
      // What dies again meanwhile is another letter, and not among these.
      const wanted = new Set((await peeked(reaction, id)).map(placeOf));
      if (wanted.size === 0) return 0;
      const [receiver, sender] = [receiverOf(reaction), client.createSender(topic)];
      const held = new Map<string, ServiceBusReceivedMessage>();
      let count = 0;
      try {
        while (wanted.size > 0) {
          const some = await receiver.receiveMessages(AT_ONCE, { maxWaitTimeInMs: wait });
          const unmet = some.filter((message) => !held.has(placeOf(message)));
          if (unmet.length === 0) break;
          for (const message of unmet) {
            if (!wanted.delete(placeOf(message))) {
              held.set(placeOf(message), message);
              continue;
            }
            await sender.sendMessages(again(reaction, message));
            await receiver.completeMessage(message);
            count += 1;
          }
        }
        for (const message of held.values()) await receiver.abandonMessage(message);
        return count;
      } finally {
        await Promise.all([receiver.close(), sender.close()]);
      }
    },
    close: () => client.close(),
  };
}

/**
 * The message once more, for one reaction alone (its subscription's filter sees to that). The id is new, as the topic
 * drops one that it knows, but always the same for this letter: sent twice because a crash came between, it arrives once.
 */
function again(reaction: string, message: ServiceBusReceivedMessage): ServiceBusMessage {
  const { body, sessionId, subject, correlationId, contentType, applicationProperties = {} } = message;
  const { DeadLetterReason, DeadLetterErrorDescription, ...properties } = applicationProperties;
  return {
    messageId: `${factIdOf(message)}/${reaction}/${placeOf(message)}`.slice(0, 128),
    body,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(subject === undefined ? {} : { subject }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(contentType === undefined ? {} : { contentType }),
    applicationProperties: { ...properties, [REPLAY_FOR]: reaction },
  };
}

function letterOf(reaction: string, message: ServiceBusReceivedMessage): DeadLetter {
  const { subject = '', sessionId = '', deliveryCount = 0, enqueuedTimeUtc } = message;
  const { deadLetterReason = 'unknown', deadLetterErrorDescription } = message;
  return {
    reaction,
    factId: factIdOf(message),
    type: subject,
    subject: sessionId,
    tries: deliveryCount,
    at: enqueuedTimeUtc?.toISOString() ?? '',
    error: [deadLetterReason, deadLetterErrorDescription].filter((part) => part !== undefined).join(': '),
  };
}

/** Of a message that holds no fact, the message's own id. */
function factIdOf({ body, messageId }: ServiceBusReceivedMessage): string {
  const named = Named.safeParse(body);
  return named.success ? named.data.id : String(messageId);
}

function placeOf({ sequenceNumber }: ServiceBusReceivedMessage): string {
  return String(sequenceNumber);
}
