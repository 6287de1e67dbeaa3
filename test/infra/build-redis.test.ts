/** Redis is reached from a bundle too: its client is CommonJS, whose names a bundle's lazy chunks do not have. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeRedis, type RedisServer, startRedis } from '../support/redis.ts';

const run = promisify(execFile);
/** As the build has it. */
const REQUIRE = `import { createRequire as marqueeRequire } from 'node:module';
const require = marqueeRequire(import.meta.url);`;

describeRedis('A bundle', () => {
  let server: RedisServer;
  let folder: string;
  beforeEach(async () => {
    server = await startRedis();
    folder = await mkdtemp(join(tmpdir(), 'marquee-bundle-'));
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('with the client in a chunk of its own, loaded on first use, reaches Redis', async () => {
    const { metafile } = await build({
      entryPoints: ['test/support/redis-child.ts'],
      outdir: folder,
      bundle: true,
      splitting: true,
      minify: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      mainFields: ['module', 'main'],
      banner: { js: REQUIRE },
      outExtension: { '.js': '.mjs' },
      metafile: true,
      logLevel: 'silent',
    });
    const [entry] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint?.endsWith('redis-child.ts'));
    expect(Object.keys(entry?.inputs ?? {}).filter((name) => name.includes('@redis/client'))).toEqual([]);
    const args = [join(folder, 'redis-child.mjs'), server.url, 'default', 'any'];
    expect((await run(process.execPath, args)).stdout.trim()).toBe('up');
  });
});
