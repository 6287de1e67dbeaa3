import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerCustomer } from '../../shared/customers/commands.ts';
import { NewCustomer } from '../../shared/customers/fields.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Send } from '../support/callers.ts';
import { unguardedProcess } from '../support/faults.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';
import { address, customerHost, newId, someone } from './support.ts';

let platform: TestPlatform;
let host: Awaited<ReturnType<typeof customerHost>>;
beforeAll(async () => {
  platform = await testPlatform();
  host = await customerHost(platform);
});
afterAll(async () => {
  await host.close();
  await platform.close();
});

const one = 'customers/{customerId}';
async function made(ask: Send, more: object = {}) {
  const { status, body } = await ask('POST', 'customers', { body: { ...someone, ...more } });
  expect(status).toBe(201);
  return body;
}

/** An event as far as customers look at it. */
async function book(orgId: string, customerId: string, startsAt: string, endsAt: string, open = true) {
  const id = newId();
  const state = { customerId, startsAt, endsAt };
  const ix = { customerId, open, startsAt, title: 'x', status: 'confirmed', createdAt: startsAt, listed: true };
  const document = { id, kind: 'event', body: { state }, ix };
  await platform.store.commit('events', [orgId], [{ op: 'create', document }]);
  return id;
}

async function organization(orgId: string, country: string) {
  const document = { id: orgId, kind: 'organization', body: { state: { country } } };
  await platform.store.commit('identity', [orgId], [{ op: 'create', document }]);
}

describe('registering and reading', () => {
  test('REQ-CUS-001, 006: a customer is registered with a number, normalized, and found at its address', async () => {
    const ask = host.caller();
    const { status, body, headers } = await ask('POST', 'customers', {
      body: { ...someone, primaryEmail: ' Hello@BlueDoor.example', tags: ['VIP', 'vip', 'Loyal'] },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      customerNumber: 'CUS-000001',
      primaryEmail: 'hello@bluedoor.example',
      primaryPhone: '+442079460018',
      tags: ['loyal', 'vip'],
      status: 'active',
      segment: 'standard',
      preferences: { channels: ['email'], language: 'en', marketingConsent: false },
      possibleDuplicates: [],
    });
    expect(headers.get('location')).toBe(`${host.origin}/api/customers/${body.id}`);
    const read = await ask('GET', one, { params: { customerId: body.id } });
    expect(read.headers.get('etag')).toBe(headers.get('etag'));
    const { possibleDuplicates: _, ...shown } = body;
    expect(read.body).toEqual(shown);
  });

  test('REQ-CUS-001: all field errors come at once, with their paths', async () => {
    const { status, body } = await host.caller()('POST', 'customers', {
      body: {
        name: 'x',
        type: 'guild',
        primaryEmail: 'nobody',
        primaryPhone: '+12',
        extra: 1,
        addresses: [{ ...address, postalCode: '90210' }],
      },
    });
    expect(status).toBe(400);
    const paths = body.errors.map(({ path }: { path: string }) => path);
    expect(paths.toSorted()).toEqual([
      'body.addresses.0.postalCode',
      'body.extra',
      'body.name',
      'body.primaryEmail',
      'body.primaryPhone',
      'body.type',
    ]);
  });

  test('a number without + is read as one of the organization’s country, and refused when it cannot be', async () => {
    const orgId = newId();
    await organization(orgId, 'GB');
    const ask = host.caller({ orgId });
    expect((await made(ask, { primaryPhone: '020 7946 0018' })).primaryPhone).toBe('+442079460018');
    const bad = await ask('POST', 'customers', { body: { ...someone, primaryPhone: '0123' } });
    expect(bad.body.errors).toMatchObject([{ path: 'body.primaryPhone', code: 'bad_phone' }]);
    const contact = { firstName: 'Ann', lastName: 'Lee', email: 'ann@lee.example', phone: '0123' };
    const contacts = [contact, { ...contact, email: 'bo@lee.example' }];
    const worse = { ...someone, primaryPhone: '0123', contacts, assignedTo: newId() };
    expect((await ask('POST', 'customers', { body: worse })).body.errors).toMatchObject([
      { path: 'body.primaryPhone' },
      { path: 'body.contacts.0.phone' },
      { path: 'body.contacts.1.phone' },
      { path: 'body.assignedTo' },
    ]);
    const homeless = await host.caller()('POST', 'customers', { body: { ...someone, primaryPhone: '020 7946 0018' } });
    expect(homeless.status).toBe(400);
  });

  /** The numbers of 50 customers registered at once, in two processes. */
  async function fifty(twist: (each: Platform) => Platform): Promise<string[]> {
    const orgId = newId();
    const scopes = [platform, platform.twin()].map((each) => testScope(twist(each), orgId));
    const made = Array.from({ length: 50 }, async (_, at) => {
      const scope = scopes[at % 2];
      return scope && registerCustomer(scope, NewCustomer.parse({ ...someone, name: `Customer ${at}` }));
    });
    return (await Promise.all(made)).map((customer) => customer?.state.customerNumber ?? '').toSorted();
  }
  const wanted = Array.from({ length: 50 }, (_, at) => `CUS-${String(at + 1).padStart(6, '0')}`);

  test('REQ-CUS-002: 50 registered at once get the numbers 1 to 50, with no gap', async () => {
    const ask = host.caller();
    const all = await Promise.all(Array.from({ length: 50 }, (_, at) => made(ask, { name: `Customer ${at}` })));
    expect(all.map(({ customerNumber }) => customerNumber).toSorted()).toEqual(wanted);
    expect(await fifty((each) => each)).toEqual(wanted);
  });
  test('without the counter’s etag two would get the same number (twin of the test above)', async () => {
    expect(new Set(await fifty(unguardedProcess)).size).toBeLessThan(50);
  });

  test('a shared primary email is allowed and reported as possibleDuplicates, on POST, PUT and PATCH', async () => {
    const ask = host.caller();
    const first = await made(ask, { name: 'First' });
    const second = await made(ask, { name: 'Second' });
    const told = [{ id: first.id, customerNumber: 'CUS-000001', name: 'First' }];
    expect(second.possibleDuplicates).toEqual(told);
    const params = { customerId: second.id };
    expect((await ask('PATCH', one, { params, body: { notes: 'Twin?' } })).body.possibleDuplicates).toEqual(told);
    const { type: _, ...fields } = someone;
    expect((await ask('PUT', one, { params, body: fields })).body.possibleDuplicates).toEqual(told);
    const apart = await ask('PATCH', one, { params, body: { primaryEmail: 'second@bluedoor.example' } });
    expect(apart.body.possibleDuplicates).toEqual([]);
  });

  test('an assignee must be a user of the organization; a user of another one is none', async () => {
    const orgId = newId();
    const user = newId();
    const stranger = newId();
    const document = (id: string) => ({ id, kind: 'user', body: { state: {} } });
    await platform.store.commit('identity', [orgId], [{ op: 'create', document: document(user) }]);
    await platform.store.commit('identity', [newId()], [{ op: 'create', document: document(stranger) }]);
    const ask = host.caller({ orgId });
    expect((await made(ask, { assignedTo: user })).assignedTo).toBe(user);
    for (const assignedTo of [stranger, newId(), orgId]) {
      const { status, body } = await ask('POST', 'customers', { body: { ...someone, assignedTo } });
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ path: 'body.assignedTo' }]);
    }
  });

  test('an externalId is unique in the organization, and free again when its customer is deleted', async () => {
    const ask = host.caller();
    const first = await made(ask, { externalId: 'A-1' });
    const second = await ask('POST', 'customers', { body: { ...someone, externalId: 'A-1' } });
    expect(second.body).toMatchObject({ status: 409, type: 'urn:marquee:problem:already_exists', field: 'externalId' });
    expect((await ask('DELETE', one, { params: { customerId: first.id } })).status).toBe(204);
    await made(ask, { externalId: 'A-1' });
    await made(host.caller(), { externalId: 'A-1' });
  });
});

describe('changing', () => {
  test('REQ-CUS-003: PATCH changes what it names, PUT clears what it leaves out, and the facts say what changed', async () => {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const { id } = await made(ask, { industry: 'Food', website: 'https://bluedoor.example', notes: 'Nice' });
    const params = { customerId: id };
    const patched = await ask('PATCH', one, {
      params,
      body: { notes: null, primaryPhone: '+44 20 7946 0019', preferences: { marketingConsent: true } },
    });
    expect(patched.body).toMatchObject({
      industry: 'Food',
      primaryPhone: '+442079460019',
      preferences: { language: 'en', marketingConsent: true },
    });
    expect(patched.body.notes).toBeUndefined();
    const facts = await platform.store.query('customers', [orgId], {
      kind: 'fact',
      where: [{ path: 'subject', eq: id }],
      limit: 10,
    });
    const said = facts.items.map(({ document }) => document.body).map((body) => body as Record<string, unknown>);
    expect(said.slice(1).map(({ type, data }) => [type, data])).toEqual([
      ['CustomerProfileUpdated', { changes: { notes: { from: 'Nice', to: null } } }],
      ['CustomerContactInfoUpdated', { changes: { primaryPhone: { from: '+442079460018', to: '+442079460019' } } }],
      ['CustomerPreferencesUpdated', { changes: { marketingConsent: { from: false, to: true } } }],
    ]);
    const { type, ...fields } = someone;
    const put = await ask('PUT', one, { params, body: fields });
    expect(put.body).toMatchObject({ type, name: someone.name, preferences: { marketingConsent: false } });
    expect(put.body.industry).toBeUndefined();
    expect(put.body.website).toBeUndefined();
  });

  test('REQ-CUS-003: what changes nothing leaves no fact and the same ETag; its type cannot be changed', async () => {
    const ask = host.caller();
    const { id } = await made(ask);
    const params = { customerId: id };
    const before = await ask('GET', one, { params });
    const after = await ask('PATCH', one, { params, body: { name: someone.name } });
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    expect((await ask('PATCH', one, { params, body: { type: 'enterprise' } })).status).toBe(400);
  });

  test('a stale If-Match is refused with 412', async () => {
    const ask = host.caller();
    const { id } = await made(ask);
    const params = { customerId: id };
    const etag = (await ask('GET', one, { params })).headers.get('etag') ?? '';
    await ask('PATCH', one, { params, body: { name: 'Red Door' } });
    const late = await ask('PATCH', one, { params, body: { name: 'Green Door' }, headers: { 'if-match': etag } });
    expect(late.status).toBe(412);
  });

  test('REQ-CUS-007: deactivation needs a reason; each step follows only from its state', async () => {
    const ask = host.caller();
    const params = { customerId: (await made(ask)).id };
    expect((await ask('POST', `${one}/deactivate`, { params, body: {} })).status).toBe(400);
    const body = { reason: 'Closed down' };
    expect((await ask('POST', `${one}/deactivate`, { params, body })).body.status).toBe('inactive');
    const twice = await ask('POST', `${one}/deactivate`, { params, body });
    expect(twice.body).toMatchObject({ status: 409, state: 'inactive', allowed: ['reactivate'] });
    expect((await ask('POST', `${one}/reactivate`, { params, body })).body.status).toBe('active');
    const again = await ask('POST', `${one}/reactivate`, { params, body });
    expect(again.body).toMatchObject({ status: 409, state: 'active', allowed: ['deactivate'] });
  });

  test('REQ-CUS-004: a customer with upcoming events cannot be deleted; past and cancelled ones do not hold it', async () => {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const { id } = await made(ask);
    const params = { customerId: id };
    await book(orgId, id, '2026-11-19T09:00:00Z', '2026-11-20T09:00:00Z');
    await book(orgId, id, '2026-12-01T09:00:00Z', '2026-12-01T19:00:00Z', false);
    const running = await book(orgId, id, '2026-11-01T09:00:00Z', '2026-11-20T09:00:01Z');
    const refused = await ask('DELETE', one, { params });
    expect(refused.body).toMatchObject({ status: 409, rule: 'no-upcoming-events', events: [{ id: running }] });
    platform.clock.advance(1000);
    expect((await ask('DELETE', one, { params })).status).toBe(204);
    expect((await ask('GET', one, { params })).status).toBe(404);
    expect((await ask('GET', 'customers')).body.data).toEqual([]);
    platform.clock.set('2026-11-20T09:00:00Z');
  });
});
