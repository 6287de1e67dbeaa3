/** The conflict engine's proofs: on the embedded store in a real file, and on Cosmos DB when there is an account. */
import { beforeAll, describe } from 'vitest';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import { namedAccount } from '../support/cosmos/account.ts';
import { createContainers } from '../support/cosmos/containers.ts';
import { testPlatform } from '../support/platform.ts';
import { concurrencySuite } from './concurrency.suite.ts';

describe('on the embedded store', () => concurrencySuite(() => testPlatform()));

const account = namedAccount;
if (account) {
  describe('on Cosmos DB', () => {
    beforeAll(() => createContainers(account));
    concurrencySuite(() => testPlatform({ open: () => openCosmosStore(account) }));
  });
}
