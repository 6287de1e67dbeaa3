/** The whole system on Cosmos DB, over HTTP: every route, with reactions and lists, does what it does on the embedded store. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { openCosmosStore } from '../../shared/platform/store.azure.ts';
import { examples } from '../http/examples.ts';
import { send, type World, worldOf } from '../http/world.ts';
import { ownAccount } from '../support/cosmos/account.ts';
import { startTestHost, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
let username: string;
let user: TestUser | undefined;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const account = await ownAccount();
  const store = openCosmosStore(account);
  host = await startTestHost({
    watch: () => ({
      ...store,
      async commit(container, partition, writes) {
        const etags = await store.commit(container, partition, writes);
        host?.relay.wake(container);
        return etags;
      },
    }),
  });
  closing.push(
    () => host.close(),
    () => store.close(),
    () => account.close(),
  );
  organization = await host.organization();
  world = await worldOf(host, organization);
  username = (await world.user('admin')).username;
}, 120_000);
afterAll(async () => {
  for (const close of closing) await close();
});

/** Routes after which a token may be good for nothing. */
const ENDS_SESSIONS = /^(identity|sessions|users)/;

describe('every route', () => {
  test.each(
    routes
      .filter(({ access }) => access !== 'public')
      .map((route) => [`${route.method} ${route.path}`, route] as const),
  )('%s', async (name, route) => {
    if (ENDS_SESSIONS.test(route.path)) user = undefined;
    user ??= await host.signIn(username);
    const sent = await examples[name]?.(world, host, user);
    const response = await send(host, user, route.method, route.path, sent);
    expect(response.status, await response.text()).toBe(route.status);
    if (ENDS_SESSIONS.test(route.path)) user = undefined;
  });
});
