import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiClient } from '../support/client.ts';
import { PASSWORD, startTestHost, type TestHost } from '../support/host.ts';

let host: TestHost;
beforeAll(async () => {
  host = await startTestHost();
});
afterAll(() => host.close());

const mine = () => apiClient(host.origin);
const linkIn = (to: string) =>
  /token=([\w.~-]+)/.exec(host.mail.sent.findLast((message) => message.to === to)?.text ?? '')?.[1] ?? '';

describe('Identity over HTTP', () => {
  test('registers, signs in, refreshes and signs out', async () => {
    const body = {
      username: 'life@example.com',
      password: PASSWORD,
      confirmPassword: PASSWORD,
      organizationName: 'A whole life',
    };
    const made = await mine().POST('/api/identity/register', { body });
    expect(made.response.status).toBe(201);
    expect(made.response.headers.get('location')).toContain(`/api/users/${made.data?.userId}`);
    expect(made.data).toMatchObject({ username: 'life@example.com', organizationId: expect.any(String) });
    const pair = await mine().POST('/api/identity/authenticate', {
      body: { username: body.username, password: PASSWORD },
    });
    const { refreshToken = '' } = pair.data ?? {};
    const next = await mine().POST('/api/identity/refresh-token', { body: { refreshToken } });
    const api = apiClient(host.origin, next.data?.accessToken);
    expect((await api.POST('/api/identity/sign-out')).response.status).toBe(204);
    expect((await api.GET('/api/users/me')).response.status).toBe(401);
    const after = await mine().POST('/api/identity/refresh-token', {
      body: { refreshToken: next.data?.refreshToken ?? '' },
    });
    expect(after.response.status).toBe(401);
  });

  test.each([
    ['a short password', { password: 'short', confirmPassword: 'short' }, 'body.password'],
    ['another confirmation', { confirmPassword: `${PASSWORD}!` }, 'body.confirmPassword'],
    ['a password of 129 characters', { password: 'x'.repeat(129), confirmPassword: 'x'.repeat(129) }, 'body.password'],
    ['a username of two characters', { username: 'ab' }, 'body.username'],
    ['a username with spaces', { username: 'a b c' }, 'body.username'],
    ['an email that is none', { email: 'nowhere' }, 'body.email'],
    [
      'an organization id of its own',
      { organizationId: '0193b0a0-7c1e-7000-8000-000000000001' },
      'body.organizationId',
    ],
    ['roles of its own', { roles: ['admin'] }, 'body.roles'],
  ])('refuses a registration with %s, and says where', async (_, change, path) => {
    const body = {
      username: 'new@example.com',
      password: PASSWORD,
      confirmPassword: PASSWORD,
      organizationName: 'New',
      ...change,
    };
    const { error, response } = await mine().POST('/api/identity/register', { body });
    expect(response.status).toBe(400);
    expect((error as { errors: { path: string }[] }).errors.map((each) => each.path)).toContain(path);
  });

  test('forgets and resets a password by mail, and always answers 202', async () => {
    const { admin } = await host.organization();
    for (const username of [admin.username, 'nobody@example.com']) {
      const { response, data } = await mine().POST('/api/identity/forgot-password', { body: { username } });
      expect([response.status, data]).toEqual([202, { status: 'accepted' }]);
    }
    await host.settled();
    const password = 'another good password';
    const body = { token: linkIn(admin.username), password, confirmPassword: password };
    expect((await mine().POST('/api/identity/reset-password', { body })).response.status).toBe(204);
    expect((await mine().POST('/api/identity/reset-password', { body })).response.status).toBe(400);
    expect((await admin.api.GET('/api/users/me')).response.status).toBe(401);
    const signIn = { body: { username: admin.username, password } };
    expect((await mine().POST('/api/identity/authenticate', signIn)).response.status).toBe(200);
    await host.settled();
    expect(host.mail.sent.findLast(({ to }) => to === admin.username)?.subject).toContain('was changed');
    expect(host.mail.sent.some(({ to }) => to === 'nobody@example.com')).toBe(false);
  });

  test('links in mail never follow the Host header of a request', async () => {
    const { admin } = await host.organization();
    await fetch(`${host.origin}/api/identity/forgot-password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      body: JSON.stringify({ username: admin.username }),
    });
    await host.settled();
    const { text = '' } = host.mail.sent.findLast(({ to }) => to === admin.username) ?? {};
    expect(text).toContain(`http://${host.platform.config.HOST}:`);
  });

  test('changes the password of whoever is signed in', async () => {
    const { admin } = await host.organization();
    const newPassword = 'another good password';
    const wrong = { currentPassword: 'not the password', newPassword };
    const { error } = await admin.api.PUT('/api/identity/password', { body: wrong });
    expect(error).toMatchObject({ status: 400, errors: [{ path: 'body.currentPassword' }] });
    const right = { currentPassword: PASSWORD, newPassword };
    expect((await admin.api.PUT('/api/identity/password', { body: right })).response.status).toBe(204);
    expect((await admin.api.GET('/api/users/me')).response.status).toBe(200);
  });

  test('invites, shows, resends and revokes', async () => {
    const { admin, orgId } = await host.organization('Inviting');
    const email = 'guest@example.com';
    const made = await admin.api.POST('/api/invitations', { body: { email, roles: ['viewer'], displayName: 'Guest' } });
    expect(made.data).toMatchObject({ email, status: 'pending' });
    await host.settled();
    const opened = await mine().GET('/api/invitations/token/{token}', { params: { path: { token: linkIn(email) } } });
    expect(opened.data).toMatchObject({ email, organizationName: 'Inviting', displayName: 'Guest' });
    const id = { params: { path: { id: made.data?.id ?? '' } } };
    expect((await admin.api.POST('/api/invitations/{id}/resend', id)).response.status).toBe(200);
    const { data: list } = await admin.api.GET('/api/invitations', { params: { query: { status: 'pending' } } });
    expect(list?.data.map((each) => each.id)).toEqual([made.data?.id]);
    host.clock.advance(8 * 24 * 3600 * 1000);
    const { admin: later } = { admin: apiClient(host.origin, await tokenOf(admin.username)) };
    const { data: expired } = await later.GET('/api/invitations');
    expect(expired?.data[0]?.status).toBe('expired');
    expect((await later.DELETE('/api/invitations/{id}', id)).response.status).toBe(204);
    expect((await later.GET('/api/invitations')).data?.data).toEqual([]);
    expect((await later.POST('/api/invitations/{id}/resend', id)).response.status).toBe(404);
    expect(orgId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  async function tokenOf(username: string): Promise<string> {
    const { data } = await mine().POST('/api/identity/authenticate', { body: { username, password: PASSWORD } });
    return data?.accessToken ?? '';
  }

  test('keeps neither tokens nor digests of passwords alone under an Idempotency-Key', async () => {
    const { admin } = await host.organization();
    const key = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
    const body = { username: admin.username, password: PASSWORD };
    const signIn = () => mine().POST('/api/identity/authenticate', { body, headers: { 'Idempotency-Key': key } });
    const [one, two] = [await signIn(), await signIn()];
    expect(two.response.status).toBe(200);
    expect(two.data?.refreshToken).not.toBe(one.data?.refreshToken);
    const { items } = await host.platform.store.query('idempotency', ['public:127.0.0.1'], {
      kind: 'idempotency',
      limit: 100,
    });
    expect(JSON.stringify(items)).not.toContain('refreshToken');
  });
});
