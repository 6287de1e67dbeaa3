import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { openBusFile } from '../../infra/local/bus-file.ts';
import { CLAIM_KIND, claimDocument, knownOf } from '../../shared/claims/stored.ts';
import { instantOf, MINUTE, SECOND } from '../../shared/platform/clock.ts';
import type { ContainerName } from '../../shared/platform/containers.ts';
import { FACT_KIND, factOf } from '../../shared/platform/facts.ts';
import { openSqliteStore, type SqliteStore } from '../../shared/platform/store.sqlite.ts';
import type { Json, Write } from '../../shared/platform/store.ts';
import { apiClient } from '../support/client.ts';
import { PASSWORD } from '../support/host.ts';
import { killAll, launch, ready, type Started } from '../support/marquee.ts';
import { all, faultsOf } from './durability.check.ts';
import { firstDayAfter, newLedger, retryAll, type Site, sent, work } from './durability.load.ts';

const KILLS = 20;
const CLIENTS = 8;
/** A request's lease on its `Idempotency-Key` has run out at the next start. */
const LEASE = 61 * SECOND;
const HOLD = 16 * MINUTE;
/** The first start builds the child; the others run what was built, so that all are the same. */
const BUILD = [process.execPath, 'infra/local/cli/run.mjs', 'test/system/host-child.ts'];
const RUN = [process.execPath, 'dist/local/test-system-host-child.js'];
const USERNAME = 'admin@durable.example';

let folder: string;
let ahead = 0;
let marquee: Started | undefined;
let origin = '';
let token = '';
let orgId = '';
let store: SqliteStore;
const ledger = newLedger();
const clock = { now: () => instantOf(Date.now() + ahead) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-durable-'));
});
afterAll(async () => {
  await store?.close();
  await killAll();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  marquee = launch(
    {
      DATA_DIR: folder,
      PORT: '0',
      SEED: 'none',
      BLOB_CONNECTION: inject('azurite'),
      CLOCK_AHEAD: String(ahead),
      RATE_SIGNED_IN: '1000000',
      RATE_PUBLIC: '1000000',
    },
    marquee ? RUN : BUILD,
  );
  origin = await ready(marquee, 60_000);
}

async function signIn(): Promise<void> {
  const body = { username: USERNAME, password: PASSWORD };
  const { data } = await apiClient(origin).POST('/api/identity/authenticate', { body });
  token = data?.accessToken ?? expect.fail('The admin cannot sign in after the crash');
}

async function made(path: string, body: unknown): Promise<string> {
  const answer = await sent(origin, token, { method: 'POST', path, body });
  return String(answer?.body.id ?? expect.fail(JSON.stringify(answer)));
}

/** An organization with a customer, three venues to quarrel over, and the event types that a reaction makes. */
async function settle(): Promise<Site> {
  const names = { username: USERNAME, displayName: 'The admin', organizationName: 'Durable' };
  const passwords = { password: PASSWORD, confirmPassword: PASSWORD };
  const { data } = await apiClient(origin).POST('/api/identity/register', { body: { ...names, ...passwords } });
  orgId = data?.organizationId ?? expect.fail('Not registered');
  await signIn();
  const api = apiClient(origin, token);
  const eventTypeId = await vi.waitUntil(async () => (await api.GET('/api/event-types')).data?.data[0]?.id, 10_000);
  const address = { line1: '1 High Street', city: 'London', postalCode: 'SE1 9TG', country: 'GB' };
  const venueIds: string[] = [];
  for (const name of ['Hall A', 'Hall B', 'Hall C']) {
    const rest = { type: 'hall', timeZone: 'Europe/London', capacity: { max: 9 } };
    venueIds.push(await made('venues', { name, address, ...rest }));
  }
  const customerId = await made('customers', {
    name: 'The client',
    type: 'enterprise',
    primaryEmail: 'hello@client.example',
    primaryPhone: '+442079460018',
    addresses: [{ kind: 'billing', ...address }],
  });
  return { customerId, venueIds, eventTypeId, firstDay: firstDayAfter(clock.now()) };
}

/** What was answered and is not so, a line each; read by id over HTTP, `from` a place in the ledger on. */
async function lost(from = 0): Promise<string[]> {
  const faults: string[] = [];
  for (const { path, fields, maybe = {}, gone } of ledger.known.slice(from)) {
    const answer = await sent(origin, token, { method: 'GET', path });
    const isGone = answer?.status === 404;
    if (isGone !== (gone === 'yes') && !(isGone && gone === 'maybe')) faults.push(`${path}: ${answer?.status}`);
    if (isGone) continue;
    for (const [field, value] of Object.entries(fields)) {
      const is = answer?.body[field];
      if (is !== value && !(field in maybe && is === maybe[field]))
        faults.push(`${path}: ${field} is ${is}, not ${value}`);
    }
  }
  return faults;
}

/** Nothing is on its way any more, and nothing was given up. */
async function delivered(): Promise<void> {
  const bus = openBusFile(folder);
  try {
    await vi.waitFor(() => expect(bus.count()).toBe(0), 20_000);
    expect(bus.deadLetters({})).toEqual([]);
  } finally {
    bus.close();
  }
}

async function faults(): Promise<string[]> {
  return faultsOf(store, orgId, ledger, clock.now());
}

describe('a process killed in the middle of a load of writes, again and again', () => {
  test(`loses nothing that it answered, ${KILLS} times, and leaves nothing half done or done twice`, async () => {
    await start();
    const site = await settle();
    store = openSqliteStore({ file: join(folder, 'marquee.db'), clock });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const before = ledger.known.length;
      const working = Array.from({ length: CLIENTS }, () => work(origin, token, site, ledger, Math.random));
      await sleep(200 + Math.random() * 400);
      marquee?.child.kill('SIGKILL');
      await Promise.all(working);
      expect((await marquee?.ended)?.status).toBe('SIGKILL');
      ahead += LEASE;
      await start();
      await signIn();
      expect(await lost(before)).toEqual([]);
      await retryAll(origin, token, ledger);
      await vi.waitFor(async () => expect(await faults()).toEqual([]), { timeout: 20_000, interval: 200 });
    }
    marquee?.child.kill('SIGTERM');
    expect((await marquee?.ended)?.status).toBe(0);
    ahead += HOLD;
    await start();
    await signIn();
    expect(await lost()).toEqual([]);
    await delivered();
    await vi.waitFor(async () => expect(await faults()).toEqual([]), { timeout: 20_000, interval: 200 });
    for (const { request, id, title } of ledger.keyed) {
      const again = await sent(origin, token, request);
      expect({ title, id: again?.body.id, replayed: again?.replayed }).toEqual({ title, id, replayed: true });
    }
    expect(await faults()).toEqual([]);
  }, 240_000);

  test('was killed in the middle of much: creations, changes, quarrels over venues, cut-off requests', () => {
    expect(ledger.statuses.get(201)).toBeGreaterThan(KILLS);
    expect(ledger.statuses.get(200)).toBeGreaterThan(0);
    expect(ledger.statuses.get(409)).toBeGreaterThan(0);
    expect(ledger.statuses.get(0)).toBe(KILLS * CLIENTS);
    expect(ledger.keyed.length).toBeGreaterThan(0);
    expect(ledger.unanswered.length).toBeGreaterThan(0);
  });
});

describe('twins: what the checks say when', () => {
  type Home = readonly [ContainerName, readonly string[]];
  const inEvents: Home = ['events', []];

  /** Takes a document away, or puts one there, looks, and mends it again. */
  async function disturbed(write: Write, [container, rest]: Home): Promise<string[]> {
    const partition = [orgId, ...rest];
    const id = write.op === 'delete' ? write.id : write.document.id;
    const before = await store.read(container, partition, id);
    await store.commit(container, partition, [write]);
    const found = [...(await faults()), ...(await lost())];
    const mend: Write = before ? { op: 'upsert', document: before.document } : { op: 'delete', id };
    await store.commit(container, partition, [mend]);
    expect([...(await faults()), ...(await lost())]).toEqual([]);
    return found;
  }

  async function anEvent() {
    const living = (await all(store, 'events', [orgId], 'event')).map(({ document }) => document);
    const known = living.find(({ id, ix }) => {
      return ix?.status === 'draft' && ledger.known.some(({ path, gone }) => path === `events/${id}` && !gone);
    });
    const document = known ?? expect.fail('There is no draft');
    const claims = (await all(store, 'claims', [orgId], CLAIM_KIND)).map((stored) => knownOf(stored).claim);
    const claim = claims.find(({ owner, state }) => owner.id === document.id && state === 'active');
    return { document, claim: claim ?? expect.fail('It has no claim') };
  }

  test('an event that was answered is not there', async () => {
    const { document, claim } = await anEvent();
    const found = await disturbed({ op: 'delete', id: document.id }, inEvents);
    expect(found).toContain(`events/${document.id}: 404`);
    expect(found).toContain(`claim ${claim.id} of event ${document.id}: nobody wants it`);
    expect(found.join()).toMatch(/stands where/);
  });

  test('an answered change is not there', async () => {
    const { document } = await anEvent();
    const body = document.body as { state: object };
    const changed = { ...document, body: { ...body, state: { ...body.state, title: 'Another' } } as Json };
    const found = await disturbed({ op: 'upsert', document: changed }, inEvents);
    expect(found.join()).toMatch(`events/${document.id}: title is Another, not`);
  });

  test('an event has lost its claim', async () => {
    const { document, claim } = await anEvent();
    const found = await disturbed({ op: 'delete', id: claim.id }, ['claims', [claim.resource]]);
    expect(found).toEqual([`event ${document.id} is draft and has 0 claims, not its own one`]);
  });

  test('a claim is only held though its event is there', async () => {
    const { document, claim } = await anEvent();
    const held = claimDocument(orgId, { ...claim, mode: 'held', expiresAt: '2020-01-01T00:00:00Z' });
    const found = await disturbed({ op: 'upsert', document: held }, ['claims', [claim.resource]]);
    expect(found).toEqual([`event ${document.id} is draft and has 0 claims, not its own one`]);
  });

  test('a claim belongs to nobody', async () => {
    const { claim } = await anEvent();
    const stray = claimDocument(orgId, { ...claim, id: 'stray', owner: { type: 'event', id: 'nobody' } });
    const found = await disturbed({ op: 'create', document: stray }, ['claims', [claim.resource]]);
    expect(found).toContain('claim stray of event nobody: nobody wants it');
    expect(found.join()).toMatch(/the venue at the same time/);
  });

  test('a fact was not delivered', async () => {
    const [first] = await all(store, 'audit', [orgId], FACT_KIND);
    const fact = factOf((first ?? expect.fail('There are no facts')).document);
    const found = await disturbed({ op: 'delete', id: fact.id }, ['audit', [fact.subject]]);
    expect(found).toEqual([`fact ${fact.id} ${fact.type}: not delivered`]);
  });

  test('a creation has happened twice', async () => {
    const one =
      ledger.keyed.find(({ request }) => request.path === 'customers') ?? expect.fail('No customer had a key');
    const stored = await store.read('customers', [orgId], one.id ?? '');
    const twice = { ...(stored ?? expect.fail('It is not there')).document, id: 'twice' };
    const found = await disturbed({ op: 'create', document: twice }, ['customers', []]);
    expect(found).toContain(`"${one.title}" is there 2 times`);
    expect(found.join()).toMatch(/stands where/);
  });
});
