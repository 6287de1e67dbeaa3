/** The whole system in one process: embedded store, blobs, mail, real time, relay and reactions, timers, HTTP. */
import { join, resolve } from 'node:path';
import { reactions, routes, timers } from '../../functions/registry.ts';
import { createAuthenticator } from '../../shared/identity/authenticator.ts';
import { openKeys } from '../../shared/identity/keys.ts';
import { sessionActor } from '../../shared/identity/session-actor.ts';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import { type Clock, systemClock, systemIds } from '../../shared/platform/clock.ts';
import { type Config, configuredUrl, hasBlobs, hasRealtime } from '../../shared/platform/config.ts';
import { codeOf } from '../../shared/platform/errors.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import type { Log } from '../../shared/platform/log.ts';
import { openMail } from '../../shared/platform/mail.open.ts';
import type { Mail } from '../../shared/platform/mail.ts';
import { createPipeline, type Pipeline } from '../../shared/platform/pipeline.ts';
import { clientNamed, openRealtime } from '../../shared/platform/realtime.azure.ts';
import { openShared } from '../../shared/platform/redis.open.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Store } from '../../shared/platform/store.ts';
import { tracedRealtime, tracedStore } from '../../shared/platform/telemetry.ports.ts';
import type { Telemetry } from '../../shared/platform/telemetry.ts';
import { startBlobs } from './blobs.ts';
import { madeFolder } from './data-folder.ts';
import { besideApi } from './dev-mail.ts';
import { type Host, startHost, tryPort } from './host.ts';
import { type Relay, startRelay } from './relay.ts';
import { type Scheduler, startTimers } from './timers.ts';
import { startWebPubSub, type WebPubSubOptions } from './web-pubsub.ts';

interface LocalOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  /** Milliseconds since 1970, for rate limits. */
  readonly now?: () => number;
  readonly mail?: Mail;
  /** Stays with the caller, who stops it after this. */
  readonly telemetry?: Telemetry | undefined;
  /** Stands between the platform and the store, to count or to disturb. */
  readonly watch?: (store: Store) => Store;
  /** False leaves the timers to the caller (tests run them by hand). */
  readonly timers?: boolean;
  /** How long who is signed in stands once looked up, where that must not depend on how fast this machine is. */
  readonly sessions?: { readonly freshMs: number };
  /** Runs before the port opens, with everything else up. */
  readonly prepare?: (local: Omit<Local, 'host' | 'close'>) => Promise<void>;
}

export interface Local {
  readonly platform: Platform;
  readonly pipeline: Pipeline;
  readonly relay: Relay;
  readonly host: Host;
  /** Finishes what is in flight, then closes everything. */
  close(): Promise<void>;
}

/** How long the start waits for facts left over from the last run, so that claims are settled before the port opens. */
const DRAIN_MS = 5000;

/** Starts everything; throws one clear `Error` when a part cannot start (and closes what had started). */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const { config, log, telemetry, clock = systemClock } = options;
  const folder = resolve(config.DATA_DIR);
  await madeFolder(folder);
  await onPort('PORT', config, (port) => tryPort(port, config.HOST));
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    let relay: Relay | undefined;
    let host: Host | undefined;
    const store = openSqliteStore({
      file: join(folder, 'marquee.db'),
      clock,
      onCommit: (changed) => {
        for (const container of changed) relay?.wake(container);
      },
      onFault: (error) => log.error({ err: error }, 'the store failed at something that nobody waits for'),
    });
    closers.push(() => store.close());
    const { blobs, stop } = await openedBlobs(config, folder, clock, log);
    closers.push(stop);
    let made: Platform | undefined;
    const realtime = await openedRealtime(config, folder, log, async ({ userId, groups }) => {
      // Clients of the last run come as soon as the endpoint listens, which is before the platform is there.
      if (!made) throw new Refusal('unavailable', 'The system is still being started.');
      const client = clientNamed(userId, groups);
      return client !== undefined && (await sessionActor(made, client)) !== undefined;
    });
    closers.push(realtime.stop);
    const shared = openShared(config, log, options.now ?? Date.now);
    closers.push(() => shared.close());
    const platform: Platform = {
      config,
      store: tracedStore(options.watch?.(store) ?? store, telemetry),
      clock,
      ids: systemIds,
      queue: keyedQueue(),
      limits: shared.limits,
      caches: shared.caches,
      blobs,
      mail: options.mail ?? openMail(config, folder),
      realtime: tracedRealtime(realtime.port, telemetry),
      log,
      telemetry,
      // With PORT=0 the host alone knows where it is.
      publicUrl: () => config.PUBLIC_URL ?? host?.origin ?? configuredUrl(config),
      probes: [
        { name: 'store', check: () => store.ping() },
        { name: 'bus', check: async () => relay?.ping() },
        { name: 'blobs', check: () => blobs.ping() },
        { name: 'realtime', check: () => realtime.port.ping() },
        ...shared.probes,
      ],
    };
    made = platform;
    const keys = await openKeys(config, folder, clock);
    const pipeline = createPipeline(platform, createAuthenticator(platform, keys, options.sessions));
    relay = startRelay({ platform, reactions, folder });
    const started = relay;
    closers.push(() => started.stop());
    if (!(await relay.drained(DRAIN_MS))) log.warn({}, 'facts of the last run are still being worked off');
    await options.prepare?.({ platform, pipeline, relay });
    const scheduler: Scheduler | undefined = options.timers === false ? undefined : startTimers({ platform, timers });
    if (scheduler) closers.push(() => scheduler.stop());
    const listening = await onPort('PORT', config, (port) =>
      startHost({ routes, pipeline, host: config.HOST, port, beside: besideApi(config, folder) }),
    );
    host = listening;
    closers.push(() => listening.close());
    return { platform, pipeline, relay, host: listening, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openedBlobs(config: Config, folder: string, clock: Clock, log: Log) {
  if (hasBlobs(config)) {
    const { BLOB_CONNECTION: connectionString, BLOB_ACCOUNT_URL: accountUrl } = config;
    return { blobs: openBlobs({ connectionString, accountUrl, clock }), stop: () => undefined };
  }
  return startBlobs({ folder, clock, log });
}

type Admit = NonNullable<WebPubSubOptions['admit']>;

/** Web PubSub where one is set; else the endpoint here, which lets in whom `admit` says. */
async function openedRealtime(config: Config, folder: string, log: Log, admit: Admit) {
  const { WEB_PUBSUB_ENDPOINT: endpoint, WEB_PUBSUB_CONNECTION: connectionString, HOST: host } = config;
  if (hasRealtime(config)) {
    return { port: openRealtime({ endpoint, connectionString }), stop: () => undefined };
  }
  const service = await onPort('WEB_PUBSUB_PORT', config, (port) => startWebPubSub({ folder, host, port, log, admit }));
  return { port: openRealtime(service), stop: () => service.stop() };
}

/** Says what to do when the port cannot be had. */
async function onPort<T>(
  setting: 'PORT' | 'WEB_PUBSUB_PORT',
  config: Config,
  listen: (port: number) => Promise<T>,
): Promise<T> {
  const port = config[setting];
  try {
    return await listen(port);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EADDRINUSE') {
      const advice = `Stop what uses it, or set ${setting} to another (${setting}=0 takes a free one).`;
      throw new Error(`Port ${port} is taken. ${advice}`);
    }
    if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN') {
      const advice = 'HOST=127.0.0.1 is reached from here alone, HOST=0.0.0.0 from the network too.';
      throw new Error(`HOST ${config.HOST} is no address of this machine. ${advice}`);
    }
    if (code === 'EACCES') throw new Error(`Port ${port} needs more rights. Set ${setting} to one above 1023.`);
    throw error;
  }
}
