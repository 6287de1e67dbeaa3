/** Where tests open a Cosmos DB store: behind the gateway of these tests, or at an account. */
import { createContainers } from './containers.ts';
import { startCosmos } from './server.ts';

export interface Account {
  readonly endpoint: string;
  readonly key?: string | undefined;
  readonly database: string;
}

const { COSMOS_ENDPOINT: endpoint, COSMOS_KEY: key, COSMOS_DATABASE: database = 'marquee-test' } = process.env;

/** The account, or the emulator, that COSMOS_ENDPOINT names; its containers may not be there yet. */
export const namedAccount: Account | undefined = endpoint === undefined ? undefined : { endpoint, key, database };

/** One of its own behind the gateway, with all containers; `now` in milliseconds since 1970 decides what has expired. */
export async function ownAccount(now = Date.now): Promise<Account & { close(): Promise<void> }> {
  const server = await startCosmos(now);
  const account = { endpoint: server.endpoint, key: 'a2V5', database };
  await createContainers(account);
  return { ...account, close: () => server.close() };
}
