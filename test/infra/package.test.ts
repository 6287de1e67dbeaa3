import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { reactions, routes, timers } from '../../functions/registry.ts';
import { newKeySet } from '../../shared/identity/keys.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { containers } from '../../shared/platform/containers.ts';

const run = promisify(execFile);
/** In the system's temporary folder, from where no node_modules of ours is found. */
let folder: string;

const AZURE = {
  COSMOS_ENDPOINT: 'https://marquee.documents.azure.com',
  SERVICE_BUS_NAMESPACE: 'marquee.servicebus.windows.net',
};
const Said = z.object({
  functions: z.array(z.object({ name: z.string() })),
  status: z.int().optional(),
  bytes: z.int().optional(),
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-package-'));
  await run(process.execPath, ['infra/azure/package.mjs', folder]);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inPackage(code: string, settings: Record<string, string> = {}): Promise<string> {
  const env = { PATH: process.env.PATH, ...settings };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: folder, env });
  return stdout;
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(join(folder, path), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('holds the built functions, host.json, a package.json of exact versions, and nothing else of ours', async () => {
  expect((await readdir(folder)).sort()).toEqual(['dist', 'host.json', 'node_modules', 'package.json']);
  expect(await readdir(join(folder, 'dist'))).toEqual(['functions']);
  expect(await readFile(join(folder, 'host.json'), 'utf8')).toBe(await readFile('host.json', 'utf8'));
  const { dependencies: locked } = JSON.parse(await readFile('package.json', 'utf8'));
  const { main, type, dependencies, scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  expect([main, type, scripts]).toEqual(['dist/functions/main.js', 'module', undefined]);
  const left = ['sharp', '@node-rs/argon2', 'swagger-ui-dist'];
  expect(dependencies).toEqual(Object.fromEntries(left.map((name) => [name, locked[name]])));
});

test('brings binaries for Linux on x64 with glibc alone, as Azure runs it, and stays small', async () => {
  const files = await filesIn('node_modules');
  const binaries = files.filter((file) => /\.(node|so[.\d]*|dll|dylib|wasm)$/.test(file));
  expect(binaries.length).toBeGreaterThanOrEqual(3);
  for (const binary of binaries) expect(binary).toMatch(/linux-x64(-gnu)?[/.]/);
  expect(
    files.filter((file) => /\.map$|libsql|azurite|local\.settings|\.ts$/.test(file) && !/\.d\.[cm]?ts$/.test(file)),
  ).toEqual([]);
  const sizes = await Promise.all((await filesIn('.')).map(async (file) => (await stat(file)).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(45 * 1024 ** 2);
});

/** What the Functions worker says of the package, loaded from its own folder: what it registers, and one answer. */
async function worker(settings: Record<string, string>, ...call: readonly string[]) {
  const script = join(process.cwd(), 'infra/local/cli/functions-worker.mjs');
  const env = { PATH: process.env.PATH, LOG_LEVEL: 'error', ...AZURE, ...settings };
  const entry = join(folder, 'dist/functions/main.js');
  const { stdout } = await run(process.execPath, [script, entry, ...call], { cwd: folder, env });
  return Said.parse(JSON.parse(stdout.split('\n').find((line) => line.startsWith('{"loaded"')) ?? ''));
}

test('loads by itself and registers everything', async () => {
  const { functions } = await worker({});
  const feeds = Object.values(containers).filter(({ facts }) => facts).length;
  expect(functions).toHaveLength(routes.length + 1 + timers.length + reactions.length + feeds);
});

test('finds there what the bundle leaves in node_modules: pictures, passwords and the reference page', async () => {
  const code = `
    import sharp from 'sharp';
    import { hash, verify } from '@node-rs/argon2';
    const { info } = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .webp().toBuffer({ resolveWithObject: true });
    console.log(info.format, await verify(await hash('secret'), 'secret'));`;
  expect((await inPackage(code)).trim()).toBe('webp true');
});

test('answers requests there, with the settings that Azure has', async () => {
  const settings = {
    BLOB_ACCOUNT_URL: 'https://marquee.blob.core.windows.net',
    WEB_PUBSUB_ENDPOINT: 'https://marquee.webpubsub.azure.com',
    SIGNING_KEYS: await newKeySet(systemClock),
    LINK_SECRET: 's'.repeat(43),
  };
  expect(await worker(settings, 'get-health-live', '/api/health/live')).toMatchObject({ status: 200, bytes: 17 });
  const { status, bytes } = await worker(settings, 'get-docs-swagger-ui-css', '/api/docs/swagger-ui.css');
  expect([status, (bytes ?? 0) > 10_000]).toEqual([200, true]);
});
