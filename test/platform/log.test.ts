/** What the log holds, and what never. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLog } from '../../shared/platform/log.pino.ts';

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
