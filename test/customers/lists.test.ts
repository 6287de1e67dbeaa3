import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tagCustomer } from '../../shared/customers/commands.ts';
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
async function made(ask: Send, more: object = {}): Promise<string> {
  const { status, body } = await ask('POST', 'customers', { body: { ...someone, ...more } });
  expect(status).toBe(201);
  return body.id;
}
async function names(ask: Send, query: Record<string, string> = {}): Promise<string[]> {
  const { status, body } = await ask('GET', 'customers', { query });
  expect(status).toBe(200);
  return body.data.map(({ name }: { name: string }) => name);
}

describe('finding customers', () => {
  let ask: Send;
  beforeAll(async () => {
    ask = host.caller();
    await made(ask, { name: 'Élan Vital', type: 'enterprise', segment: 'vip', tags: ['gold', 'north'] });
    await made(ask, {
      name: 'Alpha Events',
      primaryEmail: 'office@alpha.example',
      tags: ['gold'],
      addresses: [address],
      contacts: [{ firstName: 'Zoë', lastName: 'Quill', email: 'zoe@quill.example' }],
    });
    const closed = await made(ask, {
      name: 'beta Hall',
      type: 'individual',
      tags: ['north'],
      addresses: [{ ...address, postalCode: '90210', country: 'US' }],
    });
    await ask('POST', `${one}/deactivate`, { params: { customerId: closed }, body: { reason: 'Gone' } });
  });

  test('REQ-CUS-005: sorted by name without regard to case and accents, or by another field', async () => {
    expect(await names(ask)).toEqual(['Alpha Events', 'beta Hall', 'Élan Vital']);
    expect(await names(ask, { sort: '-name' })).toEqual(['Élan Vital', 'beta Hall', 'Alpha Events']);
    expect(await names(ask, { sort: 'createdAt' })).toEqual(['Élan Vital', 'Alpha Events', 'beta Hall']);
    expect(await names(ask, { sort: '-modifiedAt,name' })).toHaveLength(3);
    expect((await ask('GET', 'customers', { query: { sort: 'notes' } })).status).toBe(400);
  });

  test.each([
    [{ q: 'elan' }, ['Élan Vital']],
    [{ q: 'CUS-000002' }, ['Alpha Events']],
    [{ q: 'office@alpha' }, ['Alpha Events']],
    [{ q: 'zoe qui' }, ['Alpha Events']],
    [{ q: 'zoe elan' }, []],
    [{ q: 'QUILL.example' }, ['Alpha Events']],
  ])('REQ-CUS-035: search %o finds %o', async (query, found) => {
    expect(await names(ask, query)).toEqual(found);
  });

  test.each([
    [{ status: 'active' }, ['Alpha Events', 'Élan Vital']],
    [{ status: 'inactive' }, ['beta Hall']],
    [{ type: 'enterprise,individual' }, ['beta Hall', 'Élan Vital']],
    [{ segment: 'vip' }, ['Élan Vital']],
    [{ tag: 'GOLD' }, ['Alpha Events', 'Élan Vital']],
    [{ tag: 'gold,north' }, ['Alpha Events', 'beta Hall', 'Élan Vital']],
    [{ tag: 'none' }, []],
    [{ country: 'gb' }, ['Alpha Events']],
    [{ country: 'GB,US', status: 'inactive' }, ['beta Hall']],
    [{ q: 'events', tag: 'gold', country: 'GB' }, ['Alpha Events']],
  ])('REQ-CUS-036: the filter %o finds %o', async (query, found) => {
    expect(await names(ask, query as Record<string, string>)).toEqual(found);
  });

  test('a filter that the list does not know, or a value it does not, is 400', async () => {
    const wrong: Record<string, string>[] = [
      { colour: 'red' },
      { status: 'gone' },
      { country: 'XX' },
      { cursor: 'abc' },
    ];
    for (const query of wrong) {
      expect((await ask('GET', 'customers', { query })).status).toBe(400);
    }
  });

  test('pages follow each other and count all', async () => {
    const first = await ask('GET', 'customers', { query: { limit: '2', count: 'true' } });
    expect(first.body).toMatchObject({
      data: [{ name: 'Alpha Events' }, { name: 'beta Hall' }],
      page: { totalCount: 3 },
    });
    const second = await ask('GET', 'customers', { query: { limit: '2', cursor: first.body.page.nextCursor } });
    expect(second.body.data.map(({ name }: { name: string }) => name)).toEqual(['Élan Vital']);
    expect(second.body.page.nextCursor).toBeNull();
  });
});

describe('tags', () => {
  async function counts(ask: Send) {
    const { body } = await ask('GET', 'customers/tags');
    return Object.fromEntries(body.data.map(({ tag, count }: { tag: string; count: number }) => [tag, count]));
  }

  test('REQ-CUS-016: tags are set without regard to case, and counted as customers come, change and go', async () => {
    const ask = host.caller();
    const ann = await made(ask, { tags: ['Gold', 'Größe'] });
    const bob = await made(ask, { tags: ['gold'] });
    expect(await counts(ask)).toEqual({ gold: 2, größe: 1 });
    const set = await ask('PUT', `${one}/tags`, { params: { customerId: bob }, body: { tags: ['Silver', 'SILVER'] } });
    expect(set.body.tags).toEqual(['silver']);
    expect(await counts(ask)).toEqual({ gold: 1, größe: 1, silver: 1 });
    await ask('DELETE', one, { params: { customerId: ann } });
    expect(await counts(ask)).toEqual({ silver: 1 });
    const bad = { tags: ['two words', 'a'.repeat(51), ''] };
    const refused = await ask('PUT', `${one}/tags`, { params: { customerId: bob }, body: bad });
    expect(refused.body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'body.tags.0',
      'body.tags.1',
      'body.tags.2',
      'body.tags.2',
    ]);
    const many = { tags: Array.from({ length: 31 }, (_, at) => `t${at}`) };
    expect((await ask('PUT', `${one}/tags`, { params: { customerId: bob }, body: many })).status).toBe(400);
    const patched = await ask('PATCH', `${one}/tags`, { params: { customerId: bob }, body: { tags: ['Gold'] } });
    expect(patched.body.tags).toEqual(['gold']);
    expect((await ask('PATCH', `${one}/tags`, { params: { customerId: bob }, body: {} })).body.tags).toEqual(['gold']);
  });

  /** Twelve customers change a common tag at once, in two processes; the counts then. */
  async function retagAll(twist: (each: Platform) => Platform) {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const ids = await Promise.all(Array.from({ length: 12 }, (_, at) => made(ask, { name: `C ${at}`, tags: ['a'] })));
    const scopes = [platform, platform.twin()].map((each) => testScope(twist(each), orgId));
    await Promise.all(
      ids.map(async (id, at) => {
        const scope = scopes[at % 2];
        if (scope) await tagCustomer(scope, id, () => ['b', `own-${at}`]);
      }),
    );
    return counts(ask);
  }

  test('REQ-CUS-016: counts stay right when many customers take one tag at once, in two processes', async () => {
    const found = await retagAll((each) => each);
    expect(found).toMatchObject({ b: 12, 'own-3': 1 });
    expect(found).not.toHaveProperty('a');
  });
  test('without etags they would not (twin of the test above)', async () => {
    expect((await retagAll(unguardedProcess)).b).toBeLessThan(12);
  });
});

describe('communications', () => {
  test('REQ-CUS-025: they are listed newest first, and filtered by kind and time', async () => {
    const ask = host.caller();
    const customerId = await made(ask, { contacts: [{ firstName: 'A', lastName: 'B', email: 'a@b.example' }] });
    const path = `${one}/communications`;
    const params = { customerId };
    const [{ id: contactId }] = (await ask('GET', one, { params })).body.contacts;
    const log = (body: object) => ask('POST', path, { params, body: { direction: 'outbound', body: '', ...body } });
    const call = await log({
      kind: 'phone',
      at: '2026-11-01T10:00:00+01:00',
      subject: 'First',
      durationMinutes: 12,
      contactId,
    });
    expect(call.body).toMatchObject({ kind: 'phone', at: '2026-11-01T09:00:00Z', contactId, durationMinutes: 12 });
    await log({ kind: 'email', at: '2026-11-03T09:00:00Z', subject: 'Third' });
    await log({ kind: 'note', at: '2026-11-02T09:00:00Z', subject: 'Second' });
    const subjects = async (query: Record<string, string>) =>
      (await ask('GET', path, { params, query })).body.data.map(({ subject }: { subject: string }) => subject);
    expect(await subjects({})).toEqual(['Third', 'Second', 'First']);
    expect(await subjects({ kind: 'phone,note' })).toEqual(['Second', 'First']);
    expect(await subjects({ from: '2026-11-02T09:00:00Z', to: '2026-11-03T09:00:00Z' })).toEqual(['Second']);
    const stranger = await log({ kind: 'phone', at: '2026-11-01T09:00:00Z', subject: 'x', contactId: newId() });
    expect(stranger.body.errors).toMatchObject([{ path: 'body.contactId' }]);
    expect((await ask('GET', path, { params: { customerId: newId() } })).status).toBe(404);
  });
});

describe('a user with role customer', () => {
  const orgId = newId();
  let own: string;
  let other: string;
  let self: Send;
  let admin: Send;
  beforeAll(async () => {
    admin = host.caller({ orgId });
    own = await made(admin, { name: 'Own', tags: ['gold'] });
    other = await made(admin, { name: 'Other', tags: ['north'] });
    self = host.caller({ orgId, role: 'customer', customerId: own });
  });

  test('sees itself alone: in the list, by id, in tags, in the export; its twin by email is not told', async () => {
    expect(await names(self)).toEqual(['Own']);
    expect(await names(self, { q: 'other' })).toEqual([]);
    expect((await self('GET', one, { params: { customerId: own } })).status).toBe(200);
    expect((await self('GET', one, { params: { customerId: other } })).status).toBe(403);
    expect((await self('GET', one, { params: { customerId: newId() } })).status).toBe(404);
    expect((await self('GET', 'customers/tags')).body.data).toEqual([{ tag: 'gold', count: 1 }]);
    expect((await self('GET', 'customers/export')).text.split('\r\n')).toHaveLength(3);
    const patched = await self('PATCH', one, { params: { customerId: own }, body: { notes: 'Call late' } });
    expect(patched.body).toMatchObject({ notes: 'Call late', possibleDuplicates: [] });
  });

  test('changes neither its segment, tags, status or assignee, nor anything of another', async () => {
    const params = { customerId: own };
    const reason = { reason: 'x' };
    for (const [method, path, body] of [
      ['PATCH', one, { segment: 'vip' }],
      ['PATCH', one, { externalId: 'x' }],
      ['PUT', `${one}/tags`, { tags: ['vip'] }],
      ['POST', `${one}/deactivate`, reason],
      ['POST', `${one}/reactivate`, reason],
      ['POST', `${one}/communications`, { kind: 'note', subject: 'x' }],
      ['DELETE', one, undefined],
    ] as const) {
      expect([path, (await self(method, path, { params, body })).status]).toEqual([path, 403]);
    }
    const patch = { params: { customerId: other }, body: { notes: 'Mine' } };
    expect((await self('PATCH', one, patch)).status).toBe(403);
    expect((await self('POST', 'customers', { body: someone })).status).toBe(403);
    const { body } = await admin('GET', one, { params: { customerId: other } });
    expect(body.notes).toBeUndefined();
  });

  test('who is linked to none sees none', async () => {
    const unlinked = host.caller({ orgId, role: 'customer' });
    expect(await names(unlinked)).toEqual([]);
    expect((await unlinked('GET', 'customers/tags')).body.data).toEqual([]);
    expect((await unlinked('GET', one, { params: { customerId: own } })).status).toBe(403);
  });

  test('keeps notes of the staff, and what it said internally, out of its communications', async () => {
    const params = { customerId: own };
    const path = `${one}/communications`;
    await admin('POST', path, { params, body: { kind: 'email', subject: 'About them', direction: 'internal' } });
    const internal = { kind: 'sms', subject: 'x', direction: 'internal' };
    expect((await self('POST', path, { params, body: internal })).status).toBe(403);
    const logged = await self('POST', path, {
      params,
      body: { kind: 'sms', subject: 'Hi', at: '2020-01-01T00:00:00Z' },
    });
    expect(logged.body).toMatchObject({ direction: 'inbound' });
    await admin('POST', `${one}/communications`, { params, body: { kind: 'note', subject: 'Pays late' } });
    await admin('POST', `${one}/communications`, { params, body: { kind: 'email', subject: 'Hello' } });
    const seen = (await self('GET', `${one}/communications`, { params })).body.data;
    expect(seen.map(({ subject }: { subject: string }) => subject)).toEqual(['Hello', 'Hi']);
  });
});
