/** Passwords: what a new one must be, and how they are kept: argon2id, never in the clear. */
import * as z from 'zod';
import { once } from '../platform/once.ts';
import { secretText } from '../platform/random.ts';
import { invalid } from '../platform/refusal.ts';
import type { Document } from '../platform/store.ts';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. A change upgrades hashes at sign-in. */
export const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;
const LEAST_CHARACTERS = 12;
const MOST_CHARACTERS = 128;
const MOST_COMMON = 10_000;

const normal = (text: string) => text.normalize('NFKC');

/** A password somebody signs in with: anything a right one could be, and what is surely none. */
export const GivenPassword = z
  .string()
  .min(1)
  .max(1024)
  .transform(normal)
  .meta({ override: { type: 'string', format: 'password', minLength: 1, maxLength: 1024 } });

/** A password somebody chooses; `checkPassword` knows the rest. */
export const NewPassword = z
  .string()
  .max(1024)
  .transform(normal)
  .pipe(z.string().min(LEAST_CHARACTERS).max(MOST_CHARACTERS))
  .meta({
    description: 'Not among the 10,000 most common, not the username',
    override: { type: 'string', format: 'password', minLength: LEAST_CHARACTERS, maxLength: MOST_CHARACTERS },
  });

/** `argon2` loads in about 10 ms: not before somebody signs in. */
const argon2 = () => import('@node-rs/argon2');

const commonPasswords = once(async (): Promise<ReadonlySet<string>> => {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'].slice(0, MOST_COMMON).map((entry) => String(entry).toLowerCase()));
});

/** Throws `invalid` at `path` for a password that is common or the username. */
export async function checkPassword(password: string, username: string, path: string): Promise<void> {
  const folded = password.toLowerCase();
  if (folded === username.toLowerCase()) throw invalid(path, 'is_username', 'must not be the username');
  if ((await commonPasswords()).has(folded)) throw invalid(path, 'too_common', 'is among the most common passwords');
}

export async function hashPassword(password: string): Promise<string> {
  const { hash } = await argon2();
  return hash(password, ARGON2);
}

const decoy = once(() => hashPassword(secretText(32)));

/** Whether the password is right. Without a hash (no such user) it works as long, and is not. */
export async function verifyPassword(hash: string | undefined, password: string): Promise<boolean> {
  const { verify } = await argon2();
  // Made before the first check of any kind, so that the first unknown user does not take longer than a known one.
  const stand = await decoy();
  const right = await verify(hash ?? stand, password);
  return right && hash !== undefined;
}

/** Whether a hash was made with other parameters than today's. */
export async function isOutdated(hash: string): Promise<boolean> {
  const { parseOptions } = await argon2();
  const made = parseOptions(hash);
  return (
    made.memoryCost !== ARGON2.memoryCost ||
    made.timeCost !== ARGON2.timeCost ||
    made.parallelism !== ARGON2.parallelism ||
    made.outputLen !== ARGON2.outputLen
  );
}

export const passwordId = (userId: string) => `password:${userId}`;

/** Beside the user, in its partition: a new password and the fact of it are one batch. */
export function passwordDocument(userId: string, hash: string): Document {
  return { id: passwordId(userId), kind: 'password', body: { hash } };
}

export function hashIn(document: Document): string {
  return z.object({ hash: z.string() }).parse(document.body).hash;
}
