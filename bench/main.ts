/**
 * `npm run bench`: one table. A bare `node:http` server is measured in the same run as the yardstick; the load generator
 * is a process of its own on the same machine. See `options.ts` for what it can be asked.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startLocal } from '../infra/local/compose.ts';
import { readConfig } from '../shared/platform/config.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import { type Client, clientOf, signedIn } from './client.ts';
import { type Cost, costs } from './cost.ts';
import { type Organization, organizationOf, wordFor } from './dataset.ts';
import { environment, type Generator, generator, startHost, type Watched, yardstick } from './host.ts';
import type { Measured } from './load.ts';
import { CONNECTIONS, data, FEW, only, quick, RECORDS, SECONDS, WARM_UP, WARM_UP_WRITING } from './options.ts';
import { photos } from './photo.ts';
import { say, table, verdict } from './report.ts';
import { type Row, rowsOf } from './rows.ts';
import { COMMIT_TO_SOCKET, commitToSocket } from './sockets.ts';
import { TELEMETRY, telemetryCost } from './telemetry.ts';

interface Organizations {
  readonly large: Organization;
  readonly small: Organization;
  /** How many runs there were over these data. */
  readonly run: number;
}

/** The data of an earlier run in the same folder, or new ones. */
async function organizations(folder: string): Promise<Organizations> {
  const file = join(folder, `bench-${RECORDS}.json`);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) {
    const before = JSON.parse(known) as Organizations;
    await writeFile(file, JSON.stringify({ ...before, run: before.run + 1 }));
    return before;
  }
  say(`Making ${RECORDS} customers, events and claims …`);
  const config = readConfig({ ...environment(folder), PORT: '0' });
  const maker = await startLocal({ config, log: openLog('silent'), timers: false });
  const making = clientOf(maker.host.origin);
  const large = await organizationOf(maker.platform, making, 'large', RECORDS);
  const small = await organizationOf(maker.platform, making, 'small', FEW);
  await maker.relay.drained(60_000);
  await maker.close();
  await writeFile(file, JSON.stringify({ large, small, run: 1 }));
  return { large, small, run: 0 };
}

/** The same load for a moment before: what is measured is a host that runs, not one that starts. */
function warmedUp(load: Row['load']): Row['load'] {
  const { post, writes } = load;
  const seconds = writes === 10 ? WARM_UP_WRITING : WARM_UP;
  return { ...load, seconds, ...(post ? { post: { ...post, offset: post.offset + 500_000 } } : {}) };
}

async function loads(host: Watched, client: Client, put: Generator, rows: readonly Row[], cost: Map<string, Cost>) {
  const bare = await yardstick(put);
  const lines = [['', 'requests/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU µs', 'of bare', 'trips', 'RU', 'floor met']];
  const line = (name: string, measured: Measured, cpu: string, more: readonly string[]) => {
    const { perSecond, p50, p95, p99 } = measured;
    const times = [p50, p95, p99].map((time) => time.toFixed(1));
    const share = `${((perSecond / bare.perSecond) * 100).toFixed(0)} %`;
    lines.push([name, Math.round(perSecond).toString(), ...times, cpu, share, ...more]);
  };
  line('bare node:http', bare, '', ['', '', '']);
  for (const row of rows) {
    const token = await signedIn(client, 'large');
    await put({ ...warmedUp(row.load), origin: host.origin, token });
    const before = await host.cpu();
    const measured = await put({ ...row.load, origin: host.origin, token });
    const each = ((await host.cpu()) - before) / Math.max(1, measured.requests);
    const { roundTrips, requestUnits } = cost.get(row.name) ?? { roundTrips: 0, requestUnits: 0 };
    const more = [String(roundTrips), requestUnits.toFixed(1), verdict(row, measured)];
    line(row.name, measured, (each * 1e6).toFixed(0), more);
  }
  say(`\nNode ${process.version}, ${CONNECTIONS} connections unless said otherwise, ${SECONDS} s each\n`);
  say(table(lines));
}

async function imported(client: Client, token: string): Promise<number> {
  const rows = Array.from(
    { length: 10_000 },
    (_, n) => `Import ${wordFor(n)} ${n},enterprise,i${n}@import.example,+442079460018`,
  );
  const startedAt = performance.now();
  await client.upload('customers/import', ['name,type,primaryEmail,primaryPhone', ...rows].join('\n'), token);
  return (performance.now() - startedAt) / 1000;
}

/** The median of single requests, one at a time, in milliseconds. */
async function alone(client: Client, path: string, token: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 200; n += 1) {
    const startedAt = performance.now();
    await client.json('GET', path, undefined, token);
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[100] ?? 0;
}

/** Each list at few and at many records. */
async function scale(client: Client, { large, small }: Organizations): Promise<void> {
  const [few, many] = [await signedIn(client, 'small'), await signedIn(client, 'large')];
  const pairs: [string, (of: Organization) => string][] = [
    ['events by date', () => 'events?limit=20&status=confirmed&sort=startsAt'],
    ['customers by name', () => 'customers?limit=20&sort=name'],
    ['customer search', () => `customers?q=${wordFor(5)}`],
    ['venue availability', ({ venueIds, range }) => `venues/${venueIds[0]}/availability?${range}`],
  ];
  const lines: string[][] = [['', `at ${FEW} ms`, `at ${RECORDS} ms`, 'times']];
  for (const [name, path] of pairs) {
    const atFew = await alone(client, path(small), few);
    const atMany = await alone(client, path(large), many);
    lines.push([name, atFew.toFixed(2), atMany.toFixed(2), (atMany / atFew).toFixed(2)]);
  }
  say(`\n${table(lines)}`);
}

/** Each start is a process of its own, on a machine that does nothing else for us. */
async function coldStart(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/cold-start.mjs', quick ? '3' : '9']);
  return stdout;
}

async function main(): Promise<void> {
  const folder = data === undefined ? await mkdtemp(join(tmpdir(), 'marquee-bench-')) : resolve(data);
  await mkdir(folder, { recursive: true });
  try {
    const made = await organizations(folder);
    const rows = rowsOf(made.large, made.run).filter(({ name }) => only === undefined || name.includes(only));
    const cost = await costs(folder, 'large', rows);
    if (only === undefined || COMMIT_TO_SOCKET.includes(only)) say(await commitToSocket(folder, made.small.orgId));
    if (only === undefined || TELEMETRY.includes(only)) {
      say(`\n${await telemetryCost(folder, 'large', `/api/events/${made.large.eventIds[0]}`)}`);
    }
    const put = await generator();
    const host = await startHost(folder);
    try {
      const client = clientOf(host.origin);
      await loads(host, client, put, rows, cost);
      if (only === undefined) {
        await scale(client, made);
        const seconds = await imported(client, await signedIn(client, 'small'));
        say(`\nImport of 10,000 customers: ${seconds.toFixed(1)} s (floor 10 s)`);
      }
      say(`Most memory of the host: ${(await host.mostMemory()).toFixed(0)} MB (floor 300 MB)`);
    } finally {
      await host.stop();
    }
    if (only === undefined || 'cold start'.includes(only)) say(`\nCold start. ${await coldStart()}`);
    if (only === undefined || 'photo'.includes(only)) {
      const { megabytes, p50, most, blocked } = await photos(folder);
      say(
        `A photo of ${megabytes.toFixed(1)} MB: p50 ${p50.toFixed(0)} ms, most ${most.toFixed(0)} ms (floor 1,500 ms); the event loop stood still for ${blocked.toFixed(0)} ms at most (floor 50 ms)`,
      );
    }
  } finally {
    if (data === undefined) await rm(folder, { recursive: true, force: true });
  }
}

await main();
