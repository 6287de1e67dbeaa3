/** The real `redis-server` (Debian's package), started by a test on a port of its own, and ended in every way it can end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { describe, expect } from 'vitest';
import type { Probe } from '../../shared/platform/health.ts';
import type { Log } from '../../shared/platform/log.ts';
import { silentLog } from './platform.ts';
import { onFreePort } from './servers.ts';

const installed = spawnSync('redis-server', ['--version']).status === 0;

/** Tests over the real server; skipped, and said so, where there is none. */
export function describeRedis(name: string, tests: () => void): void {
  const why = installed ? '' : ' (SKIPPED: no redis-server on PATH; apt-get install redis-server)';
  describe.skipIf(!installed)(`${name}${why}`, tests);
}

export interface RedisServer {
  readonly url: string;
  /** The same server over TLS, where it has a certificate. */
  readonly tlsUrl: string;
  /** SIGKILL is a crash, SIGSTOP a server that hangs, SIGCONT its end. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Starts it anew, empty, on the same port, after SIGKILL. */
  restart(): Promise<void>;
  /** Runs a command as an administrator. */
  run(...command: string[]): Promise<unknown>;
  /** Every key and what it holds, as one text each. */
  dump(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await onFreePort(server);
  server.close();
  await once(server, 'close');
  return port;
}

interface ServerOptions {
  readonly password?: string;
  /** A folder with `key.pem` and `cert.pem`. */
  readonly tls?: string;
}

export async function startRedis({ password, tls }: ServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-redis-'));
  const port = await freePort();
  const tlsPort = tls === undefined ? 0 : await freePort();
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  let child: ChildProcess;

  async function start(): Promise<void> {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    const secured = ['--tls-port', String(tlsPort), '--tls-auth-clients', 'no'];
    const certified = ['--tls-key-file', `${tls}/key.pem`, '--tls-cert-file', `${tls}/cert.pem`];
    const args = [
      ...own,
      ...(tls === undefined ? [] : [...secured, ...certified]),
      ...(password === undefined ? [] : ['--requirepass', password]),
    ];
    child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const out = child.stdout;
    if (!out) throw new Error('redis-server has no output');
    let said = '';
    for await (const chunk of out.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (said.includes('Ready to accept connections')) {
        out.resume();
        return;
      }
    }
    throw new Error(`redis-server did not start: ${said}`);
  }
  async function administered<T>(work: (run: (command: string[]) => Promise<unknown>) => Promise<T>): Promise<T> {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await work((command) => client.sendCommand(command));
    } finally {
      client.destroy();
    }
  }

  await start();
  return {
    url,
    tlsUrl: `rediss://127.0.0.1:${tlsPort}`,
    async signal(signal) {
      const gone = signal === 'SIGKILL' ? once(child, 'exit') : undefined;
      child.kill(signal);
      await gone;
    },
    restart: start,
    run: (...command) => administered((run) => run(command)),
    dump: () =>
      administered(async (run) => {
        const keys = (await run(['KEYS', '*'])) as string[];
        return Promise.all(keys.sort().map(async (key) => `${key} = ${await run(['GET', key])}`));
      }),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A log that keeps its warnings, and what has come back. */
export function keptLog(): Log & { readonly warnings: string[]; readonly told: string[] } {
  const warnings: string[] = [];
  const told: string[] = [];
  return {
    ...silentLog,
    warnings,
    told,
    warn: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
    info: (_, message) => void told.push(message),
  };
}

/** Waits until Redis answers whoever asks through here. */
export async function reached({ ping }: { readonly ping: Probe['check'] }): Promise<void> {
  await expect.poll(() => ping().then(() => 'up', String), { timeout: 10_000, interval: 25 }).toBe('up');
}
