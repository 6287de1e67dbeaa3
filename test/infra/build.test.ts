import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { posix, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { reactions, routes, timers } from '../../functions/registry.ts';
import { containers } from '../../shared/platform/containers.ts';

const run = promisify(execFile);
const ENTRY = resolve('dist/functions/main.js');
const SDKS =
  /node_modules\/(@azure\/(cosmos|identity|service-bus|storage-blob|web-pubsub)|@redis\/client|sharp|pdf-lib)\//;
const Registered = z.array(
  z.object({
    name: z.string(),
    trigger: z.looseObject({
      type: z.string(),
      authLevel: z.string().optional(),
      methods: z.string().array().optional(),
    }),
  }),
);

beforeAll(async () => {
  await run(process.execPath, ['infra/local/cli/build.mjs']);
}, 60_000);

/** What the built app registers with the Functions worker, in an environment of settings. */
async function registered(settings: Record<string, string>) {
  const env = { PATH: process.env.PATH, ...settings };
  const { stdout } = await run(process.execPath, ['--enable-source-maps', 'test/support/functions-worker.mjs', ENTRY], {
    env,
  });
  // The app's log is on standard output too.
  const said = stdout.split('\n').find((line) => line.startsWith('['));
  return Registered.parse(JSON.parse(said ?? ''));
}

test('the built app registers one function for every declaration', async () => {
  const found = await registered({
    COSMOS_ENDPOINT: 'https://marquee.documents.azure.com',
    SERVICE_BUS_NAMESPACE: 'marquee.servicebus.windows.net',
  });
  const count = (type: string) => found.filter(({ trigger }) => trigger.type === type).length;
  // One more answers what is no route.
  expect(count('httpTrigger')).toBe(routes.length + 1);
  expect(count('timerTrigger')).toBe(timers.length);
  expect(count('serviceBusTrigger')).toBe(reactions.length);
  expect(count('cosmosDBTrigger')).toBe(Object.values(containers).filter(({ facts }) => facts).length);
  expect(new Set(found.map(({ name }) => name.toLowerCase())).size).toBe(found.length);
  for (const { trigger } of found.filter(({ trigger: { type } }) => type === 'httpTrigger')) {
    expect(trigger).toMatchObject({ authLevel: 'anonymous', methods: expect.arrayContaining([expect.any(String)]) });
  }
});

test('with settings that cannot be used, the built app still loads and answers', async () => {
  const found = await registered({ PORT: 'seven' });
  expect(found.map(({ trigger }) => trigger.type)).toEqual(['httpTrigger']);
});

test('the SDKs are in the bundle, and none of them loads with the app', async () => {
  const chunks = (await readdir('dist/functions/chunks')).filter((name) => name.endsWith('.js'));
  const atStart = [
    'main.js',
    ...chunks.filter((name) => /^(registry|platform)-/.test(name)).map((name) => `chunks/${name}`),
  ];
  expect(atStart).toHaveLength(3);
  const everything = await sourcesOf(chunks.map((name) => `chunks/${name}`));
  expect(everything.filter((source) => SDKS.test(source))).not.toEqual([]);
  expect((await sourcesOf(atStart)).filter((source) => SDKS.test(source))).toEqual([]);
});

test('package.json names the built entry, where Azure Functions looks for it', async () => {
  expect(
    resolve(z.looseObject({ main: z.string() }).parse(JSON.parse(await readFile('package.json', 'utf8'))).main),
  ).toBe(ENTRY);
});

/** The source files behind some built files and all that these import statically. */
async function sourcesOf(files: readonly string[]): Promise<string[]> {
  const sources = new Set<string>();
  const seen = new Set<string>();
  const queue = [...files];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const code = await readFile(`dist/functions/${file}`, 'utf8');
    for (const [, from = ''] of code.matchAll(/(?:\bfrom|\bimport)"(\.[^"]+)"/g)) {
      queue.push(posix.join(posix.dirname(file), from));
    }
    const map = z.looseObject({ sources: z.string().array() });
    for (const source of map.parse(JSON.parse(await readFile(`dist/functions/${file}.map`, 'utf8'))).sources) {
      sources.add(source);
    }
  }
  return [...sources];
}
