import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { containerNames } from '../../shared/platform/containers.ts';
import type { Route } from '../../shared/platform/route.ts';
import { tableOf } from '../../shared/platform/store.sqlite.schema.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { examples } from './examples.ts';
import { type Sent, send, type World, worldOf } from './world.ts';

let host: TestHost;
let owner: TestOrganization;
let stranger: TestOrganization;
let owners: World;
let strangers: World;
beforeAll(async () => {
  host = await startTestHost();
  [owner, stranger] = [await host.organization(), await host.organization()];
  [owners, strangers] = [await worldOf(host, owner), await worldOf(host, stranger)];
}, 60_000);
afterAll(() => host.close());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const nameOf = (route: Route) => `${route.method} ${route.path}`;
const guarded = routes.filter(({ access }) => access !== 'public');
const withIds = guarded.filter(({ path }) => path.includes('{'));
const withBodies = guarded.filter(({ body }) => body);

/** Everything the store holds of an organization, as one digest; sessions aside, which note when they were used. */
function digestOf(orgId: string): string {
  const db = new Database(join(host.folder, 'marquee.db'), { readonly: true });
  const hash = createHash('sha256');
  for (const container of containerNames.filter((name) => name !== 'sessions')) {
    const rows = db.prepare(
      `SELECT id, seq, body FROM ${tableOf(container).documents} WHERE body LIKE ? OR pk LIKE ? ORDER BY id`,
    );
    for (const row of rows.all(`%${orgId}%`, `${orgId}%`)) hash.update(JSON.stringify(row));
  }
  db.close();
  return hash.digest('hex');
}

type Path = readonly string[];

/** Every id in a body, however deep, with where it stands. */
function idsIn(value: unknown, at: Path = []): (readonly [path: Path, id: string])[] {
  if (typeof value === 'string') return UUID.test(value) ? [[at, value]] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => idsIn(one, [...at, name]));
}

/** A body with another id in one place. */
function replaced(value: unknown, [name, ...rest]: Path, id: string): unknown {
  if (name === undefined) return id;
  const inner = replaced((value as Record<string, unknown>)[name], rest, id);
  if (Array.isArray(value)) return value.map((one, at) => (String(at) === name ? inner : one));
  return { ...(value as object), [name]: inner };
}

async function exampleOf(route: Route, world: World, organization: TestOrganization): Promise<Sent> {
  const example = examples[nameOf(route)];
  if (!example) throw new Error(`${nameOf(route)} has no example`);
  return example(world, host, await host.signIn(organization.admin.username));
}

describe('ids of another organization are answered as if they did not exist, and nothing changes', () => {
  test.each(withIds.map((route) => [nameOf(route), route] as const))('in the path: %s', async (_, route) => {
    const sent = await exampleOf(route, owners, owner);
    await host.settled();
    const before = digestOf(owner.orgId);
    const response = await send(host, stranger.admin, route.method, route.path, sent);
    const theirs = await response.text();
    expect(response.status, theirs).toBe(404);
    const nowhere = Object.fromEntries(
      Object.keys(sent.params ?? {}).map((name) => [name, '0193b0a0-7c1e-7000-8000-000000000001']),
    );
    const nobodys = await send(host, stranger.admin, route.method, route.path, { ...sent, params: nowhere });
    expect(JSON.parse(theirs).detail).toBe(((await nobodys.json()) as { detail: string }).detail);
    await host.settled();
    expect(digestOf(owner.orgId)).toBe(before);
  });

  const named = withBodies.map((route) => [nameOf(route), route] as const);
  test.each(named)('in the body: %s', async (_, route) => {
    const [own, theirs] = [await exampleOf(route, strangers, stranger), await exampleOf(route, owners, owner)];
    await host.settled();
    const before = digestOf(owner.orgId);
    for (const [field, value] of idsIn(theirs.body)) {
      const body = replaced(own.body, field, value);
      const response = await send(host, stranger.admin, route.method, route.path, { ...own, body });
      const text = await response.text();
      expect(response.status, `${field.join('.')}: ${text}`).toBe(400);
      expect(JSON.parse(text).errors).toMatchObject([{ path: ['body', ...field].join('.') }]);
    }
    await host.settled();
    expect(digestOf(owner.orgId)).toBe(before);
  });
});

test('the digest sees a change of the organization', async () => {
  const before = digestOf(owner.orgId);
  await owners.customer();
  expect(digestOf(owner.orgId)).not.toBe(before);
});
