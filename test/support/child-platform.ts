/** A platform for child processes of tests: the real clock and store; what a child does not need throws. */
import { type Clock, systemClock, systemIds } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import { localLimits } from '../../shared/platform/limits.ts';
import { localCaches } from '../../shared/platform/read-cache.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Store } from '../../shared/platform/store.ts';
import { recordedBlobs, recordedMail, recordedRealtime, silentLog } from './platform.ts';

export function childPlatform(folder: string, open: (clock: Clock) => Store): Platform {
  return {
    config: readConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent', SEED: 'none', PORT: '0' }),
    store: open(systemClock),
    clock: systemClock,
    ids: systemIds,
    queue: keyedQueue(),
    limits: localLimits(() => Date.parse(systemClock.now())),
    caches: localCaches(),
    blobs: recordedBlobs(),
    mail: recordedMail(),
    realtime: recordedRealtime(),
    log: silentLog,
    publicUrl: () => 'https://marquee.example',
    probes: [],
  };
}
