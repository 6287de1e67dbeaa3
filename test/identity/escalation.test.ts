/** Nobody becomes more than it is: by roles, by invitations, by somebody else's address (REQ-AUTHZ-001 to 003). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiClient } from '../support/client.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';

let host: TestHost;
let org: TestOrganization;
/** Holds a custom role with these privileges alone. */
let clerk: TestUser;
const CLERK = ['users:read', 'users:write', 'roles:read', 'roles:write'] as const;
let clerkRole: string;

async function someone(email: string, roles: string[]): Promise<TestUser> {
  await org.admin.api.POST('/api/invitations', { body: { email, roles } });
  await host.settled();
  const token = /token=([\w.~-]+)/.exec(host.mail.sent.findLast(({ to }) => to === email)?.text ?? '')?.[1] ?? '';
  const body = { token, username: email, password: PASSWORD, confirmPassword: PASSWORD, displayName: 'Someone' };
  await apiClient(host.origin).POST('/api/invitations/accept', { body });
  return host.signIn(email);
}

beforeAll(async () => {
  host = await startTestHost();
  org = await host.organization();
  const { data } = await org.admin.api.POST('/api/roles', { body: { name: 'Clerk', privileges: [...CLERK] } });
  clerkRole = data?.id ?? '';
  clerk = await someone('clerk@x.example', [clerkRole]);
});
afterAll(() => host.close());

const path = (userId: string) => ({ params: { path: { userId } } });

describe('Who may change users', () => {
  test('does not set the address of one who may do more: a link for a new password would go there', async () => {
    const email = 'clerk@x.example';
    const patched = await clerk.api.PATCH('/api/users/{userId}', { ...path(org.admin.userId), body: { email } });
    expect(patched.response.status).toBe(403);
    const body = { displayName: 'The admin', email };
    const put = await clerk.api.PUT('/api/users/{userId}', { ...path(org.admin.userId), body });
    expect(put.response.status).toBe(403);
    host.mail.sent.splice(0);
    await apiClient(host.origin).POST('/api/identity/forgot-password', { body: { username: org.admin.username } });
    await host.settled();
    expect(host.mail.sent.map(({ to }) => to)).toEqual([org.admin.username]);
  });

  test('sets that of an equal, its own, and everything else of anyone; an admin sets any', async () => {
    const equal = await someone('equal@x.example', [clerkRole]);
    const changed = await clerk.api.PATCH('/api/users/{userId}', {
      ...path(equal.userId),
      body: { email: 'new@x.example' },
    });
    expect(changed.data?.email).toBe('new@x.example');
    const own = await clerk.api.PATCH('/api/users/{userId}', {
      ...path(clerk.userId),
      body: { email: 'me@x.example' },
    });
    expect(own.response.status).toBe(200);
    const name = await clerk.api.PATCH('/api/users/{userId}', {
      ...path(org.admin.userId),
      body: { displayName: 'The boss' },
    });
    expect(name.data?.displayName).toBe('The boss');
    const manager = await org.as('manager');
    const byAdmin = await org.admin.api.PATCH('/api/users/{userId}', {
      ...path(manager.userId),
      body: { email: 'm@x.example' },
    });
    expect(byAdmin.data?.email).toBe('m@x.example');
  });

  test('gives no role above its own, to itself, to others or by invitation', async () => {
    for (const role of ['admin', 'manager', 'viewer']) {
      const roles = [clerkRole, role];
      for (const userId of [clerk.userId, (await org.as('staff')).userId]) {
        const { response } = await clerk.api.PUT('/api/users/{userId}/roles', { ...path(userId), body: { roles } });
        expect([role, response.status]).toEqual([role, 403]);
      }
      const { response } = await clerk.api.POST('/api/invitations', { body: { email: 'z@x.example', roles: [role] } });
      expect([role, response.status]).toEqual([role, 403]);
    }
  });

  test('makes no role of more than it holds, and adds nothing to one', async () => {
    const made = await clerk.api.POST('/api/roles', { body: { name: 'More', privileges: ['settings:write'] } });
    expect(made.response.status).toBe(403);
    const params = { params: { path: { roleId: clerkRole } } };
    const raised = await clerk.api.PUT('/api/roles/{roleId}', {
      ...params,
      body: { name: 'Clerk', privileges: [...CLERK, 'events:approve'] },
    });
    expect(raised.response.status).toBe(403);
    const renamed = await clerk.api.PATCH('/api/roles/{roleId}', { ...params, body: { name: 'The clerk' } });
    expect(renamed.data).toMatchObject({ name: 'The clerk', privileges: [...CLERK] });
  });
});

describe('Sign-in', () => {
  test('takes a username with blanks around it and in any case (REQ-AUTH-003)', async () => {
    const body = { username: '  ADMIN@org1.example ', password: PASSWORD };
    const { response } = await apiClient(host.origin).POST('/api/identity/authenticate', { body });
    expect(response.status).toBe(200);
  });
});
