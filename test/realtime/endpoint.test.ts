/** The local endpoint through the unmodified SDKs of both sides. */
import { odata } from '@azure/web-pubsub';
import { WebPubSubJsonProtocol } from '@azure/web-pubsub-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Endpoint, endpoint, type Listener, listening, PATIENCE } from './support.ts';

let here: Endpoint;
const listeners: Listener[] = [];
beforeEach(async () => {
  here = await endpoint();
});
afterEach(async () => {
  for (const { client } of listeners.splice(0)) client.stop();
  await here.close();
});

async function joined(...given: Parameters<Endpoint['url']>): Promise<Listener> {
  const listener = await listening(await here.url(...given));
  listeners.push(listener);
  return listener;
}

describe('REQ-NTF-010 a server that uses @azure/web-pubsub', () => {
  test('reaches all, a user, a group and a connection, and nobody else', async () => {
    const [ann, bob] = [
      await joined({ userId: 'ann', groups: ['crew'] }),
      await joined({ userId: 'bob', groups: ['crew', 'office'] }),
    ];
    expect([ann.userId, bob.userId]).toEqual(['ann', 'bob']);
    const { service } = here;
    await service.sendToAll({ to: 'all' });
    await service.sendToUser('ann', { to: 'ann' });
    await service.sendToConnection(bob.connectionId, { to: 'bob' });
    await service.group('office').sendToAll({ to: 'office' });
    await service.group('crew').sendToAll({ to: 'crew' });
    await Promise.all([ann.until(3), bob.until(4)]);
    expect(ann.got).toEqual([{ to: 'all' }, { to: 'ann' }, { to: 'crew' }]);
    expect(bob.got).toEqual([{ to: 'all' }, { to: 'bob' }, { to: 'office' }, { to: 'crew' }]);
  });

  test('leaves out who is excluded, and sends text and bytes as they are', async () => {
    const [ann, bob] = [await joined({ groups: ['crew'] }), await joined({ groups: ['crew'] })];
    const crew = here.service.group('crew');
    await crew.sendToAll('Doors at seven', { contentType: 'text/plain', excludedConnections: [bob.connectionId] });
    await crew.sendToAll(new Uint8Array([1, 2, 3]).buffer);
    await Promise.all([ann.until(2), bob.until(1)]);
    expect(ann.got[0]).toBe('Doors at seven');
    expect(new Uint8Array(ann.got[1] as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]));
    expect(bob.got).toHaveLength(1);
  });

  test('finds out who is there', async () => {
    const { service } = here;
    const ann = await joined({ userId: 'ann', groups: ['crew'] });
    expect(await service.userExists('ann')).toBe(true);
    expect(await service.userExists('bob')).toBe(false);
    expect(await service.groupExists('crew')).toBe(true);
    expect(await service.groupExists('office')).toBe(false);
    expect(await service.connectionExists(ann.connectionId)).toBe(true);
    expect(await service.connectionExists('nobody')).toBe(false);
    const members = [];
    for await (const member of await service.group('crew').listConnections()) members.push(member);
    expect(members).toEqual([{ connectionId: ann.connectionId, userId: 'ann' }]);
  });

  test('moves connections and users between groups', async () => {
    const ann = await joined({ userId: 'ann' });
    const crew = here.service.group('crew');
    const crewSees = async (message: string) => crew.sendToAll({ message });
    await crew.addConnection(ann.connectionId);
    await crewSees('one');
    await crew.removeConnection(ann.connectionId);
    await crewSees('two');
    await crew.addUser('ann');
    await crewSees('three');
    await crew.removeUser('ann');
    await crewSees('four');
    await crew.addUser('ann');
    await here.service.removeUserFromAllGroups('ann');
    await crewSees('five');
    await crew.addConnection(ann.connectionId);
    await here.service.removeConnectionFromAllGroups(ann.connectionId);
    await crewSees('six');
    await here.service.sendToAll({ message: 'end' });
    await ann.until(3);
    expect(ann.got).toEqual([{ message: 'one' }, { message: 'three' }, { message: 'end' }]);
    await expect(crew.addConnection('nobody')).rejects.toMatchObject({ statusCode: 404 });
  });

  test.each([
    ['a connection', (who: Listener) => here.service.closeConnection(who.connectionId, { reason: 'Go' })],
    ['a user', () => here.service.closeUserConnections('ann', { reason: 'Go' })],
    ['a group', () => here.service.group('crew').closeAllConnections({ reason: 'Go' })],
    ['all', () => here.service.closeAllConnections({ reason: 'Go' })],
  ])('closes %s, and says why', async (_, close) => {
    const options = { autoReconnect: false };
    const ann = await listening(await here.url({ userId: 'ann', groups: ['crew'] }), options);
    await close(ann);
    await vi.waitUntil(() => ann.stopped(), PATIENCE);
    expect(ann.lost).toEqual(['Go']);
    expect(await here.service.userExists('ann')).toBe(false);
    expect(await here.service.groupExists('crew')).toBe(false);
  });

  test('gives and takes rights to send and to join', async () => {
    const { service } = here;
    const [ann, bob] = [await joined({ userId: 'ann' }), await joined({ userId: 'bob', groups: ['crew'] })];
    const only = { targetName: 'crew' };
    expect(await service.hasPermission(ann.connectionId, 'sendToGroup', only)).toBe(false);
    await service.grantPermission(ann.connectionId, 'sendToGroup', only);
    expect(await service.hasPermission(ann.connectionId, 'sendToGroup', only)).toBe(true);
    await ann.client.sendToGroup('crew', { hello: 1 }, 'json');
    await bob.until(1);
    await service.revokePermission(ann.connectionId, 'sendToGroup', only);
    expect(await service.hasPermission(ann.connectionId, 'sendToGroup', only)).toBe(false);
  });

  test('is told when it asks for what this endpoint does not do, instead of being misunderstood', async () => {
    const filter = odata`userId eq ${'ann'}`;
    const bad = { statusCode: 400, code: 'FilterNotSupported' };
    await expect(here.service.sendToAll({ to: 'some' }, { filter })).rejects.toMatchObject(bad);
    await expect(here.service.addConnectionsToGroups(['crew'], filter)).rejects.toMatchObject({ statusCode: 404 });
  });

  test('may send 1 MB and no more', async () => {
    const ann = await joined({ userId: 'ann' });
    const text = (size: number) => here.service.sendToAll('x'.repeat(size), { contentType: 'text/plain' });
    await text(1024 * 1024);
    await expect(text(1024 * 1024 + 1)).rejects.toMatchObject({ statusCode: 413 });
    await ann.until(1);
    expect(ann.got).toHaveLength(1);
  });
});

describe('REQ-NTF-010 a client that uses @azure/web-pubsub-client', () => {
  test.each([
    ['the reliable protocol', {}],
    ['the plain one', { protocol: WebPubSubJsonProtocol() }],
  ])('joins, sends and leaves as its token allows, over %s', async (_, options) => {
    const roles = ['webpubsub.joinLeaveGroup.crew', 'webpubsub.sendToGroup.crew'];
    const ann = await listening(await here.url({ userId: 'ann', roles }), options);
    const bob = await listening(await here.url({ userId: 'bob', groups: ['crew'] }), options);
    listeners.push(ann, bob);
    await ann.client.joinGroup('crew');
    await ann.client.sendToGroup('crew', { from: 'ann' }, 'json', { noEcho: true });
    await ann.client.sendToGroup('crew', 'all of you', 'text');
    await Promise.all([ann.until(1), bob.until(2)]);
    await ann.client.leaveGroup('crew');
    await here.service.group('crew').sendToAll({ from: 'server' });
    await bob.until(3);
    expect(ann.got).toEqual(['all of you']);
    expect(bob.got).toEqual([{ from: 'ann' }, 'all of you', { from: 'server' }]);
  });

  test('is refused what its token does not allow', async () => {
    const retry = { messageRetryOptions: { maxRetries: 0 } };
    const roles = ['webpubsub.joinLeaveGroup.crew'];
    const ann = await listening(await here.url({ userId: 'ann', roles, groups: ['office'] }), retry);
    const bob = await joined({ userId: 'bob', groups: ['crew', 'office'] });
    listeners.push(ann);
    const forbidden = { errorDetail: { name: 'Forbidden' } };
    await expect(ann.client.joinGroup('stage')).rejects.toMatchObject(forbidden);
    await expect(ann.client.leaveGroup('office')).rejects.toMatchObject(forbidden);
    await expect(ann.client.sendToGroup('crew', {}, 'json')).rejects.toMatchObject(forbidden);
    await expect(ann.client.sendToGroup('office', {}, 'json')).rejects.toMatchObject(forbidden);
    await ann.client.sendToGroup('office', {}, 'json', { fireAndForget: true });
    await here.service.sendToAll({ last: true });
    await bob.until(1);
    expect(bob.got).toEqual([{ last: true }]);
  });

  test('is served a repeated request once', async () => {
    const ann = await joined({ userId: 'ann', roles: ['webpubsub.sendToGroup'] });
    const bob = await joined({ userId: 'bob', groups: ['crew'] });
    expect((await ann.client.sendToGroup('crew', { n: 1 }, 'json', { ackId: 7 })).isDuplicated).toBe(false);
    expect((await ann.client.sendToGroup('crew', { n: 1 }, 'json', { ackId: 7 })).isDuplicated).toBe(true);
    await here.service.sendToAll({ last: true });
    await bob.until(2);
    expect(bob.got).toEqual([{ n: 1 }, { last: true }]);
  });
});
