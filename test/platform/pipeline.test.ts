import { describe, expect, test } from 'vitest';
import { servedThings } from '../support/things.ts';

const { platform, origin, caller, callerIn } = servedThings({
  env: { CORS_ORIGINS: 'https://app.example', RATE_SIGNED_IN: '400', RATE_PUBLIC: '20' },
});

describe('what is made and changed', () => {
  test('201 with Location and ETag for what is made, 200 for what is changed, 204 for what is gone', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: '  Stage  ' });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      name: 'Stage',
      number: 1,
      createdBy: expect.stringMatching(/^user/),
      modifiedBy: expect.stringMatching(/^user/),
    });
    const location = made.headers.get('location') ?? '';
    expect(location).toBe(`${origin()}/api/things/${made.json.id}`);
    const path = location.slice(`${origin()}/api/`.length);
    const read = await call('GET', path);
    expect(read.status).toBe(200);
    expect(read.headers.get('etag')).toBe(made.headers.get('etag'));
    expect((await call('PATCH', path, { note: 'left' })).status).toBe(200);
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
    expect((await call('DELETE', path)).status).toBe(404);
  });

  test('PUT gives every changeable field and clears what it leaves out, PATCH merges by RFC 7396', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: 'A', note: 'n', place: { city: 'Rome', zip: '1' } });
    const path = `things/${made.json.id}`;
    expect((await call('PATCH', path, { place: { zip: null } })).json).toMatchObject({
      note: 'n',
      place: { city: 'Rome' },
    });
    expect((await call('PATCH', path, { note: null })).json).not.toHaveProperty('note');
    const put = await call('PUT', path, { name: 'B' });
    expect(put.json.name).toBe('B');
    expect(put.json).not.toHaveProperty('place');
    const bad = await call('PATCH', path, { name: null, nothing: 1, place: { city: '' } });
    expect(bad.status).toBe(400);
    expect((bad.json.errors as { path: string }[]).map(({ path: at }) => at).sort()).toEqual([
      'body.name',
      'body.nothing',
      'body.place.city',
    ]);
  });

  test('If-Match gives 412 when stale, and without it the last write wins', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: 'A' });
    const path = `things/${made.json.id}`;
    const first = made.headers.get('etag') ?? '';
    const changed = await call('PATCH', path, { note: '1' }, { 'if-match': first });
    expect(changed.status).toBe(200);
    for (const [method, body] of [
      ['PATCH', { note: '2' }],
      ['PUT', { name: 'A' }],
      ['DELETE', undefined],
    ] as const) {
      const stale = await call(method, path, body, { 'if-match': first });
      expect(stale.status).toBe(412);
      expect(stale.json.type).toBe('urn:marquee:problem:stale');
    }
    expect((await call('GET', path)).headers.get('etag')).toBe(changed.headers.get('etag'));
    expect((await call('PATCH', path, { note: '3' }, { 'if-match': '*' })).status).toBe(200);
    expect((await call('PATCH', path, { note: '4' })).status).toBe(200);
    expect((await call('PATCH', path, { note: '5' }, { 'if-match': 'no quotes' })).status).toBe(400);
  });

  test('of two writers with the same ETag one wins; without ETags both do, one after the other', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: 'A' });
    const etag = made.headers.get('etag') ?? '';
    const raced = await Promise.all(
      ['1', '2', '3', '4'].map((note) => call('PATCH', `things/${made.json.id}`, { note }, { 'if-match': etag })),
    );
    expect(raced.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    const free = await Promise.all(
      ['1', '2', '3', '4'].map((note) => call('PATCH', `things/${made.json.id}`, { note })),
    );
    expect(free.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('If-None-Match gives 304 without a body', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: 'A' });
    const etag = made.headers.get('etag') ?? '';
    const same = await call('GET', `things/${made.json.id}`, undefined, { 'if-none-match': etag });
    expect(same.status).toBe(304);
    expect(same.text).toBe('');
    expect((await call('GET', `things/${made.json.id}`, undefined, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('a unique name is free again after a rename and after a delete', async () => {
    const call = caller();
    const made = await call('POST', 'things', { name: 'Éclair' });
    const twice = await call('POST', 'things', { name: 'ECLAIR' });
    expect(twice.status).toBe(409);
    expect(twice.json).toMatchObject({ type: 'urn:marquee:problem:already_exists', field: 'name' });
    await call('PATCH', `things/${made.json.id}`, { name: 'Other' });
    const second = await call('POST', 'things', { name: 'ECLAIR' });
    expect(second.status).toBe(201);
    await call('DELETE', `things/${second.json.id}`);
    expect((await call('POST', 'things', { name: 'eclair' })).status).toBe(201);
  });

  test('fifty at once draw numbers without gap or double', async () => {
    const call = caller();
    const made = await Promise.all(Array.from({ length: 50 }, (_, n) => call('POST', 'things', { name: `T${n}` })));
    expect(made.map(({ json }) => Number(json.number)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 1),
    );
  });
});

describe('lists', () => {
  test('pages, counts, sorts and trims; a page names the next in the body and in a Link header', async () => {
    const call = caller();
    for (const name of ['c', 'a', 'b', 'd', 'e']) await call('POST', 'things', { name });
    const names = (json: Record<string, unknown>) => (json.data as { name: string }[]).map(({ name }) => name);
    const first = await call('GET', 'things?limit=2&count=true&sort=-name&fields=name');
    expect(first.json).toEqual({
      data: [{ name: 'e' }, { name: 'd' }],
      page: { nextCursor: expect.any(String), totalCount: 5 },
    });
    const link = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await call('GET', link.slice(`${origin()}/api/`.length));
    expect(names(second.json)).toEqual(['c', 'b']);
    const last = await call(
      'GET',
      `things?limit=2&sort=-name&cursor=${(second.json.page as { nextCursor: string }).nextCursor}`,
    );
    expect(names(last.json)).toEqual(['a']);
    expect(last.json.page).toEqual({ nextCursor: null });
    expect(names((await call('GET', 'things?name=a,d')).json)).toEqual(['a', 'd']);
  });

  test.each([
    ['limit=0', 'query.limit'],
    ['limit=101', 'query.limit'],
    ['limit=x', 'query.limit'],
    ['sort=colour', 'query.sort'],
    ['sort=__proto__', 'query.sort'],
    ['colour=red', 'query.colour'],
    ['fields=name,secret', 'query.fields'],
    ['cursor=abc', 'query.cursor'],
    ['name=a&name=b', 'query.name'],
  ])('%s is 400 and names %s', async (query, path) => {
    const answer = await caller()('GET', `things?${query}`);
    expect(answer.status).toBe(400);
    expect((answer.json.errors as { path: string }[])[0]?.path).toBe(path);
  });
});

describe('who may', () => {
  test('no token, a bad one, and one without the privilege', async () => {
    const none = await fetch(`${origin()}/api/things`);
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    const bad = await fetch(`${origin()}/api/things`, { headers: { authorization: 'Bearer x' } });
    expect(bad.status).toBe(401);
    const basic = await fetch(`${origin()}/api/things`, { headers: { authorization: 'Basic eA==' } });
    expect(basic.status).toBe(401);
    expect((await caller('things.read')('POST', 'things', { name: 'A' })).status).toBe(403);
    expect((await caller('things.read')('GET', 'things')).status).toBe(200);
  });

  test('an id of another organization is answered exactly like one that does not exist', async () => {
    const made = await caller()('POST', 'things', { name: 'A' });
    const stranger = caller();
    for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['PUT', { name: 'x' }], ['DELETE']] as const) {
      const theirs = await stranger(method, `things/${made.json.id}`, body);
      const nobodys = await stranger(method, 'things/0193b0a0-7c1e-7000-8000-000000000001', body);
      expect(theirs.status).toBe(404);
      expect({ ...theirs.json, instance: '', traceId: '' }).toEqual({ ...nobodys.json, instance: '', traceId: '' });
    }
  });

  test('a user has its budget a minute, and hears when to come back', async () => {
    const call = callerIn('orgR', 'rita');
    const answers = await Promise.all(Array.from({ length: 410 }, () => call('GET', 'things')));
    expect(answers.filter(({ status }) => status === 200).length).toBe(400);
    const over = answers.find(({ status }) => status === 429);
    expect(Number(over?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(over?.headers.get('ratelimit-limit')).toBe('400');
    expect(over?.headers.get('x-ratelimit-remaining')).toBe('0');
    expect((await callerIn('orgR', 'paul')('GET', 'things')).status).toBe(200);
    platform().clock.advance(61_000);
    expect((await call('GET', 'things')).status).toBe(200);
  });
});

describe('every reply', () => {
  test('carries security headers, the correlation id and nothing of the inside', async () => {
    const call = caller();
    const answer = await call('GET', 'things', undefined, { 'x-correlation-id': 'my-id-1' });
    expect(answer.headers.get('x-correlation-id')).toBe('my-id-1');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('strict-transport-security')).toContain('max-age');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const odd = await call('GET', 'things', undefined, { 'x-correlation-id': 'a b<c>' });
    expect(odd.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    const broken = await call('GET', 'things/broken');
    expect(broken.status).toBe(500);
    expect(broken.text).not.toMatch(/secret|zod|inside|stack/i);
  });

  test('continues the trace it was given', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await caller()('GET', 'things/nope', undefined, { traceparent });
    expect(answer.json.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  test('CORS: the allow-list only, preflight included', async () => {
    const preflight = (page: string) =>
      fetch(`${origin()}/api/things`, {
        method: 'OPTIONS',
        headers: { origin: page, 'access-control-request-method': 'POST' },
      });
    const known = await preflight('https://app.example');
    expect(known.status).toBe(204);
    expect(known.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(known.headers.get('access-control-allow-methods')).toContain('POST');
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const call = caller();
    const answer = await call('GET', 'things', undefined, { origin: 'https://app.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  test('404, 405 with Allow, 406, 415', async () => {
    const call = caller();
    expect((await call('GET', 'nothing/here')).status).toBe(404);
    const method = await call('DELETE', 'things');
    expect(method.status).toBe(405);
    expect(method.headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await call('GET', 'things', undefined, { accept: 'image/png' })).status).toBe(406);
    expect((await call('POST', 'things', '{"name":"A"}', { 'content-type': 'text/plain' })).status).toBe(415);
    const json = 'application/json';
    for (const [headers, status] of [
      [{ 'content-type': json, 'content-encoding': 'gzip' }, 415],
      [{ 'content-type': `${json}; charset=iso-8859-1` }, 415],
      [{ 'content-type': `${json}; charset= utf-8` }, 201],
      [{ 'content-type': `${json}; charset="UTF-8"`, 'content-encoding': 'identity' }, 201],
    ] as const) {
      expect((await call('POST', 'things', JSON.stringify({ name: headers['content-type'] }), headers)).status).toBe(
        status,
      );
    }
    const head = await fetch(`${origin()}/api/things`, { method: 'HEAD', headers: { authorization: 'Bearer o/u' } });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
  });
});
