/** Refresh tokens: where the session is, what proves that the token is one of its, and 256 secret bits. */
import { createHash } from 'node:crypto';
import { uuidBytes, uuidOf } from '../platform/links.ts';
import { secretBytes } from '../platform/random.ts';

interface SessionAddress {
  readonly orgId: string;
  readonly userId: string;
  readonly sessionId: string;
}

export interface RefreshToken extends SessionAddress {
  /** The same in all tokens of a session. */
  readonly family: Buffer;
  /** Spent at its first use. */
  readonly secret: Buffer;
  readonly familyHash: string;
  readonly secretHash: string;
}

const UUID_BYTES = 16;
const FAMILY_BYTES = 16;
const SECRET_BYTES = 32;
const ALL_BYTES = 3 * UUID_BYTES + FAMILY_BYTES + SECRET_BYTES;

const sha256 = (purpose: string, secret: Buffer) => createHash('sha256').update(purpose).update(secret).digest();

function token(address: SessionAddress, family: Buffer, secret: Buffer): RefreshToken {
  return {
    orgId: address.orgId,
    userId: address.userId,
    sessionId: address.sessionId,
    family,
    secret,
    familyHash: sha256('', family).toString('base64url'),
    secretHash: sha256('', secret).toString('base64url'),
  };
}

/** The first token of a session. */
export function newRefreshToken(address: SessionAddress): RefreshToken {
  return token(address, Buffer.from(secretBytes(FAMILY_BYTES)), Buffer.from(secretBytes(SECRET_BYTES)));
}

/** The token that comes after this one. */
export function spentBy(before: RefreshToken): RefreshToken {
  return token(before, before.family, Buffer.from(secretBytes(SECRET_BYTES)));
}

/** As it is given to clients. */
export function refreshText({ orgId, userId, sessionId, family, secret }: RefreshToken): string {
  const address = [orgId, userId, sessionId].map(uuidBytes);
  return Buffer.concat([...address, family, secret]).toString('base64url');
}

/** Reads what a client sent; undefined when it cannot be one of ours. */
export function readRefreshText(text: string): RefreshToken | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== ALL_BYTES) return undefined;
  const uuid = (at: number) => uuidOf(bytes.subarray(at * UUID_BYTES, (at + 1) * UUID_BYTES));
  const address = { orgId: uuid(0), userId: uuid(1), sessionId: uuid(2) };
  const family = bytes.subarray(3 * UUID_BYTES, 3 * UUID_BYTES + FAMILY_BYTES);
  return token(address, family, bytes.subarray(3 * UUID_BYTES + FAMILY_BYTES));
}

/**
 * The next secret under a pad that only the holder of this one can make: it can be kept beside the hashes, and a retry
 * with this one can be given the very token that the first try got. Each secret seals once.
 */
export function sealed(before: RefreshToken, next: RefreshToken): string {
  return xor(sha256('next:', before.secret), next.secret).toString('base64url');
}

/** The token that `sealed` put away. */
export function opened(before: RefreshToken, text: string): RefreshToken {
  return token(before, before.family, xor(sha256('next:', before.secret), Buffer.from(text, 'base64url')));
}

function xor(pad: Buffer, bytes: Buffer): Buffer {
  return Buffer.from(pad.map((byte, at) => byte ^ (bytes[at] ?? 0)));
}
