import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { addUser, setRoles } from '../../shared/identity/accounts.ts';
import { createRole, removeRole } from '../../shared/identity/custom-roles.ts';
import { users } from '../../shared/identity/model.ts';
import { register } from '../../shared/identity/registration.ts';
import { builtInRoles, privileges, privilegesOf } from '../../shared/identity/roles.ts';
import type { Store } from '../../shared/platform/store.ts';
import { unguarded } from '../support/faults.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { factsIn, type Place, place, refusal } from './support.ts';

describe('The built-in roles (REQ-AUTHZ-001 to 003)', () => {
  const may = (role: keyof typeof builtInRoles, privilege: string) => privilegesOf([role]).has(privilege);

  test('every privilege that a route asks for exists', () => {
    const asked = routes.map(({ access }) => access).filter((access) => access.includes(':'));
    expect(privileges).toEqual(expect.arrayContaining(asked));
  });

  test('hold nothing that does not exist, and nothing twice', () => {
    for (const set of Object.values(builtInRoles)) {
      expect(privileges).toEqual(expect.arrayContaining([...set]));
      expect(new Set(set).size).toBe(set.length);
    }
  });

  test('admin holds everything; manager everything but users, roles and settings', () => {
    expect(privilegesOf(['admin'])).toEqual(new Set(privileges));
    const kept = privileges.filter((privilege) => !may('manager', privilege));
    expect(kept).toEqual(privileges.filter((privilege) => /^(users|roles|settings):/.test(privilege)));
    expect(['events:approve', 'events:override', 'equipment:retire'].every((each) => may('manager', each))).toBe(true);
  });

  test('viewer reads all but users, roles, settings and audit, and changes nothing', () => {
    const expected = privileges.filter((name) => name.endsWith(':read') && !/^(users|roles|settings|audit)/.test(name));
    expect([...privilegesOf(['viewer'])]).toEqual(expected);
  });

  test.each([
    ['warehouseManager', 'equipment:retire'],
    ['warehouseManager', 'reservations:override'],
    ['maintenanceTechnician', 'equipment:write'],
    ['maintenanceTechnician', 'reservations:read'],
    ['staff', 'customers:read'],
    ['staff', 'events:write'],
    ['accountant', 'venues:read'],
    ['accountant', 'events:write'],
    ['customer', 'events:approve'],
    ['customer', 'customers:create'],
  ] as const)('%s does not hold %s', (role, privilege) => {
    expect(may(role, privilege)).toBe(false);
  });

  test('add up', () => {
    expect(privilegesOf(['accountant', 'staff'])).toEqual(new Set([...builtInRoles.accountant, ...builtInRoles.staff]));
    expect(privilegesOf(['constructor']).size).toBe(0);
  });
});

describe('Custom roles, over HTTP', () => {
  let host: TestHost;
  let org: TestOrganization;
  beforeAll(async () => {
    host = await startTestHost();
    org = await host.organization();
  });
  afterAll(() => host.close());

  const boxOffice = { name: 'Box office', privileges: ['customers:read' as const, 'events:read' as const] };

  test('are made, shown after the built-in ones, changed and deleted', async () => {
    const made = await org.admin.api.POST('/api/roles', { body: boxOffice });
    expect(made.response.status).toBe(201);
    const roleId = made.data?.id ?? '';
    const all = await org.admin.api.GET('/api/roles');
    expect(all.data?.data.map(({ name }) => name)).toEqual([...Object.keys(builtInRoles).sort(), 'Box office']);
    for (const role of all.data?.data ?? []) {
      const { data } = await org.admin.api.GET('/api/roles/{roleId}', { params: { path: { roleId: role.id } } });
      expect(data).toEqual(role);
    }
    const changed = await org.admin.api.PUT('/api/roles/{roleId}', {
      params: { path: { roleId } },
      body: { ...boxOffice, privileges: ['venues:read'] },
    });
    expect(changed.data).toMatchObject({ id: roleId, privileges: ['venues:read'], builtIn: false });
    const gone = await org.admin.api.DELETE('/api/roles/{roleId}', { params: { path: { roleId } } });
    expect(gone.response.status).toBe(204);
    expect((await org.admin.api.GET('/api/roles')).data?.data).toHaveLength(Object.keys(builtInRoles).length);
  });

  test('are refused under a name that is taken, a built-in one included, or with an unknown privilege', async () => {
    await org.admin.api.POST('/api/roles', { body: { ...boxOffice, name: 'Door' } });
    const twice = await org.admin.api.POST('/api/roles', { body: { ...boxOffice, name: 'DOOR' } });
    const builtIn = await org.admin.api.POST('/api/roles', { body: { ...boxOffice, name: 'Admin' } });
    for (const { error } of [twice, builtIn]) expect(error).toMatchObject({ status: 409, field: 'name' });
    const body = { name: 'Odd', privileges: ['events:fly' as 'events:read'] };
    expect((await org.admin.api.POST('/api/roles', { body })).response.status).toBe(400);
  });

  test('are made and given by nobody without the privileges for it, nor another organization', async () => {
    const made = await org.admin.api.POST('/api/roles', {
      body: { name: 'Desk', privileges: ['users:write', 'users:read'] },
    });
    const roleId = made.data?.id ?? '';
    const staff = await org.as('staff');
    const path = { params: { path: { userId: staff.userId } } };
    await org.admin.api.PUT('/api/users/{userId}/roles', { ...path, body: { roles: [roleId] } });
    const raised = await staff.api.PUT('/api/users/{userId}/roles', { ...path, body: { roles: ['admin'] } });
    expect(raised.response.status).toBe(403);
    const invited = await staff.api.POST('/api/invitations', { body: { email: 'eve@example.com', roles: ['admin'] } });
    expect(invited.response.status).toBe(403);
    const kept = await staff.api.PUT('/api/users/{userId}/roles', { ...path, body: { roles: [roleId] } });
    expect(kept.response.status).toBe(200);
    const other = await host.organization();
    const theirs = await other.admin.api.DELETE('/api/roles/{roleId}', { params: { path: { roleId } } });
    expect(theirs.response.status).toBe(404);
    const abroad = await other.admin.api.PUT('/api/users/{userId}/roles', {
      params: { path: { userId: other.admin.userId } },
      body: { roles: ['admin', roleId] },
    });
    expect(abroad.error).toMatchObject({ status: 400, errors: [{ path: 'body.roles.1', code: 'unknown_role' }] });
  });

  test('a refused access leaves one fact a minute per user and route', async () => {
    const viewer = await org.as('viewer');
    for (let round = 0; round < 5; round += 1) await viewer.api.GET('/api/users');
    await viewer.api.GET('/api/invitations');
    host.clock.advance(61_000);
    await viewer.api.GET('/api/users');
    await host.settled();
    const facts = await factsIn(host.platform.store, 'identity', org.orgId);
    const attempts = facts.filter(({ type }) => type === 'UnauthorizedAccessAttempted');
    expect(attempts.filter(({ subject }) => subject === viewer.userId).map(({ data }) => data)).toEqual([
      expect.objectContaining({ method: 'GET', route: 'users', needs: 'users:read' }),
      expect.objectContaining({ method: 'GET', route: 'invitations', needs: 'users:write' }),
      expect.objectContaining({ method: 'GET', route: 'users', needs: 'users:read' }),
    ]);
  });
});

describe('A role that is given while it is deleted', () => {
  let here: Place;
  let orgId: string;
  beforeEach(async () => {
    here = await place();
    const input = { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace Events' };
    orgId = (await register(here.one.scope(), input)).organizationId;
  });
  afterEach(() => here.close());

  /** The deletion has looked who holds the role, and stops until it has been given. */
  async function race(guard: (store: Store) => Store) {
    const scope = testScope(here.platform, orgId);
    const account = { username: 'bob@example.com', displayName: 'Bob', roles: ['staff'], password: PASSWORD };
    const bob = await addUser(scope, account);
    const role = await createRole(scope, { name: 'Box office', privileges: ['customers:read'] });
    let given = false;
    const [slow] = await here.more(1, (store) => ({
      ...guard(store),
      async commit(container, partition, writes) {
        if (!given) {
          given = true;
          await setRoles(scope, bob, [role.id]);
        }
        return guard(store).commit(container, partition, writes);
      },
    }));
    if (!slow) throw new Error('no process');
    const outcome = await removeRole(testScope(slow.platform, orgId), role.id).then(
      () => 'deleted',
      () => 'refused',
    );
    return { outcome, roles: (await scope.of(users).get(bob)).state.roles.length };
  }

  test('stays', async () => {
    expect(await race((store) => store)).toEqual({ outcome: 'refused', roles: 1 });
  });

  test('twin: with the guard off somebody has a role that is not there', async () => {
    expect(await race(unguarded)).toEqual({ outcome: 'deleted', roles: 1 });
  });

  test('is not given once it is deleted', async () => {
    const scope = testScope(here.platform, orgId);
    const role = await createRole(scope, { name: 'Box office', privileges: ['customers:read'] });
    await removeRole(scope, role.id);
    const { items } = await scope.of(users).list({ limit: 1 });
    expect(await refusal(setRoles(scope, items[0]?.id ?? '', ['admin', role.id]))).toBe('invalid');
  });
});
