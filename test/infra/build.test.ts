import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { reactions, routes, timers } from '../../functions/registry.ts';
import { containers } from '../../shared/platform/containers.ts';
import { ambiguities, segmentsOf } from '../support/host-routes.ts';
import { openServiceBusPeer } from '../support/service-bus-peer.ts';

const run = promisify(execFile);
const ENTRY = resolve('dist/functions/main.js');
const WORKER = resolve('infra/local/cli/functions-worker.mjs');
const SDKS =
  /node_modules\/(@azure\/(cosmos|identity|service-bus|storage-blob|web-pubsub)|@redis\/client|sharp|pdf-lib)\//;
const AZURE = {
  COSMOS_ENDPOINT: 'https://marquee.documents.azure.com',
  COSMOS_DATABASE: 'events',
  SERVICE_BUS_NAMESPACE: 'marquee.servicebus.windows.net',
  SERVICE_BUS_TOPIC: 'facts',
};
/** Path parameters that hold no id of ours: tokens, and names of built-in roles, which `GET roles/{roleId}` takes too. */
const NO_IDS = ['GET roles/{roleId}', 'GET invitations/token/{token}'];

const Registered = z.object({
  functions: z.array(
    z.object({
      name: z.string(),
      trigger: z.looseObject({
        type: z.string(),
        route: z.string().default(''),
        methods: z.string().array().default([]),
      }),
      retry: z.unknown().optional(),
    }),
  ),
});
type Functions = z.output<typeof Registered>['functions'];

let folder: string;
let found: Functions;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-build-'));
  await run(process.execPath, ['infra/local/cli/build.mjs']);
  found = await registered(AZURE);
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm('dist/planted', { recursive: true, force: true });
});

/** What the built app registers with the Functions worker, in an environment of settings. */
async function registered(settings: Record<string, string>, entry = ENTRY, timeout = 30_000): Promise<Functions> {
  const env = { PATH: process.env.PATH, DATA_DIR: folder, ...settings };
  // Fails when the process does not end by itself.
  const { stdout } = await run(process.execPath, ['--enable-source-maps', WORKER, entry], {
    env,
    timeout,
    cwd: folder,
  });
  // The app's log is on standard output too.
  return Registered.parse(JSON.parse(stdout.split('\n').find((line) => line.startsWith('{"loaded"')) ?? '')).functions;
}

/** What a developer's worker with the built app answers a GET that the host gives to a function. */
async function asked(name: string, path: string, settings: Record<string, string>): Promise<unknown> {
  const own = await mkdtemp(join(tmpdir(), 'marquee-worker-'));
  const env = { PATH: process.env.PATH, AZURE_FUNCTIONS_ENVIRONMENT: 'Development', DATA_DIR: own, ...settings };
  const { stdout } = await run(process.execPath, [WORKER, ENTRY, name, path], { env });
  await rm(own, { recursive: true, force: true });
  return JSON.parse(stdout.split('\n').find((line) => line.startsWith('{"loaded"')) ?? '');
}

function triggers(type: string) {
  return found.filter(({ trigger }) => trigger.type === type).map(({ trigger }) => trigger);
}

test('the built app registers each route with its method, at its path, open to the router of our own', () => {
  const declared = routes.map(({ method, path }) => {
    return { methods: method === 'GET' ? ['GET', 'HEAD'] : [method], path, authLevel: 'anonymous' };
  });
  const rest = { methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], path: '{*path}' };
  const sorted = (all: readonly { path: string; methods: string[] }[]) =>
    all.toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
  const got = triggers('httpTrigger').map(({ route, methods, authLevel }) => {
    return { methods, path: route.replaceAll(':guid', ''), authLevel };
  });
  expect(sorted(got)).toEqual(sorted([...declared, { ...rest, authLevel: 'anonymous' }]));
});

test('every id in a path is constrained to a UUID, and no two routes can mean the same', () => {
  const http = triggers('httpTrigger').map(({ route: template, methods }) => ({ template, methods }));
  const free = http.flatMap(({ template, methods: [method] }) =>
    segmentsOf(template).some((segment) => 'parameter' in segment && !segment.constraint && !segment.rest)
      ? [`${method} ${template}`]
      : [],
  );
  expect(free.toSorted()).toEqual(NO_IDS.toSorted());
  expect(ambiguities(http)).toEqual([]);
  // The check can fail.
  const methods = ['GET'];
  const planted = [...http, { template: 'events/{id:guid}', methods }, { template: 'Events/search', methods }];
  expect(ambiguities(planted)).toEqual([expect.stringContaining('| events/{id:guid}')]);
  expect(ambiguities([...http, { template: 'roles/{name}', methods }])).toEqual(['roles/{roleId} | roles/{name}']);
  for (const { template } of http) expect(template).not.toMatch(/^\/|^(admin|runtime)(\/|$)/i);
});

test('the built app registers each timer, reaction and outbox as it is declared', () => {
  expect(triggers('timerTrigger').map(({ schedule }) => schedule)).toEqual(timers.map(({ schedule }) => schedule));
  expect(triggers('serviceBusTrigger')).toEqual(
    reactions.map(({ name }) =>
      expect.objectContaining({
        connection: 'ServiceBus',
        topicName: 'facts',
        subscriptionName: name,
        isSessionsEnabled: true,
      }),
    ),
  );
  const kept = Object.entries(containers).flatMap(([name, { facts }]) => (facts ? [name] : []));
  expect(triggers('cosmosDBTrigger')).toEqual(
    kept.map((containerName) =>
      expect.objectContaining({
        connection: 'Cosmos',
        databaseName: 'events',
        containerName,
        leaseContainerName: 'leases',
        leaseContainerPrefix: containerName,
        startFromBeginning: true,
      }),
    ),
  );
  // A change feed that gave up would lose what it read.
  for (const { trigger, retry } of found) {
    if (trigger.type === 'cosmosDBTrigger') expect(retry).toMatchObject({ maxRetryCount: -1 });
  }
});

test('functions have names that the host takes, each its own, and say what they are for', () => {
  for (const { name } of found) expect(name).toMatch(/^(?!host$)[a-z][a-z0-9_-]{0,126}$/i);
  expect(new Set(found.map(({ name }) => name.toLowerCase())).size).toBe(found.length);
  const named = (prefix: string) => found.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name);
  expect(named('on-')).toEqual(reactions.map(({ name }) => `on-${name}`));
  expect(named('timer-')).toEqual(timers.map(({ name }) => `timer-${name}`));
  expect(found.map(({ name }) => name)).toContain('post-events-eventId-approve');
  // The host tries routes in the order of their functions' names.
  const http = found.filter(({ trigger: { type } }) => type === 'httpTrigger').map(({ name }) => name);
  expect(http.toSorted().at(-1)).toBe('zzz-otherwise');
});

test('loading the app begins nothing: the process ends by itself and has written nothing', async () => {
  expect(await readdir(folder)).toEqual([]);
  const busy = join(folder, 'busy.mjs');
  await writeFile(busy, 'setInterval(() => {}, 1000);');
  await expect(registered(AZURE, busy, 2000)).rejects.toMatchObject({ killed: true });
  await rm(busy);
});

test('loading the app compiles no reader of objects: zod makes one for each that is parsed with', async () => {
  const tell = `globalThis.Function = new Proxy(Function, { construct(made, args) {
    if (args.join('') !== '') console.log('compiled');
    return Reflect.construct(made, args);
  } });`;
  const told = async (entry: string) => {
    const env = { PATH: process.env.PATH, DATA_DIR: folder, ...AZURE };
    const preload = `data:text/javascript,${encodeURIComponent(tell)}`;
    const { stdout } = await run(process.execPath, ['--import', preload, WORKER, entry], { env, cwd: folder });
    return stdout.split('\n').filter((line) => line === 'compiled').length;
  };
  expect(await told(ENTRY)).toBe(0);
  const compiling = join(folder, 'compiling.mjs');
  await writeFile(compiling, `new Function('value', 'return value');`);
  expect(await told(compiling)).toBe(1);
  await rm(compiling);
});

test('with settings that cannot be used, the built app still loads and answers', async () => {
  const answering = await registered({ PORT: 'seven' });
  expect(answering.map(({ trigger }) => trigger.type)).toEqual(['httpTrigger']);
});

test.each([
  ['of a developer', {}, 'get-health-live', 200],
  ['that cannot be used', { PORT: 'seven' }, 'zzz-otherwise', 503],
])('a request through the worker is answered, with settings %s', async (_, settings, name, status) => {
  expect(await asked(name, '/api/health/live', settings)).toMatchObject({ status });
});

test('the SDK in the bundle reaches Service Bus', async () => {
  const peer = await openServiceBusPeer();
  // A probe has two seconds, which a busy machine may need for the SDK alone.
  for (let tries = 0; tries < 3 && peer.opened.links === 0; tries += 1) {
    await asked('get-health-ready', '/api/health/ready', { SERVICE_BUS_CONNECTION: peer.connectionString });
  }
  expect(peer.opened.links).toBe(1);
  await peer.close();
});

test.each([
  ['throws', `throw new Error('a slice that throws');`, 'a slice that throws'],
  ['logs that a function cannot be registered', `console.log('{"level":50,"msg":"no such name"}');`, 'no such name'],
])(
  'a module that %s when it is loaded fails the build',
  async (_, code, said) => {
    await mkdir('dist/planted', { recursive: true });
    await writeFile('dist/planted/main.ts', `import '../../functions/main.ts';\n${code}`);
    const building = run(process.execPath, ['infra/local/cli/build.mjs', 'dist/planted/main.ts', 'dist/planted/built']);
    await expect(building).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
  },
  60_000,
);

test('the SDKs are in the bundle, none of them loads with the app, and what loads is under 3 MB', async () => {
  const chunks = (await readdir('dist/functions/chunks')).filter((name) => name.endsWith('.js'));
  const entries = ['main.js', ...chunks.filter((name) => name.startsWith('start-')).map(inChunks)];
  expect(entries).toHaveLength(2);
  expect((await loadedBy(chunks.map(inChunks))).sources.filter((source) => SDKS.test(source))).not.toEqual([]);
  const { sources, bytes } = await loadedBy(entries);
  expect(sources.filter((source) => SDKS.test(source))).toEqual([]);
  // Of zod what is used: `import { z }` brings all of it, with its messages in fifty languages.
  expect(sources.filter((source) => /\/zod\/v4\/(locales\/(?!en\.js)|classic\/from-json-schema)/.test(source))).toEqual(
    [],
  );
  expect(bytes).toBeLessThan(3_000_000);
});

test('package.json names the built entry, where Azure Functions looks for it', async () => {
  expect(
    resolve(z.looseObject({ main: z.string() }).parse(JSON.parse(await readFile('package.json', 'utf8'))).main),
  ).toBe(ENTRY);
});

test('host.json serves under /api, in sessions that let go at once, and leaves telemetry to OpenTelemetry', async () => {
  const host = JSON.parse(await readFile('host.json', 'utf8'));
  expect(host).toMatchObject({
    version: '2.0',
    telemetryMode: 'OpenTelemetry',
    extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
    extensions: { http: { routePrefix: 'api' }, serviceBus: { autoCompleteMessages: true, prefetchCount: 0 } },
  });
  // What the worker writes to its output is our log; what the host says of each execution is in the traces already.
  expect(host.logging.logLevel).toEqual({ default: 'Warning', 'Host.Function.Console': 'Information' });
  const { maxConcurrentSessions, sessionIdleTimeout } = host.extensions.serviceBus;
  // Most aggregates have one fact at a time: a session that is waited on is a message of another not handled.
  expect(maxConcurrentSessions / Number(sessionIdleTimeout.split(':')[2])).toBeGreaterThanOrEqual(100);
});

function inChunks(name: string): string {
  return `chunks/${name}`;
}

/** The source files behind some built files and all that these import statically, and how many bytes they are built. */
async function loadedBy(files: readonly string[]): Promise<{ sources: string[]; bytes: number }> {
  const sources = new Set<string>();
  const seen = new Set<string>();
  const queue = [...files];
  let bytes = 0;
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const code = await readFile(`dist/functions/${file}`, 'utf8');
    bytes += Buffer.byteLength(code);
    for (const [, from = ''] of code.matchAll(/(?:\bfrom|\bimport)"(\.[^"]+)"/g)) {
      queue.push(posix.join(posix.dirname(file), from));
    }
    const map = z.looseObject({ sources: z.string().array() });
    for (const source of map.parse(JSON.parse(await readFile(`dist/functions/${file}.map`, 'utf8'))).sources) {
      sources.add(source);
    }
  }
  return { sources: [...sources], bytes };
}
