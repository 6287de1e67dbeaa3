/** The conflict engine's proofs: on the embedded store in a real file, and on Cosmos DB when there is an account. */
import { beforeAll, describe } from 'vitest';
import { createContainers, openCosmosStore } from '../../shared/platform/store.azure.ts';
import { testPlatform } from '../support/platform.ts';
import { concurrencySuite } from './concurrency.suite.ts';

describe('on the embedded store', () => concurrencySuite(() => testPlatform()));

const { COSMOS_ENDPOINT: endpoint, COSMOS_KEY: key, COSMOS_DATABASE: database = 'marquee-test' } = process.env;
if (endpoint !== undefined) {
  describe('on Cosmos DB', () => {
    beforeAll(() => createContainers({ endpoint, key, database }));
    concurrencySuite(() => testPlatform({ open: () => openCosmosStore({ endpoint, key, database }) }));
  });
}
