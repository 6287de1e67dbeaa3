/** The containers of an account for tests; those of a deployed one are made by Bicep. */
import { CosmosClient } from '@azure/cosmos';
import { containerDefinitions } from '../../../shared/platform/store.azure.policy.ts';
import type { Account } from './account.ts';

/** Makes the database and all containers where they are missing. Needs an account key. */
export async function createContainers({ endpoint, key = '', database: id }: Account): Promise<void> {
  const client = new CosmosClient({ endpoint, key });
  const { database } = await client.databases.createIfNotExists({ id });
  for (const definition of containerDefinitions()) {
    await database.containers.createIfNotExists(
      structuredClone(definition) as Parameters<typeof database.containers.createIfNotExists>[0],
    );
  }
  client.dispose();
}
