/** Who acts for a customer goes where it goes (spec chapters 00 and 02). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send, type World, worldOf } from '../http/world.ts';
import { startTestHost, type TestHost } from '../support/host.ts';

let host: TestHost;
let world: World;
beforeAll(async () => {
  host = await startTestHost();
  world = await worldOf(host, await host.organization());
}, 60_000);
afterAll(() => host.close());

test('the user of a merged customer reaches its events and books for the one it went into', async () => {
  const [user, source, target] = [await world.user('customer'), await world.customer(), await world.customer()];
  await world.make(`users/${user.id}`, { body: { customerId: source.id } }, 'PATCH');
  const theirs = await host.signIn(user.username);
  const event = await world.make('events', { body: { ...(await world.eventBody()), customerId: source.id } });
  await world.make('customers/merge', { body: { sourceId: source.id, targetId: target.id } });
  await host.settled();
  const me = (await (await send(host, theirs, 'GET', 'users/me')).json()) as { customerId: string };
  expect(me.customerId).toBe(target.id);
  expect((await send(host, theirs, 'GET', `events/${event.id}`)).status).toBe(200);
  const own = { ...(await world.eventBody()), customerId: target.id };
  expect((await send(host, theirs, 'POST', 'events', { body: own })).status).toBe(201);
});
