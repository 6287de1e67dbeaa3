import { readdir, readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { register } from '../../functions/register.ts';
import { reactions, routes, timers } from '../../functions/registry.ts';
import { SECRETS } from '../../infra/azure/vault.ts';
import { newKeySet } from '../../shared/identity/keys.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { openAzureParts } from '../../shared/platform/compose.azure.ts';
import { configSchema, readConfig } from '../../shared/platform/config.ts';
import { recordedApp, recordedLog } from '../support/azure.ts';
import { ofType, profiles, propertiesOf, provisioned } from '../support/azure-infra.ts';
import type { Deployment } from '../support/bicep-deployment.ts';

/** Settings that are left out on Azure, each with why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  PORT: 'of the local host',
  HOST: 'of the local host',
  SEED: 'of the local host',
  TRUST_PROXY: 'no gateway of ours stands before the app; what its own front end says is always believed',
  RATE_SIGNED_IN: 'the default',
  RATE_PUBLIC: 'the default',
  RATE_UPLOADS: 'the default',
  RATE_FAILURES: 'the default',
  TOKEN_ISSUER: 'the default',
  TOKEN_AUDIENCE: 'the default',
  COSMOS_KEY: 'keys are off; the identity comes in',
  BLOB_CONNECTION: 'keys are off; the identity comes in',
  WEB_PUBSUB_CONNECTION: 'keys are off; the identity comes in',
  WEB_PUBSUB_PORT: 'of the local endpoint',
  SERVICE_BUS_CONNECTION: 'keys are off; the identity comes in',
  REDIS_URL: 'both profiles are without Redis until it is wanted',
  REDIS_TIMEOUT_MS: 'the default',
};
/** Read by the host and the SDKs, not by us. */
const OF_THE_PLATFORM = /^(AzureWebJobsStorage__|Cosmos__|ServiceBus__|OTEL_|AZURE_CLIENT_ID$)/;
/** Refused or ignored on Flex Consumption, where functionAppConfig says these things. */
const OF_OTHER_PLANS = [
  'FUNCTIONS_WORKER_RUNTIME',
  'FUNCTIONS_EXTENSION_VERSION',
  'WEBSITE_NODE_DEFAULT_VERSION',
  'WEBSITE_RUN_FROM_PACKAGE',
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
  'SCM_DO_BUILD_DURING_DEPLOYMENT',
];

function settingsOf(deployment: Deployment): Record<string, string> {
  const settings = ofType(deployment, 'Microsoft.Web/sites/config').get('appsettings');
  return propertiesOf(settings) as Record<string, string>;
}
const everything = { MARQUEE_SMTP: 'true', MARQUEE_PUBLIC_URL: 'https://marquee.example' };
const ours = (settings: Record<string, string>) => Object.keys(settings).filter((name) => !OF_THE_PLATFORM.test(name));

const INSIGHTS = `InstrumentationKey=${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)};IngestionEndpoint=https://known.example/`;

/** What the worker then sees: addresses as Azure gives them, and what the vault holds. */
async function atRun(settings: Record<string, string>): Promise<Record<string, string>> {
  const held: Record<string, string> = {
    'SIGNING-KEYS': await newKeySet(systemClock),
    'LINK-SECRET': 's'.repeat(43),
    'SMTP-URL': 'smtps://user:secret@mail.example:465',
  };
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (name === 'APPLICATIONINSIGHTS_CONNECTION_STRING') return [name, INSIGHTS];
      const [, secret = ''] = /^@Microsoft\.KeyVault\(SecretUri=.+secrets\/([A-Z-]+)\)$/.exec(value) ?? [];
      const known = value.replace(/^<[^:]+:properties\.[^>]+>/, 'https://known.example');
      return [name, held[secret] ?? known.replace(/<[^:>]+:[^>]+>/g, 'known.example')];
    }),
  );
}

afterEach(() => vi.unstubAllEnvs());

describe.each(profiles)('the settings of the app in profile %s', (profile) => {
  let settings: Record<string, string>;
  beforeAll(async () => {
    settings = settingsOf(await provisioned(profile, everything));
  });

  test('are all there are, but those that are left out for a reason; and none that nobody reads', () => {
    const known = Object.keys(configSchema.shape);
    const set = ours(settings);
    const wanted = known.filter((name) => !(name in LEFT_OUT));
    expect(set.toSorted()).toEqual(wanted.toSorted());
    expect(Object.keys(LEFT_OUT).filter((name) => !known.includes(name))).toEqual([]);
    expect(Object.keys(settings).filter((name) => OF_OTHER_PLANS.includes(name))).toEqual([]);
  });

  test('are a usable configuration, with which every part opens without a key', async () => {
    const config = readConfig(await atRun(settings));
    expect(config).toMatchObject({ PUBLIC_URL: 'https://marquee.example', COSMOS_DATABASE: 'marquee' });
    expect(config.MAIL_FROM).toBe('Marquee <no-reply@marquee.example>');
    const { platform, bus } = await openAzureParts({ ...config, LOG_LEVEL: 'silent' }, false);
    expect(platform.probes.map(({ name }) => name)).toEqual(['store', 'bus', 'blobs', 'realtime']);
    await Promise.all([platform.store.close(), bus.close()]);
  });

  test('hold no secret: those are references to the vault', async () => {
    const secrets = ['SIGNING_KEYS', 'LINK_SECRET', 'SMTP_URL'];
    for (const [name, value] of Object.entries(settings)) {
      const reference = value.startsWith('@Microsoft.KeyVault(SecretUri=<Microsoft.KeyVault/vaults/');
      expect([name, reference]).toEqual([name, secrets.includes(name)]);
    }
    // As the hook names them: hyphens, which the vault wants, for underscores.
    const named = Object.values(settings).flatMap((value) => /secrets\/([\w-]+)\)$/.exec(value)?.[1] ?? []);
    expect(named.toSorted()).toEqual(secrets.map((name) => name.replace('_', '-')).toSorted());
    expect(named.toSorted()).toEqual(Object.values(SECRETS).toSorted());
  });

  test('give every trigger its connection, database, topic and leases', () => {
    const registered: { connection: string; databaseName?: string; topicName?: string; leaseContainerName?: string }[] =
      [];
    const azure = {
      ...recordedApp(),
      cosmosDB: (_: string, options: object) => void registered.push(options as (typeof registered)[number]),
      serviceBusTopic: (_: string, options: object) => void registered.push(options as (typeof registered)[number]),
    };
    const running = () => Promise.reject(new Error('not started'));
    const { COSMOS_DATABASE: database = '', SERVICE_BUS_TOPIC: topic = '' } = settings;
    const options = { running, database, topic, feeds: true, log: recordedLog() };
    expect(register(azure, { routes, reactions, timers }, options)).toEqual([]);
    expect(registered.length).toBeGreaterThan(reactions.length);
    for (const { connection, databaseName, topicName, leaseContainerName } of registered) {
      const [address, same] =
        databaseName === undefined
          ? (['fullyQualifiedNamespace', 'SERVICE_BUS_NAMESPACE'] as const)
          : (['accountEndpoint', 'COSMOS_ENDPOINT'] as const);
      expect(settings[`${connection}__${address}`]).toBeTruthy();
      expect(settings[`${connection}__${address}`]).toBe(settings[same]);
      expect(settings[`${connection}__credential`]).toBe('managedidentity');
      expect(settings[`${connection}__clientId`]).toBe(settings.AZURE_CLIENT_ID);
      expect([databaseName, topicName]).toContain(databaseName === undefined ? topic : database);
      expect(leaseContainerName).toBe(databaseName === undefined ? undefined : 'leases');
    }
    expect(settings.AzureWebJobsStorage__accountName).toMatch(/^stmqhost/);
    expect(settings.AzureWebJobsStorage).toBeUndefined();
  });

  test('send telemetry by identity, and start Node as the host has it ready: with arguments it would start anew', () => {
    const identity = `ClientId=${settings.AZURE_CLIENT_ID};Authorization=AAD`;
    expect(settings.APPLICATIONINSIGHTS_AUTHENTICATION_STRING).toBe(identity);
    expect(settings.languageWorkers__node__arguments).toBeUndefined();
  });

  test('record as many traces as the profile says, the host the same as we, and in prod only what went wrong is logged', () => {
    const wanted = profile === 'prod' ? { share: '0.1', level: 'warn' } : { share: '1', level: 'info' };
    const { TELEMETRY_SHARE, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, LOG_LEVEL } = settings;
    expect({ share: TELEMETRY_SHARE, level: LOG_LEVEL }).toEqual(wanted);
    expect({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG }).toEqual({
      OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage',
      OTEL_TRACES_SAMPLER_ARG: TELEMETRY_SHARE,
    });
  });
});

test('without a mail server and an address of its own the app is reached at its host name, and has no SMTP_URL', async () => {
  const settings = settingsOf(await provisioned('dev'));
  expect(settings.SMTP_URL).toBeUndefined();
  expect(settings.PUBLIC_URL).toBe('https://func-marquee-abcdefghijklm.azurewebsites.net');
});

test('the app runs on Flex Consumption with Node 22, its package fetched by its identity', async () => {
  const deployment = await provisioned('prod');
  const [plan] = ofType(deployment, 'Microsoft.Web/serverfarms').values();
  expect(plan?.body.sku).toEqual({ name: 'FC1', tier: 'FlexConsumption' });
  const [app] = ofType(deployment, 'Microsoft.Web/sites').values();
  expect(app?.body.tags).toMatchObject({ 'azd-service-name': 'api' });
  expect(propertiesOf(app).functionAppConfig).toMatchObject({
    deployment: { storage: { type: 'blobContainer', authentication: { type: 'UserAssignedIdentity' } } },
    runtime: { name: 'node', version: '22' },
    scaleAndConcurrency: { instanceMemoryMB: 2048, alwaysReady: [{ name: 'http', instanceCount: 1 }] },
  });
});

test('a profile that asks for Redis gets it without keys, and the app its address without a password', async () => {
  const path = 'infra/azure/parameters/prod.json';
  const sizes = JSON.parse(await readFile(path, 'utf8'));
  const withRedis = { [path]: { ...sizes, redis: { ...sizes.redis, enabled: true } } };
  const deployment = await provisioned('prod', {}, withRedis);
  const [database] = ofType(deployment, 'Microsoft.Cache/redisEnterprise/databases').values();
  expect(propertiesOf(database)).toMatchObject({ accessKeysAuthentication: 'Disabled', clientProtocol: 'Encrypted' });
  const [use] = ofType(deployment, 'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments').values();
  expect(propertiesOf(use)).toEqual({
    accessPolicyName: 'default',
    user: { objectId: expect.stringContaining('userAssignedIdentities/id-marquee') },
  });
  expect(settingsOf(deployment).REDIS_URL).toMatch(
    /^rediss:\/\/<[^@]+:properties\.hostName>:<[^@]+:properties\.port>$/,
  );
  const without = await provisioned('prod');
  expect(without.resources.filter(({ type }) => type.includes('redis'))).toEqual([]);
  expect(settingsOf(without).REDIS_URL).toBeUndefined();
});

test('a container can be given throughput of its own', async () => {
  const path = 'infra/azure/parameters/prod.json';
  const sizes = JSON.parse(await readFile(path, 'utf8'));
  const own = { [path]: { ...sizes, cosmos: { ...sizes.cosmos, dedicated: { claims: 20_000 } } } };
  const made = ofType(
    await provisioned('prod', {}, own),
    'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers',
  );
  expect(propertiesOf(made.get('claims')).options).toEqual({ autoscaleSettings: { maxThroughput: 20_000 } });
  expect(propertiesOf(made.get('events')).options).toEqual({});
});

test('both profiles say the same sizes', async () => {
  const shape = (value: unknown, at = ''): string[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && at.split('.').length < 3
      ? Object.entries(value).flatMap(([name, inner]) => shape(inner, `${at}.${name}`))
      : [at];
  expect((await readdir('infra/azure/parameters')).sort()).toEqual(profiles.map((profile) => `${profile}.json`));
  const [dev, prod] = await Promise.all(
    profiles.map(async (profile) =>
      shape(JSON.parse(await readFile(`infra/azure/parameters/${profile}.json`, 'utf8'))),
    ),
  );
  expect(dev).toEqual(prod);
});

test('after a restore the app is given the account that was restored, and its identity the role there', async () => {
  const account = 'cosmos-marquee-restored';
  const deployment = await provisioned('prod', { MARQUEE_COSMOS_ACCOUNT: account });
  const [made] = ofType(deployment, 'Microsoft.DocumentDB/databaseAccounts').values();
  expect(made?.name).toBe(account);
  const [role] = ofType(deployment, 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments').values();
  expect(role?.name).toMatch(new RegExp(`^${account}/`));
  expect(JSON.stringify(settingsOf(deployment))).toContain(account);
  // What the commands of docs/operations.md then work on, though both accounts are there.
  expect(deployment.outputs.AZURE_COSMOS_ACCOUNT_NAME).toBe(account);
});
