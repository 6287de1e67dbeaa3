/** The REST API that servers call (`@azure/web-pubsub`), api-version 2024-12-01, as far as it needs no event handlers. */
import type { Connection } from './web-pubsub-connection.ts';
import { fromGroup, fromServer, type Payload } from './web-pubsub-frames.ts';
import { type Hub, roleOf } from './web-pubsub-hub.ts';

export interface RestCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** The whole body; undefined when it is larger than a message may be. */
  body(): Promise<Buffer | undefined>;
}

export interface RestReply {
  readonly status: number;
  readonly body?: unknown;
}

interface Ask {
  readonly hub: Hub;
  /** From the path. */
  readonly group: string;
  readonly user: string;
  readonly connection: Connection | undefined;
  readonly permission: string;
  readonly query: URLSearchParams;
  readonly excluded: readonly string[];
  readonly reason: string;
  payload(): Promise<Payload>;
}

export class RestError extends Error {
  readonly reply: RestReply;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RestError';
    this.reply = { status, body: { code, message } };
  }
}

const OK = { status: 200 };
const ACCEPTED = { status: 202 };
const GONE = { status: 204 };
const found = (is: boolean): RestReply => ({ status: is ? 200 : 404 });

function known(connection: Connection | undefined): Connection {
  if (!connection) throw new RestError(404, 'NotFound', 'There is no such connection.');
  return connection;
}

/** One role for the permission the path and `targetName` name. */
function roleIn({ permission, query }: Ask): string {
  if (permission !== 'sendToGroup' && permission !== 'joinLeaveGroup') {
    throw new RestError(400, 'InvalidPermission', 'A permission is sendToGroup or joinLeaveGroup.');
  }
  return roleOf(permission, query.get('targetName') ?? undefined);
}

type Operation = (ask: Ask) => RestReply | Promise<RestReply>;

/** By method and path after `/api/hubs/{hub}`. */
const operations: Readonly<Record<string, Operation>> = {
  'POST /:send': async ({ hub, excluded, payload }) => {
    hub.send(hub.connections.values(), fromServer(await payload()), excluded);
    return ACCEPTED;
  },
  'POST /:closeConnections': ({ hub, reason, excluded }) => {
    hub.end(hub.connections.values(), reason, excluded);
    return GONE;
  },
  'HEAD /connections/{connection}': ({ connection }) => found(connection !== undefined),
  'DELETE /connections/{connection}': ({ connection, reason }) => {
    connection?.end(reason);
    return GONE;
  },
  'POST /connections/{connection}/:send': async ({ connection, payload }) => {
    known(connection).deliver(fromServer(await payload()));
    return ACCEPTED;
  },
  'DELETE /connections/{connection}/groups': ({ hub, connection }) => {
    if (connection) for (const group of [...connection.groups]) hub.leave(connection, group);
    return GONE;
  },
  'HEAD /groups/{group}': ({ hub, group }) => found(hub.inGroup(group).size > 0),
  'POST /groups/{group}/:send': async ({ hub, group, excluded, payload }) => {
    hub.send(hub.inGroup(group), fromGroup(group, await payload()), excluded);
    return ACCEPTED;
  },
  'POST /groups/{group}/:closeConnections': ({ hub, group, reason, excluded }) => {
    hub.end(hub.inGroup(group), reason, excluded);
    return GONE;
  },
  'GET /groups/{group}/connections': ({ hub, group, query }) => {
    const most = Number(query.get('top') ?? Number.POSITIVE_INFINITY);
    const value = [...hub.inGroup(group)].slice(0, most).map(({ id: connectionId, userId }) => ({
      connectionId,
      ...(userId === undefined ? {} : { userId }),
    }));
    return { status: 200, body: { value } };
  },
  'PUT /groups/{group}/connections/{connection}': ({ hub, group, connection }) => {
    hub.join(known(connection), group);
    return OK;
  },
  'DELETE /groups/{group}/connections/{connection}': ({ hub, group, connection }) => {
    if (connection) hub.leave(connection, group);
    return GONE;
  },
  'HEAD /users/{user}': ({ hub, user }) => found(hub.ofUser(user).size > 0),
  'POST /users/{user}/:send': async ({ hub, user, payload }) => {
    hub.send(hub.ofUser(user), fromServer(await payload()));
    return ACCEPTED;
  },
  'POST /users/{user}/:closeConnections': ({ hub, user, reason, excluded }) => {
    hub.end(hub.ofUser(user), reason, excluded);
    return GONE;
  },
  'PUT /users/{user}/groups/{group}': ({ hub, user, group }) => {
    for (const connection of hub.ofUser(user)) hub.join(connection, group);
    return OK;
  },
  'DELETE /users/{user}/groups/{group}': ({ hub, user, group }) => {
    for (const connection of hub.ofUser(user)) hub.leave(connection, group);
    return GONE;
  },
  'DELETE /users/{user}/groups': ({ hub, user }) => {
    for (const connection of hub.ofUser(user)) for (const group of [...connection.groups]) hub.leave(connection, group);
    return GONE;
  },
  'PUT /permissions/{permission}/connections/{connection}': (ask) => {
    known(ask.connection).roles.add(roleIn(ask));
    return OK;
  },
  'DELETE /permissions/{permission}/connections/{connection}': (ask) => {
    ask.connection?.roles.delete(roleIn(ask));
    return GONE;
  },
  'HEAD /permissions/{permission}/connections/{connection}': (ask) =>
    found(ask.connection?.roles.has(roleIn(ask)) ?? false),
};

const compiled = Object.entries(operations).map(([name, operation]) => {
  const [method = '', path = ''] = name.split(' ');
  return { method, operation, shape: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) };
});

async function payloadOf(call: RestCall): Promise<Payload> {
  const bytes = await call.body();
  if (!bytes) throw new RestError(413, 'PayloadTooLarge', 'A message has at most 1 MB.');
  const type = call.contentType.split(';')[0]?.trim().toLowerCase();
  if (type === 'text/plain') return { dataType: 'text', data: bytes.toString() };
  if (type === 'application/octet-stream') return { dataType: 'binary', data: bytes.toString('base64') };
  if (type !== 'application/json') throw new RestError(415, 'UnsupportedMediaType', 'JSON, plain text or bytes.');
  try {
    return { dataType: 'json', data: JSON.parse(bytes.toString()) };
  } catch {
    throw new RestError(400, 'InvalidPayload', 'The body is not JSON.');
  }
}

/** Serves a call whose token is good. `path` begins after the hub. Throws `RestError`. */
export async function serveRest(hub: Hub, call: RestCall): Promise<RestReply> {
  const { method, path, query } = call;
  if (!query.has('api-version')) throw new RestError(400, 'MissingApiVersion', 'Say api-version.');
  // To send to fewer than were meant is better refused than to send to all.
  if (query.has('filter')) throw new RestError(400, 'FilterNotSupported', 'This endpoint knows no filters.');
  for (const { method: takes, operation, shape } of compiled) {
    const match = takes === method ? shape.exec(path) : null;
    if (!match) continue;
    const named = (name: string) => decodeURIComponent(match.groups?.[name] ?? '');
    return operation({
      hub,
      group: named('group'),
      user: named('user'),
      connection: hub.connections.get(named('connection')),
      permission: named('permission'),
      query,
      excluded: query.getAll('excluded'),
      reason: query.get('reason') ?? '',
      payload: () => payloadOf(call),
    });
  }
  throw new RestError(404, 'NotFound', `This endpoint knows no such operation: ${method} ${path}.`);
}
