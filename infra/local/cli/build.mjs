/**
 * `npm run build [<entry> <folder>]`: the functions as Azure loads them. One minified ES module bundle with source maps,
 * whose dynamic imports are chunks of their own that load on first use, so that a cold start pays only for what it needs.
 * Names are left as they are: stacks can be read without the maps, and keeping them in minified code costs at every start.
 * Of Azure's own package the minified build is taken: the other is a bundle that nothing here makes smaller.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
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
const [source = 'functions/main.ts', target = 'dist/functions'] = process.argv.slice(2);
/** What the entry waits for when it is loaded. */
const AT_START = [source, 'functions/start.ts'];
const outdir = join(root, target);
await rm(outdir, { recursive: true, force: true });
const { metafile, outputFiles } = await build({
  entryPoints: [join(root, source)],
  outdir,
  write: false,
  bundle: true,
  splitting: true,
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  alias: { '@azure/functions': '@azure/functions/dist/azure-functions.min.js' },
  external: [...WORKER, ...LEFT_IN_PLACE],
  banner: { js: REQUIRE },
  chunkNames: 'chunks/[name]-[hash]',
  absWorkingDir: root,
  logLevel: 'silent',
  metafile: true,
}).catch((error) => stop(`The functions do not build:\n${error.message}`));
await end();
for (const { path, text } of outputFiles.map(spared)) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const count = await loadedOnce(join(outdir, 'main.js')).catch((error) => stop(error.message));
const code = Object.keys(metafile.outputs).filter((path) => path.endsWith('.js'));
const sizes = `${kibibytes(code)} KiB in ${code.length} files, ${kibibytes(atStart())} KiB of them at start`;
const seconds = ((performance.now() - began) / 1000).toFixed(1);
process.stdout.write(`Built ${target}: ${sizes}; ${count} functions; in ${seconds} s\n`);

/** Most files call no `require`, and none is made for them: each takes 0.2 ms of every start. */
function spared({ path, text }) {
  const code = path.replace(/\.map$/, '');
  const file = outputFiles.find((one) => one.path === code);
  if (!file?.text.startsWith(REQUIRE) || /(?<![\w$.])require(?![\w$])/.test(file.text.slice(REQUIRE.length))) {
    return { path, text };
  }
  if (path === code) return { path, text: text.slice(REQUIRE.length).trimStart() };
  // A semicolon for each line of the map.
  const map = JSON.parse(text);
  return { path, text: JSON.stringify({ ...map, mappings: map.mappings.replace(/^;;/, '') }) };
}

function kibibytes(paths) {
  return Math.round([...paths].reduce((sum, path) => sum + metafile.outputs[path].bytes, 0) / 1024);
}

/** The built files that are loaded with the app; the others on first use. */
function atStart() {
  const files = new Set(code.filter((path) => AT_START.includes(metafile.outputs[path].entryPoint)));
  for (const file of files) {
    // Packages left in place are imported too, and no output.
    for (const { path, kind } of metafile.outputs[file].imports) {
      if (kind === 'import-statement' && code.includes(path)) files.add(path);
    }
  }
  return files;
}

/**
 * Loads the built app once as the Functions worker does, so that a module which throws, or a function that cannot be
 * registered, fails the build and never reaches Azure. Answers how many functions there are; throws what the app logged.
 */
async function loadedOnce(entry) {
  const worker = join(root, 'infra', 'local', 'cli', 'functions-worker.mjs');
  const env = {
    PATH: process.env.PATH,
    COSMOS_ENDPOINT: 'https://build.invalid',
    SERVICE_BUS_NAMESPACE: 'build.invalid',
  };
  const { stdout } = await promisify(execFile)(process.execPath, [worker, entry], { env, timeout: 60_000 });
  const lines = stdout.trim().split('\n');
  const { functions } = JSON.parse(lines.pop());
  if (lines.length > 0) throw new Error(`The built functions do not load:\n${lines.join('\n')}`);
  return functions.length;
}
