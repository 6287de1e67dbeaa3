/** The local HTTP host: `node:http` in front of the same routes and pipeline that Azure Functions serves. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline as pump } from 'node:stream/promises';
import type { RawReply, RawRequest } from '../../shared/platform/http.ts';
import type { Pipeline } from '../../shared/platform/pipeline.ts';
import { invalid } from '../../shared/platform/refusal.ts';
import type { Route } from '../../shared/platform/route.ts';
import { dispatcher } from '../../shared/platform/router.ts';

interface HostOptions {
  readonly routes: readonly Route[];
  readonly pipeline: Pipeline;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What is beside the API on this machine, by path; undefined answers as if it were not there. */
  readonly beside?: (request: RawRequest) => Promise<RawReply> | undefined;
}

export interface Host {
  /** `http://127.0.0.1:7071` */
  readonly origin: string;
  /** Takes no more requests, lets those in flight finish (at most 10 s), closes. */
  close(): Promise<void>;
}

const DRAIN_MS = 10_000;
/** What is still read of a body nobody wants, so that the client sees the reply before the connection ends. */
const LEFTOVER_MS = 2000;

/** Listens; throws when the port is taken. */
export async function startHost(options: HostOptions): Promise<Host> {
  const reply = dispatcher(options.routes, options.pipeline);
  let origin = '';

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = rawOf(incoming, outgoing, origin);
    const answer = hasHost(incoming)
      ? await (options.beside?.(request) ?? reply(request))
      : options.pipeline.refuse(request, NO_HOST);
    if (outgoing.destroyed) return;
    // While closing, a connection that is kept alive would be waited for.
    if (!server.listening) outgoing.setHeader('connection', 'close');
    if (!incoming.complete) dropRest(incoming, outgoing);
    const { body } = answer;
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      const length = body === undefined ? 0 : Buffer.byteLength(body);
      const headers =
        answer.status === 204 || answer.status === 304
          ? answer.headers
          : Object.assign({ 'content-length': length }, answer.headers);
      outgoing.writeHead(answer.status, headers);
      outgoing.end(incoming.method === 'HEAD' ? undefined : body);
      return;
    }
    outgoing.writeHead(answer.status, answer.headers);
    await pump(Readable.from(body), outgoing);
  }

  // Node's own answer to a missing Host would have neither a body nor our headers.
  const server = createServer({
    requestTimeout: 60_000,
    headersTimeout: 15_000,
    keepAliveTimeout: 65_000,
    requireHostHeader: false,
  });
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // The pipeline answers every failure; what is left here is a broken connection.
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  };
  server.on('request', onRequest);
  // The body is asked for (100-continue) only when a route reads it.
  server.on('checkContinue', onRequest);
  // Any other expectation may be ignored (RFC 9110).
  server.on('checkExpectation', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable) socket.end(unreadable(unreadableFor[error.code ?? ''], options.pipeline));
  });
  await listening(server, options.port, options.host);
  origin = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${(server.address() as AddressInfo).port}`;
  return { origin, close: () => closed(server) };
}

const unreadableFor: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'may have at most 16 KiB of address and headers',
  ERR_HTTP_REQUEST_TIMEOUT: 'took too long to arrive',
};

/** The answer to what is no HTTP request, as it goes on the wire; `why` goes on from “the request”. */
function unreadable(why: string | undefined, pipeline: Pipeline): string {
  const request: RawRequest = {
    method: 'GET',
    path: '',
    search: '',
    params: {},
    header: () => undefined,
    body: undefined,
    peer: '',
    origin: '',
  };
  const { status, headers, body } = pipeline.refuse(request, invalid('request', 'unreadable', why ?? 'is not HTTP'));
  const text = String(body);
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': Buffer.byteLength(text) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${text}`;
}

function dropRest(incoming: IncomingMessage, outgoing: ServerResponse): void {
  // Without `connection: close`: Node would end the connection under a client that is still sending, and it would see
  // that instead of the reply.
  incoming.resume();
  outgoing.once('finish', () => {
    setTimeout(() => {
      if (!incoming.complete) incoming.destroy();
    }, LEFTOVER_MS).unref();
  });
}

const NO_HOST = invalid('header.host', 'missing', 'must be there (RFC 9112)');
function hasHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host !== undefined || httpVersion === '1.0';
}

function rawOf(incoming: IncomingMessage, outgoing: ServerResponse, origin: string): RawRequest {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const { headers } = incoming;
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    search: mark < 0 ? '' : url.slice(mark + 1),
    params: {},
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: bodyOf(incoming, outgoing),
    peer: incoming.socket.remoteAddress ?? '',
    origin,
  };
}

function bodyOf(incoming: IncomingMessage, outgoing: ServerResponse): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      if (/100-continue/i.test(incoming.headers.expect ?? '')) outgoing.writeContinue();
      return incoming.iterator({ destroyOnReturn: false });
    },
  };
}

/** Throws when the port cannot be had: a start that takes long finds it out before its work. */
export async function tryPort(port: number, host: string): Promise<void> {
  const server = createServer();
  await listening(server, port, host);
  await closed(server);
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await done;
  clearTimeout(force);
}
