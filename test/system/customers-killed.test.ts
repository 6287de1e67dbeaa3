import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { instantOf } from '../../shared/platform/clock.ts';
import { FACT_KIND, factOf } from '../../shared/platform/facts.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Stored } from '../../shared/platform/store.ts';
import { apiClient } from '../support/client.ts';
import { PASSWORD } from '../support/host.ts';
import { killAll, launch, ready, type Started } from '../support/marquee.ts';
import { all } from './durability.check.ts';

/** The first start builds the child; the others run what was built. */
const BUILD = [process.execPath, 'infra/local/cli/run.mjs', 'test/system/host-child.ts'];
const RUN = [process.execPath, 'dist/local/test-system-host-child.js'];
const USERNAME = 'admin@killed.example';
const ROWS = 3000;
const EVENTS = 120;
/** Kills in the very middle that each test must have seen, and tries at most. */
const MIDDLE_KILLS = 3;
const MOST_KILLS = 25;

let folder: string;
let marquee: Started | undefined;
let origin = '';
let token = '';
let orgId = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-killed-'));
  await start();
  const passwords = { password: PASSWORD, confirmPassword: PASSWORD };
  const { data } = await apiClient(origin).POST('/api/identity/register', {
    body: { username: USERNAME, ...passwords, organizationName: 'Killed' },
  });
  orgId = data?.organizationId ?? expect.fail('Not registered');
  await signIn();
}, 120_000);
afterAll(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const roomy = { RATE_SIGNED_IN: '1000000', RATE_PUBLIC: '1000000', RATE_UPLOADS: '1000000' };
  const settings = { DATA_DIR: folder, PORT: '0', SEED: 'none', BLOB_CONNECTION: inject('azurite'), ...roomy };
  marquee = launch(settings, marquee ? RUN : BUILD);
  origin = await ready(marquee, 60_000);
}

async function signIn(): Promise<void> {
  const body = { username: USERNAME, password: PASSWORD };
  const { data } = await apiClient(origin).POST('/api/identity/authenticate', { body });
  token = data?.accessToken ?? expect.fail('The admin cannot sign in');
}

async function kill(): Promise<void> {
  marquee?.child.kill('SIGKILL');
  expect((await marquee?.ended)?.status).toBe('SIGKILL');
}

/** What lies in the store of a process that is dead, or alive. */
async function stored(container: 'customers' | 'events', kind: string): Promise<readonly Stored[]> {
  const store = openSqliteStore({ file: join(folder, 'marquee.db'), clock: { now: () => instantOf(Date.now()) } });
  try {
    return await all(store, container, [orgId], kind);
  } finally {
    await store.close();
  }
}

async function posted(path: string, body: unknown, method = 'POST'): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${origin}/api/${path}`, { method, headers, body: JSON.stringify(body) });
  const said = await response.text();
  return response.ok ? (JSON.parse(said) as Record<string, unknown>) : expect.fail(`${path}: ${said}`);
}

interface State {
  readonly customerNumber: string;
  readonly primaryEmail: string;
  readonly tags: readonly string[];
  readonly names?: { readonly customer: string };
}
const stateOf = ({ document }: Stored) => (document.body as unknown as { readonly state: State }).state;

describe('a process killed in the middle of an import', () => {
  const sheet = [
    'externalId,name,type,primaryEmail,primaryPhone,tags',
    ...Array.from({ length: ROWS }, (_, at) => {
      // Half of the rows are told by their email, half by their id elsewhere.
      const externalId = at % 2 === 0 ? `X-${at}` : '';
      return `${externalId},Client ${at},enterprise,c${at}@client.example,+442079460018,tag${at % 7}`;
    }),
  ].join('\n');

  /** The report, or undefined when the connection broke before there was one. */
  async function imported(): Promise<Record<string, number> | undefined> {
    const body = new FormData();
    body.set('file', new Blob([sheet]), 'customers.csv');
    const headers = { authorization: `Bearer ${token}` };
    try {
      const response = await fetch(`${origin}/api/customers/import`, { method: 'POST', headers, body });
      return (await response.json()) as Record<string, number>;
    } catch {
      return undefined;
    }
  }

  /** How many there are; each once, numbered without a gap, counted under its tag. */
  async function landed(): Promise<number> {
    const states = (await stored('customers', 'customer')).map(stateOf);
    const numbers = states.map(({ customerNumber }) => Number(customerNumber.slice(4))).sort((a, b) => a - b);
    expect(numbers).toEqual(states.map((_, at) => at + 1));
    expect(new Set(states.map(({ primaryEmail }) => primaryEmail)).size).toBe(states.length);
    const counts = new Map<string, number>();
    for (const tag of states.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    const known = (await stored('customers', 'tag')).map(
      ({ document }) => document.body as { readonly tag: string; readonly count: number },
    );
    expect(new Map(known.map(({ tag, count }) => [tag, count]))).toEqual(counts);
    return states.length;
  }

  test('loses and doubles no row; the same file again completes it, and then makes nothing', async () => {
    let middle = 0;
    for (let kills = 0; kills < MOST_KILLS && middle < MIDDLE_KILLS; kills += 1) {
      const before = await landed();
      const working = imported();
      await vi.waitFor(async () => expect((await stored('customers', 'customer')).length).toBeGreaterThan(before), {
        timeout: 20_000,
        interval: 5,
      });
      await sleep(Math.random() * 30);
      await kill();
      expect(await working).toBeUndefined();
      const after = await landed();
      if (after > before && after < ROWS) middle += 1;
      await start();
      await signIn();
    }
    expect(middle).toBe(MIDDLE_KILLS);
    const there = await landed();
    expect(await imported()).toMatchObject({ created: ROWS - there, skipped: there, failed: 0 });
    expect(await landed()).toBe(ROWS);
    expect(await imported()).toMatchObject({ created: 0, skipped: ROWS, failed: 0 });
    expect(await landed()).toBe(ROWS);
  }, 240_000);
});

describe('a process killed while the events of a renamed customer follow', () => {
  async function booked(): Promise<string> {
    const address = { line1: '1 High Street', city: 'London', postalCode: 'SE1 9TG', country: 'GB' };
    const api = apiClient(origin, token);
    const eventTypeId = await vi.waitUntil(async () => (await api.GET('/api/event-types')).data?.data[0]?.id, 10_000);
    const rest = { type: 'hall', timeZone: 'Europe/London', capacity: { max: 9 }, bookable: EVENTS };
    const venue = await posted('venues', { name: 'Hall', address, ...rest });
    const reach = { primaryEmail: 'hello@first.example', primaryPhone: '+442079460018' };
    const customer = await posted('customers', { name: 'The first name', type: 'enterprise', ...reach });
    const times = { startsAt: '2090-05-01T18:00:00Z', endsAt: '2090-05-01T20:00:00Z' };
    for (let at = 0; at < EVENTS; at += 1) {
      const ids = { customerId: customer.id, venueId: venue.id, eventTypeId };
      await posted('events', { title: `Event ${at}`, ...ids, ...times });
    }
    return String(customer.id);
  }

  /** How many events show the name. */
  async function showing(name: string): Promise<number> {
    const states = (await stored('events', 'event')).map(stateOf);
    expect(states).toHaveLength(EVENTS);
    return states.filter(({ names }) => names?.customer === name).length;
  }

  test('every event shows the new name after the restart, and says so once', async () => {
    const customerId = await booked();
    let middle = 0;
    let renames = 0;
    while (renames < MOST_KILLS && middle < MIDDLE_KILLS) {
      renames += 1;
      const name = `Name ${renames}`;
      await posted(`customers/${customerId}`, { name }, 'PATCH');
      await sleep(Math.random() * 150);
      await kill();
      const shown = await showing(name);
      if (shown > 0 && shown < EVENTS) middle += 1;
      await start();
      await vi.waitFor(async () => expect(await showing(name)).toBe(EVENTS), { timeout: 20_000, interval: 50 });
      await signIn();
    }
    expect(middle).toBe(MIDDLE_KILLS);
    const refreshed = (await stored('events', FACT_KIND)).map(({ document }) => factOf(document));
    const times = new Map<string, number>();
    for (const { type, subject } of refreshed) {
      if (type === 'EventNamesRefreshed') times.set(subject, (times.get(subject) ?? 0) + 1);
    }
    expect([...times.values()]).toEqual(Array.from({ length: EVENTS }, () => renames));
  }, 240_000);
});
