import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importCustomers } from '../../shared/customers/import.ts';
import { customers } from '../../shared/customers/model.ts';
import { factOf } from '../../shared/platform/facts.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Send } from '../support/callers.ts';
import { Crash, crashing, unguardedProcess } from '../support/faults.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';
import { customerHost, newId, someone } from './support.ts';

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

const bytesOf = (text: string) => new TextEncoder().encode(text);
const header = 'name,primaryEmail,primaryPhone';
const rowsOf = (count: number, from = 0) =>
  Array.from(
    { length: count },
    (_, at) => `Customer ${from + at},c${from + at}@x.example,+4420794600${from + at + 10}`,
  );
const sheetOf = (rows: readonly string[]) => [header, ...rows].join('\n');

async function send(ask: Send, file: string | Uint8Array, dryRun = false) {
  return ask('POST', 'customers/import', { file, query: dryRun ? { dryRun: 'true' } : {} });
}

/** Every customer's number and email, over all pages. */
async function all(orgId: string) {
  const found: { number: string; email: string }[] = [];
  let cursor: string | undefined;
  do {
    const page = await testScope(platform, orgId)
      .of(customers)
      .list({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items.map(({ state }) => ({ number: state.customerNumber, email: state.primaryEmail })));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
const numbersTo = (count: number) => Array.from({ length: count }, (_, at) => `CUS-${String(at + 1).padStart(6, '0')}`);

/** None twice, none lost, no gap in the numbers. */
async function expectWhole(orgId: string, count: number) {
  const customers = await all(orgId);
  expect(new Set(customers.map(({ email }) => email)).size).toBe(count);
  expect(customers.map(({ number }) => number).toSorted()).toEqual(numbersTo(count));
}

describe('importing customers', () => {
  test('good rows land, with what their columns say', async () => {
    const ask = host.caller();
    const file = [
      'externalId;name;type;Primary Email;phone;tags;marketingConsent;line1;city;postalCode;country;contactFirstName;contactLastName;contactEmail;notes',
      'A-1;"Blue; Door";enterprise;HELLO@bluedoor.example;+44 20 7946 0018;Gold North;yes;1 High St;London;SW1A 1AA;gb;Ann;Doe;ann@x.example;"Two',
      'lines"',
    ].join('\r\n');
    const { status, body } = await send(ask, `\ufeff${file}\r\n`);
    expect([status, body]).toEqual([200, { created: 1, skipped: 0, failed: 0, errors: [], dryRun: false }]);
    const [customer] = (await ask('GET', 'customers')).body.data;
    expect(customer).toMatchObject({
      customerNumber: 'CUS-000001',
      externalId: 'A-1',
      name: 'Blue; Door',
      type: 'enterprise',
      primaryEmail: 'hello@bluedoor.example',
      primaryPhone: '+442079460018',
      tags: ['gold', 'north'],
      notes: 'Two\nlines',
      preferences: { marketingConsent: true },
      addresses: [{ kind: 'billing', country: 'GB', defaultBilling: true }],
      contacts: [{ email: 'ann@x.example', primary: true }],
    });
    expect(customer).not.toHaveProperty('importedAs');
    expect((await ask('GET', 'customers/tags')).body.data).toEqual([
      { tag: 'gold', count: 1 },
      { tag: 'north', count: 1 },
    ]);
  });

  test('each bad row is reported with line, field and reason; the good ones land', async () => {
    const ask = host.caller();
    const file = sheetOf([
      'Good,good@x.example,+442079460018',
      'x,nobody,+442079460018',
      '',
      '"Over\ntwo lines",two@x.example,12345',
      'Short,short@x.example',
      'Last,last@x.example,+442079460019',
    ]);
    const { body } = await send(ask, file);
    expect(body).toMatchObject({ created: 2, skipped: 0, failed: 3 });
    expect(body.errors.map(({ line, field }: { line: number; field: string }) => [line, field])).toEqual([
      [3, 'name'],
      [3, 'primaryEmail'],
      [5, 'name'],
      [5, 'primaryPhone'],
      [7, ''],
    ]);
    for (const { reason } of body.errors) expect(reason).toMatch(/\w/);
  });

  test('?dryRun=true tells the same and writes nothing', async () => {
    const orgId = newId();
    const ask = host.caller({ orgId });
    const file = sheetOf(['Good,good@x.example,+442079460018', 'x,bad@x.example,+442079460018']);
    expect((await send(ask, file, true)).body).toMatchObject({ created: 1, failed: 1, dryRun: true });
    const { items } = await platform.store.query('customers', [orgId], { kind: 'fact', limit: 10 });
    expect([items, await all(orgId)]).toEqual([[], []]);
    expect((await send(ask, file)).body).toMatchObject({ created: 1, failed: 1, dryRun: false });
  });

  test('the same file again makes nothing twice, by externalId or else by email, whatever became of the customers', async () => {
    const orgId = newId();
    const ask = host.caller({ orgId });
    await ask('POST', 'customers', { body: { ...someone, primaryEmail: 'there@x.example' } });
    const file = [
      `externalId,${header}`,
      'A-1,One,one@x.example,+442079460018',
      ',Two,two@x.example,+442079460018',
      ',Two again,TWO@x.example,+442079460018',
      ',There,there@x.example,+442079460018',
      'A-1,One again,other@x.example,+442079460018',
    ].join('\n');
    expect((await send(ask, file)).body).toMatchObject({ created: 2, skipped: 3 });
    for (const { id } of (await ask('GET', 'customers')).body.data) {
      const body = { primaryEmail: `moved-${id}@x.example` };
      await ask('PATCH', 'customers/{customerId}', { params: { customerId: id }, body });
    }
    expect((await send(ask, file, true)).body).toMatchObject({ created: 1, skipped: 4, dryRun: true });
    const moved = await send(ask, file);
    // The one that was not imported has another email now, so its row is a new customer.
    expect(moved.body).toMatchObject({ created: 1, skipped: 4 });
    expect((await send(ask, file)).body).toMatchObject({ created: 0, skipped: 5 });
    await expectWhole(orgId, 4);
  });

  test.each([
    ['is empty', '', 'empty'],
    ['is not UTF-8', new Uint8Array([0x6e, 0xe9, 0x0a]), 'bad_encoding'],
    ['has a column that is not known', `${header},colour\nA,a@x.example,+44,red`, 'unknown_column'],
    ['names a column twice', `${header},email\n`, 'repeated_column'],
    ['lacks a column', 'name,primaryEmail\n', 'missing_column'],
    ['leaves a quote open', `${header}\n"A,a@x.example,+442079460018\n`, 'bad_csv'],
    ['has too many rows', sheetOf(Array.from({ length: 10_001 }, () => 'A,a@x.example,1')), 'too_many_rows'],
  ])('a file that %s is refused whole', async (_, file, code) => {
    const orgId = newId();
    const { status, body } = await send(host.caller({ orgId }), file);
    expect([status, body.errors]).toMatchObject([400, [{ path: 'body.file', code }]]);
    expect(await all(orgId)).toEqual([]);
  });

  test('over 10 MB it is refused with 413', async () => {
    const { status, body } = await send(host.caller(), new Uint8Array(10 * 1024 * 1024 + 1));
    expect([status, body.limit]).toEqual([413, 10 * 1024 * 1024]);
  });

  test('it says that it took place: ContactListImported', async () => {
    const orgId = newId();
    await send(host.caller({ orgId }), sheetOf([...rowsOf(2), 'x,x,x']));
    const { items } = await platform.store.query('customers', [orgId], { kind: 'fact', limit: 10 });
    const facts = items.map(({ document }) => factOf(document));
    expect(facts.map(({ type }) => type)).toEqual(['CustomerRegistered', 'CustomerRegistered', 'ContactListImported']);
    expect(facts.at(-1)?.data).toEqual({ created: 2, skipped: 0, failed: 1 });
  });

  test('numbers without + are read as of the organization’s country', async () => {
    const orgId = newId();
    const document = { id: orgId, kind: 'organization', body: { state: { country: 'GB' } } };
    await platform.store.commit('identity', [orgId], [{ op: 'create', document }]);
    const ask = host.caller({ orgId });
    const { body } = await send(ask, sheetOf(['Good,good@x.example,020 7946 0018', 'Bad,bad@x.example,123']));
    expect(body).toMatchObject({ created: 1, errors: [{ line: 3, field: 'primaryPhone' }] });
  });
});

describe('importing, whatever happens', () => {
  test('importing any rows twice, split in any way, is importing them once', async () => {
    const row = fc.record({
      externalId: fc.option(fc.constantFrom('A', 'B', 'C'), { nil: '' }),
      email: fc.constantFrom('a@x.example', 'b@x.example', 'c@x.example', 'd@x.example'),
      tag: fc.constantFrom('', 'gold', 'north'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), fc.nat(12), async (rows, cut) => {
        const orgId = newId();
        const sheet = (some: typeof rows) =>
          bytesOf(
            [
              `externalId,tags,${header}`,
              ...some.map(({ externalId, email, tag }) => `${externalId},${tag},Some name,${email},+442079460018`),
            ].join('\n'),
          );
        const scope = testScope(platform, orgId);
        await importCustomers(scope, sheet(rows.slice(0, cut)), false);
        const whole = await importCustomers(scope, sheet(rows), false);
        expect(whole.created + whole.skipped).toBe(rows.length);
        const before = await all(orgId);
        const again = await importCustomers(scope, sheet(rows), false);
        expect(again).toMatchObject({ created: 0, skipped: rows.length });
        expect(await all(orgId)).toEqual(before);
        expect(before.map(({ number }) => number).toSorted()).toEqual(numbersTo(before.length));
      }),
      { numRuns: 25 },
    );
  });

  test('a crash at any commit loses and doubles nothing: the same file again completes it', async () => {
    const rows = rowsOf(80);
    for (const [at, when] of [
      [1, 'before'],
      [1, 'after'],
      [2, 'before'],
      [2, 'after'],
      [4, 'before'],
      [4, 'after'],
    ] as const) {
      const orgId = newId();
      const faulty = crashing(platform, at, when);
      const crash = importCustomers(testScope(faulty.platform, orgId), bytesOf(sheetOf(rows)), false);
      await expect(crash).rejects.toBeInstanceOf(Crash);
      const { body } = await send(host.caller({ orgId }), sheetOf(rows));
      expect(body.created + body.skipped).toBe(80);
      await expectWhole(orgId, 80);
    }
  });

  test('a retry under the same Idempotency-Key draws the same ids, and still loses no row', async () => {
    const orgId = newId();
    const base = newId().slice(0, -12);
    const seeded = () => {
      let drawn = 0;
      return {
        next() {
          drawn += 1;
          return `${base}${String(drawn).padStart(12, 'a')}`;
        },
      };
    };
    const faulty = crashing(platform, 2, 'after');
    const first = testScope(faulty.platform, orgId, { ids: seeded() });
    await expect(importCustomers(first, bytesOf(sheetOf(rowsOf(80))), false)).rejects.toBeInstanceOf(Crash);
    const second = testScope(platform, orgId, { ids: seeded(), retried: true });
    await importCustomers(second, bytesOf(sheetOf(rowsOf(80))), false);
    await expectWhole(orgId, 80);
  });

  /** Two processes import the same file while others register one by one. */
  async function crowd(orgId: string, twist: (each: Platform) => Platform) {
    const scopes = [platform, platform.twin()].map((each) => testScope(twist(each), orgId));
    const file = bytesOf(sheetOf(rowsOf(60)));
    const ask = host.caller({ orgId });
    await Promise.all([
      ...scopes.map((scope) => importCustomers(scope, file, false)),
      ...Array.from({ length: 10 }, (_, at) =>
        ask('POST', 'customers', { body: { ...someone, primaryEmail: `single${at}@x.example` } }),
      ),
    ]);
  }

  test('two imports of one file and registrations beside them: each row once, numbers without a gap', async () => {
    const orgId = newId();
    await crowd(orgId, (each) => each);
    await expectWhole(orgId, 70);
  });

  test('without etags and unique documents they would get in each other’s way (twin of the test above)', async () => {
    const orgId = newId();
    await crowd(orgId, unguardedProcess);
    await expect(expectWhole(orgId, 70)).rejects.toThrow();
  });
});
