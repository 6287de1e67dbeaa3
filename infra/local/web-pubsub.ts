/**
 * Web PubSub on this machine. Of the processes that share a data folder one serves, and all use it, as on Azure; when it
 * goes another takes its place on the same port with the same key. Where that port is taken by then it is another one, which
 * those that stand by learn when they are started again.
 */
import { z } from 'zod';
import { codeOf } from '../../shared/platform/errors.ts';
import type { Log } from '../../shared/platform/log.ts';
import { secretText } from '../../shared/platform/random.ts';
import { oneServes } from './one-serves.ts';
import type { Client } from './web-pubsub-connection.ts';
import { LIMITS, type Limits } from './web-pubsub-limits.ts';
import { serveWebPubSub } from './web-pubsub-server.ts';

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

const KEY_BYTES = 32;

/** Serves, or finds out who does. Throws when the given port is taken. */
export async function startWebPubSub(options: WebPubSubOptions): Promise<WebPubSub> {
  const { folder, host, log, admit = async () => true, now = Date.now } = options;
  const limits = { ...LIMITS, ...options.limits };
  const service = await oneServes({
    folder,
    name: 'web-pubsub',
    place: Known,
    log,
    /** On the port of the last time, so that clients find it where it was; on another when that is taken. */
    async serve(last) {
      const key = last?.key ?? secretText(KEY_BYTES);
      const serveOn = (port: number) => serveWebPubSub({ host, port, key, limits, admit, now });
      const server = await serveOn(options.port || last?.port || 0).catch((error: unknown) => {
        if (options.port || codeOf(error) !== 'EADDRINUSE') throw error;
        return serveOn(0);
      });
      const { origin: endpoint, port } = server;
      return { place: { endpoint, port, key }, close: () => server.close() };
    },
  });
  const { endpoint, key } = service.place();
  const { protocol, hostname, port } = new URL(endpoint);
  return {
    connectionString: `Endpoint=${protocol}//${hostname};Port=${port};AccessKey=${key};Version=1.0;`,
    serves: service.serves,
    stop: service.stop,
  };
}
