/** What a request costs at Cosmos DB is in its line of the log, its own alone, however many there are at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Charges, openCharges } from '../../shared/platform/charges.ts';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import { ownAccount } from '../support/cosmos/account.ts';
import { type FaultProxy, startFaultProxy } from '../support/cosmos/proxy.ts';
import { silentLog, type TestPlatform, testPlatform } from '../support/platform.ts';
import { callersOf, thingHost } from '../support/things.ts';

interface Line {
  readonly method: string;
  readonly requestUnits?: number;
}

let proxy: FaultProxy;
let platform: TestPlatform;
let call: ReturnType<ReturnType<typeof callersOf>['caller']>;
const charges: Charges = openCharges();
const lines: Line[] = [];
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const account = await ownAccount();
  proxy = await startFaultProxy(account.endpoint);
  const options = { ...account, endpoint: proxy.endpoint, onCharge: charges.add };
  platform = await testPlatform({ open: () => openCosmosStore(options) });
  const log = { ...silentLog, on: () => true, info: (fields: object) => void lines.push(fields as Line) };
  const host = await thingHost({ ...platform, charges, log });
  closing.push(
    () => host.close(),
    () => platform.close(),
    () => proxy.close(),
    () => account.close(),
  );
  call = callersOf(host.origin).caller();
});
afterAll(async () => {
  for (const close of closing) await close();
});

const spent = () => proxy.passed.reduce((sum, { requestUnits }) => sum + requestUnits, 0);
const told = () => lines.reduce((sum, { requestUnits = 0 }) => sum + requestUnits, 0);

test('REQ-EQP-112 each request is told what it cost, and the sums add up to what the service charged', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, (_, n) => call('POST', 'things', { name: `Thing ${n}` })));
  [proxy.passed.length, lines.length] = [0, 0];
  const path = `things/${made[0]?.json.id}`;
  await Promise.all([
    ...made.map(() => call('GET', path)),
    call('GET', 'things'),
    call('PATCH', path, { note: 'dear' }),
    call('GET', 'things/none'),
  ]);
  expect(lines).toHaveLength(8);
  expect(told()).toBeCloseTo(spent());
  const costs = (method: string) =>
    lines.filter((line) => line.method === method).map(({ requestUnits }) => requestUnits);
  expect(costs('GET').filter((cost) => cost === 1).length).toBeGreaterThanOrEqual(5);
  expect(costs('PATCH')[0]).toBeGreaterThan(10);
});
