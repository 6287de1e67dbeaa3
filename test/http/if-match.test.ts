/** `If-Match` on every route that changes a resource (spec chapter 00): 412 when it is stale, before anything else is said. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import type { Route } from '../../shared/platform/route.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { examples } from './examples.ts';
import { type Sent, send, type World, worldOf } from './world.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
}, 60_000);
afterAll(() => host.close());

const nameOf = (route: Route) => `${route.method} ${route.path}`;
/** All that change what their address names; what makes something new changes nothing. */
const changing = routes.filter(
  ({ method, path, access, status }) =>
    method !== 'GET' && access !== 'public' && path.includes('{') && !(method === 'POST' && status === 201),
);
const stale = { 'if-match': '"0123456789abcdef"' };

async function asked(route: Route) {
  const example = examples[nameOf(route)];
  if (!example) throw new Error(`${nameOf(route)} has no example`);
  const user = await host.signIn(organization.admin.username);
  const sent = await example(world, host, user);
  return async (headers: Readonly<Record<string, string>> = {}) => {
    const response = await send(host, user, route.method, route.path, { ...sent, headers });
    return { status: response.status, text: await response.text() };
  };
}

describe('a stale If-Match', () => {
  test.each(changing.map((route) => [nameOf(route), route] as const))('%s', async (_, route) => {
    const ask = await asked(route);
    const first = await ask(stale);
    expect(first.status, first.text).toBe(412);
    expect((await ask()).status).toBe(route.status);
    const second = await ask(stale);
    // It is gone (be it one's own session), or in a state that the step does not follow from.
    expect([412, 404, 401], second.text).toContain(second.status);
  });

  const admin = (method: string, path: string, sent: Sent = {}) => send(host, organization.admin, method, path, sent);
  const reason = { reason: 'So' };
  const forbidden: Readonly<Record<string, () => Promise<readonly [method: string, path: string, body?: unknown]>>> = {
    'a venue with an event to come: deactivate': async () => {
      await world.event();
      return ['POST', `venues/${world.place.id}/deactivate`, reason];
    },
    'a venue with an event to come: DELETE': async () => ['DELETE', `venues/${world.place.id}`],
    'a customer with an event to come: DELETE': async () => ['DELETE', `customers/${world.customerId}`],
    'reserved equipment: deactivate': async () => {
      const { equipmentId } = await world.reservation();
      return ['POST', `equipment/${equipmentId}/deactivate`, reason];
    },
    'reserved equipment: DELETE': async () => ['DELETE', `equipment/${(await world.reservation()).equipmentId}`],
    'a postponed event: start': async () => {
      const { id } = await world.event(['approve'], ['confirm'], ['cancel', reason], ['reinstate']);
      await admin('POST', `events/${id}/postpone`, { body: reason });
      return ['POST', `events/${id}/start`];
    },
    'a role in use: DELETE': async () => {
      const { id } = await world.role();
      await world.make('invitations', { body: { email: `role${world.next()}@invited.example`, roles: [id] } });
      return ['DELETE', `roles/${id}`];
    },
    'a cancelled reservation: DELETE': async () => {
      const { id } = await world.reservation();
      await admin('DELETE', `equipment/reservations/${id}`);
      return ['DELETE', `equipment/reservations/${id}`];
    },
    'the last admin: suspend': async () => ['POST', `users/${organization.admin.userId}/suspend`],
  };
  test.each(Object.entries(forbidden))('where a rule forbids it, too: %s', async (_, prepared) => {
    const [method, path, body] = await prepared();
    const sent = body === undefined ? {} : { body };
    expect((await admin(method, path, sent)).status).toBe(409);
    expect((await admin(method, path, { ...sent, headers: stale })).status).toBe(412);
  });
});
