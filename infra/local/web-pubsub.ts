/**
 * Web PubSub on this machine. Of the processes that share a data folder one serves, and all use it, as on Azure; when it
 * dies another takes its place on the same port with the same key.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { codeOf } from '../../shared/platform/errors.ts';
import { lockIn } from '../../shared/platform/lock.ts';
import type { Log } from '../../shared/platform/log.ts';
import { secretText } from '../../shared/platform/random.ts';
import { readSecret, replaceSecret } from '../../shared/platform/secret-file.ts';
import type { Client } from './web-pubsub-connection.ts';
import { LIMITS, type Limits } from './web-pubsub-limits.ts';
import { serveWebPubSub, type WebPubSubServer } from './web-pubsub-server.ts';

export interface WebPubSubOptions {
  readonly folder: string;
  /** Address to bind. */
  readonly host: string;
  /** 0: the one of the last time, or a free one. */
  readonly port?: number;
  readonly log: Log;
  /** Whether who holds a good token may connect now; the service's `connect` event. Everybody when left out. */
  readonly admit?: (client: Client) => Promise<boolean>;
  readonly limits?: Partial<Limits>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface WebPubSub {
  /** For `@azure/web-pubsub`; the same for every process on the folder. Holds the access key. */
  readonly connectionString: string;
  /** Whether this process is the one that serves. */
  serves(): boolean;
  stop(): Promise<void>;
}

const Known = z.object({ endpoint: z.string(), port: z.number(), key: z.string() });
type Known = z.output<typeof Known>;

/** Milliseconds between looks whether the serving process is still there. */
const LOOK = 250;
/** How long one waits for the process that serves to say where. */
const PATIENCE = 5000;
const KEY_BYTES = 32;

/** Serves, or finds out who does. Throws when the given port is taken. */
export async function startWebPubSub(options: WebPubSubOptions): Promise<WebPubSub> {
  const { folder, host, log, admit = async () => true, now = Date.now } = options;
  const file = join(folder, 'web-pubsub.json');
  const lock = lockIn(folder, 'web-pubsub');
  const limits = { ...LIMITS, ...options.limits };
  const stopping = new AbortController();
  let server: WebPubSubServer | undefined;

  async function read(): Promise<Known | undefined> {
    const text = await readSecret(file);
    return text === undefined ? undefined : Known.parse(JSON.parse(text));
  }

  const serveOn = (port: number, key: string) => serveWebPubSub({ host, port, key, limits, admit, now });

  /** On the port of the last time, so that clients find it where it was; on another when that is taken. */
  async function lead(): Promise<Known> {
    const known = await read();
    const key = known?.key ?? secretText(KEY_BYTES);
    const wanted = options.port || known?.port || 0;
    server = await serveOn(wanted, key).catch((error: unknown) => {
      if (options.port || codeOf(error) !== 'EADDRINUSE') throw error;
      return serveOn(0, key);
    });
    const told = { endpoint: server.origin, port: server.port, key };
    await replaceSecret(file, JSON.stringify(told));
    return told;
  }

  async function follow(): Promise<Known> {
    for (let waited = 0; waited < PATIENCE; waited += LOOK) {
      const known = await read();
      if (known) return known;
      await sleep(LOOK);
    }
    throw new Error(`The process that serves real time on ${folder} does not say where`);
  }

  async function standBy(): Promise<void> {
    while (!stopping.signal.aborted && !server) {
      await sleep(LOOK, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
      if (stopping.signal.aborted) return;
      try {
        if (lock.held()) await lead();
      } catch (error) {
        log.warn({ err: error }, 'real time cannot be taken over yet');
      }
    }
  }

  const leads = lock.held();
  const { endpoint, key } = await (leads ? lead() : follow()).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  const standing = leads ? undefined : standBy();
  const { protocol, hostname, port } = new URL(endpoint);
  return {
    connectionString: `Endpoint=${protocol}//${hostname};Port=${port};AccessKey=${key};Version=1.0;`,
    serves: () => server !== undefined,
    async stop() {
      stopping.abort();
      await standing;
      await server?.close();
      lock.release();
    },
  };
}
