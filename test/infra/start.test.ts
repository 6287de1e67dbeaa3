import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { killAll, launch, READY, ready, START, type Started } from '../support/marquee.ts';
import { onFreePort } from '../support/servers.ts';

let folder: string;
let settings: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-start-'));
  settings = { PORT: '0', SEED: 'none', DATA_DIR: join(folder, 'data') };
});
afterEach(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

function start(command: readonly string[] = START, cwd = folder): Started {
  return launch(settings, command, cwd);
}

function answers(origin: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

describe('npm start', () => {
  test('is ready from any folder, answers, and closes clean on a signal that arrives twice', async () => {
    const marquee = start();
    const origin = await ready(marquee);
    expect((await fetch(`${origin}/api/health/ready`)).status).toBe(200);
    marquee.child.kill('SIGINT');
    marquee.child.kill('SIGINT');
    expect(await marquee.ended).toMatchObject({ status: 0 });
    expect(await answers(origin)).toBe(false);
  });

  test('answers what is in flight before it closes', async () => {
    const marquee = start();
    const origin = await ready(marquee);
    const body = JSON.stringify({ username: 'nobody@example.com', password: 'not-a-password' });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const slow = request(`${origin}/api/identity/authenticate`, { method: 'POST', headers });
    slow.write(body.slice(0, 10));
    await sleep(300);
    marquee.child.kill('SIGINT');
    await vi.waitFor(async () => expect(await answers(origin)).toBe(false), 5_000);
    slow.end(body.slice(10));
    const [answer] = await once(slow, 'response');
    expect(answer.statusCode).toBe(401);
    answer.resume();
    expect(await marquee.ended).toMatchObject({ status: 0 });
  });

  test('starts again on the data of the last run', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const marquee = start();
      const origin = await ready(marquee);
      expect((await fetch(`${origin}/api/health/live`)).status).toBe(200);
      marquee.child.kill(signal);
      expect(await marquee.ended).toMatchObject({ status: 0 });
    }
  });

  test('loads no demo beside an organization that was begun without it', async () => {
    const first = start();
    const body = JSON.stringify({
      username: 'owner@example.com',
      password: 'a-password-of-some-length',
      confirmPassword: 'a-password-of-some-length',
      organizationName: 'Ours',
    });
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(`${await ready(first)}/api/identity/register`, { method: 'POST', headers, body });
    expect(made.status).toBe(201);
    first.child.kill('SIGINT');
    await first.ended;
    settings.SEED = 'demo';
    const second = start();
    await ready(second);
    second.child.kill('SIGINT');
    const { said } = await second.ended;
    expect(said).toContain('No demo data: there is an organization of your own here already');
    expect(said).not.toMatch(/loading demo data|demo\.example/i);
  });

  test('passes on what npm is told, and stops when npm is killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const npm = start(['npm', 'start'], resolve('.'));
      const origin = await ready(npm);
      npm.child.kill(signal);
      await vi.waitFor(async () => expect(await answers(origin)).toBe(false), 10_000);
      expect((await npm.ended).status).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 0);
    }
  });
});

describe('npm start stops with one clear message', () => {
  async function refused(): Promise<string> {
    const { status, said } = await start().ended;
    expect(status).toBe(1);
    expect(said).not.toMatch(READY);
    expect(said).not.toMatch(/^\s+at /m);
    return said;
  }

  test('when the port is taken', async () => {
    const other = createServer();
    const { port } = await onFreePort(other);
    settings.PORT = String(port);
    expect(await refused()).toMatch(new RegExp(`^Port ${port} is taken.*set PORT`));
    // Known before the minute's work of loading the demo.
    settings.SEED = 'demo';
    expect(await refused()).toMatch(/^Port/);
    other.close();
  });

  test('when the host is no address of this machine', async () => {
    for (const host of ['nowhere.invalid', '192.0.2.1']) {
      settings.HOST = host;
      expect(await refused()).toMatch(new RegExp(`^HOST ${host} is no address of this machine.*HOST=127\\.0\\.0\\.1`));
    }
  });

  test('when the data folder cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    // In /proc Node would go on trying for ever.
    for (const data of [join(folder, 'file', 'data'), join(folder, 'file'), '/proc/nowhere/data']) {
      settings.DATA_DIR = data;
      expect(await refused()).toMatch(new RegExp(`^DATA_DIR ${data} cannot be written: .*Set DATA_DIR`));
    }
  });

  test('when the store cannot be opened', async () => {
    await mkdir(join(folder, 'data', 'marquee.db'), { recursive: true });
    expect(await refused()).toMatch(/^The store cannot be opened at .*marquee\.db/);
  });

  test('when settings are bad, all of them named', async () => {
    Object.assign(settings, { PORT: 'seven', SEED: 'all', LINK_SECRET: 'a-short-secret' });
    const said = await refused();
    for (const name of ['PORT', 'SEED', 'LINK_SECRET']) expect(said).toContain(`- ${name}: `);
    expect(said).not.toContain('a-short-secret');
  });
});
