/** Blobs on this machine: of the processes that share a data folder one runs Azurite, and all use it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import type { Blobs } from '../../shared/platform/blobs.ts';
import { type Clock, SECOND } from '../../shared/platform/clock.ts';
import type { Log } from '../../shared/platform/log.ts';
import { isRefusal } from '../../shared/platform/refusal.ts';
import { connectionTo, startAzurite } from './azurite.ts';
import { LOOK, oneServes } from './one-serves.ts';

interface BlobOptions {
  /** The data folder; what Azurite keeps is in `blobs` there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface LocalBlobs {
  readonly blobs: Blobs;
  stop(): Promise<void>;
}

const Known = z.object({ endpoint: z.string() });

/** How long a write waits for another process to take over, which takes a second. */
const PATIENCE = 8 * SECOND;

/**
 * Runs Azurite, or finds out who does. While nobody does, writes wait for up to 8 s and are `unavailable` then; links that
 * were given out may be of a port that is no more.
 */
export async function startBlobs({ folder, clock, log }: BlobOptions): Promise<LocalBlobs> {
  const azurite = await oneServes({
    folder,
    name: 'blobs',
    place: Known,
    log,
    async serve(last) {
      const started = await startAzurite({
        folder: join(folder, 'blobs'),
        port: last && Number(new URL(last.endpoint).port),
        log: (message) => log.warn({}, message),
      });
      return { place: { endpoint: started.endpoint }, close: () => started.stop() };
    },
  });
  let opened: { readonly endpoint: string; readonly blobs: Blobs } | undefined;

  function here(): Blobs {
    const { endpoint } = azurite.place();
    if (opened?.endpoint !== endpoint) {
      opened = { endpoint, blobs: openBlobs({ connectionString: connectionTo(endpoint), clock }) };
    }
    return opened.blobs;
  }

  /** Writing the same once more does no harm. */
  async function patiently(write: () => Promise<void>): Promise<void> {
    for (const until = performance.now() + PATIENCE; ; await sleep(LOOK)) {
      try {
        return await write();
      } catch (error) {
        if (!isRefusal(error, 'unavailable') || performance.now() > until) throw error;
      }
    }
  }

  return {
    blobs: {
      put: (path, bytes, contentType) => patiently(() => here().put(path, bytes, contentType)),
      remove: (path, version) => patiently(() => here().remove(path, version)),
      list: (prefix) => here().list(prefix),
      link: (path) => here().link(path),
      ping: () => here().ping(),
    },
    stop: azurite.stop,
  };
}
