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
  expect(responseOf({ status: 201, headers, body: 'a' }, 'POST')).toEqual({ status: 201, headers, body: 'a' });
  expect(responseOf({ status: 200, headers, body: 'a' }, 'HEAD')).toEqual({ status: 200, headers });
  async function* chunks() {
    yield 'é';
    yield new Uint8Array([1]);
  }
  const { body } = responseOf({ status: 200, headers, body: chunks() }, 'GET');
  const bytes: number[] = [];
  if (body && typeof body === 'object' && Symbol.asyncIterator in body)
    for await (const part of body) bytes.push(...part);
  expect(bytes).toEqual([0xc3, 0xa9, 1]);
});
