import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addAddress, removeAddress, reviseAddress } from '../../shared/customers/addresses.ts';
import { addContactTo, reviseContactOf } from '../../shared/customers/commands.ts';
import { addContact, removeContact, reviseContact } from '../../shared/customers/contacts.ts';
import { type CustomerFact, type CustomerState, customers } from '../../shared/customers/model.ts';
import { register } from '../../shared/customers/rules.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
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
const contacts = `${one}/contacts`;
const contact = `${contacts}/{contactId}`;
const addresses = `${one}/addresses`;
const oneAddress = `${addresses}/{addressId}`;
const person = (name: string) => ({ firstName: name, lastName: 'Doe', email: `${name}@bluedoor.example` });

async function made(ask: Send, more: object = {}): Promise<string> {
  const { status, body } = await ask('POST', 'customers', { body: { ...someone, ...more } });
  expect(status).toBe(201);
  return body.id;
}
async function shown(ask: Send, customerId: string) {
  return (await ask('GET', one, { params: { customerId } })).body;
}
const primaries = (customer: { contacts: { primary: boolean; id: string }[] }) =>
  customer.contacts.filter(({ primary }) => primary).map(({ id }) => id);

describe('contacts', () => {
  test('the first is the primary; a second takes its place in one PATCH', async () => {
    const ask = host.caller();
    const customerId = await made(ask);
    const params = { customerId };
    const ann = await ask('POST', contacts, { params, body: { ...person('ann'), tags: ['Finance'] } });
    expect(ann.body).toMatchObject({ primary: true, tags: ['finance'] });
    expect(ann.headers.get('location')).toBe(`${host.origin}/api/customers/${customerId}/contacts/${ann.body.id}`);
    const bob = (await ask('POST', contacts, { params, body: person('bob') })).body;
    expect(bob.primary).toBe(false);
    const swapped = await ask('PATCH', contact, { params: { customerId, contactId: bob.id }, body: { primary: true } });
    expect(swapped.body.primary).toBe(true);
    expect(primaries(await shown(ask, customerId))).toEqual([bob.id]);
    expect((await ask('GET', contact, { params: { customerId, contactId: ann.body.id } })).body.primary).toBe(false);
  });

  test('the primary cannot simply step down', async () => {
    const ask = host.caller();
    const customerId = await made(ask, { contacts: [person('ann'), person('bob')] });
    const [contactId] = primaries(await shown(ask, customerId));
    const params = { customerId, contactId: contactId ?? '' };
    const refused = await ask('PATCH', contact, { params, body: { primary: false } });
    expect(refused.body).toMatchObject({ status: 409, rule: 'exactly-one-primary-contact' });
  });

  test('two cannot have one email within a customer; in two customers they can', async () => {
    const ask = host.caller();
    const params = { customerId: await made(ask, { contacts: [person('ann'), person('bob')] }) };
    await made(ask, { contacts: [person('ann')] });
    const again = await ask('POST', contacts, { params, body: { ...person('x'), email: 'ANN@bluedoor.example' } });
    expect(again.body).toMatchObject({ status: 409, type: 'urn:marquee:problem:already_exists', field: 'email' });
    const twice = await ask('POST', 'customers', { body: { ...someone, contacts: [person('ann'), person('ann')] } });
    expect(twice.body).toMatchObject({ status: 409, field: 'email' });
  });

  test('removing the primary needs another named in the same request', async () => {
    const ask = host.caller();
    const customerId = await made(ask, { contacts: [person('ann'), person('bob'), person('cat')] });
    const [ann, bob, cat] = (await shown(ask, customerId)).contacts;
    const params = { customerId, contactId: ann.id };
    const refused = await ask('DELETE', contact, { params });
    expect(refused.body).toMatchObject({ status: 409, rule: 'exactly-one-primary-contact' });
    const unknown = await ask('DELETE', contact, { params, query: { primaryContactId: newId() } });
    expect(unknown.status).toBe(404);
    const itself = await ask('DELETE', contact, { params, query: { primaryContactId: ann.id } });
    expect(itself.status).toBe(409);
    expect((await ask('DELETE', contact, { params, query: { primaryContactId: cat.id } })).status).toBe(204);
    const left = await shown(ask, customerId);
    expect(left.contacts.map(({ id }: { id: string }) => id)).toEqual([bob.id, cat.id]);
    expect(primaries(left)).toEqual([cat.id]);
  });

  test('the only contact goes, unless the customer has upcoming events', async () => {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const customerId = await made(ask, { contacts: [person('ann')] });
    const [ann] = (await shown(ask, customerId)).contacts;
    const startsAt = '2026-12-01T09:00:00Z';
    const state = { customerId, startsAt, endsAt: '2026-12-01T19:00:00Z' };
    const event = { id: newId(), kind: 'event', body: { state }, ix: { customerId, open: true, startsAt } };
    const [etag = ''] = await platform.store.commit('events', [orgId], [{ op: 'create', document: event }]);
    const params = { customerId, contactId: ann.id };
    const refused = await ask('DELETE', contact, { params });
    expect(refused.body).toMatchObject({ status: 409, rule: 'contact-for-upcoming-events' });
    await platform.store.commit('events', [orgId], [{ op: 'delete', id: event.id, ifMatch: etag }]);
    expect((await ask('DELETE', contact, { params })).status).toBe(204);
    expect((await shown(ask, customerId)).contacts).toEqual([]);
  });

  test('50 is the most', async () => {
    const ask = host.caller();
    const fifty = Array.from({ length: 50 }, (_, at) => person(`p${at}`));
    const params = { customerId: await made(ask, { contacts: fifty }) };
    const refused = await ask('POST', contacts, { params, body: person('ann') });
    expect(refused.body).toMatchObject({ status: 409, rule: 'contact-limit' });
    const more = await ask('POST', 'customers', { body: { ...someone, contacts: [...fifty, person('ann')] } });
    expect(more.status).toBe(400);
  });

  /** Eight contacts ask to be the primary and eight are added as such, all at once, in two processes. */
  async function crowd(twist: (each: Platform) => Platform) {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const customerId = await made(ask, { contacts: Array.from({ length: 8 }, (_, at) => person(`p${at}`)) });
    const ids: string[] = (await shown(ask, customerId)).contacts.map(({ id }: { id: string }) => id);
    const scopes = [platform, platform.twin()].map((each) => testScope(twist(each), orgId));
    await Promise.all(
      ids.map(async (id, at) => {
        const scope = scopes[at % 2];
        if (!scope) return;
        await Promise.all([
          reviseContactOf(scope, customerId, id, (current) => ({ ...current, primary: true })),
          addContactTo(scope, customerId, { ...person(`q${at}`), tags: [], primary: true }),
        ]);
      }),
    );
    const customer = await shown(ask, customerId);
    return { all: customer.contacts.length, primaries: primaries(customer).length };
  }

  test('whoever asks at once to be the primary, exactly one is, and nobody is lost', async () => {
    expect(await crowd((each) => each)).toEqual({ all: 16, primaries: 1 });
  });
  test('without the etag some would be lost (twin of the test above)', async () => {
    expect((await crowd(unguardedProcess)).all).toBeLessThan(16);
  });
});

describe('addresses', () => {
  test('REQ-CUS-011: the first for billing is the default; another takes its place in one PATCH', async () => {
    const ask = host.caller();
    const customerId = await made(ask);
    const params = { customerId };
    const shipping = await ask('POST', addresses, { params, body: { ...address, kind: 'shipping' } });
    expect(shipping.body).toMatchObject({ status: 409, rule: 'exactly-one-default-billing-address' });
    const home = await ask('POST', addresses, { params, body: address });
    expect(home.body).toMatchObject({ ...address, defaultBilling: true });
    expect((await ask('POST', addresses, { params, body: { ...address, kind: 'shipping' } })).status).toBe(201);
    const office = (await ask('POST', addresses, { params, body: { ...address, line1: '2 Low Street' } })).body;
    expect(office.defaultBilling).toBe(false);
    const at = { customerId, addressId: office.id };
    expect((await ask('PATCH', oneAddress, { params: at, body: { defaultBilling: true } })).body).toEqual({
      ...office,
      defaultBilling: true,
    });
    const defaults = (await shown(ask, customerId)).addresses.filter(
      ({ defaultBilling }: { defaultBilling: boolean }) => defaultBilling,
    );
    expect(defaults.map(({ id }: { id: string }) => id)).toEqual([office.id]);
    const down = await ask('PATCH', oneAddress, { params: at, body: { defaultBilling: false } });
    expect(down.body.rule).toBe('exactly-one-default-billing-address');
    const other = await ask('PATCH', oneAddress, { params: at, body: { kind: 'shipping' } });
    expect(other.body.rule).toBe('exactly-one-default-billing-address');
  });

  test('REQ-CUS-012: removing the default needs another for billing named in the same request', async () => {
    const ask = host.caller();
    const customerId = await made(ask, {
      addresses: [address, { ...address, kind: 'shipping' }, { ...address, line1: '2 Low Street' }],
    });
    const [home, shipping, office] = (await shown(ask, customerId)).addresses;
    const params = { customerId, addressId: home.id };
    const tries: Record<string, string>[] = [{}, { defaultBillingId: home.id }, { defaultBillingId: shipping.id }];
    for (const query of tries) {
      const refused = await ask('DELETE', oneAddress, { params, query });
      expect(refused.body).toMatchObject({ status: 409, rule: 'exactly-one-default-billing-address' });
    }
    expect((await ask('DELETE', oneAddress, { params, query: { defaultBillingId: office.id } })).status).toBe(204);
    expect((await shown(ask, customerId)).addresses).toEqual([shipping, { ...office, defaultBilling: true }]);
    expect((await ask('GET', oneAddress, { params })).status).toBe(404);
  });

  test('REQ-CUS-012: the only address can be removed: a customer needs none', async () => {
    const ask = host.caller();
    const customerId = await made(ask, { addresses: [address] });
    const [{ id: addressId }] = (await shown(ask, customerId)).addresses;
    expect((await ask('DELETE', oneAddress, { params: { customerId, addressId } })).status).toBe(204);
  });

  test.each([
    ['US', '90210', true],
    ['US', '9021', false],
    ['GB', 'SW1A 1AA', true],
    ['GB', '90210', false],
    ['HK', '999077', true],
    ['HK', '!', false],
  ])('REQ-CUS-011: in %s the postal code %s is taken: %s', async (country, postalCode, taken) => {
    const { status, body } = await host.caller()('POST', 'customers', {
      body: { ...someone, addresses: [{ ...address, country, postalCode }] },
    });
    expect(status).toBe(taken ? 201 : 400);
    if (!taken) expect(body.errors).toMatchObject([{ path: 'body.addresses.0.postalCode' }]);
  });

  test('20 is the most', async () => {
    const ask = host.caller();
    const params = { customerId: await made(ask, { addresses: Array.from({ length: 20 }, () => address) }) };
    const refused = await ask('POST', addresses, { params, body: address });
    expect(refused.body).toMatchObject({ status: 409, rule: 'address-limit' });
  });
});

describe('whatever is asked, in whatever order', () => {
  const at = fc.nat(5);
  const flag = fc.option(fc.boolean(), { nil: undefined });
  const kind = fc.constantFrom('billing', 'shipping', 'other');
  const email = fc.constantFrom('a@x.example', 'b@x.example', 'c@x.example', 'd@x.example');
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), at, flag, kind, email }),
    fc.record({ do: fc.constant('revise' as const), at, flag, kind, email }),
    fc.record({ do: fc.constant('remove' as const), at, next: fc.option(at, { nil: undefined }) }),
  );
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

  function walk(steps: readonly Step[], facts: (state: CustomerState, step: Step, id: string) => CustomerFact[]) {
    const stamp = { at: '2026-10-01T09:00:00Z', by: 'somebody' };
    const evolve = (known: CustomerState | undefined, fact: CustomerFact) => customers.evolve(known, fact, stamp);
    let state = register(
      {
        ...someone,
        segment: 'standard',
        preferences: { channels: [], language: 'en', marketingConsent: false },
        tags: [],
        addresses: [],
        contacts: [],
      },
      1,
    ).reduce<CustomerState | undefined>(evolve, undefined);
    const states: CustomerState[] = [];
    for (const [number, one] of steps.entries()) {
      if (!state) throw new Error('No customer');
      try {
        state = facts(state, one, `id${number}`).reduce<CustomerState>(evolve, state);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
      states.push(state);
    }
    return states;
  }

  test('exactly one contact is the primary as soon as there is one, and emails stay unique', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        for (const { contacts: all } of walk(steps, (state, each, id) => {
          const chosen = (n: number | undefined) => (n === undefined ? undefined : (state.contacts[n]?.id ?? 'none'));
          if (each.do === 'remove') return removeContact(state, chosen(each.at) ?? '', chosen(each.next), false);
          const fields = { firstName: 'A', lastName: 'B', email: each.email, tags: [], primary: each.flag };
          return each.do === 'add'
            ? addContact(state, { ...fields, id })
            : reviseContact(state, chosen(each.at) ?? '', fields);
        })) {
          expect(all.filter(({ primary }) => primary)).toHaveLength(all.length === 0 ? 0 : 1);
          expect(new Set(all.map((each) => each.email)).size).toBe(all.length);
        }
      }),
    );
  });

  test('REQ-CUS-011: exactly one address is the default as soon as there is one, and it is for billing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        for (const { addresses: all } of walk(steps, (state, each, id) => {
          const chosen = (n: number | undefined) => (n === undefined ? undefined : (state.addresses[n]?.id ?? 'none'));
          if (each.do === 'remove') return removeAddress(state, chosen(each.at) ?? '', chosen(each.next));
          const fields = { ...address, kind: each.kind, defaultBilling: each.flag };
          return each.do === 'add'
            ? addAddress(state, { ...fields, id })
            : reviseAddress(state, chosen(each.at) ?? '', () => fields);
        })) {
          const defaults = all.filter(({ defaultBilling }) => defaultBilling);
          expect(defaults.map((each) => each.kind)).toEqual(all.length === 0 ? [] : ['billing']);
        }
      }),
    );
  });
});
