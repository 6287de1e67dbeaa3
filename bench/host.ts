/** The measured system: the bundled host in a process of its own, watched from outside; and the yardstick. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Load, Measured } from './load.ts';
import { settingsOfNpmStart } from './npm-start.ts';
import { CONNECTIONS, profile, SECONDS } from './options.ts';

const PORT = 7977;
/** Clock ticks a second of `/proc/<pid>/stat`. */
const TICKS = 100;

/** The environment of a host over the data in a folder; nothing in it limits how often one may ask. */
export function environment(folder: string): Record<string, string> {
  const unlimited = '1000000000';
  return {
    RATE_SIGNED_IN: unlimited,
    RATE_PUBLIC: unlimited,
    RATE_UPLOADS: unlimited,
    RATE_FAILURES: unlimited,
    DATA_DIR: folder,
    SEED: 'none',
    PORT: String(PORT),
    LOG_LEVEL: 'warn',
  };
}

/** A file of the bench as one that a process or a worker of its own can run. */
export async function bundled(entry: string): Promise<string> {
  const outfile = join(resolve('dist/bench'), `${entry.replace(/\W/g, '-')}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}

export interface Watched {
  readonly origin: string;
  /** Seconds of CPU that the process has used, all its threads together. */
  cpu(): Promise<number>;
  /** Most resident memory so far, in MB. */
  mostMemory(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts the host as `npm start` runs it, and waits until it is ready. */
export async function startHost(folder: string): Promise<Watched> {
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${resolve('dist/bench')}`] : [];
  const host = spawn(process.execPath, [...flags, await bundled('infra/local/main.ts')], {
    env: { ...process.env, ...environment(folder), ...settingsOfNpmStart() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((ready, failed) => {
    host.on('exit', () => failed(new Error('The host did not start')));
    host.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Marquee is ready')) ready();
    });
  });
  const about = (file: string) => readFile(`/proc/${host.pid}/${file}`, 'utf8');
  return {
    origin: `http://127.0.0.1:${PORT}`,
    async cpu() {
      // Fields are counted after the name in brackets, which may hold spaces.
      const fields = (await about('stat')).split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    mostMemory: async () => Number(/VmHWM:\s+(\d+)/.exec(await about('status'))?.[1] ?? 0) / 1024,
    async stop() {
      if (host.exitCode !== null || host.signalCode !== null) return;
      const ended = new Promise((done) => host.once('exit', done));
      host.kill('SIGTERM');
      await ended;
    },
  };
}

function output(child: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done(text) : failed(new Error(`The load ended with ${code}: ${text}`))));
  });
}

/** Runs a load in a process of its own. */
export type Generator = (load: Load) => Promise<Measured>;

export async function generator(): Promise<Generator> {
  const file = await bundled('bench/load.ts');
  return async (load) => {
    const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(JSON.stringify(load));
    return JSON.parse(await output(child)) as Measured;
  };
}

/** A bare `node:http` server under the same load. */
export async function yardstick(put: Generator): Promise<Measured> {
  const body = JSON.stringify({ id: '0193b0a0-7c1e-7000-8000-000000000001', title: 'x'.repeat(600) });
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const measured = await put({ origin, connections: CONNECTIONS, seconds: SECONDS, paths: ['/'] });
  server.closeAllConnections();
  server.close();
  return measured;
}
