/** Who we are to Azure Managed Redis: the managed identity, by a token that is renewed while the connection stands. */
import type { AccessToken } from '@azure/identity';
import * as z from 'zod';
import { MINUTE, SECOND } from './clock.ts';
import { once } from './once.ts';
import type { Credentials } from './redis.ts';

const SCOPE = 'https://redis.azure.com/.default';
/** The identity's library hands out the same token until five minutes before its end. */
const BEFORE_THE_END = 4 * MINUTE;
const SOONEST = 30 * SECOND;

const Claims = z.object({ oid: z.string() });

/** Asks for a token when called; the user's name is the identity's object id. Throws when there is no identity. */
export function identityCredentials(now: () => number): () => Promise<Credentials> {
  const opened = once(async () => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new DefaultAzureCredential();
  });
  return async () => credentialsOf(await (await opened()).getToken(SCOPE), now());
}

/** A token as Redis takes it: its `oid` is the user, itself the password. `at` in milliseconds since 1970. */
export function credentialsOf({ token, expiresOnTimestamp }: AccessToken, at: number): Credentials {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const { oid } = Claims.parse(JSON.parse(payload));
  return {
    username: oid,
    password: token,
    renewAfter: Math.max(SOONEST, expiresOnTimestamp - BEFORE_THE_END - at),
  };
}
