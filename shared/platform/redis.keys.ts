/** What Redis is given to keep says nothing about anybody: names are keyed digests, values are sealed. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { once } from './once.ts';
import { secretBytes } from './random.ts';

export interface Sealer {
  /** A short name for what may be an address or a username: without the secret nobody finds it by trying them all. */
  name(text: string): Promise<string>;
  /** Hides a text, and binds it to the key it is for. */
  seal(text: string, key: string): Promise<string>;
  /** Undefined for what was not sealed under this secret for this key: whoever can write to Redis can give no rights by it. */
  unseal(sealed: string, key: string): Promise<string | undefined>;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** 128 bits. */
const NAME_CHARACTERS = 22;

/** An organization's keys share one hash slot (the braces), so that one script reaches several of them. */
export function keyIn(orgId: string | undefined, ...parts: readonly string[]): string {
  return ['marquee', ...(orgId === undefined ? [] : [`{${orgId}}`]), ...parts].join(':');
}

/**
 * For scripts: what a key holds, and one more than it holds. What somebody else keeps there, or an older version of ours
 * in another form, counts as nothing: its errors would make all of Redis count as away.
 */
export const LUA = `
local function textAt(key)
  local kept = redis.pcall('GET', key)
  return type(kept) == 'string' and kept or nil
end
local function oneMore(key)
  local count = redis.pcall('INCR', key)
  if type(count) == 'number' then return count end
  redis.call('DEL', key)
  return redis.call('INCR', key)
end
`;

/** `secret` is one that all processes share. */
export function sealerOf(secret: () => Promise<string>): Sealer {
  const keys = once(async () => {
    const root = await secret();
    const keyFor = (purpose: string) => createHmac('sha256', root).update(purpose).digest();
    return { names: keyFor('redis-names'), values: keyFor('redis-values') };
  });
  return {
    async name(text) {
      const { names } = await keys();
      return createHmac('sha256', names).update(text).digest('base64url').slice(0, NAME_CHARACTERS);
    },
    async seal(text, key) {
      const { values } = await keys();
      const nonce = secretBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, values, nonce).setAAD(Buffer.from(key));
      const hidden = [cipher.update(text, 'utf8'), cipher.final()];
      return Buffer.concat([nonce, cipher.getAuthTag(), ...hidden]).toString('base64url');
    },
    async unseal(sealed, key) {
      const { values } = await keys();
      const bytes = Buffer.from(sealed, 'base64url');
      const head = NONCE_BYTES + TAG_BYTES;
      if (bytes.length < head) return undefined;
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv(CIPHER, values, bytes.subarray(0, NONCE_BYTES), options)
        .setAAD(Buffer.from(key))
        .setAuthTag(bytes.subarray(NONCE_BYTES, head));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(head)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
