import { expect, test } from 'vitest';
import { NEEDED_ON_AZURE, readConfig } from '../../shared/platform/config.ts';

const REFERENCE = '@Microsoft.KeyVault(SecretUri=https://marquee.vault.azure.net/secrets/A-SECRET)';

test('what is bad and what is missing for Azure is named in one message, and no value is in it', () => {
  const settings = { PORT: 'seven', COSMOS_ENDPOINT: 'cosmos.hidden.example:443', LINK_SECRET: 'hidden' };
  const reading = () => readConfig(settings, NEEDED_ON_AZURE);
  expect(reading).toThrow(
    /PORT: [\s\S]*LINK_SECRET: [\s\S]*COSMOS_ENDPOINT: [\s\S]*SERVICE_BUS_NAMESPACE: [\s\S]*SIGNING_KEYS: [\s\S]*BLOB_ACCOUNT_URL: [\s\S]*WEB_PUBSUB_ENDPOINT: /,
  );
  expect(reading).not.toThrow(/hidden|seven/);
});

test.each(['LINK_SECRET', 'SIGNING_KEYS', 'SMTP_URL', 'COSMOS_KEY'])(
  'a reference to the vault that the host could not resolve is no %s',
  (name) => {
    expect(() => readConfig({ [name]: REFERENCE })).toThrow(`${name}: the reference to the key vault was not resolved`);
    expect(() => readConfig({ [name]: REFERENCE })).not.toThrow('A-SECRET');
  },
);

test.each([
  ['COSMOS_ENDPOINT', 'marquee.documents.azure.com:443'],
  ['BLOB_ACCOUNT_URL', 'marquee.blob.core.windows.net:443'],
  ['WEB_PUBSUB_ENDPOINT', 'marquee.webpubsub.azure.com:443'],
  ['PUBLIC_URL', 'marquee.example:443'],
  ['PUBLIC_URL', 'javascript:alert(1)'],
  ['SERVICE_BUS_NAMESPACE', 'https://marquee.servicebus.windows.net/'],
  ['SERVICE_BUS_NAMESPACE', 'marquee'],
  ['SERVICE_BUS_CONNECTION', 'marquee.servicebus.windows.net'],
  ['BLOB_CONNECTION', 'https://marquee.blob.core.windows.net'],
  ['WEB_PUBSUB_CONNECTION', 'marquee.webpubsub.azure.com'],
])('%s=%s is refused when it is read, not when it is first used', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(`${name}: `);
});

test('a setting of nothing but blanks is not set', () => {
  expect(readConfig({ TELEMETRY_SHARE: ' ', PORT: '\n', REDIS_URL: '  ' })).toEqual(readConfig({}));
});
