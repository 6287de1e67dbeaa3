/** Randomness for secrets; ids come from the clock's file. */
import { randomBytes } from 'node:crypto';

/** Bytes that nobody can guess. */
export function secretBytes(length: number): Uint8Array {
  return randomBytes(length);
}

/** A secret of some bytes, as base64url text. */
export function secretText(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
