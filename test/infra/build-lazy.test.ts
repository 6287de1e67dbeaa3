/** What is loaded on first use works in a bundle too, where a CommonJS package may have no names but its default. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeRedis, type RedisServer, startRedis } from '../support/redis.ts';

const run = promisify(execFile);
const LEFT_IN_PLACE = ['libsql', 'sharp', '@node-rs/argon2', 'swagger-ui-dist'];
const LAZY = /const \{([^}]+)\} = (\(await import\('([^.'][^']*)'\)\)\.default|await import\('([^.'][^']*)'\))/g;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-bundle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What a module says when it is bundled as the build does it, with what it loads later in chunks of their own. */
async function bundledSays(contents: string, ...args: readonly string[]): Promise<string> {
  await build({
    stdin: { contents, resolveDir: resolve('.'), sourcefile: 'entry.ts', loader: 'ts' },
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: {
      js: `import { createRequire as marqueeRequire } from 'node:module';
const require = marqueeRequire(import.meta.url);`,
    },
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  });
  return (await run(process.execPath, [join(folder, 'stdin.mjs'), ...args])).stdout.trim();
}

/** What the product takes from packages on first use, as its own sources say it. */
async function takenLater() {
  const files = (await readdir('shared', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(files.map((name) => readFile(join('shared', name), 'utf8')));
  return texts.flatMap((text) =>
    [...text.matchAll(LAZY)].map(([, names = '', source = '', viaDefault, named]) => ({
      from: viaDefault ?? named ?? '',
      source,
      names: names.split(',').map((name) => name.split(':')[0]?.trim() ?? ''),
    })),
  );
}

test('every name that is taken from a package on first use is there in a bundle', async () => {
  const taken = (await takenLater()).filter(({ from }) => !LEFT_IN_PLACE.includes(from));
  expect(taken.length).toBeGreaterThan(10);
  const checks = taken.map(
    ({ from, source, names }) => `{
      const it = ${source};
      for (const name of ${JSON.stringify(names)}) if (it[name] === undefined) missing.push('${from}: ' + name);
    }`,
  );
  const said = await bundledSays(`const missing = []; ${checks.join('\n')} console.log(JSON.stringify(missing));`);
  expect(JSON.parse(said)).toEqual([]);
}, 60_000);

describeRedis('A bundle', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(() => server.stop());

  test('reaches Redis', async () => {
    expect(await bundledSays("import './test/support/redis-child.ts';", server.url, 'default', 'any')).toBe('up');
  });
});
