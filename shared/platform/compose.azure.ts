/** What lives as long as a Functions worker: Cosmos DB, Blob Storage, Service Bus, Web PubSub, mail. */
import { openBlobs } from './blobs.azure.ts';
import { openAzureBus } from './bus.azure.ts';
import type { Bus } from './bus.ts';
import { type Charges, openCharges } from './charges.ts';
import { systemClock, systemIds } from './clock.ts';
import {
  BadConfiguration,
  type Config,
  configuredUrl,
  hasBus,
  hasRealtime,
  missingOf,
  NEEDED_ON_AZURE,
} from './config.ts';
import type { Probe } from './health.ts';
import { keyedQueue } from './keyed-queue.ts';
import { openLog } from './log.pino.ts';
import type { Log } from './log.ts';
import { openMail } from './mail.open.ts';
import { openRealtime } from './realtime.azure.ts';
import type { Realtime } from './realtime.ts';
import { openShared } from './redis.open.ts';
import { Refusal } from './refusal.ts';
import type { Platform } from './scope.ts';
import type { Store } from './store.ts';
import { openTelemetry } from './telemetry.azure.ts';
import { tracedRealtime, tracedStore } from './telemetry.ports.ts';
import type { Telemetry } from './telemetry.ts';

interface AzureParts {
  readonly platform: Platform;
  readonly bus: Bus;
}

/**
 * Opens the parts; the SDKs behind them load when they are first used. In `development` (Azure Functions Core Tools
 * without an account) the embedded store serves HTTP and timers, and facts wait in the outbox for `npm start`.
 * Throws `BadConfiguration` naming all that is missing.
 */
export async function openAzureParts(config: Config, development: boolean): Promise<AzureParts> {
  const missing = missingOf(NEEDED_ON_AZURE, config);
  if (missing.length > 0 && !development) throw new BadConfiguration(missing);
  const clock = systemClock;
  const log = openLog(config.LOG_LEVEL);
  const systems = { store: config.COSMOS_ENDPOINT === undefined ? 'sqlite' : 'cosmosdb', bus: 'servicebus' };
  const telemetry = await openTelemetry(config, systems);
  const charges = openCharges();
  const store = await openedStore(config, charges, telemetry, log);
  const bus = openedBus(config);
  const { BLOB_CONNECTION: connectionString, BLOB_ACCOUNT_URL: accountUrl } = config;
  const blobs = openBlobs({ connectionString, accountUrl, clock });
  const realtime = openedRealtime(config);
  const shared = openShared(config, log, () => Date.parse(clock.now()));
  const probes: Probe[] = [
    { name: 'store', check: () => store.ping() },
    { name: 'bus', check: () => bus.ping() },
    { name: 'blobs', check: () => blobs.ping() },
    ...(hasRealtime(config) ? [{ name: 'realtime', check: () => realtime.ping() }] : []),
    ...shared.probes,
  ];
  const platform: Platform = {
    config,
    store: tracedStore(store, telemetry),
    clock,
    ids: systemIds,
    queue: keyedQueue(),
    limits: shared.limits,
    caches: shared.caches,
    blobs,
    mail: openMail(config, config.DATA_DIR),
    realtime: tracedRealtime(realtime, telemetry),
    log,
    telemetry,
    publicUrl: () => configuredUrl(config),
    probes,
    charges,
  };
  return { platform, bus };
}

async function openedStore(
  config: Config,
  charges: Charges,
  telemetry: Telemetry | undefined,
  log: Log,
): Promise<Store> {
  if (config.COSMOS_ENDPOINT === undefined) {
    const { openSqliteStore } = await import('./store.sqlite.ts');
    return openSqliteStore({
      file: `${config.DATA_DIR}/marquee.db`,
      clock: systemClock,
      onFault: (error) => log.error({ err: error }, 'the store failed at something that nobody waits for'),
    });
  }
  const { openCosmosStore } = await import('./store.azure.ts');
  const { COSMOS_ENDPOINT: endpoint, COSMOS_KEY: key, COSMOS_DATABASE: database } = config;
  const onCharge = (requestUnits: number) => {
    charges.add(requestUnits);
    telemetry?.charged(requestUnits);
  };
  return openCosmosStore({ endpoint, key, database, onCharge });
}

function openedRealtime(config: Config): Realtime {
  const { WEB_PUBSUB_ENDPOINT: endpoint, WEB_PUBSUB_CONNECTION: connectionString } = config;
  if (hasRealtime(config)) return openRealtime({ endpoint, connectionString });
  // In development alone: nobody is connected, so there is nobody to tell and nothing to close.
  const nobody = async () => {};
  return {
    send: nobody,
    sendToOrganization: nobody,
    closeSession: nobody,
    closeOthers: nobody,
    async *connected() {},
    ping: nobody,
    async negotiate() {
      throw new Refusal('unavailable', 'There is no real time here: WEB_PUBSUB_ENDPOINT is not set.');
    },
  };
}

function openedBus(config: Config): Bus {
  const { SERVICE_BUS_NAMESPACE: namespace, SERVICE_BUS_CONNECTION: connectionString } = config;
  if (hasBus(config)) return openAzureBus({ namespace, connectionString, topic: config.SERVICE_BUS_TOPIC });
  const absent = async () => {
    throw new Error('There is no bus: SERVICE_BUS_NAMESPACE is not set');
  };
  return { publish: absent, ping: absent, close: async () => {} };
}
