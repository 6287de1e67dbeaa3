/**
 * The peer of Service Bus with dead letters: they are peeked at through `$management`, received from a subscription's
 * `$DeadLetterQueue` and settled there, and sent to the topic again.
 */
import { randomBytes } from 'node:crypto';
import rhea, { type Delivery, type EventContext, type Message, type Sender } from 'rhea';
import { ANSWERED, openServiceBusPeer, type ServiceBusPeer } from './service-bus-peer.ts';

interface Letter {
  readonly n: number;
  readonly message: Message;
}

export interface DeadLetterPeer extends ServiceBusPeer {
  /** What lies in each subscription's queue, by its name. */
  readonly queues: Map<string, Letter[]>;
  /** How often a message was given back. */
  returned: number;
  /** Whether the next message that is completed stays all the same: the connection ends first. */
  cut: boolean;
}

const QUEUE = /\/Subscriptions\/([a-z-]+)\/\$DeadLetterQueue/i;
const IN_ONE_GO = 3;

export async function openDeadLetterPeer(): Promise<DeadLetterPeer> {
  const topic = await openServiceBusPeer();
  const peer: DeadLetterPeer = Object.assign(topic, { queues: new Map<string, Letter[]>(), returned: 0, cut: false });
  const { container } = topic;
  const sent = new Map<Sender, Set<number>>();
  const underWay = new Map<unknown, { readonly name: string; readonly letter: Letter }>();
  const queueOf = (name: string) => peer.queues.get(name) ?? [];
  const nameIn = (address: string) => QUEUE.exec(address)?.[1] ?? '';

  container.on('sendable', ({ sender }: EventContext) => void (sender && deliver(sender)));
  container.on('sender_draining', ({ sender }: EventContext) => {
    sender?.set_drained(true);
  });
  container.on('accepted', ({ delivery, connection }: EventContext) => {
    const { name, letter } = underWay.get(delivery) ?? {};
    if (name === undefined) return;
    if (peer.cut) {
      peer.cut = false;
      peer.drop(connection);
      return;
    }
    settled(delivery);
    peer.queues.set(
      name,
      queueOf(name).filter((one) => one !== letter),
    );
  });
  for (const back of ['modified', 'released']) {
    container.on(back, ({ delivery }: EventContext) => {
      if (underWay.delete(delivery)) peer.returned += 1;
      settled(delivery);
    });
  }
  container.on('message', (context: EventContext) => {
    const address = context.receiver?.target.address ?? '';
    if (address.endsWith('$management')) peeked(context, nameIn(address));
  });
  return peer;

  /** Whoever takes a message waits until the other side has said that it is settled there too. */
  function settled(delivery: Delivery | undefined): void {
    delivery?.update(true, Reflect.get(rhea.message, 'accepted')().described());
  }

  function deliver(sender: Sender): void {
    const { address } = sender.source;
    if (ANSWERED.test(address)) return;
    const name = nameIn(address);
    const known = sent.get(sender) ?? new Set();
    sent.set(sender, known);
    for (const letter of queueOf(name)) {
      if (known.has(letter.n) || !sender.sendable()) continue;
      known.add(letter.n);
      // The tag is the lock.
      underWay.set(sender.send(letter.message, randomBytes(16)), { name, letter });
    }
  }

  function peeked(context: EventContext, name: string): void {
    const from = Number(context.message?.body['from-sequence-number']);
    const some = queueOf(name).filter(({ n }) => n >= from);
    // Service Bus gives fewer than it is asked for as it likes.
    const messages = some.slice(0, IN_ONE_GO).map(({ message }) => ({ message: rhea.message.encode(message) }));
    peer.reply(context, { statusCode: some.length === 0 ? 204 : 200, statusDescription: 'OK' }, { messages });
  }
}

/** A dead letter as it lies in the queue: the message as it was sent, with its place and why it is there. */
export function letter(
  n: number,
  fact: { readonly id: string; readonly type: string; readonly subject: string },
): Letter {
  const message = {
    message_id: fact.id,
    group_id: fact.subject,
    subject: fact.type,
    correlation_id: 'a-correlation',
    content_type: 'application/cloudevents+json',
    delivery_count: 9,
    application_properties: {
      type: fact.type,
      orgid: 'an-organization',
      DeadLetterReason: 'MaxDeliveryCountExceeded',
      DeadLetterErrorDescription: 'could not be consumed after 10 tries',
    },
    message_annotations: {
      'x-opt-sequence-number': rhea.types.wrap_long(n),
      'x-opt-enqueued-time': rhea.types.wrap_timestamp(Date.UTC(2026, 10, 26, 9, 0, n)),
    },
    body: rhea.message.data_section(Buffer.from(JSON.stringify(fact))),
  };
  return { n, message: message as unknown as Message };
}
