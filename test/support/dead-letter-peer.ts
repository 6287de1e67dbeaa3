/**
 * An AMQP 1.0 peer that answers as Service Bus does where dead letters are looked at, taken and sent again: peeking through
 * `$management`, receiving from a subscription's `$DeadLetterQueue` with settlement, and the topic, which drops duplicates.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import rhea, { type Connection, type Delivery, type EventContext, type Message, type Sender } from 'rhea';

export interface Letter {
  readonly n: number;
  readonly message: Message;
}

export interface DeadLetterPeer {
  readonly connectionString: string;
  /** What lies in each subscription's queue, by its name. */
  readonly queues: Map<string, Letter[]>;
  /** What the topic holds: the first of each message id. */
  readonly held: Message[];
  /** How often a message was given back. */
  returned: number;
  /** Whether the next message that is completed stays all the same: the connection ends first. */
  cut: boolean;
  close(): Promise<void>;
}

const QUEUE = /\/Subscriptions\/([a-z-]+)\/\$DeadLetterQueue/i;
/** Links that carry answers. */
const ANSWERS = /\$(cbs|management)$/i;
const IN_ONE_GO = 3;

export async function openDeadLetterPeer(): Promise<DeadLetterPeer> {
  const container = rhea.create_container({ id: 'dead-letter-peer' });
  container.sasl_server_mechanisms.enable_anonymous();
  const connections = new Set<Connection>();
  const answering = new Map<Connection, Sender[]>();
  const sent = new Map<Sender, Set<number>>();
  const underWay = new Map<unknown, { readonly name: string; readonly letter: Letter }>();
  const held = new Map<unknown, Message>();

  container.on('connection_open', ({ connection }: EventContext) => void connections.add(connection));
  for (const gone of ['error', 'connection_error', 'receiver_error', 'sender_error', 'disconnected']) {
    container.on(gone, () => {});
  }
  container.on('sender_open', ({ sender, connection }: EventContext) => {
    if (!sender) return;
    if (ANSWERS.test(String(sender.source.address))) {
      answering.set(connection, [...(answering.get(connection) ?? []), sender]);
    }
  });
  container.on('sendable', ({ sender }: EventContext) => void (sender && deliver(sender)));
  container.on('sender_draining', ({ sender }: EventContext) => {
    sender?.set_drained(true);
  });
  container.on('accepted', ({ delivery, connection }: EventContext) => {
    const { name, letter } = underWay.get(delivery) ?? {};
    if (name === undefined) return;
    if (peer.cut) {
      peer.cut = false;
      Reflect.get(connection, 'socket').destroy();
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
  container.on('message', ({ message, receiver, connection }: EventContext) => {
    const address = String(receiver?.target.address);
    if (!message) return;
    if (ANSWERS.test(address)) answer(connection, address, message);
    else if (!held.has(message.message_id)) held.set(message.message_id, message);
  });

  const queueOf = (name: string) => peer.queues.get(name) ?? [];
  const nameIn = (address: string) => QUEUE.exec(address)?.[1] ?? '';

  /** Whoever takes a message waits until the other side has said that it is settled there too. */
  function settled(delivery: Delivery | undefined): void {
    delivery?.update(true, Reflect.get(rhea.message, 'accepted')().described());
  }

  function deliver(sender: Sender): void {
    const address = String(sender.source.address);
    if (ANSWERS.test(address)) return;
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

  function answer(connection: Connection, address: string, request: Message): void {
    const reply = (statusCode: number, body: unknown) => {
      const sender = answering.get(connection)?.find(({ source }) => source.address === address);
      const properties = { statusCode, statusDescription: 'OK', 'status-code': statusCode };
      const { message_id, reply_to } = request;
      sender?.send({ to: reply_to, correlation_id: message_id, application_properties: properties, body } as Message);
    };
    if (address === '$cbs') {
      reply(202, '');
      return;
    }
    const from = Number(request.body['from-sequence-number']);
    const some = queueOf(nameIn(address)).filter(({ n }) => n >= from);
    // Service Bus gives fewer than it is asked for as it likes.
    reply(some.length === 0 ? 204 : 200, {
      messages: some.slice(0, IN_ONE_GO).map(({ message }) => ({ message: rhea.message.encode(message) })),
    });
  }

  const server = container.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const peer: DeadLetterPeer = {
    connectionString: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=test;SharedAccessKey=c2VjcmV0;UseDevelopmentEmulator=true;`,
    queues: new Map(),
    get held() {
      return [...held.values()];
    },
    returned: 0,
    cut: false,
    async close() {
      for (const connection of connections) Reflect.get(connection, 'socket')?.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return peer;
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
