import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addUser, setRoles, suspend } from '../../shared/identity/accounts.ts';
import { createAuthenticator } from '../../shared/identity/authenticator.ts';
import { createRole, updateRole } from '../../shared/identity/custom-roles.ts';
import { openKeys } from '../../shared/identity/keys.ts';
import { register } from '../../shared/identity/registration.ts';
import { endSessions } from '../../shared/identity/sessions.ts';
import { signIn } from '../../shared/identity/sign-in.ts';
import { apiClient } from '../support/client.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { DEVICE, type Place, place, refusal } from './support.ts';

describe('Sessions (REQ-SESSION-001 to 003)', () => {
  let host: TestHost;
  let org: TestOrganization;
  beforeAll(async () => {
    host = await startTestHost();
    org = await host.organization();
  });
  afterAll(() => host.close());

  async function signedIn(username: string, userAgent: string): Promise<string> {
    const response = await fetch(`${host.origin}/api/identity/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': userAgent },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
    return ((await response.json()) as { accessToken: string }).accessToken;
  }
  const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';

  test('are listed with device, address and times, the newest use first', async () => {
    const viewer = await org.as('viewer');
    host.clock.advance(60_000);
    const token = await signedIn(viewer.username, FIREFOX);
    const { data } = await apiClient(host.origin, token).GET('/api/sessions');
    expect(data?.data).toHaveLength(2);
    expect(data?.data[0]).toMatchObject({ device: 'Firefox on Windows', address: '127.0.0.1', current: true });
    expect(data?.data[1]).toMatchObject({ current: false });
  });

  test('end one by one, and all but the current', async () => {
    const staff = await org.as('staff');
    const [one = '', two = '', three = ''] = await Promise.all([1, 2, 3].map(() => signedIn(staff.username, FIREFOX)));
    const id = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid;
    const mine = apiClient(host.origin, one);
    expect((await mine.DELETE('/api/sessions/{sessionId}', at(id(two)))).response.status).toBe(204);
    expect((await apiClient(host.origin, two).GET('/api/users/me')).response.status).toBe(401);
    expect((await mine.DELETE('/api/sessions/{sessionId}', at(id(two)))).response.status).toBe(404);
    expect((await mine.DELETE('/api/sessions')).response.status).toBe(204);
    expect((await apiClient(host.origin, three).GET('/api/users/me')).response.status).toBe(401);
    expect((await mine.GET('/api/users/me')).response.status).toBe(200);
    expect((await mine.POST('/api/identity/sign-out')).response.status).toBe(204);
    expect((await mine.GET('/api/users/me')).response.status).toBe(401);
  });
  const at = (sessionId: string) => ({ params: { path: { sessionId } } });

  test("of others are an admin's business alone, within the organization", async () => {
    const [viewer, manager] = await Promise.all([org.as('viewer'), org.as('manager')]);
    const other = await host.organization();
    const query = { params: { query: { userId: viewer.userId } } };
    const { data } = await org.admin.api.GET('/api/sessions', query);
    const [session] = data?.data ?? [];
    expect((await manager.api.GET('/api/sessions', query)).response.status).toBe(403);
    expect((await other.admin.api.GET('/api/sessions', query)).response.status).toBe(404);
    const id = session?.id ?? '';
    expect((await manager.api.DELETE('/api/sessions/{sessionId}', at(id))).response.status).toBe(404);
    expect((await other.admin.api.DELETE('/api/sessions/{sessionId}', at(id))).response.status).toBe(404);
    expect((await org.admin.api.DELETE('/api/sessions/{sessionId}', at(id))).response.status).toBe(204);
  });
});

describe('What ends a session, or changes what it may, is known to every process within 5 seconds', () => {
  let here: Place;
  let orgId: string;
  let userId: string;
  beforeEach(async () => {
    here = await place();
    const input = { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace Events' };
    orgId = (await register(here.one.scope(), input)).organizationId;
    const staff = { username: 'bob@example.com', displayName: 'Bob', roles: ['staff'], password: PASSWORD };
    userId = await addUser(testScope(here.platform, orgId), staff);
  });
  afterEach(() => here.close());
  const bob = () =>
    signIn(here.one.scope(), { username: 'bob@example.com', password: PASSWORD, rememberMe: false }, DEVICE);

  /** Milliseconds until a process that has just seen the session lets it in no more. */
  async function until(
    token: string,
    authenticate: (token: string) => Promise<unknown>,
    change: () => Promise<unknown>,
  ) {
    await authenticate(token);
    await change();
    const startedAt = performance.now();
    while (performance.now() - startedAt < 6000) {
      const refused = await authenticate(token).then(
        () => false,
        () => true,
      );
      if (refused) break;
      await sleep(50);
    }
    return performance.now() - startedAt;
  }

  test('a revoked session and a suspended user', async () => {
    const [other] = await here.more(1);
    if (!other) throw new Error('no process');
    const scope = testScope(here.platform, orgId);
    const [one, two] = [await bob(), await bob()];
    const sid = (await here.one.authenticator.authenticate(one.accessToken)).sessionId;
    // Seen before either change, since a suspension ends the other session too.
    for (const { accessToken } of [one, two]) await other.authenticator.authenticate(accessToken);
    const [revoked, suspended] = await Promise.all([
      until(one.accessToken, other.authenticator.authenticate, () => endSessions(scope, userId, [sid], 'revoked')),
      until(two.accessToken, other.authenticator.authenticate, () => suspend(scope, userId)),
    ]);
    expect(revoked).toBeLessThan(5000);
    expect(suspended).toBeLessThan(5000);
    // Here it bites at once.
    expect(await refusal(here.one.authenticator.authenticate(two.accessToken))).toBe('unauthenticated');
  });

  test('twin: a process that does not look again lets the session in for as long as its token lives', async () => {
    const [other] = await here.more(1);
    if (!other) throw new Error('no process');
    const keys = await openKeys(other.platform.config, here.platform.folder, other.platform.clock);
    const blind = createAuthenticator(other.platform, keys, { freshMs: Number.POSITIVE_INFINITY });
    const { accessToken } = await bob();
    const scope = testScope(here.platform, orgId);
    const revoke = () => suspend(scope, userId);
    expect(await until(accessToken, blind.authenticate, revoke)).toBeGreaterThan(5000);
  });

  test('given and changed roles', async () => {
    const [other] = await here.more(1);
    if (!other) throw new Error('no process');
    const scope = testScope(here.platform, orgId);
    const role = await createRole(scope, { name: 'Box office', privileges: ['customers:read'] });
    const { accessToken } = await bob();
    const privileges = async () => (await other.authenticator.authenticate(accessToken)).privileges;
    expect(await privileges()).toContain('reservations:write');
    await setRoles(scope, userId, [role.id]);
    await sleep(4500);
    expect([...(await privileges())]).toEqual(['customers:read']);
    await updateRole(scope, role.id, (fields) => ({ ...fields, privileges: ['venues:read'] }));
    await sleep(4500);
    expect([...(await privileges())]).toEqual(['venues:read']);
  });

  test('and costs two reads every four seconds, however many requests there are', async () => {
    let reads = 0;
    const [counting] = await here.more(1, (store) => ({
      ...store,
      read(container, partition, id) {
        reads += 1;
        return store.read(container, partition, id);
      },
    }));
    if (!counting) throw new Error('no process');
    const { accessToken } = await bob();
    await Promise.all(Array.from({ length: 200 }, () => counting.authenticator.authenticate(accessToken)));
    for (let round = 0; round < 200; round += 1) await counting.authenticator.authenticate(accessToken);
    expect(reads).toBe(2);
  });
});
