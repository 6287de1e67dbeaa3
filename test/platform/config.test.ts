/** Settings that would start and then do nothing of what they are for are refused, each with what it should be. */
import { describe, expect, test } from 'vitest';
import { NEEDED_ON_AZURE, readConfig } from '../../shared/platform/config.ts';

describe('A setting that cannot work is refused', () => {
  test.each([
    ['PORT', 'seven', 'must be a number (Port of'],
    ['SEED', 'all', 'must be one of demo, none ('],
    ['PUBLIC_URL', 'localhost:7071', 'must be a URL such as https://api.example ('],
    ['CORS_ORIGINS', 'https://app.example,app.example', 'must be origins such as https://app.example, '],
    ['CORS_ORIGINS', 'https://app.example/', 'must be origins such as https://app.example, '],
    ['CORS_ORIGINS', '*', 'must be origins such as https://app.example, '],
    ['SMTP_URL', 'mail.example:587', 'must be a URL such as smtp://user:password@mail.example:587 ('],
    ['MAIL_FROM', 'Marquee', 'must hold an address, such as Marquee <no-reply@marquee.example> ('],
  ])('%s=%s', (name, value, told) => {
    expect(() => readConfig({ [name]: value })).toThrow(`- ${name}: ${told}`);
  });

  test('and those that can are taken', () => {
    const config = readConfig({
      PUBLIC_URL: 'http://localhost:7071/',
      CORS_ORIGINS: 'https://app.example, http://localhost:3000, capacitor://localhost',
      SMTP_URL: 'smtps://mail.example',
      MAIL_FROM: 'office@marquee.example',
    });
    expect(config.PUBLIC_URL).toBe('http://localhost:7071');
    expect(config.CORS_ORIGINS).toEqual(['https://app.example', 'http://localhost:3000', 'capacitor://localhost']);
  });
});

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
