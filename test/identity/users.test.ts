import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';

let host: TestHost;
let org: TestOrganization;
beforeAll(async () => {
  // Azurite reads the real time from the links of pictures.
  host = await startTestHost({ at: new Date().toISOString() });
  org = await host.organization();
});
afterAll(() => host.close());

const of = (userId: string) => ({ params: { path: { userId } } });

describe('One’s own profile (REQ-USER-002, REQ-USER-003)', () => {
  test('is shown without anything of signing in, and changed by PUT and PATCH', async () => {
    const { api } = await org.as('viewer');
    const { data } = await api.GET('/api/users/me');
    expect(Object.keys(data ?? {}).sort()).toEqual(
      'createdAt createdBy displayName email id lastSignInAt modifiedAt modifiedBy roles status username'.split(' '),
    );
    const patched = await api.PATCH('/api/users/me', { body: { displayName: ' Ada  ' } });
    expect(patched.data).toMatchObject({ displayName: 'Ada', email: data?.email });
    const put = await api.PUT('/api/users/me', { body: { displayName: 'Ada L.' } });
    expect(put.data).not.toHaveProperty('email');
    const back = await api.PATCH('/api/users/me', { body: { email: 'Ada@Example.com' } });
    expect(back.data).toMatchObject({ displayName: 'Ada L.', email: 'ada@example.com' });
  });

  test('does not let one raise oneself', async () => {
    const { api } = await org.as('viewer');
    for (const field of ['roles', 'status', 'customerId', 'orgId', 'username', 'epoch']) {
      const body = { displayName: 'Ada', [field]: field === 'roles' ? ['admin'] : 'admin' };
      expect((await api.PATCH('/api/users/me', { body })).response.status).toBe(400);
    }
  });

  test('obeys If-Match', async () => {
    const { api } = await org.as('accountant');
    const etag = (await api.GET('/api/users/me')).response.headers.get('etag') ?? '';
    const ifMatch = { headers: { 'If-Match': etag } };
    const first = await api.PATCH('/api/users/me', { ...ifMatch, body: { displayName: 'One' } });
    const second = await api.PATCH('/api/users/me', { ...ifMatch, body: { displayName: 'Two' } });
    expect([first.response.status, second.response.status]).toEqual([200, 412]);
  });

  test('shows a picture with a square thumbnail, until it is taken away (REQ-USER-004)', async () => {
    const { api, token } = await org.as('manager');
    const pixels = { width: 640, height: 400, channels: 3 as const, background: '#336699' };
    const bytes = await sharp({ create: pixels }).jpeg().toBuffer();
    const body = new FormData();
    body.set('file', new Blob([new Uint8Array(bytes)]), 'me.jpg');
    const address = `${host.origin}/api/users/me/avatar`;
    const headers = { authorization: `Bearer ${token}` };
    const reply = await fetch(address, { method: 'PUT', headers, body });
    expect(reply.status).toBe(200);
    const gif = new FormData();
    gif.set('file', new Blob(['GIF89a, says its content']), 'me.jpg');
    expect((await fetch(address, { method: 'PUT', headers, body: gif })).status).toBe(415);
    const { thumbnailUrl } = (await reply.json()) as { thumbnailUrl: string };
    const thumbnail = await (await fetch(thumbnailUrl)).arrayBuffer();
    expect(await sharp(Buffer.from(thumbnail)).metadata()).toMatchObject({ width: 256, height: 256, format: 'webp' });
    const shown = await api.GET('/api/users/me');
    expect(shown.data?.avatar).toMatchObject({ width: 640, height: 400 });
    expect(shown.response.headers.get('etag')).toBe(reply.headers.get('etag'));
    // Its links expire, so what a client keeps is not good for ever: no 304.
    const known = { headers: { ...headers, 'if-none-match': shown.response.headers.get('etag') ?? '' } };
    expect((await fetch(`${host.origin}/api/users/me`, known)).status).toBe(200);
    expect((await fetch(address, { method: 'DELETE', headers })).status).toBe(204);
    expect((await api.GET('/api/users/me')).data).not.toHaveProperty('avatar');
    await host.settled();
    expect((await fetch(thumbnailUrl)).status).toBe(404);
  });
});

describe('Users, for admins', () => {
  test('are found by name, username and email (REQ-USER-005)', async () => {
    await Promise.all([org.as('viewer'), org.as('staff'), org.as('manager')]);
    const found = async (query: object) => {
      const { data } = await org.admin.api.GET('/api/users', { params: { query } });
      return data?.data.map(({ username }) => username.split('@')[0]);
    };
    expect(await found({ q: 'manag' })).toEqual(['manager']);
    expect(await found({ role: 'admin' })).toEqual(['admin']);
    expect((await found({ q: 'org1' }))?.length).toBeGreaterThan(2);
    expect(await found({ q: 'nobody' })).toEqual([]);
    expect(await found({ status: 'suspended' })).toEqual([]);
  });

  test('are changed, suspended and reinstated; a suspended one is out at once', async () => {
    const staff = await org.as('staff');
    const changed = await org.admin.api.PATCH('/api/users/{userId}', {
      ...of(staff.userId),
      body: { displayName: 'The crew', staffId: '0193b0a0-7c1e-7000-8000-000000000001' },
    });
    expect(changed.data).toMatchObject({ displayName: 'The crew', roles: ['staff'] });
    const suspended = await org.admin.api.POST('/api/users/{userId}/suspend', of(staff.userId));
    expect(suspended.data?.status).toBe('suspended');
    expect((await staff.api.GET('/api/users/me')).response.status).toBe(401);
    const twice = await org.admin.api.POST('/api/users/{userId}/suspend', of(staff.userId));
    expect(twice.error).toMatchObject({ status: 409, state: 'suspended', allowed: ['reinstate'] });
    const reinstated = await org.admin.api.POST('/api/users/{userId}/reinstate', of(staff.userId));
    expect(reinstated.data?.status).toBe('active');
    expect((await staff.api.GET('/api/users/me')).response.status).toBe(401);
  });

  test('are linked to a customer of their organization only', async () => {
    const { data } = await org.admin.api.POST('/api/customers', {
      body: { name: 'Acme', type: 'enterprise', primaryEmail: 'a@acme.example', primaryPhone: '+12025550123' },
    } as never);
    const customerId = (data as { id: string } | undefined)?.id ?? '';
    const customer = await org.as('customer');
    const linked = await org.admin.api.PATCH('/api/users/{userId}', { ...of(customer.userId), body: { customerId } });
    expect(linked.data?.customerId).toBe(customerId);
    const other = await host.organization();
    const foreign = await other.admin.api.PATCH('/api/users/{userId}', {
      ...of(other.admin.userId),
      body: { customerId },
    });
    expect(foreign.error).toMatchObject({ status: 400, errors: [{ path: 'body.customerId' }] });
  });

  test('of another organization are not there', async () => {
    const other = await host.organization();
    const id = of(org.admin.userId);
    const { api } = other.admin;
    const replies = await Promise.all([
      api.GET('/api/users/{userId}', id),
      api.PATCH('/api/users/{userId}', { ...id, body: { displayName: 'Mine' } }),
      api.PUT('/api/users/{userId}/roles', { ...id, body: { roles: ['viewer'] } }),
      api.POST('/api/users/{userId}/suspend', id),
    ]);
    expect(replies.map(({ response }) => response.status)).toEqual([404, 404, 404, 404]);
    expect((await org.admin.api.GET('/api/users/me')).data).toMatchObject({ roles: ['admin'], status: 'active' });
  });

  test('the last admin stays one', async () => {
    const other = await host.organization();
    const id = of(other.admin.userId);
    const demoted = await other.admin.api.PUT('/api/users/{userId}/roles', { ...id, body: { roles: ['viewer'] } });
    const suspended = await other.admin.api.POST('/api/users/{userId}/suspend', id);
    for (const { error } of [demoted, suspended]) expect(error).toMatchObject({ status: 409, rule: 'last-admin' });
  });
});

describe('The organization', () => {
  test('is shown to all in it, and changed by who may', async () => {
    const viewer = await org.as('viewer');
    const { data } = await viewer.api.GET('/api/organization');
    expect(data).toMatchObject({ id: org.orgId, currency: 'USD', timeZone: 'Etc/UTC', country: 'US' });
    const body = {
      country: 'gb',
      timeZone: 'Europe/London',
      currency: 'GBP',
      settings: { weekStartsOn: 'sunday' as const },
    };
    expect((await viewer.api.PATCH('/api/organization', { body })).response.status).toBe(403);
    const changed = await org.admin.api.PATCH('/api/organization', { body });
    expect(changed.data).toMatchObject({
      name: data?.name,
      country: 'GB',
      currency: 'GBP',
      settings: { locale: 'en' },
    });
    for (const wrong of [{ currency: 'XYZ' }, { timeZone: 'Europe/Nowhere' }, { country: 'ZZ' }, { name: null }]) {
      const reply = await org.admin.api.PATCH('/api/organization', { body: wrong as never });
      expect(reply.response.status).toBe(400);
    }
  });

  test('obeys If-Match', async () => {
    const patch = (name: string, etag: string) =>
      org.admin.api.PATCH('/api/organization', { body: { name }, headers: { 'If-Match': etag } });
    const etag = (await org.admin.api.GET('/api/organization')).response.headers.get('etag') ?? '';
    expect((await patch('First', etag)).response.status).toBe(200);
    expect((await patch('Second', etag)).response.status).toBe(412);
  });
});
