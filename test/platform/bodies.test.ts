import { request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { servedThings } from '../support/things.ts';

const { origin, caller } = servedThings();

describe('bodies', () => {
  test('over 1 MiB is 413 with the limit, by its declared length before a byte is read', async () => {
    const refused = await new Promise<{ status: number; sent: number; body: string }>((resolve, reject) => {
      const socket = connect(Number(new URL(origin()).port), '127.0.0.1');
      let body = '';
      socket.on('data', (chunk) => {
        body += chunk.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve({ status: Number(body.split(' ')[1]), sent: socket.bytesWritten, body }));
      socket.write(
        'POST /api/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer o/u\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n{"name":"',
      );
    });
    expect(refused.status).toBe(413);
    expect(refused.body).toContain('"limit":1048576');
    expect(refused.sent).toBeLessThan(1000);
  });

  test('over 1 MiB without a declared length is cut off when it is over', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sending = rawRequest(
        `${origin()}/api/things`,
        {
          method: 'POST',
          headers: { authorization: 'Bearer o/u', 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sending.on('error', reject);
      sending.write(`{"name":"${'x'.repeat(1024 * 1024 + 10)}`);
    });
    expect(status).toBe(413);
  });

  test('an address over 16 KiB and bytes that are no HTTP are 400 as a problem', async () => {
    const long = await fetch(`${origin()}/api/things?q=${'x'.repeat(20_000)}`);
    expect(long.status).toBe(400);
    expect(long.headers.get('content-type')).toContain('application/problem+json');
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(origin()).port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
      socket.write('HELO there\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('urn:marquee:problem:invalid');
  });

  test.each([
    ['not JSON', '{"name":'],
    ['nested too deep', '['.repeat(100_000)],
    ['an array', '[]'],
    ['null', 'null'],
    ['a field nobody knows', '{"name":"A","colour":"red"}'],
    ['__proto__', '{"name":"A","__proto__":{"admin":true}}'],
    ['a NUL', '{"name":"A\\u0000B"}'],
    ['a lone surrogate', '{"name":"\\ud800"}'],
    ['a text that is nothing but blanks', '{"name":"   "}'],
  ])('%s is 400', async (_, body) => {
    const answer = await caller()('POST', 'things', body);
    expect(answer.status).toBe(400);
    expect(answer.json.type).toBe('urn:marquee:problem:invalid');
    expect((answer.json.errors as unknown[]).length).toBeGreaterThan(0);
  });

  test('bytes that are not UTF-8 are 400', async () => {
    const response = await fetch(`${origin()}/api/things`, {
      method: 'POST',
      headers: { authorization: 'Bearer o/u', 'content-type': 'application/json' },
      body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expect(response.status).toBe(400);
  });

  test('emoji and right-to-left text are texts like any other', async () => {
    const made = await caller()('POST', 'things', { name: 'חתונה 💍 عرس' });
    expect(made.status).toBe(201);
    expect(made.json.name).toBe('חתונה 💍 عرس');
  });

  test('a file comes as multipart/form-data in the field "file", up to its limit', async () => {
    const send = (bytes: number, field = 'file') => {
      const form = new FormData();
      form.set(field, new Blob([new Uint8Array(bytes)]), 'a.bin');
      return fetch(`${origin()}/api/things/files`, {
        method: 'POST',
        headers: { authorization: 'Bearer o/u' },
        body: form,
      });
    };
    expect(await (await send(100_000)).json()).toEqual({ size: 100_000, fileName: 'a.bin' });
    const over = await send(100_001);
    expect(over.status).toBe(413);
    expect(await over.json()).toMatchObject({ limit: 100_000 });
    const other = await send(10, 'other');
    expect(other.status).toBe(400);
    expect(await other.json()).toMatchObject({ errors: [{ path: 'body.file' }, { path: 'body.other' }] });
    expect((await caller()('POST', 'things/files', {})).status).toBe(415);
  });

  test.each([
    [
      'a text beside it',
      [
        ['file', true],
        ['title', false],
      ],
      [['body.title', 'unknown_field']],
    ],
    [
      'a text before it',
      [
        ['title', false],
        ['file', true],
      ],
      [['body.title', 'unknown_field']],
    ],
    [
      'a second one',
      [
        ['file', true],
        ['file', true],
      ],
      [['body.file', 'repeated']],
    ],
    [
      'a file in another field',
      [
        ['other', true],
        ['file', true],
      ],
      [['body.other', 'unknown_field']],
    ],
    [
      'several',
      [
        ['a', false],
        ['file', true],
        ['b', false],
      ],
      [
        ['body.a', 'unknown_field'],
        ['body.b', 'unknown_field'],
      ],
    ],
  ] as const)('a file comes alone: %s is refused, naming it', async (_what, fields, errors) => {
    const form = new FormData();
    for (const [name, isFile] of fields) {
      if (isFile) form.append(name, new Blob([new Uint8Array(10)]), 'a.bin');
      else form.append(name, 'text');
    }
    const answer = await fetch(`${origin()}/api/things/files`, {
      method: 'POST',
      headers: { authorization: 'Bearer o/u' },
      body: form,
    });
    expect(answer.status).toBe(400);
    const { errors: told } = (await answer.json()) as { errors: { path: string; code: string }[] };
    expect(told.map(({ path, code }) => [path, code])).toEqual(errors);
  });
});
