/** Demo data: a year of an event company, made through the API's own routes with a clock that walks through it. */

import { routes } from '../../functions/registry.ts';
import { addUser } from '../../shared/identity/accounts.ts';
import { register } from '../../shared/identity/registration.ts';
import { privilegesOf } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { DAY, later, MINUTE } from '../../shared/platform/clock.ts';
import type { RawRequest } from '../../shared/platform/http.ts';
import { createPipeline } from '../../shared/platform/pipeline.ts';
import { dispatcher } from '../../shared/platform/router.ts';
import { type Platform, scopeOf } from '../../shared/platform/scope.ts';
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
): Promise<void> {
  if (await platform.store.read('system', [...MARK.partition], MARK.id)) return;
  say('First start: loading demo data …');
  const startedAt = performance.now();
  const today = `${platform.clock.now().slice(0, 10)}T00:00:00Z`;
  const seeder = seederOf(platform, later(today, -182 * DAY));
  const admin = await seeder.admin();
  const typeIds = await seeder.ids('event-types?limit=100');
  const venueIds: string[] = [];
  for (const [n, venue] of venuesOf().entries()) venueIds.push(await seeder.make('venues', `venue-${n}`, venue));
  const customerIds: string[] = [];
  for (const [n, customer] of customersOf().entries()) {
    customerIds.push(await seeder.make('customers', `customer-${n}`, customer));
  }
  await seeder.people(admin.orgId, customerIds[0]);
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
  const mark = { id: MARK.id, kind: 'demo', body: { orgId: admin.orgId } as Json };
  await platform.store.commit('system', [...MARK.partition], [{ op: 'upsert', document: mark }]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`Loaded ${customerIds.length} customers, ${venueIds.length} venues and ${events} events in ${seconds} s`);
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** Sends requests through a pipeline of its own, whose clock can be set and whose limits are wide. */
function seederOf(platform: Platform, from: string) {
  let now = from;
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
  const dispatch = dispatcher(routes, pipeline, []);

  async function send(method: string, address: string, key?: string, body?: unknown): Promise<Record<string, Json>> {
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
    throw new Error(
      `The demo's ${method} ${address} was refused: ${answer.detail} ${JSON.stringify(answer.errors ?? '')}`,
    );
  }

  /** The organization and its admin; the ones of an earlier start that was cut short. */
  async function registered(): Promise<{ orgId: string; userId: string }> {
    const known = await platform.store.read('system', ['demo'], 'organization');
    if (known) return known.document.body as { orgId: string; userId: string };
    const scope = scopeOf(own, { actor: systemActor(''), correlationId: 'demo' });
    const { organizationId: orgId, userId } = await register(scope, {
      username: ADMIN,
      password: PASSWORD,
      displayName: 'Ada Admin',
      organizationName: 'Marquee Demo Events',
    });
    const document = { id: 'organization', kind: 'demo', body: { orgId, userId } };
    await platform.store.commit('system', ['demo'], [{ op: 'create', document }]);
    return { orgId, userId };
  }

  return {
    at(instant: string) {
      now = instant;
    },
    async admin() {
      const { orgId, userId } = await registered();
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
      return { orgId };
    },
    async people(orgId: string, customerId: string | undefined) {
      const scope = scopeOf(own, { actor: systemActor(orgId), correlationId: 'demo' });
      for (const role of ROLES) {
        const username = usernameOf(role);
        if (await platform.store.read('logins', [username], 'login')) continue;
        const userId = await addUser(scope, {
          username,
          email: username,
          displayName: `The ${role}`,
          roles: [role],
          password: PASSWORD,
        });
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
