/** `npm test` and `npm run check`: every check in order, each with its time; the last line counts what passed and failed. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, root } from './install.mjs';

const node = process.execPath;
const bin = (path) => join(root, 'node_modules', path);

/** What stands beside the tests; each counts as one. */
const steps = [
  { name: 'format and lint', args: [bin('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.'] },
  { name: 'types', args: [bin('typescript-7/bin/tsc'), '-p', '.'] },
  { name: 'generated files', args: [join(root, 'infra/local/cli/run.mjs'), 'infra/local/generate.ts', '--check'] },
  { name: 'openapi.json', args: [bin('@redocly/cli/bin/cli.js'), 'lint', 'openapi.json'] },
];
const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_UPDATE_NOTIFIER: '1' };

/**
 * Runs everything, or with arguments only vitest with these. Goes on after a failure, so that one run shows all there
 * is to fix; the exit code is 1 when anything failed.
 */
export async function check(args) {
  await ensureInstalled();
  const total = { passed: 0, failed: 0 };
  for (const step of args.length === 0 ? steps : []) {
    const { ok } = await timed(step.name, () => run(step.args, { quietly: true }));
    total[ok ? 'passed' : 'failed'] += 1;
  }
  const tests = await timed('tests', () => runTests(args));
  total.passed += tests.passed;
  total.failed += tests.failed;
  print(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

async function timed(name, work) {
  const began = performance.now();
  print(`── ${name}`);
  const result = await work();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  print(`── ${name}: ${result.ok ? 'ok' : 'FAILED'} (${seconds} s)\n`);
  return result;
}

/** Vitest, and how many tests passed and failed; a file or run that broke outside of its tests counts as a failure. */
async function runTests(args) {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-check-'));
  const report = join(folder, 'vitest.json');
  try {
    const { ok } = await run([bin('vitest/vitest.mjs'), 'run', ...args], { env: { MARQUEE_TEST_REPORT: report } });
    const { passed, failed } = counted(await readFile(report, 'utf8').catch(() => undefined));
    return { ok: ok && failed === 0, passed, failed: ok ? failed : Math.max(failed, 1) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function counted(report) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report);
  const broken = testResults.filter((file) => file.status === 'failed' && allRan(file.assertionResults)).length;
  return { passed: numPassedTests, failed: numFailedTests + broken };
}

const allRan = (tests) => tests.every((test) => test.status !== 'failed');

/** One child to its end; `quietly` shows what it said only when it failed. */
function run(args, { env = {}, quietly = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: root,
      env: { ...process.env, ...quiet, ...env },
      stdio: quietly ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    });
    const said = [];
    child.stdout?.on('data', (chunk) => said.push(chunk));
    child.stderr?.on('data', (chunk) => said.push(chunk));
    child.once('error', (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.once('close', (code) => {
      if (code !== 0) process.stdout.write(Buffer.concat(said));
      resolve({ ok: code === 0 });
    });
  });
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
