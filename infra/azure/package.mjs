/**
 * `npm run package [-- FOLDER]`: what `azd deploy` uploads, laid out in dist/azure: host.json, the built functions, and
 * of node_modules only what the bundle leaves in place, for Linux on x64 whatever machine this is, at the versions of
 * package-lock.json.
 */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { npm, root, stop } from '../local/cli/install.mjs';
import { LEFT_IN_PLACE } from '../local/cli/left-in-place.mjs';

/** The embedded store, which on Azure is never opened. */
const ONLY_LOCAL = ['libsql'];
const PLATFORM = ['--os=linux', '--cpu=x64', '--libc=glibc'];
const QUIET = ['--no-audit', '--no-fund', '--no-bin-links', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];

// Taken away, since the build that is loaded below has arguments of its own.
const [given] = process.argv.splice(2);
const folder = resolve(given ?? join(root, 'dist', 'azure'));
const names = LEFT_IN_PLACE.filter((name) => !ONLY_LOCAL.includes(name));
const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
const { name, version, type, main } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

await import('../local/cli/build.mjs');
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await cp(join(root, 'dist', 'functions'), join(folder, 'dist', 'functions'), { recursive: true });
await cp(join(root, 'host.json'), join(folder, 'host.json'));
await install();
process.stdout.write(`Packed ${folder}: ${Math.round((await sizeOf(folder)) / 1024 ** 2)} MiB\n`);

async function install() {
  const dependencies = Object.fromEntries(names.map((each) => [each, lock.packages[`node_modules/${each}`].version]));
  const about = { name, version, private: true, type, main, dependencies };
  const packages = { '': about, ...Object.fromEntries(reached().map((path) => [path, lock.packages[path]])) };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(about, null, 2)}\n`);
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  const { code, output } = await npm(['ci', ...PLATFORM, ...QUIET], folder);
  if (code !== 0) stop(`${output.trim()}\nThe packages for Azure could not be installed (${code}).`);
  await rm(join(folder, 'package-lock.json'));
  for (const path of await readdir(join(folder, 'node_modules'), { recursive: true })) {
    if (path.endsWith('.map')) await rm(join(folder, 'node_modules', path));
  }
}

/** The entries of the lock that `names` need, themselves included. */
function reached() {
  const found = new Set();
  const queue = names.map((each) => `node_modules/${each}`);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies } = lock.packages[path];
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) queue.push(...placeOf(each, path));
  }
  return [...found];
}

/** Where the lock puts the package that `from` gets when it asks for `wanted`: the nearest node_modules upwards. */
function placeOf(wanted, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = at === '' ? `node_modules/${wanted}` : `${at}/node_modules/${wanted}`;
    if (lock.packages[place]) return [place];
    // Optional, and for no platform that the lock knows.
    if (at === '') return [];
  }
}

async function sizeOf(path) {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
