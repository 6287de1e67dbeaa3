import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventStatuses } from '../../shared/events/model.ts';
import { builtInRoleNames } from '../../shared/identity/roles.ts';
import { lockIn } from '../../shared/platform/lock.ts';
import { type Api, apiClient } from '../support/client.ts';
import { killAll, launch, ready, type Started } from '../support/marquee.ts';

let folder: string;
const DEMO = { SEED: 'demo', PORT: '0' };
const NEVER_LOADED = 'loading demo data';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-demo-'));
});
afterEach(killAll);
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

function start(settings: Readonly<Record<string, string>> = {}): Started {
  return launch({ ...DEMO, DATA_DIR: folder, ...settings });
}

/** Who can sign in with what, as it was printed. */
function printed(said: string) {
  const [, password = ''] = /all with the password\n {2}(\S+)\n/.exec(said) ?? [];
  const users = [...said.matchAll(/^ {2}(\S+@\S+) +(\w+)$/gm)].map(([, username = '', role = '']) => ({
    username,
    role,
  }));
  return { password, users };
}

async function signIn(
  origin: string,
  said: string,
  role: string,
): Promise<{ api: Api; roles: string[]; token: string }> {
  const { password, users } = printed(said);
  const username = users.find((user) => user.role === role)?.username ?? expect.fail(`Nobody is ${role}`);
  const { data } = await apiClient(origin).POST('/api/identity/authenticate', { body: { username, password } });
  const { accessToken: token, roles } = data ?? expect.fail(`${username} cannot sign in`);
  return { api: apiClient(origin, token), roles, token };
}

type Page = { data: readonly { id: string }[]; page: { nextCursor: string | null; totalCount?: number } };
type Ask = (cursor: { cursor?: string }) => Promise<{ data?: Page; error?: unknown }>;

/** Every item of a list, page by page; as many as its count says. */
async function walked<T extends { id: string }>(ask: Ask): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { data, error } = await ask(cursor === undefined ? {} : { cursor });
    const { data: some, page } = data ?? expect.fail(`No page: ${JSON.stringify(error)}`);
    items.push(...(some as T[]));
    cursor = page.nextCursor;
    if (cursor === null) expect(page.totalCount).toBe(items.length);
  }
  return items;
}

async function expectTheDemo(origin: string, said: string): Promise<void> {
  const { api } = await signIn(origin, said, 'admin');
  const query = { limit: 100, count: 'true' } as const;
  const status = eventStatuses.join(',');
  const customers = await walked<{ id: string; name: string; customerNumber: string }>((cursor) =>
    api.GET('/api/customers', { params: { query: { ...query, ...cursor } } }),
  );
  const venues = await walked<{ id: string; name: string }>((cursor) =>
    api.GET('/api/venues', { params: { query: { ...query, ...cursor } } }),
  );
  const events = await walked<{ id: string; title: string; eventNumber: string; startsAt: string }>((cursor) =>
    api.GET('/api/events', { params: { query: { ...query, status, ...cursor } } }),
  );
  expect(new Set(customers.map(({ name }) => name)).size).toBe(50);
  expect(
    customers
      .map(({ customerNumber }) => customerNumber)
      .sort()
      .at(-1),
  ).toBe('CUS-000050');
  expect(customers).toHaveLength(50);
  expect(new Set(venues.map(({ name }) => name)).size).toBe(12);
  expect(venues).toHaveLength(12);
  expect(new Set(events.map(({ title }) => title)).size).toBe(200);
  expect(events).toHaveLength(200);
  const months = new Set(events.map(({ startsAt }) => startsAt.slice(0, 7)));
  expect(months.size).toBeGreaterThanOrEqual(12);
  const { data: me } = await (await signIn(origin, said, 'customer')).api.GET('/api/users/me');
  expect(customers.map(({ id }) => id)).toContain(me?.customerId);
  await expectTheWarehouse(api);
}

/** Reservations in every state, equipment that is out, late, back, waiting for inspection, broken and lost. */
async function expectTheWarehouse(api: Api): Promise<void> {
  const query = { limit: 100, count: 'true' } as const;
  const equipment = await walked<{ id: string; category: string; quantity: number; retired?: object }>((cursor) =>
    api.GET('/api/equipment', { params: { query: { ...query, ...cursor } } }),
  );
  expect(equipment).toHaveLength(300);
  expect(new Set(equipment.map(({ category }) => category)).size).toBe(9);
  const status = 'requested,confirmed,fulfilled,cancelled';
  type Shown = { id: string; status: string; out: boolean; equipmentId: string; troubles: string[] };
  const reservations = await walked<Shown>((cursor) =>
    api.GET('/api/equipment/reservations', { params: { query: { ...query, status, ...cursor } } }),
  );
  expect(reservations).toHaveLength(105);
  expect(new Set(reservations.map((one) => one.status)).size).toBe(4);
  const { data: out } = await api.GET('/api/equipment/logistics/in-transit', { params: { query: { limit: 100 } } });
  expect(new Set(out?.data.map(({ late }) => late))).toEqual(new Set([true, false]));
  const { data: tasks } = await api.GET('/api/equipment/maintenance/scheduled', { params: { query: { limit: 100 } } });
  expect(tasks?.data.filter(({ returnedFrom }) => !returnedFrom)).toHaveLength(40);
  // By themselves: inspections of what came back, the retirement of what is lost, and what that does to its job.
  await vi.waitFor(async () => {
    const { data } = await api.GET('/api/equipment/maintenance/scheduled', {
      params: { query: { type: 'inspection' } },
    });
    expect(data?.data.some(({ returnedFrom }) => returnedFrom)).toBe(true);
    const { data: gone } = await api.GET('/api/equipment', { params: { query: { status: 'retired' } } });
    expect(gone?.data).toHaveLength(1);
    const { data: page } = await api.GET('/api/equipment/reservations', { params: { query: { limit: 100 } } });
    expect(page?.data.filter(({ troubles }) => troubles.length > 0)).toHaveLength(1);
  }, 20_000);
}

/** Some are told of the last day's doings; nobody of a year's. */
async function expectFewNotifications(origin: string, said: string): Promise<void> {
  for (const role of ['admin', 'manager', 'maintenanceTechnician', 'customer']) {
    const { api } = await signIn(origin, said, role);
    await vi.waitFor(async () => {
      const { data } = await api.GET('/api/notifications/unread-count');
      expect(data?.total).toBeGreaterThan(0);
      expect(data?.total).toBeLessThan(25);
    }, 20_000);
  }
  const mails = await readdir(join(folder, 'mail'));
  expect(mails.length).toBeLessThan(100);
}

test('a first start cut short while it loads the demo goes on at the next, and loads everything once', async () => {
  for (const milliseconds of [400, 1500]) {
    const cut = start();
    await vi.waitFor(() => expect(cut.said()).toMatch(NEVER_LOADED), 30_000);
    await sleep(milliseconds * (0.5 + Math.random()));
    cut.child.kill('SIGKILL');
    expect((await cut.ended).status).toBe('SIGKILL');
  }
  const stopped = start();
  await vi.waitFor(() => expect(stopped.said()).toMatch(NEVER_LOADED), 30_000);
  await sleep(300);
  stopped.child.kill('SIGINT');
  expect((await stopped.ended).status).toBe(0);
  const marquee = start();
  const origin = await ready(marquee, 90_000);
  expect(marquee.said()).toMatch('Loaded 50 customers, 12 venues and 200 events; 300 items of equipment with');
  await expectTheDemo(origin, marquee.said());
  await expectFewNotifications(origin, marquee.said());
  const { users } = printed(marquee.said());
  expect(users.map(({ role }) => role).sort()).toEqual([...builtInRoleNames].sort());
  for (const { role } of users) expect((await signIn(origin, marquee.said(), role)).roles).toEqual([role]);
  marquee.child.kill('SIGTERM');
  expect((await marquee.ended).status).toBe(0);
}, 180_000);

test('the second start is ready within seconds, and loads nothing again', async ({ annotate }) => {
  const since = performance.now();
  const marquee = start();
  const origin = await ready(marquee);
  const milliseconds = Math.round(performance.now() - since);
  await annotate(`ready after ${milliseconds} ms`);
  // Three seconds on a machine of one's own.
  expect(milliseconds).toBeLessThan(10_000);
  expect(marquee.said()).not.toMatch(NEVER_LOADED);
  await expectTheDemo(origin, marquee.said());
}, 60_000);

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: a request in flight gets its answer, then all is closed',
  async (signal) => {
    const marquee = start();
    const origin = await ready(marquee);
    const { token } = await signIn(origin, marquee.said(), 'admin');
    const body = JSON.stringify({ name: 'Slowly typed' });
    const slow = request(`${origin}/api/event-types`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': body.length },
    });
    slow.write(body.slice(0, 5));
    // Later requests of another connection are served, so this one is under way.
    await fetch(`${origin}/api/health/live`);
    const since = performance.now();
    marquee.child.kill(signal);
    await vi.waitFor(() => expect(marquee.said()).toMatch('Finishing what is in flight'), 10_000);
    await vi.waitFor(() => expect(fetch(`${origin}/api/health/live`)).rejects.toThrow(), 5000);
    slow.end(body.slice(5));
    const [response] = (await once(slow, 'response')) as [IncomingMessage];
    response.resume();
    // Made by the first of the two, found in use by the second.
    expect(response.statusCode).toBe(signal === 'SIGINT' ? 201 : 409);
    expect((await marquee.ended).status).toBe(0);
    expect(performance.now() - since).toBeLessThan(8000);
  },
  60_000,
);

async function mailsIn(data: string): Promise<readonly { to: string; text: string }[]> {
  const mails = join(data, 'mail');
  const names = (await readdir(mails).catch(() => [])).filter((file) => file.endsWith('.json'));
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(mails, name), 'utf8'))));
}

test('mail lies in DATA_DIR/mail: an invitation’s link can be followed', async () => {
  const marquee = start();
  const origin = await ready(marquee);
  const { api } = await signIn(origin, marquee.said(), 'admin');
  const email = 'newcomer@invited.example';
  const { data: invitation } = await api.POST('/api/invitations', { body: { email, roles: ['viewer'] } });
  expect(invitation?.email).toBe(email);
  const mail = await vi.waitUntil(async () => (await mailsIn(folder)).find(({ to }) => to === email), 10_000);
  const link = new URL(/https?:\S+/.exec(mail.text)?.[0] ?? expect.fail(mail.text));
  expect(link.origin).toBe(origin);
  const token = link.searchParams.get('token') ?? expect.fail(link.href);
  const { data: offer } = await apiClient(origin).GET('/api/invitations/token/{token}', {
    params: { path: { token } },
  });
  expect(offer?.email).toBe(email);
  const password = 'a password of their own';
  const names = { username: email, displayName: 'Newcomer' };
  const { data } = await apiClient(origin).POST('/api/invitations/accept', {
    body: { token, ...names, password, confirmPassword: password },
  });
  expect(data?.username).toBe(email);
  const { data: session } = await apiClient(origin).POST('/api/identity/authenticate', {
    body: { username: email, password },
  });
  expect(session?.roles).toEqual(['viewer']);
}, 60_000);

describe('of two first starts on one folder', () => {
  const WAITS = 'another process is loading demo data';
  let data: string;
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'marquee-demo-twice-'));
  });
  afterEach(async () => {
    await killAll();
    await rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  /** The one that loads, and the one that waits for it. */
  async function both(): Promise<readonly [Started, Started]> {
    const [one, two] = [start({ DATA_DIR: data }), start({ DATA_DIR: data })];
    await vi.waitUntil(() => [one, two].some(({ said }) => said().includes(WAITS)), 30_000);
    return one.said().includes(WAITS) ? [two, one] : [one, two];
  }

  test('one loads the demo, the other waits for it, and has it too', async () => {
    const [loads, waits] = await both();
    for (const marquee of [loads, waits]) await expectTheDemo(await ready(marquee, 60_000), marquee.said());
    expect(waits.said()).not.toMatch(/Loaded|First start: loading/);
  }, 120_000);

  test('the one that waits stops when it is told to', async () => {
    const lock = lockIn(data, 'demo');
    expect(lock.held()).toBe(true);
    const waits = start({ DATA_DIR: data });
    await vi.waitUntil(() => waits.said().includes(WAITS), 30_000);
    waits.child.kill('SIGINT');
    expect((await waits.ended).status).toBe(0);
    lock.release();
  }, 60_000);

  test('the other goes on when the one that loads is killed', async () => {
    const [loads, waits] = await both();
    loads.child.kill('SIGKILL');
    expect(loads.said()).not.toContain('Loaded');
    const origin = await ready(waits, 90_000);
    expect(waits.said()).toContain('Loaded 50 customers');
    await expectTheDemo(origin, waits.said());
  }, 120_000);
});
