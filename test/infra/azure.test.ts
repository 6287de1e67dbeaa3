import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { register } from '../../functions/register.ts';
import { reactions } from '../../functions/registry.ts';
import { declaredFiles, subscriptionsOf } from '../../infra/azure/declared.ts';
import { containerNames, declarationOf } from '../../shared/platform/containers.ts';
import { openRealtime } from '../../shared/platform/realtime.azure.ts';
import { containerDefinitions } from '../../shared/platform/store.azure.policy.ts';
import { recordedApp, recordedBus, recordedLog, registerOptions } from '../support/azure.ts';
import { bicepFiles, ofType, profiles, propertiesOf, provisioned } from '../support/azure-infra.ts';
import { bellFacts, counted, countRings, hang, ring } from '../support/bells.ts';
import { parsed } from '../support/bicep.ts';
import type { Deployment } from '../support/bicep-deployment.ts';
import { testPlatform } from '../support/platform.ts';
import { closed, onFreePort } from '../support/servers.ts';

const TOPIC = 'Microsoft.ServiceBus/namespaces/topics';
const DATABASE = 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases';

describe('the Bicep files', () => {
  test('are Bicep, name nothing that is not declared and declare nothing that is not used', async () => {
    const files = await bicepFiles();
    expect(files.size).toBeGreaterThan(9);
    expect([...files.values()].flatMap(({ problems }) => problems)).toEqual([]);
  });

  test.each([
    ["resource a 'T@1' = { name: 'x'", 'is not Bicep'],
    ['output a string = b.c', '"b" is not declared'],
    ['param a string', '"a" is never used'],
    ['var a = 1\nvar a = 2\noutput b int = a', '"a" is declared twice'],
    ['var a = [1]\nvar b = [for c in a: c]\noutput d array = b\noutput e int = c', '"c" is not declared'],
  ])('%j is noticed', async (text, problem) => {
    expect((await parsed('x.bicep', text)).problems.join('\n')).toContain(problem);
  });

  test('read what the declarations say from files that are in step with them', async () => {
    for (const [name, text] of Object.entries(declaredFiles())) {
      expect(await readFile(`infra/azure/generated/${name}`, 'utf8')).toBe(text);
    }
  });

  test('name every resource as Azure allows', async () => {
    const { resources } = await provisioned('prod', { AZURE_ENV_NAME: 'x'.repeat(40) });
    const limits: Record<string, RegExp> = {
      'Microsoft.Resources/resourceGroups': /^[\w.()-]{1,90}$/,
      'Microsoft.Storage/storageAccounts': /^[a-z0-9]{3,24}$/,
      'Microsoft.KeyVault/vaults': /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/,
      'Microsoft.DocumentDB/databaseAccounts': /^[a-z0-9-]{3,44}$/,
      'Microsoft.ServiceBus/namespaces': /^[a-z][a-z0-9-]{4,48}[a-z0-9]$/,
      'Microsoft.SignalRService/webPubSub': /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/,
      'Microsoft.Web/sites': /^[a-z0-9][a-z0-9-]{0,58}[a-z0-9]$/,
      'Microsoft.Web/serverfarms': /^[a-z0-9-]{1,60}$/,
    };
    for (const [type, legal] of Object.entries(limits)) {
      const names = resources.filter((resource) => resource.type === type).map(({ name }) => name);
      expect(names, type).not.toEqual([]);
      for (const name of names) expect(name).toMatch(legal);
    }
    const whole = resources.map(({ type, name, scope }) => `${type}/${name} on ${scope}`);
    expect(new Set(whole).size).toBe(whole.length);
  });
});

describe.each(profiles)('in profile %s', (profile) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await provisioned(profile);
  });

  test('Cosmos DB gets every declared container with its keys, time to live and indexes, and the one for leases', () => {
    const made = [...ofType(deployment, `${DATABASE}/containers`)].map(([name, resource]) => {
      const { resource: definition } = propertiesOf(resource);
      expect(definition).toMatchObject({ id: name });
      return definition;
    });
    const leases = { id: 'leases', partitionKey: { paths: ['/id'], kind: 'Hash', version: 2 } };
    expect(made).toEqual([...containerDefinitions(), leases]);
    // And not only because both come from one place.
    for (const name of containerNames) {
      const { partitionKey: paths, ttl } = declarationOf(name);
      const wanted = { id: name, partitionKey: { paths }, ...(ttl ? { defaultTtl: -1 } : {}) };
      expect(made).toContainEqual(
        expect.objectContaining({ ...wanted, partitionKey: expect.objectContaining({ paths }) }),
      );
    }
  });

  test('no container has more indexes than Cosmos DB takes: 100 of several paths, 8 paths in one, 3 of a key', () => {
    for (const { id, partitionKey, indexingPolicy } of containerDefinitions()) {
      expect(partitionKey.paths.length, id).toBeLessThanOrEqual(3);
      expect(indexingPolicy.compositeIndexes.length, id).toBeLessThanOrEqual(100);
      for (const paths of indexingPolicy.compositeIndexes) expect(paths.length, id).toBeLessThanOrEqual(8);
    }
  });

  test('the capacity is that of the profile', () => {
    const [account] = ofType(deployment, 'Microsoft.DocumentDB/databaseAccounts').values();
    const [database] = ofType(deployment, DATABASE).values();
    const serverless = profile === 'dev';
    expect(propertiesOf(account).capabilities).toEqual(serverless ? [{ name: 'EnableServerless' }] : []);
    expect(propertiesOf(database).options).toEqual(serverless ? {} : { autoscaleSettings: { maxThroughput: 4000 } });
  });

  test('every reaction has a subscription with sessions, and one filter that lets its facts through and no others', () => {
    const made = ofType(deployment, `${TOPIC}/subscriptions`);
    expect([...made.keys()]).toEqual(reactions.map(({ name }) => name));
    for (const subscription of made.values()) {
      expect(propertiesOf(subscription)).toMatchObject({
        requiresSession: true,
        maxDeliveryCount: 10,
        deadLetteringOnMessageExpiration: true,
      });
    }
    const rules = deployment.resources.filter(({ type }) => type === `${TOPIC}/subscriptions/rules`);
    const everything = [...new Set(reactions.flatMap(({ on }) => on))];
    expect(rules).toHaveLength(reactions.length);
    for (const { name, on } of reactions) {
      // Under this name it takes the place of the rule that every subscription is made with.
      const rule = rules.find((one) => one.name.endsWith(`/${name}/$Default`));
      expect(propertiesOf(rule)).toMatchObject({ filterType: 'SqlFilter' });
      expect(passing(propertiesOf(rule).sqlFilter, everything)).toEqual({
        through: everything.filter((type) => on.includes(type)),
        replaysFor: name,
      });
    }
  });

  test('the topic drops what it is sent twice', () => {
    const [topic] = ofType(deployment, TOPIC).values();
    expect(propertiesOf(topic)).toMatchObject({
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: 'PT1H',
    });
  });

  test('blobs have their private containers, and the hub of the sockets its name', async () => {
    const containers = ofType(deployment, 'Microsoft.Storage/storageAccounts/blobServices/containers');
    expect([...containers.keys()].sort()).toEqual(['app-package', 'pictures']);
    for (const container of containers.values()) expect(propertiesOf(container)).toEqual({ publicAccess: 'None' });
    const hubs = ofType(deployment, 'Microsoft.SignalRService/webPubSub/hubs');
    expect([...hubs.keys()]).toEqual([await hubInUse()]);
    expect(propertiesOf([...hubs.values()][0])).toEqual({ anonymousConnectPolicy: 'deny' });
  });
});

describe('a changed declaration is noticed', () => {
  test('a reaction that is told of another fact gets another filter, a new one another subscription', () => {
    const [first, ...rest] = reactions;
    if (!first) throw new Error('There are no reactions');
    const before = subscriptionsOf(reactions);
    expect(subscriptionsOf([{ ...first, on: [...first.on, 'BellRung'] }, ...rest])).not.toEqual(before);
    expect(subscriptionsOf([...reactions, countRings])).toHaveLength(before.length + 1);
  });

  test('a reaction that is told of more facts than a filter holds is refused', () => {
    const on = Array.from({ length: 60 }, (_, at) => `SomethingHappenedToIt${at}`);
    expect(() => subscriptionsOf([{ name: 'too-much', on }])).toThrow(/"too-much".*1024/);
  });
});

test('a message that passes before the filter is there is left alone', async () => {
  const platform = await testPlatform();
  const azure = recordedApp();
  const declared = { routes: [], timers: [], reactions: [{ ...countRings, on: ['SomethingElse'] }] };
  register(azure, declared, registerOptions(platform, recordedBus(), recordedLog()));
  await hang(platform, 'a');
  await ring(platform, 'a');
  for (const fact of await bellFacts(platform)) await azure.topics.get('on-count-rings')?.call(fact);
  expect(await counted(platform, 'a')).toEqual([]);
  await platform.close();
});

const FORM = /^sys\.Label IN \(((?:'\w+',?)+)\) AND \(NOT EXISTS\(replayfor\) OR replayfor = '([a-z-]+)'\)$/;

/** The types that a filter of our form lets through, and whose replays. */
function passing(
  filter: unknown,
  types: readonly string[],
): { readonly through: string[]; readonly replaysFor: string } {
  const { sqlExpression } = Object(filter) as { sqlExpression?: string };
  const [, list = '', replaysFor = ''] = FORM.exec(sqlExpression ?? '') ?? [];
  const named = [...list.matchAll(/'(\w+)'/g)].map(([, type]) => type);
  return { through: types.filter((type) => named.includes(type)), replaysFor };
}

/** The hub that the adapter sends to, as its request says. */
async function hubInUse(): Promise<string | undefined> {
  const paths: string[] = [];
  const server = createServer((request, reply) => {
    paths.push(request.url ?? '');
    reply.writeHead(202).end();
  });
  const { port } = await onFreePort(server);
  const connectionString = `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${'k'.repeat(44)};Version=1.0;`;
  await openRealtime({ connectionString }).send('org', 'user', { type: 'hello', data: {} });
  await closed(server);
  return /\/hubs\/(\w+)\//.exec(paths[0] ?? '')?.[1];
}
