import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { type BuiltInRole, builtInRoleNames, builtInRoles } from '../../shared/identity/roles.ts';
import type { Route } from '../../shared/platform/route.ts';
import { checkReply } from '../support/client.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { examples } from './examples.ts';
import { send, type World, worldOf } from './world.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
/** Not the admin who makes the examples: some routes end the other sessions of who calls them. */
let secondAdmin: string;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
  secondAdmin = (await world.user('admin')).username;
}, 60_000);
afterAll(() => host.close());

const guarded = routes.filter(({ access }) => access !== 'public');
const nameOf = (route: Route) => `${route.method} ${route.path}`;

/** Whose rows are limited to their own or assigned ones; the slices' tests show which. */
const BOUNDED: readonly BuiltInRole[] = ['staff', 'customer'];

function holds(role: BuiltInRole, { access }: Route): boolean {
  return access === 'signedIn' || builtInRoles[role].some((privilege) => privilege === access);
}

async function asked(route: Route, role: BuiltInRole) {
  // A session of its own, since some routes end it.
  const user = await host.signIn(role === 'admin' ? secondAdmin : (await organization.as(role)).username);
  const example = examples[nameOf(route)];
  if (!example) throw new Error(`${nameOf(route)} has no example`);
  const response = await send(host, user, route.method, route.path, await example(world, host, user));
  await checkReply(route.method, `/api/${route.path}`, response);
  return { status: response.status, text: await response.text() };
}

test('every guarded route has an example', () => {
  expect(guarded.map(nameOf).filter((name) => !(name in examples))).toEqual([]);
  expect(Object.keys(examples).filter((name) => !guarded.some((route) => nameOf(route) === name))).toEqual([]);
});

describe('REQ-AUTHZ-001 REQ-EQP-101 every route, every role: as declared, allowed or 403', () => {
  for (const role of builtInRoleNames) {
    describe(role, () => {
      test.each(guarded.map((route) => [nameOf(route), holds(role, route) ? 'may' : '403', route] as const))(
        '%s: %s',
        async (_, __, route) => {
          const { status, text } = await asked(route, role);
          if (!holds(role, route)) {
            expect(status, text).toBe(403);
            expect(text).toContain('This needs the privilege');
          } else if (BOUNDED.includes(role) && status === 403) {
            expect(text).not.toContain('This needs the privilege');
          } else {
            expect(status, text).toBe(route.status);
          }
        },
      );
    });
  }
});

test('every guarded route without a token is 401', async () => {
  for (const route of guarded) {
    const response = await send(host, undefined, route.method, route.path, {});
    expect(response.status, nameOf(route)).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  }
});
