import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpRequest } from '@azure/functions';
import { expect, test } from 'vitest';
import { requestOf, responseOf } from '../../shared/platform/http.azure.ts';

function received(headers: Record<string, string>, url = 'https://marquee.example/api/events?q=gala%20night&limit=5') {
  return requestOf(new HttpRequest({ method: 'POST', url, headers, body: { string: '{"title":"Gala"}' } }));
}

test('method, path, query, headers and origin come through as they were sent', () => {
  const request = received({ 'Idempotency-Key': 'a-key' });
  expect(request).toMatchObject({
    method: 'POST',
    path: '/api/events',
    search: 'q=gala%20night&limit=5',
    origin: 'https://marquee.example',
  });
  expect(request.header('idempotency-key')).toBe('a-key');
  expect(request.header('if-match')).toBeUndefined();
});

test('the body is streamed, and absent where there is none', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of received({}).body ?? []) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('{"title":"Gala"}');
  expect(requestOf(new HttpRequest({ method: 'GET', url: 'https://marquee.example/api' })).body).toBeUndefined();
});

/** As the worker hands it over: the host's connection behind a request of the standard library. */
function handedOver(incoming: IncomingMessage) {
  const init = { method: incoming.method, body: incoming, duplex: 'half' } as unknown as RequestInit;
  return requestOf(new Request(`https://marquee.example${incoming.url}`, init) as unknown as HttpRequest);
}

test.each([0, 1, 16])(
  'a body of which %i parts were read leaves the connection of the host fit for the next request',
  async (parts) => {
    const server = createServer(async (incoming, outgoing) => {
      let read = 0;
      if (incoming.url === '/large' && parts > 0) {
        for await (const _ of handedOver(incoming).body ?? []) {
          read += 1;
          if (read === parts) break;
        }
      }
      outgoing.end(String(read));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const asked = (path: string, bytes: number) =>
      new Promise<string>((resolve, reject) => {
        const signal = AbortSignal.timeout(3000);
        const asking = send({ agent, port, host: '127.0.0.1', method: 'POST', path, signal }, async (reply) => {
          resolve(Buffer.concat(await reply.toArray()).toString());
        });
        asking.on('error', reject);
        asking.end(Buffer.alloc(bytes));
      });
    expect(await asked('/large', 3_000_000)).toBe(String(parts));
    expect(await asked('/next', 1)).toBe('0');
    agent.destroy();
    server.closeAllConnections();
    server.close();
  },
);

test('a reply that breaks off in the middle ends its connection: nobody waits for the rest, or takes it for the whole', async () => {
  const server = createServer(async (incoming, outgoing) => {
    async function* broken() {
      yield 'id,name\r\n';
      throw new Error('the store is away');
    }
    const id = String(incoming.headers['x-ms-invocation-id']);
    const { body } = responseOf({ status: 200, headers: {}, body: broken() }, 'GET', id);
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) outgoing.write(chunk);
      outgoing.end();
    } catch {
      // The worker says it in its own log, and leaves the reply as it is.
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const init = { headers: { 'x-ms-invocation-id': 'the-first' }, signal: AbortSignal.timeout(3000) };
  const reading = fetch(`http://127.0.0.1:${port}/`, init).then((reply) => reply.text());
  await expect(reading).rejects.toThrow(/terminated|fetch failed/);
  server.close();
});

test.each([
  ['203.0.113.7:51234', '203.0.113.7', undefined],
  ['203.0.113.7', '203.0.113.7', undefined],
  ['[2001:db8::7]:51234', '2001:db8::7', undefined],
  ['2001:db8::7', '2001:db8::7', undefined],
  ['198.51.100.1, 203.0.113.7:51234', '203.0.113.7', '198.51.100.1'],
  ['6.6.6.6, 198.51.100.1:80, 203.0.113.7:1', '203.0.113.7', '6.6.6.6, 198.51.100.1'],
])('of X-Forwarded-For "%s" the front end saw %s; proxies said %s', (header, peer, said) => {
  const request = received({ 'X-Forwarded-For': header });
  expect([request.peer, request.header('x-forwarded-for')]).toEqual([peer, said]);
});

test('a reply keeps its status, headers and bytes; chunks of text become bytes; a HEAD has no body', async () => {
  const headers = { 'content-type': 'text/csv' };
  expect(responseOf({ status: 201, headers, body: 'a' }, 'POST', 'an-invocation')).toEqual({
    status: 201,
    headers,
    body: 'a',
  });
  expect(responseOf({ status: 200, headers, body: 'a' }, 'HEAD', 'an-invocation')).toEqual({ status: 200, headers });
  async function* chunks() {
    yield 'é';
    yield new Uint8Array([1]);
  }
  const { body } = responseOf({ status: 200, headers, body: chunks() }, 'GET', 'an-invocation');
  const bytes: number[] = [];
  if (body && typeof body === 'object' && Symbol.asyncIterator in body)
    for await (const part of body) bytes.push(...part);
  expect(bytes).toEqual([0xc3, 0xa9, 1]);
});
