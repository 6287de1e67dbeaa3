/**
 * `npm run build`: the functions as Azure loads them. One minified ES module bundle with source maps, whose dynamic
 * imports are chunks of their own that load on first use, so that a cold start pays only for what it needs.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureInstalled, root, stop } from './install.mjs';
import { LEFT_IN_PLACE } from './left-in-place.mjs';

/** The Functions worker answers for this one; it is in no registry. */
const WORKER = ['@azure/functions-core'];
/** CommonJS packages inside an ES module bundle still call `require`; the worker hooks this one for its own module. */
const REQUIRE = `import { createRequire as marqueeRequire } from 'node:module';
const require = marqueeRequire(import.meta.url);`;

await ensureInstalled();
const began = performance.now();
const { build, stop: end } = await import('esbuild');
const outdir = join(root, 'dist', 'functions');
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [join(root, 'functions', 'main.ts')],
  outdir,
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  external: [...WORKER, ...LEFT_IN_PLACE],
  banner: { js: REQUIRE },
  chunkNames: 'chunks/[name]-[hash]',
  absWorkingDir: root,
  logLevel: 'silent',
  metafile: true,
}).catch((error) => stop(`The functions do not build:\n${error.message}`));
await end();

const code = Object.entries(metafile.outputs).filter(([path]) => path.endsWith('.js'));
const kibibytes = Math.round(code.reduce((sum, [, { bytes }]) => sum + bytes, 0) / 1024);
const seconds = ((performance.now() - began) / 1000).toFixed(1);
process.stdout.write(`Built dist/functions: ${kibibytes} KiB in ${code.length} files, in ${seconds} s\n`);
