/**
 * The connection to Redis, and what stands in for it: nothing. Whoever asks is answered within `patience`, or told at once
 * that Redis is away, and goes on with what its own process knows. The client is loaded on first use.
 */
import type { RedisClientType } from '@redis/client';
import type * as z from 'zod';
import { delayAfter } from './backoff.ts';
import { messageOf } from './errors.ts';
import { inTime } from './in-time.ts';
import type { Log } from './log.ts';

export interface Redis {
  /**
   * The reply to one command, parsed; undefined when there is none in time, at once while Redis is known to be away.
   * Never throws. A reply that does not parse counts as none.
   */
  ask<T>(command: readonly string[], reply: z.ZodType<T>): Promise<T | undefined>;
  /** Hears a channel whenever Redis is there; `missed` is called when it is there again, since messages may be lost. */
  hear(channel: string, heard: (message: string) => void, missed: () => void): void;
  /** For readiness probes: throws when Redis cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Milliseconds after which they are to be asked for anew, while the connection stands. */
  readonly renewAfter: number;
}

export interface RedisOptions {
  /** `redis[s]://[[user]:password@]host[:port]`. */
  readonly url: string;
  readonly log: Log;
  /** Who we are, where the URL does not say. */
  readonly credentials?: () => Promise<Credentials>;
  /** Milliseconds that a reply may take. A healthy one takes about one. */
  readonly patience: number;
}

/** For name, TLS, token and greeting. Nobody waits for it but the readiness probe. */
const CONNECT_MS = 1500;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5000;
/** A connection that stood so long was a good one: the next loss is a new one. */
const STEADY_MS = 10_000;
/** After credentials could not be renewed. */
const RENEW_AGAIN_MS = 30_000;

interface Ear {
  readonly channel: string;
  readonly heard: (message: string) => void;
  readonly missed: () => void;
}
type Client = RedisClientType;

/** Connects when first asked. A lost connection is one warning, and is sought again with growing pauses. */
export function openRedis({ url, log, credentials, patience }: RedisOptions): Redis {
  const ears: Ear[] = [];
  let live: { readonly client: Client; readonly since: number } | undefined;
  let connecting: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let failures = 0;
  let warned = false;
  let closed = false;

  function away(why: unknown): void {
    if (closed) return;
    failures += 1;
    if (!warned) log.warn({ reason: messageOf(why) }, 'redis is away: this process counts and remembers by itself');
    warned = true;
    retry = setTimeout(begin, delayAfter(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS));
    retry.unref();
  }

  function lost(client: Client, why: unknown): void {
    if (live?.client !== client) return;
    if (performance.now() - live.since >= STEADY_MS) failures = 0;
    live = undefined;
    clearTimeout(renewal);
    client.destroy();
    away(why);
  }

  function begin(): Promise<void> {
    retry = undefined;
    connecting ??= connect()
      .catch(away)
      .finally(() => {
        connecting = undefined;
      });
    return connecting;
  }

  async function connect(): Promise<void> {
    // The package is CommonJS: once bundled, its names are found in `default` alone.
    const { createClient } = (await import('@redis/client')).default;
    const identity = await credentials?.();
    const client: Client = createClient({
      url,
      ...(identity && { username: identity.username, password: identity.password }),
      RESP: 3,
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    });
    client.on('error', (error) => lost(client, error));
    const before = [...ears];
    try {
      await inTime(greeted(client, before), CONNECT_MS);
      if (closed) throw new Error('closed meanwhile');
    } catch (error) {
      client.destroy();
      throw error;
    }
    live = { client, since: performance.now() };
    if (warned) log.info({}, 'redis is back');
    warned = false;
    renewLater(client, identity?.renewAfter);
    for (const { missed } of before) missed();
    for (const ear of ears.slice(before.length)) listen(client, ear);
  }

  async function greeted(client: Client, before: readonly Ear[]): Promise<void> {
    await client.connect();
    for (const { channel, heard } of before) await client.subscribe(channel, heard);
  }

  function listen(client: Client, { channel, heard, missed }: Ear): void {
    client.subscribe(channel, heard).then(missed, (error: unknown) => lost(client, error));
  }

  function renewLater(client: Client, after: number | undefined): void {
    if (after === undefined || !credentials) return;
    renewal = setTimeout(async () => {
      try {
        const { username, password, renewAfter } = await credentials();
        if (live?.client !== client) return;
        await inTime(client.sendCommand(['AUTH', username, password]), CONNECT_MS);
        renewLater(client, renewAfter);
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'the credentials for redis could not be renewed');
        if (live?.client === client) renewLater(client, RENEW_AGAIN_MS);
      }
    }, after);
    renewal.unref();
  }

  return {
    async ask(command, reply) {
      if (!live) {
        if (!retry && !closed) void begin();
        return undefined;
      }
      const { client } = live;
      try {
        return reply.parse(await inTime(client.sendCommand(command), patience));
      } catch (error) {
        lost(client, error);
        return undefined;
      }
    },
    hear(channel, heard, missed) {
      const ear = { channel, heard, missed };
      ears.push(ear);
      if (live) listen(live.client, ear);
    },
    async ping() {
      if (!live && !retry && !closed) await begin();
      if (!live) throw new Error('Redis is away');
      await inTime(live.client.ping(), CONNECT_MS);
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      clearTimeout(renewal);
      await connecting;
      live?.client.destroy();
      live = undefined;
    },
  };
}
