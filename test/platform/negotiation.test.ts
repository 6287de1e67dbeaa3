/** What clients say in headers, clumsily or by the letter of RFC 9110 (spec chapter 00). */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { servedThings } from '../support/things.ts';

const logged: unknown[] = [];
const { origin, caller } = servedThings(
  { env: { CORS_ORIGINS: 'https://app.example', PUBLIC_URL: 'https://api.example/', RATE_PUBLIC: '1000000' } },
  (platform) => {
    const errors = (fields: object, message: string) => void logged.push({ message, ...fields });
    return { ...platform, log: { ...platform.log, warn: errors, error: errors } };
  },
);

/** What comes back for these bytes; `close` ends our side after sending. */
function sent(bytes: string, close = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin()).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
    if (close) setTimeout(() => socket.destroy(), 200);
  });
}

async function thing() {
  const call = caller();
  const made = await call('POST', 'things', { name: 'A' });
  const path = `things/${made.json.id}`;
  const etag = made.headers.get('etag') ?? '';
  return {
    call,
    path,
    etag,
    read: async (header: string) => (await call('GET', path, undefined, { 'if-none-match': header })).status,
    change: async (header: string) => (await call('PATCH', path, { note: 'x' }, { 'if-match': header })).status,
  };
}

describe('Conditional requests', () => {
  test('If-None-Match takes a list, weak or strong, and gives 304 when one of them is ours', async () => {
    const { read, etag } = await thing();
    for (const header of [`"x", ${etag}`, `${etag},"x"`, `W/"x" , W/${etag}`, `W/${etag}`, '*']) {
      expect([header, await read(header)]).toEqual([header, 304]);
    }
    for (const header of ['"x", "y"', `"${etag.replaceAll('"', '')}x"`, '""']) {
      expect([header, await read(header)]).toEqual([header, 200]);
    }
    for (const header of ['x', '"x', `"x" ${etag}`, `${etag}; "x"`, '']) {
      expect([header, await read(header)]).toEqual([header, 400]);
    }
  });

  test('If-Match takes a list; a weak ETag never matches, so it is 412', async () => {
    const one = await thing();
    expect(await one.change(`W/${one.etag}`)).toBe(412);
    expect(await one.change('"x", "y"')).toBe(412);
    expect(await one.change(`"x", ${one.etag}`)).toBe(200);
    expect(await one.change(`"x", ${one.etag}`)).toBe(412);
    expect(await one.change('x')).toBe(400);
  });
});

describe('Accept', () => {
  test.each([
    ['application/json;q=0', 406],
    ['text/html, */*;q=0', 406],
    ['application/json;q=0, */*', 406],
    ['application/*;q=0, application/json;q=0.1', 200],
    ['application/problem+json', 200],
    ['application/problem+json;q=0', 406],
    ['text/html, application/xhtml+xml, */*;q=0.8', 200],
    ['APPLICATION/JSON', 200],
    ['application/json; charset=utf-8; q=0.5', 200],
    ['application/jsonp', 406],
    ['image/*', 406],
    ['', 200],
  ])('%s is answered %i', async (accept, status) => {
    expect((await caller()('GET', 'things', undefined, { accept })).status).toBe(status);
  });
});

describe('PATCH and lists', () => {
  test('an unknown field is refused even when it is to be removed; a known one that is not there is none', async () => {
    const { call, path } = await thing();
    expect((await call('PATCH', path, { nothing: null })).status).toBe(400);
    expect((await call('PATCH', path, { place: { city: 'Rome', nothing: null } })).status).toBe(400);
    const same = await call('PATCH', path, { note: null, place: null });
    expect(same.status).toBe(200);
    expect(same.json).not.toHaveProperty('note');
    expect((await call('PATCH', path, { place: { city: 'Rome', zip: null } })).json.place).toEqual({ city: 'Rome' });
  });

  test('a filter that the list does not know is 400 and names the ones it does', async () => {
    const answer = await caller()('GET', 'things?colour=red');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('known are limit, cursor, sort, count, fields, q, name');
  });
});

describe('All field errors at once', () => {
  const paths = (answer: { json: Record<string, unknown> }) =>
    (answer.json.errors as { path: string }[]).map(({ path }) => path);

  test('of a list: unknown filters, sorts and fields, each with what the list knows', async () => {
    const answer = await caller()('GET', 'things?limit=0&sort=colour,-size&fields=name,secret&colour=red');
    expect(answer.status).toBe(400);
    expect(answer.json.errors).toMatchObject([
      { path: 'query.limit', code: 'too_small' },
      { path: 'query.sort', code: 'unknown_sort', message: 'can sort by name, createdAt' },
      {
        path: 'query.fields',
        code: 'unknown_field',
        message: expect.stringMatching(/^can pick from id, number, name, /),
      },
      {
        path: 'query.colour',
        code: 'unknown_field',
        message: expect.stringMatching(/^is not known; known are limit, /),
      },
    ]);
  });

  test('of a list that is searched and sorted: a search has an order of its own, and nothing asked for is ignored', async () => {
    const answer = await caller()('GET', 'things?q=big&sort=name&limit=0');
    expect(answer.status).toBe(400);
    expect(answer.json.errors).toMatchObject([
      { path: 'query.limit', code: 'too_small' },
      { path: 'query.sort', code: 'sorted_search', message: expect.stringContaining('best match comes first') },
    ]);
    for (const query of ['q=&sort=name', 'q=%21&sort=name', 'q=big']) {
      expect((await caller()('GET', `things?${query}`)).status, query).toBe(200);
    }
  });

  test('of path, query, header and body together', async () => {
    const put = await caller()('PUT', 'things/x?y=1', { name: '' }, { 'if-match': 'z' });
    expect(put.status).toBe(400);
    expect(paths(put)).toEqual(['path.thingId', 'query.y', 'header.if-match', 'body.name']);
    expect(put.json.detail).toBe('Several parts of the request are not valid.');
  });

  test('but a body that cannot be read at all is told first', async () => {
    const put = await caller()('PUT', 'things/x', 'name', { 'content-type': 'text/plain' });
    expect(put.status).toBe(415);
  });
});

describe('Every reply has the headers of every reply', () => {
  const PROMISED = ['strict-transport-security:', 'x-content-type-options: nosniff', 'x-correlation-id: '];

  test.each([
    ['without a Host', 'GET /api/things HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['that expects something odd', 'GET /api/no HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n', 404],
    ['TRACE', 'TRACE /api/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405],
    ['OPTIONS', 'OPTIONS /api/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 204],
    ['that is no HTTP', 'HELO\r\n\r\n', 400],
  ])('a request %s', async (_, bytes, status) => {
    const answer = (await sent(bytes)).toLowerCase();
    expect(answer).toMatch(new RegExp(`^http/1.1 ${status} `));
    for (const header of PROMISED) expect(answer).toContain(header);
  });

  test('Location and Link say where clients reach us (PUBLIC_URL)', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: 'A' });
    expect(made.headers.get('location')).toBe(`https://api.example/api/things/${made.json.id}`);
    await call('POST', 'things', { name: 'B' });
    const page = await call('GET', 'things?limit=1');
    expect(page.headers.get('link')).toMatch(/^<https:\/\/api\.example\/api\/things\?limit=1&cursor=\S+>; rel="next"$/);
  });
});

describe('Bodies that do not end as they should', () => {
  test('a large one is answered 413 even when the client goes on sending', async () => {
    const statuses = [];
    for (let round = 0; round < 5; round += 1) {
      const headers = { authorization: 'Bearer o/u', 'content-type': 'application/json' };
      const body = 'x'.repeat(8 * 1024 * 1024);
      statuses.push((await fetch(`${origin()}/api/things`, { method: 'POST', headers, body })).status);
    }
    expect(statuses).toEqual([413, 413, 413, 413, 413]);
  });

  test('a client that goes away in the middle is not logged as a fault of ours', async () => {
    const head = 'POST /api/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer o/u\r\nContent-Length: 500\r\n';
    await sent(`${head}Content-Type: application/json\r\n\r\n{"name`, true);
    const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
    const type = 'Content-Type: multipart/form-data; boundary=b';
    await sent(`${head.replace('things', 'things/files')}${type}\r\n\r\n${form}`, true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(logged).toEqual([]);
  });
});
