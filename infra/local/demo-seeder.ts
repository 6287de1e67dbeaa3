/** Sends the demo's requests through the API's own pipeline, each with the clock of its instant; idempotent if cut off. */

import { routes } from '../../functions/registry.ts';
import { addUser } from '../../shared/identity/accounts.ts';
import { findLogin } from '../../shared/identity/logins.ts';
import { organizations } from '../../shared/identity/model.ts';
import { register } from '../../shared/identity/registration.ts';
import { type BuiltInRole, builtInRoleNames, privilegesOf } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { DAY, HOUR, later, SECOND } from '../../shared/platform/clock.ts';
import type { RawRequest } from '../../shared/platform/http.ts';
import { localLimits } from '../../shared/platform/limits.ts';
import { type Authenticator, createPipeline } from '../../shared/platform/pipeline.ts';
import { type Platform, type Scope, scopeOf } from '../../shared/platform/scope.ts';
import type { Json } from '../../shared/platform/store.ts';

/** Known to everyone who reads this: the demo runs on the reader's own machine only. */
export const PASSWORD = 'marquee-demo-password';
const ADMIN = 'admin@demo.example';
export const MARK = { partition: ['demo'], id: 'loaded' } as const;
const BEGUN = 'organization';

type Login = { readonly orgId: string; readonly userId: string };
interface Begun extends Login {
  /** The midnight around which the year lies. */
  readonly today: string;
  readonly startedAt: string;
}

export const HALF_A_YEAR = 182 * DAY;
/** Idempotency keys are kept 24 hours; a seeding cut short can go on as long. */
const KEYS_LAST = 23 * HOUR;
/** A request cut off holds its key a minute. */
const LEASE = 61 * SECOND;

const names: Readonly<Record<BuiltInRole, string>> = {
  admin: 'Ada Admin',
  manager: 'Mona Manager',
  staff: 'Stan Staff',
  warehouseManager: 'Wanda Warehouse',
  maintenanceTechnician: 'Theo Technician',
  accountant: 'Abel Accountant',
  viewer: 'Vera Viewer',
  customer: 'Clara Customer',
};

export function usernameOf(role: string): string {
  return `${role.toLowerCase()}@demo.example`;
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
  /** Whose doing it is; the admin's unless given. */
  readonly by?: BuiltInRole;
}
export type Answer = Readonly<Record<string, Json>>;
export type Seeder = ReturnType<typeof seederOf>;

/** Has wide limits of its own, and stops between requests when the signal says so. */
export function seederOf(platform: Platform, signal: AbortSignal | undefined) {
  const start = platform.clock.now();
  const midnight = `${start.slice(0, 10)}T00:00:00Z`;
  // Of its own: what is loaded in the admin's name is not held against the admin who signs in next.
  const limits = localLimits(() => Date.parse(start));
  const actors = new Map<BuiltInRole, Actor>();

  function meet(role: BuiltInRole, { orgId, userId }: Login): void {
    const privileges = privilegesOf([role]);
    const [username, displayName] = [usernameOf(role), names[role]];
    const actor = { kind: 'user', orgId, userId, username, displayName, sessionId: 'demo', roles: [role], privileges };
    actors.set(role, actor as Actor);
  }

  function authenticated(by: BuiltInRole): Authenticator {
    return {
      async authenticate() {
        const actor = actors.get(by);
        if (!actor) throw new Error(`The demo has no ${by} yet`);
        return actor;
      },
    };
  }

  function platformAt(instant: string): Platform {
    const config = { ...platform.config, RATE_SIGNED_IN: 1_000_000, RATE_PUBLIC: 1_000_000 };
    return { ...platform, config, limits, clock: { now: () => instant } };
  }

  async function send(sent: Sent): Promise<Answer> {
    const { method, path, params = {}, search = '', at, key, body, by = 'admin' } = sent;
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
    const reply = await createPipeline(platformAt(at), authenticated(by)).serve(route, request);
    const answer = JSON.parse(String(reply.body ?? '{}')) as Record<string, Json>;
    if (reply.status < 300) return answer;
    if (answer.type === 'urn:marquee:problem:in_progress') {
      // Begun by a start that was cut short right then: that one's lease on the key is waited out.
      return send({ ...sent, at: later(at, LEASE) });
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
      displayName: names.admin,
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
    send,
    /** Whether the demo belongs here: it was begun here, or nothing was. */
    async belongs(): Promise<boolean> {
      const { container, kind } = organizations;
      const { items } = await platform.store.query(container, [], { kind, limit: 1 });
      return items.length === 0 || (await findLogin(platform, ADMIN)) !== undefined;
    },
    async admin() {
      const begun = await registered();
      const { orgId, today } = begun;
      if (later(begun.startedAt, KEYS_LAST) < start) {
        throw new Error(
          'Loading the demo data was cut short too long ago to go on. Remove DATA_DIR, or set SEED=none.',
        );
      }
      meet('admin', begun);
      return { orgId, today };
    },
    /** One user for each of the other built-in roles, who can send requests from then on. */
    async people(orgId: string, customerId: string | undefined, at: string) {
      const scope = scopeOf(platformAt(at), { actor: systemActor(orgId), correlationId: 'demo' });
      for (const role of builtInRoleNames.filter((name) => name !== 'admin')) {
        const username = usernameOf(role);
        const account = { username, email: username, displayName: names[role], roles: [role], password: PASSWORD };
        const userId = (await accountOf(username))?.userId ?? (await addUser(scope, account));
        meet(role, { orgId, userId });
        if (role !== 'customer') continue;
        const body = { customerId: customerId ?? null };
        await send({ method: 'PATCH', path: 'users/{userId}', params: { userId }, at, body });
      }
    },
    async list(path: string, at: string, search = 'limit=100'): Promise<readonly Answer[]> {
      const { data } = await send({ method: 'GET', path, search, at });
      return data as Answer[];
    },
    async make(path: string, key: string, at: string, body: unknown): Promise<string> {
      return String((await send({ method: 'POST', path, key, at, body })).id);
    },
  };
}

async function* bytesOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield Buffer.from(JSON.stringify(body));
}
