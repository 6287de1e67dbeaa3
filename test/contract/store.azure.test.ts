/** The Cosmos DB store passes the whole contract: over HTTP always, at an account when there is one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'vitest';
import { createContainers, openCosmosStore } from '../../shared/platform/store.azure.ts';
import { startCosmos } from '../support/cosmos/server.ts';
import { testClock } from '../support/platform.ts';
import { storeContract } from './store.contract.ts';

storeContract(
  'The Cosmos DB store, over HTTP',
  async () => {
    const clock = testClock();
    const server = await startCosmos(clock.time);
    const options = { endpoint: server.endpoint, key: 'a2V5', database: 'contract' };
    await createContainers(options);
    const store = openCosmosStore(options);
    return {
      store,
      async pass(seconds) {
        clock.advance(seconds * 1000);
      },
      async close() {
        await store.close();
        await server.close();
      },
    };
  },
  20,
);

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
