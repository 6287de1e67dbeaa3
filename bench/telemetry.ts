/**
 * What telemetry costs (REQ-EQP-112): the CPU of a request without it, with all of its traces recorded and dropped, and
 * with all or a tenth of them sent to Application Insights; no HTTP between the caller and the routes.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { routes } from '../functions/registry.ts';
import { startLocal } from '../infra/local/compose.ts';
import { createAuthenticator } from '../shared/identity/authenticator.ts';
import { openKeys } from '../shared/identity/keys.ts';
import { readConfig } from '../shared/platform/config.ts';
import type { RawRequest } from '../shared/platform/http.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import { createPipeline } from '../shared/platform/pipeline.ts';
import { dispatcher } from '../shared/platform/router.ts';
import type { Platform } from '../shared/platform/scope.ts';
import { openTelemetry } from '../shared/platform/telemetry.azure.ts';
import { tracedStore } from '../shared/platform/telemetry.ports.ts';
import { startSdk } from '../shared/platform/telemetry.sdk.ts';
import type { Telemetry } from '../shared/platform/telemetry.ts';
import { clientOf, signedIn } from './client.ts';
import { environment } from './host.ts';
import { quick } from './options.ts';
import { table } from './report.ts';

export const TELEMETRY = 'telemetry';
const ROUNDS = 7;
const REQUESTS = quick ? 3000 : 10_000;
/** Requests between two turns of the event loop, in which batches are sent. */
const TURN = 32;
const SYSTEMS = { store: 'sqlite', bus: 'local' };

/** Takes spans and does nothing. */
const nowhere: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: async () => {},
};

/** Lets a service of this process stand in for Application Insights; the connection string to it. */
export async function listening(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return `InstrumentationKey=00000000-0000-4000-8000-000000000000;IngestionEndpoint=${address}`;
}

/** A service that takes all it is sent; its own work counts as ours. */
async function sink() {
  const server = createServer((request, reply) => {
    request.resume().on('end', () => reply.end('{"itemsReceived":0,"itemsAccepted":0,"errors":[]}'));
  });
  return {
    connectionString: await listening(server),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** µs of CPU of one request, all threads together: the median of some rounds, after one that does not count. */
async function microseconds(ask: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let n = 0; n < REQUESTS; n += 1) {
      await ask();
      if (n % TURN === 0) await new Promise(setImmediate);
    }
    const { user, system } = process.cpuUsage(before);
    if (round > 0) rounds.push((user + system) / REQUESTS);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}

/** A table with a row for each way of telling. `path` is a page or a resource of the organization `name`. */
export async function telemetryCost(folder: string, name: string, path: string): Promise<string> {
  const config = readConfig({ ...environment(folder), PORT: '0' });
  const local = await startLocal({ config, log: openLog('silent'), timers: false });
  const service = await sink();
  try {
    const { platform } = local;
    const token = await signedIn(clientOf(local.host.origin), name);
    const keys = await openKeys(config, folder, platform.clock);
    const request: RawRequest = {
      method: 'GET',
      path,
      search: '',
      params: {},
      header: (header) => (header === 'authorization' ? `Bearer ${token}` : undefined),
      body: undefined,
      peer: '127.0.0.1',
      origin: 'http://127.0.0.1',
    };

    async function measured(telemetry: Telemetry | undefined): Promise<number> {
      const told: Platform = { ...platform, store: tracedStore(platform.store, telemetry), telemetry };
      const ask = dispatcher(routes, createPipeline(told, createAuthenticator(told, keys)));
      const { status } = await ask(request);
      if (status !== 200) throw new Error(`${path} is answered with ${status}`);
      const each = await microseconds(() => ask(request));
      await telemetry?.stop();
      return each;
    }

    const sent = (share: string) => {
      const { connectionString: APPLICATIONINSIGHTS_CONNECTION_STRING } = service;
      return openTelemetry(readConfig({ APPLICATIONINSIGHTS_CONNECTION_STRING, TELEMETRY_SHARE: share }), SYSTEMS);
    };
    // First of all without: once an SDK was there, its way of following what belongs together stays.
    const without = await measured(undefined);
    const spans = [new BatchSpanProcessor(nowhere)];
    const dropped = await measured(await startSdk({ systems: SYSTEMS, share: 1, spans, metrics: [] }));
    const all = await measured(await sent('1'));
    const tenth = await measured(await sent('0.1'));
    const rows: [string, number][] = [
      ['none', without],
      ['all recorded, none sent', dropped],
      ['all sent to Application Insights', all],
      ['a tenth sent to Application Insights', tenth],
    ];
    return table([
      ['telemetry, GET an event', 'CPU µs', 'more'],
      ...rows.map(([row, each]) => [row, each.toFixed(1), (each - without).toFixed(1)]),
    ]);
  } finally {
    service.close();
    await local.close();
  }
}
