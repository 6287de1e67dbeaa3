/** Demo data: a year of an event company, made through the API's own routes with a clock that walks through it. */

import { routes } from '../../functions/registry.ts';
import { addUser } from '../../shared/identity/accounts.ts';
import { findLogin } from '../../shared/identity/logins.ts';
import { register } from '../../shared/identity/registration.ts';
import { privilegesOf } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { DAY, HOUR, later, MINUTE, SECOND } from '../../shared/platform/clock.ts';
import type { RawRequest } from '../../shared/platform/http.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { dispatcher } from '../../shared/platform/router.ts';
import { type Platform, type Scope, scopeOf } from '../../shared/platform/scope.ts';
import type { Json } from '../../shared/platform/store.ts';
import { customersOf, eventsOf, venuesOf } from './demo-data.ts';

/** Known to everyone who reads this: the demo runs on the reader's own machine only. */
const PASSWORD = 'marquee-demo-password';
const ADMIN = 'admin@demo.example';
const ROLES = [
  'manager',
  'staff',
  'warehouseManager',
  'maintenanceTechnician',
  'accountant',
  'viewer',
  'customer',
] as const;
const MARK = { partition: ['demo'], id: 'loaded' } as const;
const BEGUN = 'organization';

type Login = { readonly orgId: string; readonly userId: string };
interface Begun extends Login {
  /** The midnight around which the year lies. */
  readonly today: string;
  readonly startedAt: string;
}

const HALF_A_YEAR = 182 * DAY;
/** Idempotency keys are kept 24 hours; a seeding cut short can go on as long. */
const KEYS_LAST = 23 * HOUR;
/** A request cut off holds its key a minute. */
const LEASE = 61 * SECOND;

function usernameOf(role: string): string {
  return `${role.toLowerCase()}@demo.example`;
}

/** Who can sign in with what, a line each. */
export function demoUsers(): readonly string[] {
  return [
    'Sign in with POST /api/identity/authenticate, all with the password',
    `  ${PASSWORD}`,
    ...['admin', ...ROLES].map((role) => `  ${usernameOf(role).padEnd(36)} ${role}`),
  ];
}

/**
 * Loads the demo organization once per data folder. Cut short (a crash, Ctrl-C), it goes on at the next start where it
 * stopped: every request carries an `Idempotency-Key`.
 */
export async function seedDemo(
  { platform }: { readonly platform: Platform },
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (await platform.store.read('system', [...MARK.partition], MARK.id)) return;
  say('First start: loading demo data …');
  const startedAt = performance.now();
  const seeder = seederOf(platform, signal);
  const { orgId, today } = await seeder.admin();
  const typeIds = await seeder.ids('event-types?limit=100');
  const venueIds: string[] = [];
  for (const [n, venue] of venuesOf().entries()) venueIds.push(await seeder.make('venues', `venue-${n}`, venue));
  const customerIds: string[] = [];
  for (const [n, customer] of customersOf().entries()) {
    customerIds.push(await seeder.make('customers', `customer-${n}`, customer));
  }
  await seeder.people(orgId, customerIds[0]);
  let events = 0;
  for (const plan of eventsOf(today, { customerIds, typeIds, venueIds })) {
    seeder.at(earlier(today, later(plan.body.startsAt, -30 * DAY)));
    const id = await seeder.make('events', `event-${events}`, plan.body);
    for (const { step, body, before } of plan.steps) {
      seeder.at(earlier(today, later(before === 'end' ? plan.body.endsAt : plan.body.startsAt, -MINUTE)));
      await seeder.step(`events/${id}/${step}`, `event-${events}-${step}`, body);
    }
    events += 1;
  }
  const mark = { id: MARK.id, kind: 'demo', body: { orgId } as Json };
  await platform.store.commit('system', [...MARK.partition], [{ op: 'upsert', document: mark }]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`Loaded ${customerIds.length} customers, ${venueIds.length} venues and ${events} events in ${seconds} s`);
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** Sends requests through a pipeline of its own, whose clock can be set and whose limits are wide. */
function seederOf(platform: Platform, signal: AbortSignal | undefined) {
  const start = platform.clock.now();
  const midnight = `${start.slice(0, 10)}T00:00:00Z`;
  let now = later(midnight, -HALF_A_YEAR);
  const clock = { now: () => now };
  const own: Platform = {
    ...platform,
    clock,
    config: { ...platform.config, RATE_SIGNED_IN: 1_000_000, RATE_PUBLIC: 1_000_000 },
  };
  let actor: Actor | undefined;
  const pipeline = createPipeline(own, {
    async authenticate() {
      if (!actor) throw new Error('The demo has no admin yet');
      return actor;
    },
  });
  const dispatch = dispatcher(routes, pipeline);

  async function send(method: string, address: string, key?: string, body?: unknown): Promise<Record<string, Json>> {
    signal?.throwIfAborted();
    const [path = '', search = ''] = address.split('?');
    const headers = new Map([
      ['authorization', 'Bearer demo'],
      ['content-type', 'application/json'],
      ...(key === undefined ? [] : [['idempotency-key', `demo-${key}`] as const]),
    ]);
    const request: RawRequest = {
      method,
      path: `/api/${path}`,
      search,
      params: {},
      header: (name) => headers.get(name),
      body: bytesOf(body),
      peer: 'demo',
      origin: '',
    };
    const reply = await dispatch(request);
    const answer = JSON.parse(String(reply.body)) as Record<string, Json>;
    if (reply.status < 300) return answer;
    if (answer.type === 'urn:marquee:problem:in_progress') {
      // Begun by a start that was cut short right then: that one's lease on the key is waited out.
      now = later(now, LEASE);
      return send(method, address, key, body);
    }
    throw new Error(
      `The demo's ${method} ${address} was refused: ${answer.detail} ${JSON.stringify(answer.errors ?? '')}`,
    );
  }

  /** The organization and its admin; the ones of an earlier start that was cut short, on the day of that one. */
  async function registered(): Promise<Begun> {
    const known = await platform.store.read('system', [...MARK.partition], BEGUN);
    if (known) return known.document.body as unknown as Begun;
    const scope = scopeOf(own, { actor: systemActor(''), correlationId: 'demo' });
    const { orgId, userId } = (await accountOf(ADMIN)) ?? (await newOrganization(scope));
    const begun: Begun = { orgId, userId, today: midnight, startedAt: start };
    const document = { id: BEGUN, kind: 'demo', body: begun as unknown as Json };
    await platform.store.commit('system', [...MARK.partition], [{ op: 'create', document }]);
    return begun;
  }

  async function newOrganization(scope: Scope): Promise<Login> {
    const { organizationId: orgId, userId } = await register(scope, {
      username: ADMIN,
      password: PASSWORD,
      displayName: 'Ada Admin',
      organizationName: 'Marquee Demo Events',
    });
    return { orgId, userId };
  }

  /** Whose username it is; one that a start cut short had only reserved is given back. */
  async function accountOf(username: string): Promise<Login | undefined> {
    const login = await findLogin(platform, username);
    if (!login || (await platform.store.read('identity', [login.orgId], login.userId))) return login;
    await platform.store.commit('logins', [username], [{ op: 'delete', id: 'login' }]);
    return undefined;
  }

  return {
    at(instant: string) {
      now = instant;
    },
    async admin() {
      const begun = await registered();
      const { orgId, userId, today } = begun;
      if (later(begun.startedAt, KEYS_LAST) < start) {
        throw new Error(
          'Loading the demo data was cut short too long ago to go on. Remove DATA_DIR, or set SEED=none.',
        );
      }
      now = later(today, -HALF_A_YEAR);
      actor = {
        kind: 'user',
        orgId,
        userId,
        username: ADMIN,
        displayName: 'Ada Admin',
        sessionId: 'demo',
        roles: ['admin'],
        privileges: privilegesOf(['admin']),
      };
      return { orgId, today };
    },
    async people(orgId: string, customerId: string | undefined) {
      const scope = scopeOf(own, { actor: systemActor(orgId), correlationId: 'demo' });
      for (const role of ROLES) {
        const username = usernameOf(role);
        const account = { username, email: username, displayName: `The ${role}`, roles: [role], password: PASSWORD };
        const userId = (await accountOf(username))?.userId ?? (await addUser(scope, account));
        if (role === 'customer') await send('PATCH', `users/${userId}`, undefined, { customerId: customerId ?? null });
      }
    },
    async ids(address: string): Promise<readonly string[]> {
      const { data } = await send('GET', address);
      return (data as { id: string }[]).map(({ id }) => id);
    },
    async make(path: string, key: string, body: unknown): Promise<string> {
      return String((await send('POST', path, key, body)).id);
    },
    async step(path: string, key: string, body: unknown): Promise<void> {
      await send('POST', path, key, body);
    },
  };
}

async function* bytesOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield Buffer.from(JSON.stringify(body));
}
