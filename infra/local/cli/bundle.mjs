/** TypeScript to one file that this Node can run: own code bundled with its source map, packages left where they are. */
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, stop } from './install.mjs';

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

/** The path of the built file. It appears whole or not at all, as several processes may build at once. */
async function bundle(file) {
  const { build, stop: end } = await import('esbuild');
  const folder = join(root, 'dist', 'local');
  const name = relative(root, file).replace(/\.ts$/, '').replace(/[\\/]/g, '-');
  const outfile = join(folder, `${name}.js`);
  const result = await build({
    entryPoints: [file],
    outfile,
    write: false,
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
  for (const output of result.outputFiles) {
    const draft = `${output.path}.${randomUUID()}`;
    await writeFile(draft, output.contents);
    await rename(draft, output.path);
  }
  return outfile;
}
