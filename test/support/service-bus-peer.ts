/**
 * An AMQP 1.0 peer that answers as Service Bus does where a topic is sent to: `$cbs` takes tokens, a link needs one, it
 * names the greatest message, messages and batches are taken, duplicates dropped. Faults are asked for.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import rhea, {
  type AmqpError,
  type Connection,
  type Container,
  type EventContext,
  type Message,
  type Receiver,
  type Sender,
} from 'rhea';
import { WebSocketServer } from 'ws';

export type { Message };

export interface Token {
  readonly audience: string;
  /** `jwt`, or `servicebus.windows.net:sastoken`. */
  readonly type: string;
  readonly token: string;
}

export interface ServiceBusPeer {
  /** For peers that answer more than a topic does. */
  readonly container: Container;
  readonly port: number;
  readonly connectionString: string;
  /** Where the same peer takes AMQP in WebSockets. */
  readonly webSocket: string;
  readonly tokens: readonly Token[];
  /** The messages of each transfer, batches taken apart, duplicates too. */
  readonly transfers: Message[][];
  /** What the topic holds: the first of each message id. */
  readonly held: Message[];
  /** How often a link to the topic was opened, and a connection. */
  readonly opened: { links: number; connections: number };
  /** The status `$cbs` answers with; 202 is well. */
  status: number;
  /** What the next transfers meet, one each. */
  readonly faults: Fault[];
  /** Detaches the topic's links the way the service does after ten idle minutes. */
  dropLinks(): void;
  /** Answers a request to `$cbs` or `$management`. */
  reply(context: EventContext, properties: Readonly<Record<string, unknown>>, body: unknown): void;
  /** Ends a connection without a word. */
  drop(connection: Connection): void;
  dropConnections(): void;
  close(): Promise<void>;
}

/** `lost`: taken, but the connection ends before that is said; `busy`: refused for now; `silent`: never answered. */
type Fault = 'lost' | 'busy' | 'silent' | 'detached';

/** Of a Standard namespace; Premium's is 1 MB. */
const STANDARD_MESSAGE_SIZE = 256 * 1024;
const BATCH = 0x80013700;
const TOPIC = 'domain-events';
/** Links that carry requests and answers. */
export const ANSWERED = /\$(cbs|management)$/i;

const DETACHED: AmqpError = { condition: 'amqp:link:detach-forced', description: 'The link was idle.' };
const BUSY: AmqpError = { condition: 'com.microsoft:server-busy', description: 'Too many requests.' };
const UNAUTHORIZED: AmqpError = { condition: 'amqp:unauthorized-access', description: 'Send claim is required.' };
const NOT_FOUND: AmqpError = { condition: 'amqp:not-found', description: 'The entity could not be found.' };

export async function openServiceBusPeer(maxMessageSize = STANDARD_MESSAGE_SIZE, on = 0): Promise<ServiceBusPeer> {
  const container = rhea.create_container({ id: 'service-bus-peer' });
  container.sasl_server_mechanisms.enable_anonymous();
  const tokens: Token[] = [];
  const transfers: Message[][] = [];
  const held = new Map<unknown, Message>();
  const faults: Fault[] = [];
  const opened = { links: 0, connections: 0 };
  const connections = new Set<Connection>();
  const topics = new Set<Receiver>();
  const replies = new Map<Connection, Sender[]>();

  container.on('connection_open', ({ connection }: EventContext) => {
    opened.connections += 1;
    connections.add(connection);
  });
  for (const gone of ['disconnected', 'connection_close']) {
    container.on(gone, ({ connection }: EventContext) => void connections.delete(connection));
  }
  // A connection that ends in error is the test's doing.
  for (const ended of ['error', 'connection_error', 'receiver_error', 'sender_error']) container.on(ended, () => {});

  container.on('sender_open', ({ sender, connection }: EventContext) => {
    if (sender && ANSWERED.test(sender.source.address)) {
      replies.set(connection, [...(replies.get(connection) ?? []), sender]);
    }
  });
  container.on('receiver_open', ({ receiver }: EventContext) => {
    const address = receiver?.target.address;
    if (!receiver || address === undefined || ANSWERED.test(address)) return;
    if (address !== TOPIC) return receiver.close(NOT_FOUND);
    if (!tokens.some(({ audience }) => audience.endsWith(`/${TOPIC}`))) return receiver.close(UNAUTHORIZED);
    opened.links += 1;
    topics.add(receiver);
  });
  container.on('receiver_close', ({ receiver }: EventContext) => void (receiver && topics.delete(receiver)));
  container.on('message', (context: EventContext) => {
    const address = context.receiver?.target.address ?? '';
    if (address === '$cbs') authorize(context);
    else if (!ANSWERED.test(address)) take(context);
  });

  function authorize(context: EventContext): void {
    const { operation, name, type } = context.message?.application_properties ?? {};
    const good = operation === 'put-token' && peer.status === 202;
    if (good) tokens.push({ audience: String(name), type: String(type), token: String(context.message?.body) });
    const outcome = { 'status-code': good ? 202 : peer.status, 'status-description': good ? 'Accepted' : 'Refused' };
    peer.reply(context, outcome, '');
  }

  function take({ message, delivery, connection, receiver }: EventContext): void {
    const fault = faults.shift();
    if (fault === 'silent') return;
    if (fault === 'busy') {
      delivery?.reject(BUSY);
      return;
    }
    if (fault === 'detached') {
      receiver?.close(DETACHED);
      return;
    }
    const taken = delivery?.format === BATCH ? parts(decode(rawOf(message))) : [decoded(message)];
    transfers.push(taken);
    for (const one of taken) if (!held.has(one.message_id)) held.set(one.message_id, one);
    if (fault === 'lost') peer.drop(connection);
    else delivery?.accept();
  }

  const options = {
    host: '127.0.0.1',
    port: on,
    receiver_options: { autoaccept: false, max_message_size: maxMessageSize },
  };
  const server = container.listen(options);
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'AMQPWSB10' });
  sockets.on('connection', (socket) => container.websocket_accept(socket as never, options as never));
  await Promise.all([once(server, 'listening'), once(sockets, 'listening')]);
  const { port } = server.address() as AddressInfo;

  const peer: ServiceBusPeer = {
    container,
    port,
    connectionString: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=test;SharedAccessKey=c2VjcmV0;UseDevelopmentEmulator=true;`,
    webSocket: `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`,
    tokens,
    transfers,
    get held() {
      return [...held.values()];
    },
    opened,
    status: 202,
    faults,
    dropLinks() {
      for (const receiver of topics) receiver.close(DETACHED);
    },
    reply({ message, delivery, receiver, connection }, properties, body) {
      delivery?.accept();
      const sender = replies.get(connection)?.find(({ source }) => source.address === receiver?.target.address);
      const { reply_to, message_id } = message ?? {};
      sender?.send({ to: reply_to, correlation_id: message_id, application_properties: properties, body } as Message);
    },
    drop(connection) {
      connections.delete(connection);
      // rhea has no word for it: the socket of the connection ends.
      Reflect.get(connection, 'socket').end();
    },
    dropConnections() {
      for (const connection of connections) peer.drop(connection);
    },
    async close() {
      peer.dropConnections();
      sockets.close();
      server.close();
      await once(server, 'close');
    },
  };
  return peer;
}

/** The messages in the envelope of a batch: each a data section of its own. */
function parts(envelope: Message): Message[] {
  const { content } = envelope.body;
  return (Array.isArray(content) ? content : [content]).map(decode);
}

/** `group_id` is the session; a body that was sent as bytes is in `body.content`. */
function decode(bytes: Buffer): Message {
  // The library types the same value twice.
  return rhea.message.decode(bytes) as object as Message;
}

function rawOf(message: unknown): Buffer {
  if (!Buffer.isBuffer(message)) throw new Error('A batch comes as it was encoded');
  return message;
}

function decoded(message: unknown): Message {
  if (typeof message !== 'object' || message === null) throw new Error('A transfer without a message');
  return message as Message;
}

/** The text of a message's body, as the Functions host reads it: the bytes of its data section as UTF-8. */
export function textOf(message: Message | undefined): string {
  return String(message?.body.content);
}
