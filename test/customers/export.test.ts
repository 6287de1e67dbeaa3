import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guarded, unguarded } from '../../shared/customers/sheet.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';
import { address, customerHost, someone } from './support.ts';

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

test('an export takes the list’s filters, and its cells start no formula in a spreadsheet', async () => {
  const ask = host.caller();
  for (const [name, segment] of [
    ['=HYPERLINK("http://x.example")', 'vip'],
    ['@cmd', 'vip'],
    ['-1+1', 'vip'],
    ['Plain, "quoted"', 'vip'],
    ['Left out', 'standard'],
  ]) {
    const { status } = await ask('POST', 'customers', { body: { ...someone, name, segment, tags: ['a', 'b'] } });
    expect(status).toBe(201);
  }
  const { status, text, headers } = await ask('GET', 'customers/export', {
    query: { segment: 'vip', sort: 'createdAt' },
  });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
  const rows: Record<string, string>[] = parse(text, { columns: true });
  expect(rows.map(({ name }) => name)).toEqual([
    `'=HYPERLINK("http://x.example")`,
    "'@cmd",
    "'-1+1",
    'Plain, "quoted"',
  ]);
  expect(rows[0]).toMatchObject({ customerNumber: 'CUS-000001', primaryPhone: "'+442079460018", tags: 'a b' });
  for (const query of [{ limit: '5' }, { cursor: 'x' }, { colour: 'red' }] as Record<string, string>[]) {
    expect((await ask('GET', 'customers/export', { query })).status).toBe(400);
  }
});

test('what was exported can be imported elsewhere and comes out the same', async () => {
  const ask = host.caller();
  const contacts = [{ firstName: 'Ann', lastName: 'Doe', email: 'ann@x.example', phone: '+442079460019' }];
  for (let at = 0; at < 250; at += 1) {
    const more = at % 2 === 0 ? { addresses: [address], contacts, notes: '=1\n"two"' } : { externalId: `X${at}` };
    const body = { ...someone, name: `Customer ${at}`, primaryEmail: `c${at}@x.example`, tags: ['gold'], ...more };
    await ask('POST', 'customers', { body });
  }
  const { text } = await ask('GET', 'customers/export', { query: { sort: 'createdAt' } });
  const elsewhere = host.caller();
  const { body } = await elsewhere('POST', 'customers/import', { file: text });
  expect(body).toMatchObject({ created: 250, failed: 0 });
  const copy = (await elsewhere('GET', 'customers/export', { query: { sort: 'createdAt' } })).text;
  const own = (csv: string) =>
    (parse(csv, { columns: true }) as Record<string, string>[])
      .map(({ id: _, createdAt: __, modifiedAt: ___, ...cells }) => cells)
      .toSorted((one, other) => (String(one.customerNumber) < String(other.customerNumber) ? -1 : 1));
  expect(own(copy)).toEqual(own(text));
});

test('whatever a cell says, no spreadsheet calculates it, and an import reads what it said', () => {
  const text = fc.string({ unit: fc.constantFrom(...`'=+-@＝＋－＠a" \n`) }).map((value) => value.trim());
  fc.assert(
    fc.property(text, (value) => {
      expect(guarded(value)).not.toMatch(/^[=+\-@＝＋－＠]/u);
      expect(unguarded(guarded(value))).toBe(value);
    }),
  );
});
