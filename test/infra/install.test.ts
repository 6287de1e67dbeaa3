import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A project of its own with nothing to install, so that npm's part takes no network and no time. */
let clone: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'marquee-install-'));
  await cp('infra/local/cli', join(clone, 'infra/local/cli'), { recursive: true });
  await project({});
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(clone, { recursive: true, force: true });
});

/** `lock` differs from what package.json says when `dependencies` are given to one alone. */
async function project({ version = '1.0.0', wanted = {} }: { version?: string; wanted?: object }): Promise<void> {
  const about = { name: 'clone', version };
  const lock = { ...about, lockfileVersion: 3, requires: true, packages: { '': about } };
  await writeFile(join(clone, 'package.json'), JSON.stringify({ ...about, dependencies: wanted }));
  await writeFile(join(clone, 'package-lock.json'), JSON.stringify(lock));
}

async function run(code: string): Promise<{ status: number; said: string }> {
  const script = `import * as cli from ${JSON.stringify(join(clone, 'infra/local/cli/install.mjs'))};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: tmpdir() });
  running.add(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [status] = await once(child, 'close');
  running.delete(child);
  return { status, said };
}

const install = () => run('await cli.ensureInstalled();');
const installs = (said: string) => said.split('Installing packages').length - 1;
const there = (path: string) =>
  access(join(clone, path)).then(
    () => true,
    () => false,
  );

describe('what package-lock.json names is installed', () => {
  test('on a fresh clone, and not again', async () => {
    expect(installs((await install()).said)).toBe(1);
    expect(await there('node_modules/.marquee-lock-hash')).toBe(true);
    expect(await install()).toEqual({ status: 0, said: '' });
  });

  test('again when the lock has changed, or node_modules is gone', async () => {
    await install();
    await project({ version: '1.0.1' });
    expect(installs((await install()).said)).toBe(1);
    await rm(join(clone, 'node_modules'), { recursive: true });
    expect(installs((await install()).said)).toBe(1);
    expect(await install()).toEqual({ status: 0, said: '' });
  });

  test('not again after an npm ci by hand, whose postinstall leaves the stamp', async () => {
    const stamp = spawn(process.execPath, [join(clone, 'infra/local/cli/stamp.mjs')]);
    await once(stamp, 'close');
    expect(await install()).toEqual({ status: 0, said: '' });
    const scripts: unknown = JSON.parse(await readFile('package.json', 'utf8')).scripts;
    expect(scripts).toMatchObject({ postinstall: 'node infra/local/cli/stamp.mjs' });
  });

  test('once, when several start at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, install));
    expect(all.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    expect(installs(all.map(({ said }) => said).join(''))).toBe(1);
    expect(await there('.installing')).toBe(false);
  });

  test('several times over without the lock, which shows that it is the lock that keeps them apart', async () => {
    const unlocked = () => run('await cli.ensureInstalled((work) => work());');
    const all = await Promise.all(Array.from({ length: 5 }, unlocked));
    expect(installs(all.map(({ said }) => said).join(''))).toBeGreaterThan(1);
  });

  test('although a process died in the middle of installing', async () => {
    const dead = spawn(process.execPath, ['--eval', '']);
    await once(dead, 'close');
    await mkdir(join(clone, '.installing'));
    await writeFile(join(clone, '.installing/pid'), String(dead.pid));
    const all = await Promise.all(Array.from({ length: 3 }, install));
    expect(installs(all.map(({ said }) => said).join(''))).toBe(1);
    expect(await there('.installing')).toBe(false);
  });
});

describe('one clear message and the end', () => {
  test('when npm cannot install', async () => {
    await project({ wanted: { 'is-not-in-the-lock': '1.0.0' } });
    const { status, said } = await install();
    expect(status).toBe(1);
    expect(said.trim().split('\n').at(-1)).toMatch(
      /^The packages could not be installed: "npm ci" in .* failed \(1\)\.$/,
    );
    expect(await there('.installing')).toBe(false);
  });

  test.each(['18.20.4', '20.18.3'])('on Node %s', async (version) => {
    const { status, said } = await run(`cli.requireNode('${version}');`);
    expect(status).toBe(1);
    expect(said).toBe(`Marquee needs Node 20.19 or newer; this is Node ${version}. See https://nodejs.org\n`);
  });

  test.each(['20.19.0', '22.0.0', '24.1.0'])('not on Node %s', async (version) => {
    expect(await run(`cli.requireNode('${version}');`)).toEqual({ status: 0, said: '' });
  });
});
