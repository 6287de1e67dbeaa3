/** The Cosmos DB store behind a proxy that fails, for the tests of faults: over HTTP, or at COSMOS_ENDPOINT when there is one. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import type { Document, Store, Write } from '../../shared/platform/store.ts';
import { namedAccount, ownAccount } from '../support/cosmos/account.ts';
import { createContainers } from '../support/cosmos/containers.ts';
import type { FaultProxy } from '../support/cosmos/proxy.ts';
import { startFaultProxy } from '../support/cosmos/proxy.ts';
import { customer, newOrg } from './store.contract.ts';

interface Faulty {
  readonly proxy: FaultProxy;
  /** Through the proxy; the second waits a short time only, the third for a call less than for a request. */
  readonly store: Store;
  readonly hasty: Store;
  readonly brief: Store;
  /** Past the proxy. */
  readonly other: Store;
  /** What `store` was charged in this test. */
  readonly charges: number[];
}

/** Opened before the tests of a file and closed after them; what it returns is there while they run. */
export function faultyCosmos() {
  let opened: Faulty | undefined;
  let org = '';
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    let account = namedAccount;
    if (account) await createContainers(account);
    else {
      const own = await ownAccount();
      closing.push(() => own.close());
      account = own;
    }
    const proxy = await startFaultProxy(account.endpoint);
    const charges: number[] = [];
    const through = { ...account, endpoint: proxy.endpoint };
    const store = openCosmosStore({ ...through, onCharge: (requestUnits) => void charges.push(requestUnits) });
    const hasty = openCosmosStore({ ...through, timeouts: { request: 300, whole: 1000 } });
    const brief = openCosmosStore({ ...through, timeouts: { request: 4000, whole: 500 } });
    const other = openCosmosStore(account);
    closing.unshift(...[store, hasty, brief, other, proxy].map((one) => () => one.close()));
    opened = { proxy, store, hasty, brief, other, charges };
  });
  afterAll(async () => {
    for (const close of closing) await close();
  });
  beforeEach(() => {
    const { proxy, charges } = now();
    org = newOrg();
    charges.length = 0;
    proxy.heal();
    proxy.passed.length = 0;
  });
  function now(): Faulty {
    if (!opened) throw new Error('It is not open');
    return opened;
  }
  const batches = () => now().proxy.passed.filter(({ kind }) => kind === 'batch');
  return {
    now,
    /** An organization for each test. */
    org: () => org,
    commit: (...writes: Write[]) => now().store.commit('customers', [org], writes),
    /** A document as it is, whatever the network does. */
    stored: (id: string) => now().other.read('customers', [org], id),
    batches,
    /** How often the service has written. */
    applied: () => batches().filter(({ status }) => status === 200).length,
  };
}

type Body = Document['body'];
export const create = (id: string, body: Body = null): Write => ({ op: 'create', document: customer(id, { body }) });
export const upsert = (id: string, body: Body): Write => ({ op: 'upsert', document: customer(id, { body }) });
export const replace = (id: string, ifMatch: string, body: Body): Write => ({
  op: 'replace',
  document: customer(id, { body }),
  ifMatch,
});

/** What a service that is too busy answers. */
export const throttled = (milliseconds: number) => ({
  status: 429,
  headers: { 'x-ms-retry-after-ms': String(milliseconds), 'x-ms-substatus': '3200' },
  body: { code: 'TooManyRequests', message: 'Request rate is large.' },
});
