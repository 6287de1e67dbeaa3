/** Configuration: one schema over environment variables; every missing or bad value is named in one message. */
import * as z from 'zod';
import { readAs } from './validation.ts';

const wholeNumber = (fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

/** As browsers send it: scheme, host and port alone. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#*]+$/;
/** Without a protocol of the web, `marquee.example:443` would be taken for an address of the protocol `marquee.example`. */
const webAddress = z.url({ protocol: /^https?$/, error: 'must be a URL such as https://api.example' });

export const configSchema = z.object({
  PORT: wholeNumber(7071, 0, 65_535).describe('Port of the local host; 0 takes a free one'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address the local host binds'),
  DATA_DIR: z.string().min(1).default('.data').describe('Folder of the embedded store, blobs, mail and keys'),
  SEED: z.enum(['demo', 'none']).default('demo').describe('What the local host loads where there is nothing yet'),
  PUBLIC_URL: webAddress
    .transform((url) => url.replace(/\/$/, ''))
    .optional()
    .describe('Where clients reach the API, for links in mail'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least level that is logged'),
  CORS_ORIGINS: list
    .refine((origins) => origins.every((origin) => ORIGIN.test(origin)), {
      error: 'must be origins such as https://app.example, in small letters, without a path or *',
    })
    .describe('Origins that browsers may call from, separated by commas'),
  TRUST_PROXY: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Whether the last entry of X-Forwarded-For is the client (true behind a gateway of ours)'),
  RATE_SIGNED_IN: wholeNumber(1000, 1).describe('Requests a minute per signed-in user'),
  RATE_PUBLIC: wholeNumber(60, 1).describe('Requests a minute per address on public routes'),
  RATE_UPLOADS: wholeNumber(100, 1).describe('Uploads an hour per user'),
  RATE_FAILURES: wholeNumber(5, 1).describe('Failed sign-ins a minute per address and per account'),
  TOKEN_ISSUER: z.string().min(1).default('urn:marquee').describe('`iss` of access tokens'),
  TOKEN_AUDIENCE: z.string().min(1).default('marquee-api').describe('`aud` of access tokens'),
  SIGNING_KEYS: z
    .string()
    .optional()
    .describe('Private JWK set that signs tokens, newest first (Key Vault); left out: a file in DATA_DIR'),
  LINK_SECRET: z
    .string()
    .min(32)
    .optional()
    .describe('Secret behind single-use links in mail (Key Vault); left out: a file in DATA_DIR'),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'must be a URL such as smtp://user:password@mail.example:587' })
    .optional()
    .describe('Mail server; left out: the local outbox'),
  MAIL_FROM: z
    .string()
    .regex(/\S@\S/, { error: 'must hold an address, such as Marquee <no-reply@marquee.example>' })
    .default('Marquee <no-reply@marquee.example>')
    .describe('Sender of mail'),
  COSMOS_ENDPOINT: webAddress.optional().describe('Cosmos DB account; left out: the embedded store'),
  COSMOS_KEY: z.string().optional().describe('Its key; left out: the managed identity'),
  COSMOS_DATABASE: z.string().min(1).default('marquee').describe('Its database'),
  BLOB_CONNECTION: z
    .string()
    .regex(/(?:^|;)\s*(?:AccountName=|UseDevelopmentStorage=true)/i, 'must name an account')
    .optional()
    .describe('Storage connection string (local development)'),
  BLOB_ACCOUNT_URL: webAddress.optional().describe('Storage account, reached by the managed identity'),
  SERVICE_BUS_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i, 'must be a host name')
    .optional()
    .describe('Fully qualified Service Bus namespace, reached by the managed identity'),
  SERVICE_BUS_CONNECTION: z
    .string()
    .regex(/(?:^|;)\s*Endpoint=sb:/i, 'must name an Endpoint')
    .optional()
    .describe('Its connection string (development, or the emulator)'),
  SERVICE_BUS_TOPIC: z.string().min(1).default('domain-events').describe('Topic the facts are published on'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('Redis that processes share; rediss:// without a password: the managed identity. Left out: each its own'),
  REDIS_TIMEOUT_MS: wholeNumber(100, 10, 5000).describe('Milliseconds that Redis may take to answer before it is away'),
  WEB_PUBSUB_ENDPOINT: webAddress.optional().describe('Web PubSub service, reached by the managed identity'),
  WEB_PUBSUB_CONNECTION: z
    .string()
    .regex(/(?:^|;)\s*Endpoint=https?:/i, 'must name an Endpoint')
    .optional()
    .describe('Its connection string (development); both left out: the local endpoint'),
  WEB_PUBSUB_PORT: wholeNumber(0, 0, 65_535).describe('Port of the local endpoint; 0 takes a free one and keeps it'),
  APPLICATIONINSIGHTS_CONNECTION_STRING: z
    .string()
    .regex(
      /(?:^|;)\s*InstrumentationKey=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i,
      'must name an InstrumentationKey',
    )
    .optional()
    .describe('Application Insights, where traces and metrics go; left out: there are none'),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: z
    .string()
    .optional()
    .describe(
      '`Authorization=AAD`, with `;ClientId=` or not: sent by the managed identity; left out: by the key alone',
    ),
  TELEMETRY_SHARE: z.coerce.number().min(0).max(1).default(1).describe('Share of the traces that is recorded, 0 to 1'),
});

export type Config = z.output<typeof configSchema>;

export class BadConfiguration extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'BadConfiguration';
  }
}

/** Of each line one must be set on Azure; a worker's own disk is no place for any of it. */
export const NEEDED_ON_AZURE = [
  ['COSMOS_ENDPOINT'],
  ['SERVICE_BUS_NAMESPACE', 'SERVICE_BUS_CONNECTION'],
  ['SIGNING_KEYS'],
  ['LINK_SECRET'],
  ['BLOB_ACCOUNT_URL', 'BLOB_CONNECTION'],
  ['WEB_PUBSUB_ENDPOINT', 'WEB_PUBSUB_CONNECTION'],
] as const satisfies Needed;

type Needed = readonly (readonly [keyof Config, ...(keyof Config)[]])[];

/** What is missing of what is needed, one line each. */
export function missingOf(needed: Needed, given: Readonly<Partial<Record<keyof Config, unknown>>>): string[] {
  const missing = needed.filter((names) => names.every((name) => given[name] === undefined));
  return missing.map(([name]) => `${name}: must be set on Azure`);
}

/** A setting that the Functions host could not look up stays as it was written, and would pass for a secret. */
const UNRESOLVED = /^@Microsoft\.KeyVault\(/i;

/**
 * Reads the configuration; throws `BadConfiguration` naming every bad setting, and with them those of `needed` that are
 * missing (which alone throw nothing here). Values are never quoted.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>, needed: Needed = []): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name in configSchema.shape && (value ?? '').trim() !== ''),
  );
  const unresolved = Object.keys(given).filter((name) => UNRESOLVED.test(given[name] ?? ''));
  const parsed = readAs(configSchema, given, true);
  if (parsed.success && unresolved.length === 0) return parsed.data;
  const issues = (parsed.error?.issues ?? []).filter(({ path }) => !unresolved.includes(String(path[0])));
  throw new BadConfiguration([
    ...unresolved.map((name) => `${name}: the reference to the key vault was not resolved`),
    ...issues.map((issue) => {
      const name = String(issue.path[0] ?? '?');
      const says = configSchema.shape[name as keyof typeof configSchema.shape]?.description ?? '';
      return `${name}: ${issue.message}${says ? ` (${says})` : ''}`;
    }),
    ...missingOf(needed, given),
  ]);
}

/** Where people reach us, as far as the configuration says: `PUBLIC_URL`, else the address that is bound. */
export function configuredUrl({ PUBLIC_URL, HOST, PORT }: Config): string {
  return PUBLIC_URL ?? `http://${HOST}:${PORT}`;
}

/** Whether there is a storage account for pictures. */
export function hasBlobs({ BLOB_ACCOUNT_URL, BLOB_CONNECTION }: Config): boolean {
  return BLOB_ACCOUNT_URL !== undefined || BLOB_CONNECTION !== undefined;
}

/** Whether there is a Web PubSub to tell sockets by. */
export function hasRealtime({ WEB_PUBSUB_ENDPOINT, WEB_PUBSUB_CONNECTION }: Config): boolean {
  return WEB_PUBSUB_ENDPOINT !== undefined || WEB_PUBSUB_CONNECTION !== undefined;
}

/** Whether there is a Service Bus to publish to and to be told by. */
export function hasBus({ SERVICE_BUS_NAMESPACE, SERVICE_BUS_CONNECTION }: Config): boolean {
  return SERVICE_BUS_NAMESPACE !== undefined || SERVICE_BUS_CONNECTION !== undefined;
}
