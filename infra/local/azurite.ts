/** Azurite's blob service as a child process: the real storage protocol on a laptop, without a cloud account. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayAfter } from '../../shared/platform/backoff.ts';
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';
import { messageOf } from '../../shared/platform/errors.ts';
import { connectable } from './connectable.ts';

export interface AzuriteOptions {
  /** Where blobs stay between runs; made when it is not there. */
  readonly folder: string;
  /** A free one when left out or taken. */
  readonly port?: number | undefined;
  /** Told when the child died and is started again. */
  readonly log?: (message: string) => void;
}

export interface Azurite {
  /** `http://127.0.0.1:40123`; stays the same when the child is restarted. */
  readonly endpoint: string;
  /** For `@azure/storage-blob`. */
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** The account and key that every Azurite and every storage emulator answers to: public knowledge, no secret. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const HOST = '127.0.0.1';
const READY_WITHIN = 20 * SECOND;
const STOPS_WITHIN = 5 * SECOND;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30 * SECOND;
/** A child that lived this long starts the backoff anew. */
const HEALTHY_AFTER = MINUTE;

/** Runs in the child before Azurite, and ends it with its parent. The same path from here and from dist/local. */
const PRELOAD = new URL('../../infra/local/cli/azurite-preload.mjs', import.meta.url);

/** What `@azure/storage-blob` needs to reach an Azurite. */
export function connectionTo(endpoint: string): string {
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${ACCOUNT}`,
    `AccountKey=${KEY}`,
    `BlobEndpoint=${endpoint}/${ACCOUNT}`,
  ].join(';');
}

/**
 * Starts the blob service on 127.0.0.1 and answers when it takes connections (about 0.4 s; one that still ends on the
 * folder is waited for). What it answered with success is there after any end of it. Throws when it does not start
 * within 20 s.
 */
export async function startAzurite({ folder, log = () => {}, ...options }: AzuriteOptions): Promise<Azurite> {
  await mkdir(folder, { recursive: true });
  const first = await launch(folder, options.port ?? 0).catch((error: unknown) => {
    if (!options.port || !messageOf(error).includes('EADDRINUSE')) throw error;
    return launch(folder, 0);
  });
  const { port } = first;
  let child = first.child;
  const stopping = new AbortController();

  const watching = keepAlive();
  async function keepAlive(): Promise<void> {
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      const since = performance.now();
      await ended(child);
      if (performance.now() - since > HEALTHY_AFTER) failures = 1;
      await sleep(delayAfter(failures, FIRST_PAUSE, LONGEST_PAUSE), undefined, stopping).catch(() => {});
      if (stopping.signal.aborted) return;
      log(`Azurite ended (${child.exitCode ?? child.signalCode}) and is started again`);
      try {
        child = (await launch(folder, port)).child;
      } catch (error) {
        log(messageOf(error));
      }
    }
  }

  const endpoint = `http://${HOST}:${port}`;
  return {
    endpoint,
    connectionString: connectionTo(endpoint),
    async stop() {
      stopping.abort();
      await end(child);
      await watching;
      // One that was being started just then.
      await end(child);
    },
  };
}

async function launch(folder: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const entry = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const options = ['--blobHost', HOST, '--blobPort', String(port), '--location', folder];
  const flags = ['--silent', '--skipApiVersionCheck', '--disableTelemetry'];
  // Detached: a Ctrl-C in the terminal reaches the parent alone, which finishes its work before it stops this.
  const child = spawn(process.execPath, ['--import', PRELOAD.href, entry, ...options, ...flags], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '', AZURITE_DB: undefined },
  });
  try {
    const actual = await listening(child);
    if (!(await connectable(HOST, actual))) throw new Error('Azurite takes no connections');
    return { child, port: actual };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** The port that Azurite says it listens on. */
function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string) => reject(new Error(`Azurite did not start: ${why}${said && `: ${said.trim()}`}`));
    const timer = setTimeout(() => fail(`no answer within ${READY_WITHIN / SECOND} s`), READY_WITHIN);
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
      const port = /successfully listens on http:\/\/[^:]+:(\d+)/.exec(said)?.[1];
      if (!port) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`it ended with ${code ?? signal}`);
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN);
  await ended(child);
  clearTimeout(force);
}
