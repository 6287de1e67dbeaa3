import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import type { Route } from '../../shared/platform/route.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { examples } from './examples.ts';
import { send, type World, worldOf } from './world.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
}, 60_000);
afterAll(() => host.close());

const META = ['createdAt', 'createdBy', 'modifiedAt', 'modifiedBy'] as const;
const nameOf = (route: Route) => `${route.method} ${route.path}`;
const guarded = routes.filter(({ access }) => access !== 'public');
/** Makes several at once, each at an address of its own. */
const ORDER = 'POST events/{eventId}/equipment';
const makers = guarded.filter((route) => route.method === 'POST' && route.status === 201 && nameOf(route) !== ORDER);
/** Routes that answer with a resource of its own address: their ids end the path. */
const readers = guarded.filter(({ method, path }) => method === 'GET' && /\}$|\/me$|organization$/.test(path));

async function asked(route: Route) {
  const example = examples[nameOf(route)] ?? expect.fail(`${nameOf(route)} has no example`);
  const user = await host.signIn(organization.admin.username);
  return { user, response: await send(host, user, route.method, route.path, await example(world, host, user)) };
}

/** What must be seen of every resource (spec chapter 00). */
function expectWhole(body: Record<string, unknown>, response: Response): void {
  expect(body).toMatchObject(Object.fromEntries(['id', ...META].map((field) => [field, expect.any(String)])));
  for (const field of ['createdAt', 'modifiedAt']) expect(body[field]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(response.headers.get('etag')).toMatch(/^"[^"]+"$/);
}

describe('what is made is found at its Location, whole, by who made it', () => {
  test.each(makers.map((route) => [nameOf(route), route] as const))('%s', async (_, route) => {
    const { user, response } = await asked(route);
    const made = (await response.json()) as Record<string, unknown>;
    expect(response.status, JSON.stringify(made)).toBe(201);
    expectWhole(made, response);
    expect(made).toMatchObject({ createdBy: user.userId, modifiedBy: user.userId });
    const location = response.headers.get('location') ?? '';
    expect(location).toContain(`/${String(made.id)}`);
    const read = await fetch(location, { headers: { authorization: `Bearer ${user.token}` } });
    const found = (await read.json()) as Record<string, unknown>;
    expect(read.status, JSON.stringify(found)).toBe(200);
    expect(found).toMatchObject(Object.fromEntries(['id', ...META].map((field) => [field, made[field]])));
    expect(read.headers.get('etag')).toBe(response.headers.get('etag'));
  });
});

test(`${ORDER}: each of what is made is whole`, async () => {
  const route = guarded.find((one) => nameOf(one) === ORDER) ?? expect.fail();
  const { user, response } = await asked(route);
  const { reservations } = (await response.json()) as { reservations: Record<string, unknown>[] };
  expect(response.status).toBe(201);
  expect(reservations.length).toBeGreaterThan(0);
  for (const made of reservations) {
    expect(made).toMatchObject({ id: expect.any(String), createdBy: user.userId, modifiedBy: user.userId });
    const { body, response: read } = await readBack(made.id, user.token);
    expectWhole(body, read);
    expect(body).toMatchObject(Object.fromEntries(META.map((field) => [field, made[field]])));
  }
});

async function readBack(id: unknown, token: string) {
  const address = `${host.origin}/api/equipment/reservations/${id}`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  return { response, body: (await response.json()) as Record<string, unknown> };
}

describe('every resource shows id, createdAt, createdBy, modifiedAt, modifiedBy, and its ETag', () => {
  test.each(readers.map((route) => [nameOf(route), route] as const))('%s', async (_, route) => {
    const { response } = await asked(route);
    const body = (await response.json()) as Record<string, unknown>;
    expect(response.status, JSON.stringify(body)).toBe(200);
    expectWhole(body, response);
  });
});

describe('a part that is changed shows when and by whom, and so does its whole', () => {
  const parts = [
    ['PATCH customers/{customerId}/contacts/{contactId}', 'contacts'],
    ['PATCH customers/{customerId}/addresses/{addressId}', 'addresses'],
    ['PATCH venues/{venueId}/contacts/{contactId}', 'contacts'],
  ] as const;
  test.each(parts)('%s', async (name, list) => {
    const manager = await organization.as('manager');
    const example = examples[name] ?? expect.fail();
    const sent = await example(world, host, manager);
    const [method = '', path = ''] = name.split(' ');
    const before = (await (await send(host, manager, 'GET', path, { params: sent.params ?? {} })).json()) as object;
    host.clock.advance(60_000);
    const changed = (await (await send(host, manager, method, path, sent)).json()) as Record<string, unknown>;
    const { createdAt, createdBy } = before as Record<string, unknown>;
    expect(changed).toMatchObject({ createdAt, createdBy, modifiedBy: manager.userId });
    expect(createdBy).toBe(organization.admin.userId);
    expect(String(changed.modifiedAt) > String(createdAt)).toBe(true);
    const wholePath = path.split('/').slice(0, 2).join('/');
    const whole = await (await send(host, manager, 'GET', wholePath, { params: sent.params ?? {} })).json();
    expect((whole as Record<string, unknown[]>)[list]).toContainEqual(changed);
  });
});
