/** The Cosmos DB store passes the whole contract: over a strict stand-in always, over an account when there is one. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'vitest';
import { cosmosStore } from '../../shared/platform/store.azure.core.ts';
import { createContainers, openCosmosStore } from '../../shared/platform/store.azure.ts';
import { testClock } from '../support/platform.ts';
import { storeContract } from './store.contract.ts';
import { cosmosStandIn } from './store.cosmos-standin.ts';

storeContract('The Cosmos DB store, over a stand-in', async () => {
  const clock = testClock();
  const store = cosmosStore(cosmosStandIn(clock.time), randomUUID);
  return {
    store,
    async pass(seconds) {
      clock.advance(seconds * 1000);
    },
    close: () => store.close(),
  };
});

const { COSMOS_ENDPOINT: endpoint, COSMOS_KEY: key, COSMOS_DATABASE: database = 'marquee-contract' } = process.env;

// The one suite that needs something from outside: an account, or the emulator, named by COSMOS_ENDPOINT.
describe.runIf(endpoint !== undefined)('with an account', () => {
  storeContract(
    'The Cosmos DB store',
    async () => {
      const options = { endpoint: endpoint ?? '', key, database };
      await createContainers(options);
      const store = openCosmosStore(options);
      return { store, pass: (seconds) => sleep(seconds * 1000), close: () => store.close() };
    },
    5,
  );
});
