/** TypeScript to one file that this Node can run: own code bundled with its source map, packages left where they are. */
import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, stop } from './install.mjs';

const HOW_IT_IS_BUILT = ['infra/local/cli/bundle.mjs', 'package-lock.json'];

/**
 * Builds a TypeScript entry into dist/local and runs it in this process. Settings and paths mean the same from
 * wherever it was called, because the working folder becomes the project's.
 */
export async function runEntry(entry) {
  const file = resolve(root, entry);
  await access(file).catch(() => stop(`There is no ${file}`));
  process.chdir(root);
  const built = await bundle(file);
  process.setSourceMapsEnabled(true);
  return import(pathToFileURL(built).href);
}

/** The path of the built file; built only when a source has changed since the last time. */
async function bundle(file) {
  const folder = join(root, 'dist', 'local');
  const name = relative(root, file).replace(/\.ts$/, '').replace(/[\\/]/g, '-');
  const outfile = join(folder, `${name}.js`);
  const record = join(folder, `${name}.sources.json`);
  if (await unchanged(record, outfile)) return outfile;
  const { build, stop: end } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    outfile,
    write: false,
    metafile: true,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'linked',
    absWorkingDir: root,
    logLevel: 'silent',
  }).catch((error) => stop(`${relative(root, file)} does not build:\n${error.message}`));
  await end();
  await mkdir(folder, { recursive: true }).catch((error) => stop(`Cannot write to ${folder}: ${error.message}`));
  for (const output of outputFiles) await appear(output.path, output.contents);
  const sources = await Promise.all([...HOW_IT_IS_BUILT, ...Object.keys(metafile.inputs)].map(stateOf));
  const newest = Math.max(...sources.map(([, modified]) => modified));
  // A source that changed while it was being built would not be seen to have changed: then build again next time.
  if (newest < Date.now() - process.uptime() * 1000) await appear(record, JSON.stringify(sources));
  return outfile;
}

/** Whole or not at all, as several processes may build at once. */
async function appear(path, contents) {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}

async function unchanged(record, outfile) {
  try {
    const before = JSON.parse(await readFile(record, 'utf8'));
    await access(outfile);
    const now = await Promise.all(before.map(([path]) => stateOf(path)));
    return JSON.stringify(now) === JSON.stringify(before);
  } catch {
    return false;
  }
}

async function stateOf(path) {
  const { mtimeMs, size } = await stat(join(root, path));
  return [path, mtimeMs, size];
}
