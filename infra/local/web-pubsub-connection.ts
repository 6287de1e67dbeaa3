/** One client's connection: its socket, and for a reliable one what must be sent again when the socket breaks. */
import { timingSafeEqual } from 'node:crypto';
import { WebSocket } from 'ws';
import { secretText } from '../../shared/platform/random.ts';
import type { AckError, Frame, Request, Tail } from './web-pubsub-frames.ts';
import { frameIn } from './web-pubsub-frames.ts';
import type { Limits } from './web-pubsub-limits.ts';

/** Who a client token speaks for. */
export interface Client {
  readonly userId: string | undefined;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

interface Events {
  onRequest(connection: Connection, request: Request): void;
  /** It is over for good. */
  onEnd(connection: Connection): void;
}

/** Ack ids that are remembered, to tell a client that a repeated request was served already. */
const REMEMBERED = 1000;

/** Closing codes: the client went or the service goes; the connection is over and not to be taken up again. */
const GOING_AWAY = 1001;
const OVER = 1008;
/** What `ws` says when a socket broke without a word. */
const BROKE = 1006;

export class Connection {
  readonly id = secretText(16);
  readonly userId: string | undefined;
  readonly groups = new Set<string>();
  readonly roles: Set<string>;
  readonly #reconnectionToken: string | undefined;
  readonly #limits: Limits;
  readonly #events: Events;
  #socket: WebSocket | undefined;
  #answered = true;
  #ended = false;
  #sequence = 0;
  #kept: { readonly sequence: number; readonly text: string }[] = [];
  #keptBytes = 0;
  readonly #served = new Set<number>();
  #giveUp: NodeJS.Timeout | undefined;

  constructor(client: Client, reliable: boolean, limits: Limits, events: Events) {
    this.userId = client.userId;
    this.roles = new Set(client.roles);
    this.#reconnectionToken = reliable ? secretText(32) : undefined;
    this.#limits = limits;
    this.#events = events;
  }

  /** Whether a client that shows this token may take the connection up again. */
  recoverableWith(token: string): boolean {
    const [own, shown] = [Buffer.from(this.#reconnectionToken ?? ''), Buffer.from(token)];
    return own.length > 0 && own.length === shown.length && timingSafeEqual(own, shown);
  }

  /** Takes a socket, in place of one that broke or is still thought alive, and sends what was not acknowledged. */
  attach(socket: WebSocket): void {
    clearTimeout(this.#giveUp);
    this.#socket?.terminate();
    this.#socket = socket;
    this.#answered = true;
    socket.on('message', (data, binary) => {
      const frame = binary ? undefined : frameIn(data.toString());
      if (frame) this.#received(frame);
      else this.end('Invalid payload');
    });
    socket.on('pong', () => {
      this.#answered = true;
    });
    // What is no WebSocket frame, or too large; a network that fails only closes.
    socket.on('error', () => this.#over());
    socket.on('close', (code) => {
      if (this.#socket === socket) this.#detached(code);
    });
    const { userId, id: connectionId } = this;
    const token = this.#reconnectionToken;
    this.#write(
      JSON.stringify({
        type: 'system',
        event: 'connected',
        ...(userId === undefined ? {} : { userId }),
        connectionId,
        ...(token === undefined ? {} : { reconnectionToken: token }),
      }),
    );
    for (const { text } of this.#kept) this.#write(text);
  }

  /** Sends a message; a client that does not keep up is dropped, whatever it has not read is gone. */
  deliver(tail: Tail): void {
    if (this.#ended) return;
    if (this.#reconnectionToken === undefined) {
      this.#write(`{${tail}`);
      return;
    }
    this.#sequence += 1;
    const text = `{"sequenceId":${this.#sequence},${tail}`;
    this.#kept.push({ sequence: this.#sequence, text });
    this.#keptBytes += text.length;
    const { unacknowledged, buffered } = this.#limits;
    if (this.#kept.length > unacknowledged || this.#keptBytes > buffered) this.end('SlowClient');
    else this.#write(text);
  }

  /** Answers a request; one without an id wants none. */
  ack(ackId: number | null | undefined, error?: { readonly name: AckError; readonly message: string }): void {
    if (typeof ackId !== 'number') return;
    this.#write(JSON.stringify({ type: 'ack', ackId, success: error === undefined, ...(error ? { error } : {}) }));
  }

  /** Ends it for good, with a reason that the client is shown. `going`: the service itself stops. */
  end(reason: string, going = false): void {
    if (this.#ended) return;
    this.#over();
    const socket = this.#socket;
    if (!socket) return;
    this.#write(JSON.stringify({ type: 'system', event: 'disconnected', message: reason }));
    socket.close(going ? GOING_AWAY : OVER, reason.slice(0, 100));
    setTimeout(() => socket.terminate(), this.#limits.farewell).unref();
  }

  /** Asks whether the client is there; one that did not answer the last time is not. */
  beat(): void {
    if (!this.#socket) return;
    if (!this.#answered) {
      this.#socket.terminate();
      return;
    }
    this.#answered = false;
    this.#socket.ping();
  }

  #received(frame: Frame): void {
    if (this.#ended) return;
    if (frame.type === 'ping') this.#write('{"type":"pong"}');
    else if (frame.type === 'sequenceAck') this.#acknowledged(frame.sequenceId);
    else if (this.#again(frame.ackId)) {
      this.ack(frame.ackId, { name: 'Duplicate', message: `Message with ack-id: ${frame.ackId} has been processed` });
    } else this.#events.onRequest(this, frame);
  }

  /** Whether a request with this id was served before; remembers it. */
  #again(ackId: number | null | undefined): boolean {
    if (typeof ackId !== 'number' || this.#reconnectionToken === undefined) return false;
    if (this.#served.has(ackId)) return true;
    this.#served.add(ackId);
    const [oldest] = this.#served;
    if (this.#served.size > REMEMBERED && oldest !== undefined) this.#served.delete(oldest);
    return false;
  }

  #acknowledged(sequence: number): void {
    const left = this.#kept.findIndex((message) => message.sequence > sequence);
    for (const { text } of this.#kept.splice(0, left < 0 ? this.#kept.length : left)) this.#keptBytes -= text.length;
  }

  #write(text: string): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount + text.length > this.#limits.buffered) {
      // A farewell would wait behind everything else that is not read.
      this.#over();
      socket.terminate();
      return;
    }
    socket.send(text);
  }

  #detached(code: number): void {
    this.#socket = undefined;
    if (this.#ended) return;
    if (code === BROKE && this.#reconnectionToken !== undefined) {
      this.#giveUp = setTimeout(() => this.#over(), this.#limits.recoverable);
      this.#giveUp.unref();
    } else this.#over();
  }

  #over(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#giveUp);
    this.#kept = [];
    this.#events.onEnd(this);
  }
}
