/** The local Web PubSub endpoint on one port: REST for servers, WebSockets for clients. */
import { createSecretKey } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Client } from './web-pubsub-connection.ts';
import { PLAIN, RELIABLE } from './web-pubsub-frames.ts';
import { Hub } from './web-pubsub-hub.ts';
import type { Limits } from './web-pubsub-limits.ts';
import { type RestCall, RestError, type RestReply, serveRest } from './web-pubsub-rest.ts';
import { bearerOf, clientIn, verified } from './web-pubsub-tokens.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly key: string;
  readonly limits: Limits;
  /** The service's `connect` event: whether who holds a good token may connect now. Throws when that cannot be told. */
  readonly admit: (client: Client) => Promise<boolean>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface WebPubSubServer {
  readonly port: number;
  /** `http://127.0.0.1:40123` */
  readonly origin: string;
  /** Says goodbye to every client and closes. */
  close(): Promise<void>;
}

const API = /^\/api\/hubs\/([A-Za-z]\w{0,127})(\/.*)$/;
const CLIENT = /^\/client\/hubs\/([A-Za-z]\w{0,127})$/;
const PROTOCOLS = [RELIABLE, PLAIN];

/** Listens; throws when the port is taken. */
export async function serveWebPubSub(options: ServerOptions): Promise<WebPubSubServer> {
  const { limits, admit, now } = options;
  const key = createSecretKey(options.key, 'utf8');
  const hubs = new Map<string, Hub>();
  let origin = '';

  function hubOf(name: string): Hub {
    const hub = hubs.get(name) ?? new Hub(limits);
    hubs.set(name, hub);
    return hub;
  }

  async function answered(request: IncomingMessage): Promise<RestReply> {
    const url = new URL(request.url ?? '/', origin);
    if (url.pathname === '/api/health') return { status: 200 };
    const [, hub, path] = API.exec(url.pathname) ?? [];
    if (!hub || !path) return { status: 404 };
    // The audience is the address called, with its query or without.
    const audiences = [url.href, `${url.origin}${url.pathname}`];
    if (!(await verified(key, bearerOf(request.headers.authorization), audiences, now()))) return { status: 401 };
    const call: RestCall = {
      method: request.method ?? 'GET',
      path,
      query: url.searchParams,
      contentType: request.headers['content-type'] ?? '',
      body: () => wholeBody(request, limits.message),
    };
    return serveRest(hubOf(hub), call);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await answered(request).catch((error: unknown): RestReply => {
      if (error instanceof RestError) return error.reply;
      if (error instanceof URIError) return { status: 400 };
      throw error;
    });
    const text = reply.body === undefined ? '' : JSON.stringify(reply.body);
    if (!request.complete) response.setHeader('connection', 'close');
    response.writeHead(reply.status, {
      ...(text ? { 'content-type': 'application/json' } : {}),
      ...(reply.status === 204 ? {} : { 'content-length': Buffer.byteLength(text) }),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
    request.resume();
  }

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.message,
    perMessageDeflate: false,
    handleProtocols: (asked) => PROTOCOLS.find((name) => asked.has(name)) ?? false,
  });

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const [, name] = CLIENT.exec(url.pathname) ?? [];
    if (!name) return declined(socket, 404);
    const asked = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((text) => text.trim());
    if (!PROTOCOLS.some((protocol) => asked.includes(protocol))) return declined(socket, 400);
    const [id, reconnection] = [
      url.searchParams.get('awps_connection_id'),
      url.searchParams.get('awps_reconnection_token'),
    ];
    if (id !== null && reconnection !== null) {
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const connection = hubs.get(name)?.connections.get(id);
        if (connection?.recoverableWith(reconnection)) connection.attach(opened);
        else opened.close(1008, 'The connection is no more');
      });
      return;
    }
    const token = url.searchParams.get('access_token') ?? bearerOf(request.headers.authorization);
    const payload = await verified(key, token, [`${origin}${url.pathname}`], now());
    const client = payload && clientIn(payload);
    if (!client || !(await admit(client))) return declined(socket, 401);
    if (!server.listening) return declined(socket, 503);
    const hub = hubOf(name);
    if (!hub.hasRoomFor(client)) return declined(socket, 429);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      hub.connect(opened, client, opened.protocol === RELIABLE);
    });
  }

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    // Whoever cannot be let in or refused yet comes again.
    upgrade(request, socket, head).catch(() => declined(socket, 503));
  });
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  origin = `http://${reachable(options.host)}:${port}`;
  const beating = setInterval(() => {
    for (const hub of hubs.values()) for (const connection of hub.connections.values()) connection.beat();
  }, limits.heartbeat);
  beating.unref();
  return {
    port,
    origin,
    async close() {
      clearInterval(beating);
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const hub of hubs.values()) hub.end(hub.connections.values(), 'The service is stopping', [], true);
      server.closeIdleConnections();
      const force = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      }, limits.farewell);
      await done;
      clearTimeout(force);
    },
  };
}

/** Where this machine reaches what listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function declined(socket: Duplex, status: number): void {
  if (!socket.writable) return;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function listening(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** undefined when there is more than `most` bytes; the rest is not read. */
async function wholeBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
