/**
 * `node bench/cold-start.mjs [<rounds>]`: how long a Functions worker takes from the start of its process until every
 * function is registered, and until the first request is answered, for the bundle and for the sources as they are: each
 * file stripped of its types by esbuild, nothing bundled, packages in node_modules.
 *
 * Settings are those of Azure, with names that lead nowhere: `GET /health/live` asks none of them. A bare `node` is
 * measured beside them in each round, since other work on the machine meets all three; the median of the rounds counts.
 * The share of the unbundled is said twice: counted from the start of the process, and of load alone, without what a bare
 * `node` takes. Node's compile cache is off, as a worker on a new instance has none.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../infra/local/cli/install.mjs';

const run = promisify(execFile);
const WORKER = join(root, 'infra', 'local', 'cli', 'functions-worker.mjs');
const BUNDLE = join(root, 'dist', 'functions', 'main.js');
const UNBUNDLED = join(root, 'dist', 'unbundled');
const ROUNDS = Number(process.argv[2] ?? 9);
/** Milliseconds of load; its share of the unbundled; KiB that load with the app. */
const MOST = { load: 250, share: 1 / 3, size: 3 * 1024 };

/** Every source as a module of its own; answers the entry. */
async function unbundled() {
  const { build, stop } = await import('esbuild');
  const sources = [];
  for (const folder of ['functions', 'shared']) {
    for (const name of await readdir(join(root, folder), { recursive: true })) sources.push(join(root, folder, name));
  }
  const { outputFiles } = await build({
    entryPoints: sources.filter((path) => path.endsWith('.ts')),
    outbase: root,
    outdir: UNBUNDLED,
    format: 'esm',
    target: 'node20',
    write: false,
  });
  await stop();
  await rm(UNBUNDLED, { recursive: true, force: true });
  for (const { path, text } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text.replace(/((?:from|import) ?\(?"\.[^"]*)\.ts"/g, '$1.js"'));
  }
  return join(UNBUNDLED, 'functions', 'main.js');
}

function settingsOfAzure(folder) {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return {
    PATH: process.env.PATH,
    DATA_DIR: folder,
    LOG_LEVEL: 'warn',
    COSMOS_ENDPOINT: 'https://marquee.documents.invalid',
    SERVICE_BUS_NAMESPACE: 'marquee.servicebus.invalid',
    BLOB_ACCOUNT_URL: 'https://marquee.blob.invalid',
    WEB_PUBSUB_ENDPOINT: 'https://marquee.webpubsub.invalid',
    SIGNING_KEYS: JSON.stringify({ keys: [{ ...jwk, kid: 'cold-start' }] }),
    LINK_SECRET: 'a secret that is long enough for links',
  };
}

async function once(entry, env) {
  const request = ['get-health-live', '/api/health/live'];
  const { stdout } = await run(process.execPath, [WORKER, entry, ...request], { env, cwd: env.DATA_DIR });
  const { loaded, answered, status, cpu, functions } = JSON.parse(
    stdout.split('\n').find((line) => line.startsWith('{"loaded"')),
  );
  if (status !== 200) throw new Error(`The first request was answered ${status}: ${stdout.slice(0, 1000)}`);
  return { loaded, answered, cpu, functions: functions.length };
}

async function bare() {
  const say = '({ user, system } = process.cpuUsage()), console.log(performance.now(), (user + system) / 1000)';
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `let user, system; ${say}`], {
    env: { PATH: process.env.PATH },
  });
  const [loaded, cpu] = stdout.trim().split(' ').map(Number);
  return { loaded, cpu };
}

function median(rows, field) {
  const sorted = rows.map((row) => row[field]).sort((one, other) => one - other);
  return sorted[sorted.length >> 1];
}

const say = (line) => process.stdout.write(`${line}\n`);
const { stdout: built } = await run(process.execPath, [join(root, 'infra', 'local', 'cli', 'build.mjs')]);
say(built.trim());
const folder = await mkdtemp(join(tmpdir(), 'marquee-cold-'));
try {
  const env = settingsOfAzure(folder);
  const sources = await unbundled();
  const rows = { node: [], bundle: [], sources: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rows.node.push(await bare());
    rows.bundle.push(await once(BUNDLE, env));
    rows.sources.push(await once(sources, env));
  }
  const start = median(rows.node, 'loaded');
  const cells = (all) => all.map((cell) => String(cell).padStart(12)).join('');
  const line = (name, of) => {
    const times = ['loaded', 'answered'].map((field) => median(of, field));
    return `${name.padEnd(20)}${cells([...times, times[0] - start, median(of, 'cpu')].map(Math.round))}`;
  };
  const busy = `load average ${loadavg()[0].toFixed(1)} on ${availableParallelism()} cores`;
  say(`Median of ${ROUNDS}, Node ${process.version}, ${busy}; milliseconds`);
  say(`${''.padEnd(20)}${cells(['registered', 'answered', 'load alone', 'CPU of load'])}`);
  say(`${'bare node'.padEnd(20)}${cells([Math.round(start), '', '', Math.round(median(rows.node, 'cpu'))])}`);
  say(line('bundle', rows.bundle));
  say(line('unbundled sources', rows.sources));
  const loaded = { bundle: median(rows.bundle, 'loaded'), sources: median(rows.sources, 'loaded') };
  const load = loaded.bundle - start;
  const shares = [
    ['load alone', load / (loaded.sources - start)],
    ['from process start', loaded.bundle / loaded.sources],
  ];
  const size = Number(/(\d+) KiB of them at start/.exec(built)?.[1]);
  const verdict = (good) => (good ? 'met' : 'MISSED');
  say(`load at most ${MOST.load} ms: ${verdict(load <= MOST.load)}`);
  for (const [counted, share] of shares) {
    say(
      `at most a third of the unbundled, ${counted}: ${verdict(share <= MOST.share)} (${(share * 100).toFixed(0)} %)`,
    );
  }
  say(`at start under ${MOST.size} KiB: ${verdict(size < MOST.size)} (${size} KiB)`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
