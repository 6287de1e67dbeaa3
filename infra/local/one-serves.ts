/**
 * Of the processes that share a data folder one serves what all of them use; when it goes, however it goes, another takes
 * its place. Who holds the lock serves, and says in a file beside it where.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { delayAfter } from '../../shared/platform/backoff.ts';
import { SECOND } from '../../shared/platform/clock.ts';
import { lockIn } from '../../shared/platform/lock.ts';
import type { Log } from '../../shared/platform/log.ts';
import { readSecret, replaceSecret } from '../../shared/platform/secret-file.ts';
import { connectable } from './connectable.ts';

/** Where it is served, beside whatever else one must know to use it. */
interface Place {
  /** `http://127.0.0.1:40123` */
  readonly endpoint: string;
}

interface Server<T extends Place> {
  readonly place: T;
  close(): Promise<void>;
}

interface Options<T extends Place> {
  readonly folder: string;
  /** What the lock and the file are called. */
  readonly name: string;
  readonly place: z.ZodType<T>;
  readonly log: Log;
  /** Begins to serve, where it was served the last time if that can be had. */
  readonly serve: (last: T | undefined) => Promise<Server<T>>;
}

export interface OneServes<T> {
  /** Where it is served; up to a quarter of a second late when another process has taken over elsewhere. */
  place(): T;
  /** Whether this process is the one that serves. */
  serves(): boolean;
  stop(): Promise<void>;
}

/** Milliseconds between looks whether the serving process is still there, and where. */
export const LOOK = 250;
const LONGEST_PAUSE = 30 * SECOND;
/** How long one waits for the process that serves to begin. */
const PATIENCE = 20 * SECOND;

/** Serves, or finds out who does. Throws when it cannot, or when who should does not within 20 s. */
export async function oneServes<T extends Place>(options: Options<T>): Promise<OneServes<T>> {
  const { folder, name, log } = options;
  const file = join(folder, `${name}.json`);
  const lock = lockIn(folder, name);
  const stopping = new AbortController();
  const { signal } = stopping;
  let server: Server<T> | undefined;

  async function told(): Promise<T | undefined> {
    const text = await readSecret(file);
    return text === undefined ? undefined : options.place.parse(JSON.parse(text));
  }

  async function lead(): Promise<T> {
    const begun = await options.serve(await told());
    try {
      await replaceSecret(file, JSON.stringify(begun.place));
    } catch (error) {
      await begun.close();
      throw error;
    }
    server = begun;
    return begun.place;
  }

  /** What the file says may be of the last run: it counts when somebody answers there. */
  async function begin(): Promise<T> {
    for (const until = performance.now() + PATIENCE; performance.now() < until; await sleep(LOOK)) {
      if (lock.held()) return lead();
      const known = await told();
      if (known && (await answers(known))) return known;
    }
    throw new Error(`Another process has ${name} of ${folder} and does not serve it`);
  }

  let place = await begin().catch((error: unknown) => {
    lock.release();
    throw error;
  });

  async function standBy(): Promise<void> {
    for (let failures = 0; !server; ) {
      const pause = failures === 0 ? LOOK : delayAfter(failures, LOOK, LONGEST_PAUSE);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        place = lock.held() ? await lead() : ((await told()) ?? place);
        failures = 0;
      } catch (error) {
        failures += 1;
        log.warn({ err: error }, `${name} cannot be taken over yet`);
      }
    }
  }

  const standing = standBy();
  return {
    place: () => place,
    serves: () => server !== undefined,
    async stop() {
      stopping.abort();
      await standing;
      await server?.close();
      lock.release();
    },
  };
}

function answers({ endpoint }: Place): Promise<boolean> {
  const { hostname, port } = new URL(endpoint);
  return connectable(hostname.replace(/^\[|\]$/g, ''), Number(port));
}
