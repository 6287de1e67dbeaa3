/** Demo data: a year of an event company, made through the API's own routes with a clock that walks through it. */

import { routes } from '../../functions/registry.ts';
import { addUser } from '../../shared/identity/accounts.ts';
import { findLogin } from '../../shared/identity/logins.ts';
import { register } from '../../shared/identity/registration.ts';
import { builtInRoleNames, privilegesOf } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { DAY, HOUR, later, MINUTE, SECOND } from '../../shared/platform/clock.ts';
import type { RawRequest } from '../../shared/platform/http.ts';
import { type Authenticator, createPipeline } from '../../shared/platform/pipeline.ts';
import { type Platform, type Scope, scopeOf } from '../../shared/platform/scope.ts';
import type { Json } from '../../shared/platform/store.ts';
import { customersOf, eventsOf, venuesOf } from './demo-data.ts';

/** Known to everyone who reads this: the demo runs on the reader's own machine only. */
const PASSWORD = 'marquee-demo-password';
const ADMIN = 'admin@demo.example';
const MARK = { partition: ['demo'], id: 'loaded' } as const;
const BEGUN = 'organization';

type Login = { readonly orgId: string; readonly userId: string };
interface Begun extends Login {
  /** The midnight around which the year lies. */
  readonly today: string;
  readonly startedAt: string;
}

const AT_ONCE = 25;
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
    ...builtInRoleNames.map((role) => `  ${usernameOf(role).padEnd(36)} ${role}`),
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
  const first = later(today, -HALF_A_YEAR);
  const typeIds = await seeder.ids('event-types', first);
  const make = (path: string, bodies: readonly unknown[]) =>
    sideBySide(bodies, (body, n) => seeder.make(path, `${path}-${n}`, first, body));
  const venueIds = await make('venues', venuesOf());
  const customerIds = await make('customers', customersOf());
  const [events] = await Promise.all([
    sideBySide(eventsOf(today, { customerIds, typeIds, venueIds }), async ({ body, steps }, n) => {
      const eventId = await seeder.make('events', `event-${n}`, earlier(today, later(body.startsAt, -30 * DAY)), body);
      for (const { step, before, body: why } of steps) {
        const at = earlier(today, later(before === 'end' ? body.endsAt : body.startsAt, -MINUTE));
        await seeder.step(eventId, step, `event-${n}-${step}`, at, why);
      }
    }),
    seeder.people(orgId, customerIds[0], first),
  ]);
  const mark = { id: MARK.id, kind: 'demo', body: { orgId } as Json };
  await platform.store.commit('system', [...MARK.partition], [{ op: 'upsert', document: mark }]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`Loaded ${customerIds.length} customers, ${venueIds.length} venues and ${events.length} events in ${seconds} s`);
}

/** Independent requests, some at a time, so that they share the disk's syncs. In order of their beginnings. */
async function sideBySide<T, R>(items: readonly T[], work: (item: T, at: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const some = items.slice(from, from + AT_ONCE);
    results.push(...(await Promise.all(some.map((item, at) => work(item, from + at)))));
  }
  return results;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

interface Sent {
  readonly method: string;
  /** As its route has it. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly search?: string;
  /** When it comes, by its own clock. */
  readonly at: string;
  readonly key?: string | undefined;
  readonly body?: unknown;
}

/** Sends requests through pipelines of its own, each with the clock of its instant, and with wide limits. */
function seederOf(platform: Platform, signal: AbortSignal | undefined) {
  const start = platform.clock.now();
  const midnight = `${start.slice(0, 10)}T00:00:00Z`;
  let actor: Actor | undefined;
  const authenticator: Authenticator = {
    async authenticate() {
      if (!actor) throw new Error('The demo has no admin yet');
      return actor;
    },
  };

  function platformAt(instant: string): Platform {
    const config = { ...platform.config, RATE_SIGNED_IN: 1_000_000, RATE_PUBLIC: 1_000_000 };
    return { ...platform, config, clock: { now: () => instant } };
  }

  async function send({ method, path, params = {}, search = '', at, key, body }: Sent): Promise<Record<string, Json>> {
    signal?.throwIfAborted();
    const route = routes.find((known) => known.method === method && known.path === path);
    if (!route) throw new Error(`The demo knows no ${method} ${path}`);
    const headers = new Map([
      ['authorization', 'Bearer demo'],
      ['content-type', 'application/json'],
      ...(key === undefined ? [] : [['idempotency-key', `demo-${key}`] as const]),
    ]);
    const request: RawRequest = {
      method,
      path: `/api/${path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')}`,
      search,
      params,
      header: (name) => headers.get(name),
      body: bytesOf(body),
      peer: 'demo',
      origin: '',
    };
    const reply = await createPipeline(platformAt(at), authenticator).serve(route, request);
    const answer = JSON.parse(String(reply.body)) as Record<string, Json>;
    if (reply.status < 300) return answer;
    if (answer.type === 'urn:marquee:problem:in_progress') {
      // Begun by a start that was cut short right then: that one's lease on the key is waited out.
      return send({ method, path, params, search, at: later(at, LEASE), key, body });
    }
    throw new Error(
      `The demo's ${method} ${path} was refused: ${answer.detail} ${JSON.stringify(answer.errors ?? '')}`,
    );
  }

  /** The organization and its admin; the ones of an earlier start that was cut short, on the day of that one. */
  async function registered(): Promise<Begun> {
    const known = await platform.store.read('system', [...MARK.partition], BEGUN);
    if (known) return known.document.body as unknown as Begun;
    const scope = scopeOf(platformAt(later(midnight, -HALF_A_YEAR)), { actor: systemActor(''), correlationId: 'demo' });
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
    async admin() {
      const begun = await registered();
      const { orgId, userId, today } = begun;
      if (later(begun.startedAt, KEYS_LAST) < start) {
        throw new Error(
          'Loading the demo data was cut short too long ago to go on. Remove DATA_DIR, or set SEED=none.',
        );
      }
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
    async people(orgId: string, customerId: string | undefined, at: string) {
      const scope = scopeOf(platformAt(at), { actor: systemActor(orgId), correlationId: 'demo' });
      for (const role of builtInRoleNames.filter((name) => name !== 'admin')) {
        const username = usernameOf(role);
        const account = { username, email: username, displayName: `The ${role}`, roles: [role], password: PASSWORD };
        const userId = (await accountOf(username))?.userId ?? (await addUser(scope, account));
        if (role !== 'customer') continue;
        const body = { customerId: customerId ?? null };
        await send({ method: 'PATCH', path: 'users/{userId}', params: { userId }, at, body });
      }
    },
    async ids(path: string, at: string): Promise<readonly string[]> {
      const { data } = await send({ method: 'GET', path, search: 'limit=100', at });
      return (data as { id: string }[]).map(({ id }) => id);
    },
    async make(path: string, key: string, at: string, body: unknown): Promise<string> {
      return String((await send({ method: 'POST', path, key, at, body })).id);
    },
    async step(eventId: string, step: string, key: string, at: string, body: unknown): Promise<void> {
      await send({ method: 'POST', path: `events/{eventId}/${step}`, params: { eventId }, key, at, body });
    },
  };
}

async function* bytesOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield Buffer.from(JSON.stringify(body));
}
