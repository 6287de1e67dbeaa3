import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeCustomers } from '../../shared/customers/commands.ts';
import { communications } from '../../shared/customers/communication.ts';
import { customers } from '../../shared/customers/model.ts';
import { settleCommunication } from '../../shared/customers/moving.ts';
import { factOf } from '../../shared/platform/facts.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Send } from '../support/callers.ts';
import { Crash, crashing, unguardedProcess } from '../support/faults.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';
import { customerHost, newId, react, someone } from './support.ts';

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
const path = `${one}/communications`;
const person = (name: string) => ({ firstName: name, lastName: 'Doe', email: `${name}@bluedoor.example` });

async function made(ask: Send, name: string, people: readonly string[] = []): Promise<string> {
  const { status, body } = await ask('POST', 'customers', { body: { ...someone, name, contacts: people.map(person) } });
  expect(status).toBe(201);
  return body.id;
}
async function shown(ask: Send, customerId: string) {
  return (await ask('GET', one, { params: { customerId } })).body;
}
async function log(ask: Send, customerId: string, subject: string): Promise<string> {
  const { status, body } = await ask('POST', path, { params: { customerId }, body: { kind: 'note', subject } });
  expect(status).toBe(201);
  return body.id;
}
async function subjects(ask: Send, customerId: string): Promise<string[]> {
  const { body } = await ask('GET', path, { params: { customerId } });
  return body.data.map(({ subject }: { subject: string }) => subject).toSorted();
}
const emails = (customer: { contacts: { email: string }[] }) => customer.contacts.map(({ email }) => email);

describe('merging customers', () => {
  test('moves contacts and communications, deactivates the source and leaves a pointer', async () => {
    const ask = host.caller();
    const source = await made(ask, 'Source', ['ann', 'bob']);
    const target = await made(ask, 'Target', ['bob', 'cat']);
    await log(ask, source, 'First');
    await log(ask, target, 'Second');
    const merged = await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: target } });
    expect(merged.body).toMatchObject({ id: source, mergedInto: target, status: 'inactive', contacts: [] });
    await react(platform);
    expect((await shown(ask, source)).mergedInto).toBe(target);
    const after = await shown(ask, target);
    expect(emails(after)).toEqual(['bob', 'cat', 'ann'].map((name) => `${name}@bluedoor.example`));
    expect(after.contacts.map(({ primary }: { primary: boolean }) => primary)).toEqual([true, false, false]);
    expect(await subjects(ask, target)).toEqual(['First', 'Second']);
    expect(await subjects(ask, source)).toEqual([]);
  });

  test('a target without contacts takes the source’s primary over', async () => {
    const ask = host.caller();
    const source = await made(ask, 'Source', ['ann', 'bob']);
    const target = await made(ask, 'Target');
    await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: target } });
    expect((await shown(ask, target)).contacts).toMatchObject([{ primary: true }, { primary: false }]);
  });

  test('sent again it changes nothing; into another target it is refused', async () => {
    const ask = host.caller();
    const source = await made(ask, 'Source', ['ann']);
    const target = await made(ask, 'Target');
    const body = { sourceId: source, targetId: target };
    const first = await ask('POST', 'customers/merge', { body });
    const before = (await ask('GET', one, { params: { customerId: target } })).headers.get('etag');
    const again = await ask('POST', 'customers/merge', { body });
    expect([again.status, again.headers.get('etag')]).toEqual([200, first.headers.get('etag')]);
    expect((await ask('GET', one, { params: { customerId: target } })).headers.get('etag')).toBe(before);
    const other = await made(ask, 'Other');
    const elsewhere = await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: other } });
    expect(elsewhere.body).toMatchObject({ status: 409, rule: 'customer-merged', mergedInto: target });
  });

  test('a merged customer takes no change, and nothing can be merged into it or into itself', async () => {
    const ask = host.caller();
    const source = await made(ask, 'Source', ['ann']);
    const target = await made(ask, 'Target');
    await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: target } });
    const params = { customerId: source };
    const reason = { reason: 'x' };
    for (const [method, at, body] of [
      ['PATCH', one, { notes: 'x' }],
      ['PUT', `${one}/tags`, { tags: ['x'] }],
      ['POST', `${one}/reactivate`, reason],
      ['POST', `${one}/contacts`, person('dan')],
      ['POST', path, { kind: 'note', subject: 'x' }],
    ] as const) {
      expect([at, (await ask(method, at, { params, body })).body.rule]).toEqual([at, 'customer-merged']);
    }
    const back = await ask('POST', 'customers/merge', { body: { sourceId: target, targetId: source } });
    expect(back.body.rule).toBe('customer-merged');
    const itself = await ask('POST', 'customers/merge', { body: { sourceId: target, targetId: target } });
    expect(itself.body.rule).toBe('merge-with-itself');
    for (const [field, body] of [
      ['targetId', { sourceId: target, targetId: newId() }],
      ['sourceId', { sourceId: newId(), targetId: target }],
    ] as const) {
      const refused = await ask('POST', 'customers/merge', { body });
      expect(refused.body).toMatchObject({ status: 400, errors: [{ path: `body.${field}`, code: 'unknown' }] });
    }
  });

  test('together they may not have more than 50 contacts; then neither changes', async () => {
    const ask = host.caller();
    const many = (letter: string) => Array.from({ length: 26 }, (_, at) => `${letter}${at}`);
    const source = await made(ask, 'Source', many('a'));
    const target = await made(ask, 'Target', many('b'));
    const refused = await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: target } });
    expect(refused.body).toMatchObject({ status: 409, rule: 'contact-limit' });
    expect((await shown(ask, source)).contacts).toHaveLength(26);
    expect((await shown(ask, target)).contacts).toHaveLength(26);
  });

  test('along a chain of merges everything ends at its end', async () => {
    const ask = host.caller();
    const [a, b, c] = [await made(ask, 'First'), await made(ask, 'Second'), await made(ask, 'Third')];
    await log(ask, a, 'Of A');
    await log(ask, b, 'Of B');
    await ask('POST', 'customers/merge', { body: { sourceId: a, targetId: b } });
    await ask('POST', 'customers/merge', { body: { sourceId: b, targetId: c } });
    await react(platform);
    expect(await subjects(ask, c)).toEqual(['Of A', 'Of B']);
    expect(await subjects(ask, b)).toEqual([]);
  });

  test('a communication that was logged to the source in that moment goes after it', async () => {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const source = await made(ask, 'Source');
    const target = await made(ask, 'Target');
    await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: target } });
    await react(platform);
    // Written by a request that had read the source before the merge.
    const scope = testScope(platform, orgId);
    const late = await scope.of(communications).create(newId(), () => [
      {
        type: 'CustomerCommunicationLogged',
        data: { customerId: source, kind: 'note', direction: 'internal', subject: 'Late', body: '', at: scope.now() },
      },
    ]);
    await react(platform);
    expect(await subjects(ask, target)).toEqual(['Late']);
    await settleCommunication(scope, late.id, target);
    expect(await subjects(ask, target)).toEqual(['Late']);
  });
});

describe('a crash in the middle of a merge', () => {
  /** Merges with a crash at one commit, then runs all of it again; answers with whether the crash came. */
  async function crashed(at: number, when: 'before' | 'after') {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const source = await made(ask, 'Source', ['ann', 'bob']);
    const target = await made(ask, 'Target', ['bob']);
    for (const subject of ['1', '2', '3']) await log(ask, source, subject);
    const from = await react(platform);
    const faulty = crashing(platform, at, when);
    let came = false;
    try {
      await mergeCustomers(testScope(faulty.platform, orgId), source, target);
      await react(faulty.platform, from);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      came = true;
    }
    const again = await ask('POST', 'customers/merge', { body: { sourceId: source, targetId: target } });
    expect(again.body).toMatchObject({ mergedInto: target });
    await react(platform, from);
    expect(emails(await shown(ask, target))).toEqual(['bob', 'ann'].map((name) => `${name}@bluedoor.example`));
    expect(await subjects(ask, target)).toEqual(['1', '2', '3']);
    expect((await shown(ask, source)).contacts).toEqual([]);
    const facts = await platform.store.query('customers', [orgId], { kind: 'fact', limit: 1000 });
    const types = facts.items.map(({ document }) => factOf(document).type);
    expect(types.filter((type) => type === 'CustomerMerged')).toHaveLength(1);
    expect(types.filter((type) => type === 'ContactAdded')).toHaveLength(1);
    expect(types.filter((type) => type === 'CustomerCommunicationMoved')).toHaveLength(3);
    return came;
  }

  test('at any commit, before it or after it: run again, it completes and doubles nothing', async () => {
    let crashes = 0;
    for (let at = 1; ; at += 1) {
      const came = [await crashed(at, 'before'), await crashed(at, 'after')];
      if (!came.includes(true)) break;
      crashes += came.length;
    }
    // The merge itself, and each of the three communications.
    expect(crashes).toBe(8);
  });
});

describe('merging while the target changes', () => {
  /** Merges four sources into one target at once, in two processes; answers with the emails the target has then. */
  async function mergeAll(twist: (each: Platform) => Platform) {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const target = await made(ask, 'Target');
    const sources = await Promise.all(
      ['ann', 'bob', 'cat', 'dan'].map((name) => made(ask, name, [name, `${name}${name}`])),
    );
    const scopes = [platform, platform.twin()].map((each) => testScope(twist(each), orgId));
    await Promise.all(
      sources.map((source, at) => {
        const scope = scopes[at % scopes.length];
        return scope && mergeCustomers(scope, source, target);
      }),
    );
    const { state } = await testScope(platform, orgId).of(customers).get(target);
    expect(state.contacts.filter(({ primary }) => primary)).toHaveLength(1);
    return state.contacts.length;
  }

  test('no contact is lost', async () => {
    expect(await mergeAll((each) => each)).toBe(8);
  });
  test('without etags some would be (twin of the test above)', async () => {
    expect(await mergeAll(unguardedProcess)).toBeLessThan(8);
  });
});
