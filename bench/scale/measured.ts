/** Does each operation of a day, and a tick of each timer, once on the real system: what it asks, sets off and tells. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timers } from '../../functions/registry.ts';
import { type Local, startLocal } from '../../infra/local/compose.ts';
import { seedDemo } from '../../infra/local/demo.ts';
import { DAY, instantOf, later, MINUTE } from '../../shared/platform/clock.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { openLog } from '../../shared/platform/log.pino.ts';
import type { Timer } from '../../shared/platform/reaction.ts';
import { runTick, scheduleOf } from '../../shared/platform/run-timer.ts';
import { openTelemetry } from '../../shared/platform/telemetry.azure.ts';
import { clientOf } from '../client.ts';
import { environment } from '../host.ts';
import { type Charge, type Recorded, recorded, summed, type Written } from './charges.ts';
import { type Call, credentials, day, idsOf, NOW, type Role } from './day.ts';
import { listener, type Told } from './told.ts';

export interface Operation {
  readonly name: string;
  readonly daily: number;
  readonly charges: readonly Charge[];
  /** Each is a message to the topic. */
  readonly facts: readonly Written[];
  readonly told: Told;
}

interface Tick {
  readonly name: string;
  /** Ticks a day, whoever is there. */
  readonly daily: number;
  readonly charges: readonly Charge[];
  readonly told: Told;
}

export interface Measured {
  readonly operations: readonly Operation[];
  readonly ticks: readonly Tick[];
  /** One export of all metrics of a process, which goes out every minute. */
  readonly metrics: Told;
}

const SETTLED_MS = 15_000;
const ROLES: readonly Role[] = ['manager', 'staff', 'warehouseManager'];

/** In the demo's organization, on a day that is the same in every run. */
export async function measured(): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-scale-'));
  const told = await listener();
  const settings = { ...environment(folder), APPLICATIONINSIGHTS_CONNECTION_STRING: told.connectionString };
  const config = readConfig({ ...settings, PORT: '0' });
  const telemetry = await openTelemetry(config, { store: 'cosmosdb', bus: 'servicebus' });
  let take: () => Recorded = () => ({ charges: [], facts: [] });
  const begun = performance.now();
  const local = await startLocal({
    config,
    clock: { now: () => instantOf(Date.parse(NOW) + performance.now() - begun) },
    log: openLog('silent'),
    telemetry,
    timers: false,
    // Read once: how often they are read again depends on how fast this machine is (docs/operations.md, not in it).
    sessions: { freshMs: Number.POSITIVE_INFINITY },
    prepare: async (parts) => void (await seedDemo(parts, () => {})),
    watch: (store) => {
      const watched = recorded(store, (requestUnits) => telemetry?.charged(requestUnits));
      take = watched.take;
      return watched.store;
    },
  });
  try {
    const done = async (work: () => Promise<unknown>) => {
      await local.relay.drained(SETTLED_MS);
      take();
      await work();
      await local.relay.drained(SETTLED_MS);
      const { charges, facts } = take();
      return { charges: summed(charges), facts };
    };
    const asked = await operations(local, done);
    const ticked = await ticks(local, done);
    await telemetry?.stop();
    return {
      operations: asked.map(({ traceId, ...one }) => ({ ...one, told: told.ofTrace(traceId) })),
      ticks: ticked.map((one) => ({ ...one, told: told.ofLast(`timer ${one.name}`) })),
      metrics: told.ofMetrics(),
    };
  } finally {
    await local.close();
    told.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type Done = (work: () => Promise<unknown>) => Promise<Recorded>;

async function operations({ host, relay }: Local, done: Done) {
  const client = clientOf(host.origin);
  const tokens = new Map<Role, string>();
  for (const role of ROLES) {
    const signedIn = await client.json('POST', 'identity/authenticate', credentials(role));
    tokens.set(role, (signedIn as { accessToken: string }).accessToken);
  }
  let traceparent: string | undefined;
  const call: Call = async (role, method, path, body) => {
    const answer = await client.json(method, path, body, tokens.get(role), traceparent);
    // A person takes the next step when the first is long done: facts of two do not go out as one batch.
    await relay.drained(SETTLED_MS);
    return answer;
  };
  const ids = await idsOf(call);
  // What is read of each session is no part of what follows.
  for (const role of ROLES) await call(role, 'GET', 'organization');
  const found: (Omit<Operation, 'told'> & { readonly traceId: string })[] = [];
  for (const { name, daily, ask } of day) {
    const traceId = randomBytes(16).toString('hex');
    traceparent = `00-${traceId}-${traceId.slice(16)}-01`;
    found.push({ name, daily, traceId, ...(await done(() => ask(call, ids))) });
  }
  return found;
}

async function ticks({ platform }: Local, done: Done): Promise<Omit<Tick, 'told'>[]> {
  const found: Omit<Tick, 'told'>[] = [];
  for (const timer of timers) {
    const now = platform.clock.now();
    // The first works off what the demo left; the others are as this one.
    await runTick(platform, timer, now);
    const { charges } = await done(() => runTick(platform, timer, later(now, MINUTE)));
    found.push({ name: timer.name, daily: ticksOfADay(timer), charges });
  }
  return found;
}

function ticksOfADay(timer: Timer): number {
  const schedule = scheduleOf(timer);
  const end = later(NOW, DAY);
  let count = 0;
  for (let at = schedule.after(NOW); at !== undefined && at <= end; at = schedule.after(at)) count += 1;
  return count;
}
