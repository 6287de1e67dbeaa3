/** The keys that sign access tokens: the first signs, all of them verify, so that a rotation signs nobody out. */
import type { JsonWebKey } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import * as z from 'zod';
import type { Clock } from '../platform/clock.ts';
import { HOUR, later } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { BadConfiguration } from '../platform/config.ts';
import { readOrMakeSecret, readSecret, replaceSecret } from '../platform/secret-file.ts';

export const ALGORITHM = 'ES256';
/** A key that stopped signing this long ago has no token left: tokens live 15 minutes, other processes look every second. */
const RETIRED_AFTER = HOUR;
const LOOK_AGAIN_MS = 1000;

const PrivateJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().min(1),
  y: z.string().min(1),
  d: z.string().min(1),
  kid: z.string().min(1),
  /** When it began to sign; ours only. */
  createdAt: z.string().optional(),
});
type PrivateJwk = z.output<typeof PrivateJwk>;
const KeySet = z.object({ keys: z.array(PrivateJwk).min(1) });

export const PublicJwk = z
  .object({
    kty: z.string(),
    crv: z.string(),
    x: z.string(),
    y: z.string(),
    kid: z.string(),
    alg: z.string(),
    use: z.literal('sig'),
  })
  .meta({ id: 'VerificationKey' });
export type PublicJwk = z.output<typeof PublicJwk>;

/** A key as it is used: imported once, for signing or for verifying. */
interface Key {
  readonly kid: string;
  readonly key: CryptoKey;
}
type CryptoKey = Extract<Awaited<ReturnType<typeof importJWK>>, { readonly algorithm: unknown }>;

export interface Keys {
  /** The key that signs now. */
  signing(): Promise<Key>;
  /** The key a token names; undefined when there is none, even after another look. */
  verifying(kid: string): Promise<CryptoKey | undefined>;
  /** What everyone may know. */
  published(): Promise<readonly PublicJwk[]>;
}

interface Ring {
  readonly signing: Key;
  readonly verifying: ReadonlyMap<string, CryptoKey>;
  readonly published: readonly PublicJwk[];
}

function publicPart({ kty, crv, x, y, kid }: PrivateJwk): PublicJwk {
  return { kty, crv, x, y, kid, alg: ALGORITHM, use: 'sig' };
}

async function imported(jwk: PrivateJwk | PublicJwk): Promise<CryptoKey> {
  const { kty, crv, x, y } = jwk;
  const key = await importJWK({ kty, crv, x, y, ...('d' in jwk ? { d: jwk.d } : {}) } as JsonWebKey, ALGORITHM);
  if (key instanceof Uint8Array) throw new Error('A signing key was read as a shared secret');
  return key;
}

async function ringOf(text: string, where: string): Promise<Ring> {
  const { keys } = keySetOf(text, where);
  const [first] = keys;
  if (!first) throw new Error(`${where} holds no key`);
  const verifying = await Promise.all(keys.map(async (key) => [key.kid, await imported(publicPart(key))] as const));
  return {
    signing: { kid: first.kid, key: await imported(first) },
    verifying: new Map(verifying),
    published: keys.map(publicPart),
  };
}

function keySetOf(text: string, where: string): z.output<typeof KeySet> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadConfiguration([`${where}: is not JSON`]);
  }
  const parsed = KeySet.safeParse(value);
  if (parsed.success) return parsed.data;
  // The issues name paths and types, never values.
  const why = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
  throw new BadConfiguration([`${where}: is not a set of private P-256 JWKs (${why})`]);
}

async function newKey(clock: Clock): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return PrivateJwk.parse({ ...jwk, kid, createdAt: clock.now() });
}

/** A key set of one new key, as SIGNING_KEYS takes it. */
export async function newKeySet(clock: Clock): Promise<string> {
  return JSON.stringify({ keys: [await newKey(clock)] });
}

const fileOf = (folder: string) => join(folder, 'signing-keys.json');
const written = (keys: readonly PrivateJwk[]) => `${JSON.stringify({ keys }, undefined, 2)}\n`;

/**
 * Opens the key ring: SIGNING_KEYS when set, else `signing-keys.json` in the data folder, made on the first start.
 * A changed file is seen within a second, or at once when a token names an unknown `kid`; unchanged, it is not read.
 */
export async function openKeys(config: Config, folder: string, clock: Clock): Promise<Keys> {
  if (config.SIGNING_KEYS !== undefined) {
    const ring = await ringOf(config.SIGNING_KEYS, 'SIGNING_KEYS');
    return {
      signing: async () => ring.signing,
      verifying: async (kid) => ring.verifying.get(kid),
      published: async () => ring.published,
    };
  }
  const file = fileOf(folder);
  const text = await readOrMakeSecret(file, async () => written([await newKey(clock)]));
  return watched(file, text);
}

async function watched(file: string, first: string): Promise<Keys> {
  let text = first;
  let ring = await ringOf(text, file);
  let seen = await versionOf(file);
  let lookedAt = performance.now();

  async function look(): Promise<Ring> {
    lookedAt = performance.now();
    const version = await versionOf(file);
    if (version === seen) return ring;
    const next = await readSecret(file);
    if (next !== undefined && next !== text) {
      ring = await ringOf(next, file);
      text = next;
    }
    seen = version;
    return ring;
  }
  async function fresh(): Promise<Ring> {
    return performance.now() - lookedAt < LOOK_AGAIN_MS ? ring : look();
  }
  return {
    signing: async () => (await fresh()).signing,
    // One `stat` for each unknown name: another process may have begun to sign with a new key this very moment.
    verifying: async (kid) => ring.verifying.get(kid) ?? (await look()).verifying.get(kid),
    published: async () => (await fresh()).published,
  };
}

/** Tells one state of a file from another; empty when it is gone (the keys in memory stay). */
async function versionOf(file: string): Promise<string> {
  try {
    const { mtimeMs, ino, size } = await stat(file);
    return `${mtimeMs}:${ino}:${size}`;
  } catch {
    return '';
  }
}

/**
 * A key set with a new key, without those whose tokens are all expired: `ahead` with the new key last, for all to know
 * before any signs with it, and `next` with it first. `where` names the set (`text`; undefined: there is none) in errors.
 */
export async function rotatedSet(text: string | undefined, where: string, clock: Clock) {
  const fresh = await newKey(clock);
  const old = text === undefined ? [] : keySetOf(text, where).keys;
  const since = later(clock.now(), -RETIRED_AFTER);
  // A key stopped signing when the one before it in the set began to.
  const kept = old.filter((_, at) => at === 0 || (old[at - 1]?.createdAt ?? since) >= since);
  return {
    ahead: written([...kept, fresh]),
    next: written([fresh, ...kept]),
    kid: fresh.kid,
    kept: kept.length,
    dropped: old.length - kept.length,
  };
}

/**
 * Puts a new key first and drops those whose tokens are all expired. Signs nobody out: the key that signed until now
 * goes on verifying. To be run by one process at a time. Throws when the keys come from SIGNING_KEYS.
 */
export async function rotateKeys(config: Config, folder: string, clock: Clock) {
  if (config.SIGNING_KEYS !== undefined) {
    throw new Error('The keys come from SIGNING_KEYS: put a new one first there, and keep the old ones for an hour.');
  }
  const file = fileOf(folder);
  const { next, kid, kept, dropped } = await rotatedSet(await readSecret(file), file, clock);
  await replaceSecret(file, next);
  return { kid, kept, dropped };
}
