/** Between Azure Functions' HTTP and the platform's. */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { systemIds } from './clock.ts';
import { type RawReply, type RawRequest, securityHeaders } from './http.ts';
import { problemReply } from './problem.ts';
import { Refusal } from './refusal.ts';
import { type Trace, traceOf } from './request.ts';

/**
 * The request as the platform reads it; its body is streamed. The front end of Azure adds the address it saw to the end
 * of `X-Forwarded-For`: that is the peer, and what stands before it is what proxies of ours said.
 */
export function requestOf(request: HttpRequest): RawRequest {
  const { pathname, search, origin } = new URL(request.url);
  const { headers, body } = request;
  const forwarded = (headers.get('x-forwarded-for') ?? '')
    .split(',')
    .map((address) => withoutPort(address.trim()))
    .filter((address) => address !== '');
  const peer = forwarded.pop() ?? '';
  return {
    method: request.method,
    path: pathname,
    search: search.slice(1),
    params: {},
    header(name) {
      if (name === 'x-forwarded-for') return forwarded.length > 0 ? forwarded.join(', ') : undefined;
      return headers.get(name) ?? undefined;
    },
    body: body ? partsOf(body) : undefined,
    peer,
    origin,
  };
}

/**
 * The body as it comes. What the reader leaves of it is read and dropped: whoever cancels it instead leaves the host's
 * connection to the worker in the middle of a body, and the next request on it is never seen.
 */
async function* partsOf(body: NonNullable<HttpRequest['body']>): AsyncGenerator<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  let whole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      whole = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!whole) void dropRest(reader);
  }
}

async function dropRest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client has gone, and with it the connection.
  }
}

/** `203.0.113.7:51234` and `[2001:db8::7]:51234` without their port. */
function withoutPort(address: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([^:]+):\d+$/.exec(address)?.[1] ?? address;
}

/**
 * Replies under way to the host, by the invocation that answers them. The worker gives no function its reply, and leaves
 * one open for good whose body fails.
 */
const underWay = new Map<string, ServerResponse>();
subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { readonly request: IncomingMessage; readonly response: ServerResponse };
  const id = request.headers['x-ms-invocation-id'];
  if (typeof id !== 'string') return;
  underWay.set(id, response);
  response.once('close', () => underWay.delete(id));
});

/**
 * The answer as Azure Functions sends it; `method` is that of the request, as a HEAD has no body. A body that fails in
 * the middle ends the connection, so that it is not taken for the whole.
 */
export function responseOf(reply: RawReply, method: string, invocationId: string): HttpResponseInit {
  const { status, body } = reply;
  const headers = { ...reply.headers };
  if (body === undefined || method === 'HEAD') return { status, headers };
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  return { status, headers, body: whole ? body : bytesOf(body, invocationId) };
}

async function* bytesOf(chunks: AsyncIterable<Uint8Array | string>, invocationId: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (error) {
    underWay.get(invocationId)?.destroy();
    throw error;
  }
}

/** The answer to a request while there is no app to answer it, and what a log line finds it by. */
export function notReady(request: RawRequest): { readonly reply: RawReply; readonly trace: Trace } {
  const trace = traceOf(request, systemIds);
  const refusal = new Refusal('unavailable', 'The service is not ready; try again.', { retryAfter: 10 });
  const headers = { 'x-correlation-id': trace.correlationId, ...securityHeaders };
  return { reply: problemReply(refusal, { instance: request.path, traceId: trace.traceId, headers }), trace };
}
