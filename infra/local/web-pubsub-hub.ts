/** A hub: its connections, and which groups and users they belong to. */
import type { WebSocket } from 'ws';
import { type Client, Connection } from './web-pubsub-connection.ts';
import { fromGroup, type Request, type Tail } from './web-pubsub-frames.ts';
import type { Limits } from './web-pubsub-limits.ts';

type Permission = 'sendToGroup' | 'joinLeaveGroup';
const NOBODY: ReadonlySet<Connection> = new Set();

/** The role behind a permission, for one group or for all. */
export function roleOf(permission: string, group?: string): string {
  return group === undefined ? `webpubsub.${permission}` : `webpubsub.${permission}.${group}`;
}

export class Hub {
  readonly connections = new Map<string, Connection>();
  readonly #groups = new Map<string, Set<Connection>>();
  readonly #users = new Map<string, Set<Connection>>();
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether one more connection of this user may be taken. */
  hasRoomFor({ userId }: Client): boolean {
    const { connections, connectionsPerUser } = this.#limits;
    const own = userId === undefined ? 0 : this.ofUser(userId).size;
    return this.connections.size < connections && own < connectionsPerUser;
  }

  connect(socket: WebSocket, client: Client, reliable: boolean): void {
    const connection = new Connection(client, reliable, this.#limits, {
      onRequest: (from, request) => this.#serve(from, request),
      onEnd: (ended) => this.#remove(ended),
    });
    this.connections.set(connection.id, connection);
    if (client.userId !== undefined) put(this.#users, client.userId, connection);
    for (const group of client.groups) this.join(connection, group);
    connection.attach(socket);
  }

  inGroup(name: string): ReadonlySet<Connection> {
    return this.#groups.get(name) ?? NOBODY;
  }

  ofUser(userId: string): ReadonlySet<Connection> {
    return this.#users.get(userId) ?? NOBODY;
  }

  join(connection: Connection, group: string): void {
    connection.groups.add(group);
    put(this.#groups, group, connection);
  }

  leave(connection: Connection, group: string): void {
    connection.groups.delete(group);
    take(this.#groups, group, connection);
  }

  /** Sends to some connections, but those excluded. */
  send(to: Iterable<Connection>, tail: Tail, excluded: readonly string[] = []): void {
    // A copy: one that is too slow leaves on the way.
    for (const connection of [...to]) if (!excluded.includes(connection.id)) connection.deliver(tail);
  }

  end(some: Iterable<Connection>, reason: string, excluded: readonly string[] = [], going = false): void {
    for (const connection of [...some]) if (!excluded.includes(connection.id)) connection.end(reason, going);
  }

  #serve(from: Connection, request: Request): void {
    if (request.type === 'event') {
      // Upstream event handlers are no part of this; the service closes a connection whose event nobody handles.
      from.end('EventHandlerNotFound');
      return;
    }
    const { group, ackId } = request;
    const permission: Permission = request.type === 'sendToGroup' ? 'sendToGroup' : 'joinLeaveGroup';
    if (!from.roles.has(roleOf(permission)) && !from.roles.has(roleOf(permission, group))) {
      from.ack(ackId, { name: 'Forbidden', message: `The client has no permission to ${request.type} of this group.` });
      return;
    }
    if (request.type === 'sendToGroup') {
      const excluded = request.noEcho ? [from.id] : [];
      this.send(this.inGroup(group), fromGroup(group, request, from.userId), excluded);
    } else if (request.type === 'joinGroup') this.join(from, group);
    else this.leave(from, group);
    from.ack(ackId);
  }

  #remove(connection: Connection): void {
    this.connections.delete(connection.id);
    if (connection.userId !== undefined) take(this.#users, connection.userId, connection);
    for (const group of [...connection.groups]) this.leave(connection, group);
  }
}

function put(sets: Map<string, Set<Connection>>, name: string, connection: Connection): void {
  const set = sets.get(name);
  if (set) set.add(connection);
  else sets.set(name, new Set([connection]));
}

function take(sets: Map<string, Set<Connection>>, name: string, connection: Connection): void {
  const set = sets.get(name);
  set?.delete(connection);
  if (set?.size === 0) sets.delete(name);
}
