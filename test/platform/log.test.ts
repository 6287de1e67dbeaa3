/** What the log holds, and what never. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLog } from '../../shared/platform/log.pino.ts';
import { silentLog, testPlatform } from '../support/platform.ts';
import { callersOf, thingHost } from '../support/things.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function line(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const file = join(folder, 'log');
  openLog('info', file).info(fields, 'happened');
  return vi.waitFor(async () => JSON.parse(await readFile(file, 'utf8')));
}

test('says which levels are written, so that a line nobody reads need not be made', () => {
  const levels = ['debug', 'info', 'warn', 'silent'] as const;
  const shown = levels.map((level) => {
    const log = openLog(level, join(folder, 'log'));
    return [level, log.on('debug'), log.on('info')];
  });
  expect(shown).toEqual([
    ['debug', true, true],
    ['info', false, true],
    ['warn', false, false],
    ['silent', false, false],
  ]);
});

test('a line has its fields, level, time and message', async () => {
  expect(await line({ route: 'events', status: 200, nested: { list: [1, { two: 2 }] } })).toEqual({
    level: 30,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    route: 'events',
    status: 200,
    nested: { list: [1, { two: 2 }] },
    msg: 'happened',
  });
});

test('secrets and personal data are hidden at any depth up to three, in lists too, and the caller keeps its own', async () => {
  const user = { email: 'a@b.example', id: 7 };
  const shown = await line({ token: 'x', user, users: [user], deep: { inner: { password: 'x', ok: 1 } } });
  expect(shown).toMatchObject({
    token: '[hidden]',
    user: { email: '[hidden]', id: 7 },
    users: [{ email: '[hidden]', id: 7 }],
    deep: { inner: { password: '[hidden]', ok: 1 } },
  });
  expect(user.email).toBe('a@b.example');
});

test('of an error the name, the message and the stack are logged, and none of its other fields', async () => {
  const shown = await line({ err: Object.assign(new TypeError('Broken'), { password: 'x' }) });
  expect(shown.err).toEqual({ type: 'TypeError', message: 'Broken', stack: expect.stringContaining('Broken') });
});

test('a request is one line with its route, status, user and correlation; none is made when nobody reads it', async () => {
  const platform = await testPlatform();
  const lines: unknown[] = [];
  let on = true;
  const log = { ...silentLog, on: () => on, info: (fields: object) => void lines.push(fields) };
  const host = await thingHost({ ...platform, log });
  try {
    const call = callersOf(host.origin).callerIn('org', 'ann');
    await call('GET', 'things?name=Ann', undefined, { 'x-correlation-id': 'one' });
    on = false;
    await call('GET', 'things');
    const [about, ms, traceId] = [{ orgId: 'org', userId: 'ann' }, expect.any(Number), expect.any(String)];
    expect(lines).toEqual([
      { method: 'GET', route: 'things', status: 200, correlationId: 'one', traceId, ms, ...about },
    ]);
  } finally {
    await host.close();
    await platform.close();
  }
});
