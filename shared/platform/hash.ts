import { createHash } from 'node:crypto';

/** A short, stable name for a text of any length, fit for a document id (128 bits, base64url). */
export function documentHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
