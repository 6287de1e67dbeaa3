/** Where telemetry goes: to Application Insights over its own protocol, and nothing of it is loaded unless that is set. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openAzureParts } from '../../shared/platform/compose.azure.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { runReaction } from '../../shared/platform/react.ts';
import { reaction } from '../../shared/platform/reaction.ts';
import { openTelemetry } from '../../shared/platform/telemetry.azure.ts';
import { said } from '../support/local-bus.ts';
import { killAll, launch, ready } from '../support/marquee.ts';
import { closed, onFreePort } from '../support/servers.ts';

const KEY = '0193b0a0-7c1e-4000-8000-000000000001';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

interface Envelope {
  readonly name: string;
  readonly iKey: string;
  readonly sampleRate: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: { readonly baseType: string; readonly baseData: { readonly [key: string]: unknown } };
}

let folder: string;
let service: Server;
let address: string;
let got: { readonly url: string; readonly envelopes: readonly Envelope[] }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-insights-'));
  got = [];
  service = createServer((request, reply) => {
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
    void text(body).then((json) => {
      const envelopes = JSON.parse(json) as Envelope[];
      got.push({ url: request.url ?? '', envelopes });
      reply.writeHead(200, { 'content-type': 'application/json' });
      reply.end(JSON.stringify({ itemsReceived: envelopes.length, itemsAccepted: envelopes.length, errors: [] }));
    });
  });
  ({ origin: address } = await onFreePort(service));
});
afterEach(async () => {
  await killAll();
  await closed(service);
  await rm(folder, { recursive: true, force: true });
});

const connection = () => `InstrumentationKey=${KEY};IngestionEndpoint=${address}/`;

/** Writes down, when the process ends, which files it had loaded. */
const NOTING = `process.on('exit', () => require('node:fs').writeFileSync(
  process.env.LOADED, Object.keys(require('node:module')._cache).join('\\n')));`;

/** Starts and ends it, with one request between; the packages of OpenTelemetry that it had loaded. */
async function ran(settings: Readonly<Record<string, string>>): Promise<string[]> {
  const [noting, loaded] = [join(folder, 'noting.cjs'), join(folder, 'loaded')];
  await writeFile(noting, NOTING);
  const started = launch({
    DATA_DIR: join(folder, 'data'),
    PORT: '0',
    SEED: 'none',
    BLOB_CONNECTION: inject('azurite'),
    NODE_OPTIONS: `--require ${noting}`,
    LOADED: loaded,
    ...settings,
  });
  const origin = await ready(started);
  const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, 'content-type': 'application/json' };
  const body = JSON.stringify({ username: 'ann@person.example', password: 'not the right one' });
  const response = await fetch(`${origin}/api/identity/authenticate`, { method: 'POST', headers, body });
  expect(response.status).toBe(401);
  started.child.kill('SIGTERM');
  expect((await started.ended).status).toBe(0);
  const files = (await readFile(loaded, 'utf8')).split('\n');
  const packages = files.flatMap((file) => /@opentelemetry[\\/]([a-z-]+)/.exec(file)?.[1] ?? []);
  return [...new Set(packages)].toSorted();
}

test('REQ-EQP-112 without a setting no SDK is loaded: only the API, which does nothing by itself', async () => {
  expect(await ran({})).toEqual(['api']);
  expect(await openTelemetry(readConfig({}), { store: 'sqlite', bus: 'local' })).toBeUndefined();
  expect(got).toEqual([]);
}, 60_000);

test('REQ-EQP-112 with a connection string traces and metrics arrive, the last of them as the process ends', async () => {
  const loaded = await ran({ APPLICATIONINSIGHTS_CONNECTION_STRING: connection() });
  expect(loaded).toEqual(expect.arrayContaining(['api', 'sdk-trace-base', 'sdk-metrics', 'context-async-hooks']));
  expect(new Set(got.map(({ url }) => url))).toEqual(new Set(['/v2.1/track']));
  const envelopes = got.flatMap((one) => one.envelopes);
  expect(new Set(envelopes.map(({ iKey }) => iKey))).toEqual(new Set([KEY]));
  const own = envelopes.filter(({ tags }) => tags['ai.operation.id'] === TRACE);
  const request = own.find(({ data }) => data.baseType === 'RequestData');
  expect(request?.data.baseData).toMatchObject({
    name: 'POST /api/identity/authenticate',
    responseCode: '401',
    // A refusal is no failure.
    success: true,
  });
  const dependencies = own.filter(({ data }) => data.baseType === 'RemoteDependencyData');
  expect(dependencies.map(({ data }) => [data.baseData.type, data.baseData.name])).toContainEqual([
    'SQL',
    'read logins',
  ]);
  const metrics = envelopes.flatMap(({ data }) => (data.baseType === 'MetricData' ? [data.baseData.metrics] : []));
  expect(JSON.stringify(metrics)).toContain('marquee.refusals');
  expect(JSON.stringify(envelopes)).not.toMatch(/ann@|person\.example|not the right/);
}, 60_000);

test('REQ-EQP-112 a reaction is shown as a request of its name, and each span says for how many it stands', async () => {
  const config = readConfig({ APPLICATIONINSIGHTS_CONNECTION_STRING: connection(), TELEMETRY_SHARE: '0.5' });
  const telemetry = await openTelemetry(config, { store: 'cosmosdb', bus: 'servicebus' });
  if (!telemetry) return expect.fail('There is none');
  for (let n = 0; n < 60; n += 1) {
    await telemetry.reaction('notify', said('a'), '2026-11-20T09:00:02Z', () =>
      telemetry.storeCall('commit', 'notifications', async () => {}),
    );
  }
  await telemetry.stop();
  const envelopes = got.flatMap((one) => one.envelopes);
  const shown = (type: string) => envelopes.filter(({ data }) => data.baseType === type);
  const [requests, dependencies] = [shown('RequestData'), shown('RemoteDependencyData')];
  expect(requests.length).toBeGreaterThan(5);
  expect(requests.length).toBeLessThan(55);
  expect(dependencies).toHaveLength(2 * requests.length);
  expect(new Set([...requests, ...dependencies].map(({ sampleRate }) => sampleRate))).toEqual(new Set([50]));
  expect(requests[0]?.data.baseData).toMatchObject({ name: 'process domain-events/notify', success: true });
  expect(JSON.stringify(shown('MetricData'))).toContain('marquee.queue.age');
});

test('REQ-EQP-112 what a Functions worker stands on tells there too, and stops with the worker', async () => {
  const settings = { DATA_DIR: folder, LOG_LEVEL: 'silent', APPLICATIONINSIGHTS_CONNECTION_STRING: connection() };
  const { platform } = await openAzureParts(readConfig(settings), true);
  const look = reaction({
    name: 'look',
    on: ['Said'],
    handle: async (_, scope) => void (await scope.documents('events').read('nothing')),
  });
  await runReaction(platform, look, said('a'));
  await platform.telemetry?.stop();
  await platform.store.close();
  const names = got.flatMap(({ envelopes }) => envelopes.flatMap(({ data }) => data.baseData.name ?? []));
  expect(names).toEqual(['read events', 'reaction look', 'process domain-events/look']);
});

test('REQ-EQP-112 where nobody takes what is told, requests are answered and the process ends all the same', async () => {
  const settings = { APPLICATIONINSIGHTS_CONNECTION_STRING: connection() };
  service.close();
  const since = performance.now();
  await ran(settings);
  expect(performance.now() - since).toBeLessThan(20_000);
}, 60_000);

test('REQ-EQP-112 a connection string that is none keeps the system from starting, and says why', async () => {
  const started = launch({
    DATA_DIR: join(folder, 'data'),
    PORT: '0',
    SEED: 'none',
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'IngestionEndpoint=https://nowhere.example/',
  });
  const { status, said } = await started.ended;
  expect(status).toBe(1);
  expect(said).toContain('APPLICATIONINSIGHTS_CONNECTION_STRING');
});
