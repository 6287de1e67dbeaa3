/** The Cosmos DB store passes the whole contract: over HTTP always, at an account when there is one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import { namedAccount, ownAccount } from '../support/cosmos/account.ts';
import { createContainers } from '../support/cosmos/containers.ts';
import { testClock } from '../support/platform.ts';
import { storeContract } from './store.contract.ts';

storeContract(
  'The Cosmos DB store, over HTTP',
  async () => {
    const clock = testClock();
    const account = await ownAccount(clock.time);
    const store = openCosmosStore(account);
    return {
      store,
      async pass(seconds) {
        clock.advance(seconds * 1000);
      },
      async close() {
        await store.close();
        await account.close();
      },
    };
  },
  20,
);

const account = namedAccount;
if (account) {
  storeContract(
    'The Cosmos DB store, with an account',
    async () => {
      await createContainers(account);
      const store = openCosmosStore(account);
      return { store, pass: (seconds) => sleep(seconds * 1000), close: () => store.close() };
    },
    5,
  );
}
