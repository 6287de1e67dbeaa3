/** Links in mail: a token says what it is for, and proves by a keyed digest that we made it. None is stored anywhere. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { secretText } from './random.ts';
import { readOrMakeSecret } from './secret-file.ts';

interface Link {
  readonly orgId: string;
  /** What the link is about: the user or the invitation. */
  readonly id: string;
  /** Which of the links ever sent about it, where only the latest works; or which of its parts. */
  readonly version: number;
}

type Purpose = 'invitation' | 'password-reset' | 'unsubscribe';

const UUID_BYTES = 16;
const HEAD_BYTES = 2 * UUID_BYTES + 4;
const DIGEST_BYTES = 32;

const secrets = new WeakMap<Config, Promise<string>>();

/** LINK_SECRET, else a file in the data folder, made on first use. */
export function secretOf(config: Config): Promise<string> {
  let secret = secrets.get(config);
  if (!secret) {
    const file = join(resolve(config.DATA_DIR), 'link-secret');
    secret = config.LINK_SECRET
      ? Promise.resolve(config.LINK_SECRET)
      : readOrMakeSecret(file, async () => secretText(32));
    secrets.set(config, secret);
    secret.catch(() => secrets.delete(config));
  }
  return secret;
}

export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

export function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

async function digest(config: Config, purpose: Purpose, head: Buffer): Promise<Buffer> {
  return createHmac('sha256', await secretOf(config))
    .update(`${purpose}:`)
    .update(head)
    .digest();
}

/** The token of a link; the same whenever it is asked for. Fit for a path. */
export async function linkToken(config: Config, purpose: Purpose, { orgId, id, version }: Link): Promise<string> {
  const head = Buffer.alloc(HEAD_BYTES);
  uuidBytes(orgId).copy(head);
  uuidBytes(id).copy(head, UUID_BYTES);
  head.writeUInt32BE(version, 2 * UUID_BYTES);
  return Buffer.concat([head, await digest(config, purpose, head)]).toString('base64url');
}

/** What a token is about, when we made it for this purpose. Whether it still works is the aggregate's to say. */
export async function readLink(config: Config, purpose: Purpose, token: string): Promise<Link | undefined> {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== HEAD_BYTES + DIGEST_BYTES) return undefined;
  const head = bytes.subarray(0, HEAD_BYTES);
  if (!timingSafeEqual(bytes.subarray(HEAD_BYTES), await digest(config, purpose, head))) return undefined;
  return {
    orgId: uuidOf(head.subarray(0, UUID_BYTES)),
    id: uuidOf(head.subarray(UUID_BYTES, 2 * UUID_BYTES)),
    version: head.readUInt32BE(2 * UUID_BYTES),
  };
}
