/** Who acts for a customer goes where it goes (spec chapters 00 and 02). */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { relinkUsers } from '../../shared/identity/linked.ts';
import { send, type World, worldOf } from '../http/world.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { testScope } from '../support/platform.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
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

const customerOf = async (id: string) => String((await world.make(`users/${id}`, {}, 'GET')).customerId);

test('so does one that is linked to it after the merge', async () => {
  const [user, source, target] = [await world.user('customer'), await world.customer(), await world.customer()];
  await world.make('customers/merge', { body: { sourceId: source.id, targetId: target.id } });
  await host.settled();
  await world.make(`users/${user.id}`, { body: { customerId: source.id } }, 'PATCH');
  await host.settled();
  expect(await customerOf(user.id)).toBe(target.id);
});

test('where that is deleted by then the link stays, and nothing is tried for ever', async () => {
  const [user, source, target] = [await world.user('customer'), await world.customer(), await world.customer()];
  await world.make('customers/merge', { body: { sourceId: source.id, targetId: target.id } });
  await world.make(`customers/${target.id}`, {}, 'DELETE');
  await world.make(`users/${user.id}`, { body: { customerId: source.id } }, 'PATCH');
  await relinkUsers(testScope(host.platform, organization.orgId), source.id);
  expect(await customerOf(user.id)).toBe(source.id);
});
