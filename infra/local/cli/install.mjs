/**
 * Makes sure that what package-lock.json names is installed, from nothing but Node and npm. Plain JavaScript without
 * dependencies, because it runs on a fresh clone.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

const OLDEST_NODE = [20, 19];
const stampFile = join(root, 'node_modules', '.marquee-lock-hash');
const lockFolder = join(root, '.installing');
/** A lock whose owner has not written its name by then was left by one that died at once. */
const UNOWNED_LOCK_MS = 5_000;

/** Stops with one clear message when this Node is too old to run Marquee. */
export function requireNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  stop(`Marquee needs Node ${OLDEST_NODE.join('.')} or newer; this is Node ${version}. See https://nodejs.org`);
}

/** Installs when node_modules is missing or out of step with package-lock.json; else returns at once, offline too. */
export async function ensureInstalled(alone = holdingLock) {
  requireNode();
  const wanted = await fingerprint();
  if ((await stamped()) === wanted) return;
  try {
    await alone(async () => {
      if ((await stamped()) === wanted) return;
      await install();
      await writeStamp();
    });
  } catch (error) {
    stop(error.message);
  }
}

/** Notes that node_modules now is what package-lock.json names (also called after every `npm ci` and `npm install`). */
export async function writeStamp() {
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, await fingerprint());
}

/** One line on standard error and the end: for what the reader must put right. */
export function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function fingerprint() {
  const lock = await readFile(join(root, 'package-lock.json'));
  const [major] = process.versions.node.split('.');
  return createHash('sha256').update(lock).update(`node ${major} ${process.platform} ${process.arch}`).digest('hex');
}

function stamped() {
  return readFile(stampFile, 'utf8').catch(() => undefined);
}

async function install() {
  const began = performance.now();
  process.stderr.write('Installing packages, which takes about a minute the first time…\n');
  await rm(stampFile, { force: true });
  const { code, output } = await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev']);
  if (code !== 0) {
    throw new Error(`${output.trim()}\nThe packages could not be installed: "npm ci" in ${root} failed (${code}).`);
  }
  process.stderr.write(`Installed in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
}

/** Runs the npm that runs this script, else the one on the path; its exit code and the last of what it said. */
export function npm(args, cwd = root) {
  const running = process.env.npm_execpath;
  const [command, first] = running?.endsWith('npm-cli.js') ? [process.execPath, [running]] : ['npm', []];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command === 'npm' && process.platform === 'win32',
    });
    let output = '';
    const note = (chunk) => {
      output = (output + chunk).slice(-8_000);
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.once('error', (error) => resolve({ code: 127, output: `npm could not be run: ${error.message}` }));
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/** One install at a time: others wait for it, and take over the lock of a process that is gone. */
async function holdingLock(work) {
  let unowned = Date.now();
  for (;;) {
    try {
      await mkdir(lockFolder);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new Error(`Cannot write to ${root}: ${error.message}`);
    }
    const owner = Number(await readFile(join(lockFolder, 'pid'), 'utf8').catch(() => ''));
    if (owner) unowned = Date.now();
    const abandoned = owner ? !alive(owner) : Date.now() - unowned > UNOWNED_LOCK_MS;
    if (abandoned) await discardLock();
    else await sleep(100);
  }
  try {
    await writeFile(join(lockFolder, 'pid'), String(process.pid));
    await work();
  } finally {
    await rm(lockFolder, { recursive: true, force: true });
  }
}

/** Renames before removing, so that of several waiters only one removes it. */
async function discardLock() {
  const aside = `${lockFolder}.${process.pid}`;
  try {
    await rename(lockFolder, aside);
  } catch {
    return;
  }
  await rm(aside, { recursive: true, force: true });
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
