import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { bicepFiles, ofType, profiles, propertiesOf, provisioned } from '../support/azure-infra.ts';
import type { Deployment } from '../support/bicep-deployment.ts';

const ASSIGNMENT = 'Microsoft.Authorization/roleAssignments';
const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities/id-marquee-abcdefghijklm';

/** What the app may do, on what, and why it must. Anything more fails the test. */
const NEEDED: readonly (readonly [role: string, on: RegExp, why: string])[] = [
  ['monitoringMetricsPublisher', /^Microsoft\.Insights\/components\//, 'keys are off: telemetry is sent by identity'],
  ['storageBlobDataOwner', /^Microsoft\.Storage\/storageAccounts\/stmqhost/, 'the host demands it for locks and keys'],
  [
    'storageBlobDataContributor',
    /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/stmqdata.+\/default\/pictures$/,
    'stores and sweeps pictures, in that container alone',
  ],
  ['storageBlobDelegator', /^Microsoft\.Storage\/storageAccounts\/stmqdata/, 'signs links by a user delegation key'],
  ['serviceBusDataSender', /^Microsoft\.ServiceBus\/namespaces\/topics\/.+\/domain-events$/, 'publishes facts'],
  ['serviceBusDataReceiver', /^Microsoft\.ServiceBus\/namespaces\/sb-/, 'the triggers read the subscriptions'],
  ['webPubSubServiceOwner', /^Microsoft\.SignalRService\/webPubSub\//, 'sends, closes, makes client tokens'],
  ['keyVaultSecretsUser', /^Microsoft\.KeyVault\/vaults\//, 'reads the secrets its settings refer to'],
];

async function roleNames(): Promise<ReadonlyMap<string, string>> {
  const roles: Record<string, string> = JSON.parse(await readFile('infra/azure/roles.json', 'utf8'));
  return new Map(Object.entries(roles).map(([name, id]) => [id, name]));
}

async function assigned(deployment: Deployment) {
  const names = await roleNames();
  return deployment.resources
    .filter(({ type }) => type === ASSIGNMENT)
    .map((assignment) => {
      const { principalId, roleDefinitionId } = propertiesOf(assignment);
      const role = names.get(String(roleDefinitionId).split('/').at(-1) ?? '') ?? '?';
      return { role, on: assignment.scope ?? 'everything', to: String(principalId) };
    });
}

describe.each(profiles)('roles in profile %s', (profile) => {
  test('the identity has what it needs, each on the least that will do, and nothing else', async () => {
    const given = (await assigned(await provisioned(profile))).filter(({ to }) => to.includes(IDENTITY));
    expect(given.map(({ role }) => role).toSorted()).toEqual(NEEDED.map(([role]) => role).toSorted());
    for (const [role, on] of NEEDED) expect(given.find((one) => one.role === role)?.on, role).toMatch(on);
  });

  test('of data in Cosmos DB it reads and writes those of the one database, and manages none', async () => {
    const deployment = await provisioned(profile);
    const roles = deployment.resources.filter(({ type }) => type.endsWith('/sqlRoleAssignments'));
    expect(roles.map(propertiesOf)).toEqual([
      {
        principalId: `<${IDENTITY}:properties.principalId>`,
        roleDefinitionId: expect.stringMatching(/:id>\/sqlRoleDefinitions\/00000000-0000-0000-0000-000000000002$/),
        scope: expect.stringMatching(/:id>\/dbs\/marquee$/),
      },
    ]);
  });

  test('who deploys may write secrets, and has no other role of ours; there is one identity', async () => {
    const deployment = await provisioned(profile);
    const others = (await assigned(deployment)).filter(({ to }) => !to.includes(IDENTITY));
    expect(others).toEqual([
      {
        role: 'keyVaultSecretsOfficer',
        on: expect.stringMatching(/^Microsoft\.KeyVault\/vaults\//),
        to: 'the-deployer',
      },
    ]);
    expect(ofType(deployment, 'Microsoft.ManagedIdentity/userAssignedIdentities').size).toBe(1);
    const [app] = ofType(deployment, 'Microsoft.Web/sites').values();
    expect(app?.body.identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: { [`<${IDENTITY}:id>`]: {} } });
  });

  test('no service takes a key, and all want TLS 1.2', async () => {
    const deployment = await provisioned(profile);
    const every = (type: string, properties: object) => {
      const found = [...ofType(deployment, type).values()];
      expect(found, type).not.toEqual([]);
      for (const one of found) expect(propertiesOf(one), type).toMatchObject(properties);
    };
    every('Microsoft.DocumentDB/databaseAccounts', { disableLocalAuth: true, minimalTlsVersion: 'Tls12' });
    every('Microsoft.ServiceBus/namespaces', { disableLocalAuth: true, minimumTlsVersion: '1.2' });
    every('Microsoft.SignalRService/webPubSub', { disableLocalAuth: true });
    every('Microsoft.Storage/storageAccounts', {
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
    });
    every('Microsoft.Insights/components', { DisableLocalAuth: true });
    every('Microsoft.KeyVault/vaults', { enableRbacAuthorization: true, enableSoftDelete: true });
    every('Microsoft.Web/sites', { httpsOnly: true, siteConfig: { minTlsVersion: '1.2' } });
    every('Microsoft.Web/sites/basicPublishingCredentialsPolicies', { allow: false });
  });

  test('nothing secret is asked for or given out', async () => {
    for (const path of (await bicepFiles()).keys()) {
      expect(await readFile(path, 'utf8'), path).not.toMatch(
        /listKeys|listSecrets|\.primaryKey|connectionStrings|@secure/i,
      );
    }
    const { outputs } = await provisioned(profile);
    expect(Object.keys(outputs).toSorted()).toEqual([
      'AZURE_COSMOS_ACCOUNT_NAME',
      'AZURE_FUNCTION_APP_ID',
      'AZURE_FUNCTION_APP_NAME',
      'AZURE_KEY_VAULT_ENDPOINT',
      'AZURE_LOCATION',
      'AZURE_RESOURCE_GROUP',
      'AZURE_SERVICE_BUS_TOPIC_ID',
      'AZURE_TENANT_ID',
      'SERVICE_API_URI',
    ]);
  });

  test('an alert is raised for errors, slowness, a relay that stands still, telemetry that ends, partitions that fill, dead letters, what waits and what is throttled, and somebody told', async () => {
    const deployment = await provisioned(profile, { MARQUEE_ALERT_EMAIL: 'ops@marquee.example' });
    const queried = ofType(deployment, 'Microsoft.Insights/scheduledQueryRules');
    const measured = ofType(deployment, 'Microsoft.Insights/metricAlerts');
    const names = [...queried.keys(), ...measured.keys()].map((name) => name.replace(/^alert-|-[a-z]{13}$/g, ''));
    expect(names).toEqual([
      'error-rate',
      'slow-p95',
      'relay-stopped',
      'telemetry-near-cap',
      'telemetry-stopped',
      'full-partition',
      'dead-letters',
      'waiting-messages',
      'throttled-bus',
      'throttled-cosmos',
    ]);
    const [group] = ofType(deployment, 'Microsoft.Insights/actionGroups').values();
    expect(propertiesOf(group).emailReceivers).toMatchObject([{ emailAddress: 'ops@marquee.example' }]);
    const people = `<Microsoft.Insights/actionGroups/${group?.name}:id>`;
    for (const alert of queried.values()) expect(propertiesOf(alert).actions).toEqual({ actionGroups: [people] });
    for (const alert of measured.values()) expect(propertiesOf(alert).actions).toEqual([{ actionGroupId: people }]);
    expect(JSON.stringify(queried.get('alert-relay-stopped-abcdefghijklm')?.body)).toContain(
      'name startswith \\"outbox-\\"',
    );
    // Of what is recorded a share, one failure may stand for ten.
    for (const name of ['error-rate', 'slow-p95']) {
      const body = JSON.stringify(queried.get(`alert-${name}-abcdefghijklm`)?.body);
      expect(body).toContain('seen = count()');
      expect(body).toContain('where seen >= 20');
    }
    // Read where they are seen though nothing is taken in any more.
    const workspaces = [...ofType(deployment, 'Microsoft.OperationalInsights/workspaces').values()];
    const { dailyQuotaGb } = propertiesOf(workspaces[0]).workspaceCapping as { dailyQuotaGb: number };
    for (const [name, query] of [
      ['telemetry-near-cap', `/ (10.0 * ${dailyQuotaGb})`],
      ['telemetry-stopped', 'OverQuota'],
    ] as const) {
      const alert = queried.get(`alert-${name}-abcdefghijklm`);
      expect(JSON.stringify(propertiesOf(alert).scopes)).toContain('Microsoft.OperationalInsights/workspaces');
      expect(JSON.stringify(propertiesOf(alert).criteria)).toContain(query);
    }
    // What the alert reads is written to where it reads.
    const [statistics] = ofType(deployment, 'Microsoft.Insights/diagnosticSettings').values();
    expect(propertiesOf(statistics).logs).toEqual([{ category: 'PartitionKeyStatistics', enabled: true }]);
    const filling = propertiesOf(queried.get('alert-full-partition-abcdefghijklm'));
    expect(filling).toMatchObject({ scopes: [propertiesOf(statistics).workspaceId], skipQueryValidation: true });
    expect(JSON.stringify(filling.criteria)).toContain('"threshold":16');
    const throttled = measured.get('alert-throttled-cosmos-abcdefghijklm');
    expect(JSON.stringify(throttled?.body)).toContain('{"name":"StatusCode","operator":"Include","values":["429"]}');
  });
});

test('a role too many is noticed', async () => {
  const deployment = await provisioned('dev');
  const [one] = deployment.resources.filter(({ type }) => type === ASSIGNMENT);
  if (!one) throw new Error('There are no roles');
  const more = { ...deployment, resources: [...deployment.resources, { ...one, scope: undefined }] };
  const given = await assigned(more);
  expect(given.map(({ role }) => role).toSorted()).not.toEqual(
    [...NEEDED.map(([role]) => role), 'keyVaultSecretsOfficer'].toSorted(),
  );
  expect(given.map(({ on }) => on)).toContain('everything');
});
