import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openKeys, rotateKeys } from '../../shared/identity/keys.ts';
import { readConfig } from '../../shared/platform/config.ts';
import { linkToken, readLink } from '../../shared/platform/links.ts';
import { alone } from '../../shared/platform/lock.ts';
import { type TestPlatform, testPlatform } from '../support/platform.ts';

let platform: TestPlatform;
beforeEach(async () => {
  platform = await testPlatform();
});
afterEach(() => platform.close());
const open = () => openKeys(platform.config, platform.folder, platform.clock);
const file = () => join(platform.folder, 'signing-keys.json');

describe('The signing keys', () => {
  test('are made once, though ten processes start at once, and only their owner reads them', async () => {
    const rings = await Promise.all(Array.from({ length: 10 }, open));
    const kids = await Promise.all(rings.map(async (ring) => (await ring.signing()).kid));
    expect(new Set(kids).size).toBe(1);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await readdir(platform.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('are the same after a restart', async () => {
    const { kid } = await (await open()).signing();
    expect((await (await open()).signing()).kid).toBe(kid);
  });

  test('of another process that has rotated are found at once', async () => {
    const keys = await open();
    const { kid } = await rotateKeys(platform.config, platform.folder, platform.clock);
    expect(await keys.verifying(kid)).toBeDefined();
    expect(await keys.verifying('unknown')).toBeUndefined();
  });

  /** Three rotations at once; whether every key that one of them made is there. */
  async function raced(under: (rotate: () => Promise<{ readonly kid: string }>) => Promise<{ readonly kid: string }>) {
    await open();
    const rotate = () => under(() => rotateKeys(platform.config, platform.folder, platform.clock));
    const results = await Promise.allSettled([rotate(), rotate(), rotate()]);
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.kid] : []));
    expect(made.length).toBeGreaterThan(0);
    const { keys } = JSON.parse(await readFile(file(), 'utf8')) as { keys: { kid: string }[] };
    return made.every((kid) => keys.some((key) => key.kid === kid));
  }

  test('of several rotations at once none is lost', async () => {
    expect(await raced((rotate) => alone(platform.folder, 'rotate-keys', rotate))).toBe(true);
  });

  test('twin: without the lock some are', async () => {
    expect(await raced((rotate) => rotate())).toBe(false);
  });

  test('come from SIGNING_KEYS when that is set, the first of which signs', async () => {
    await open();
    const { kid } = await rotateKeys(platform.config, platform.folder, platform.clock);
    const config = readConfig({ SIGNING_KEYS: await readFile(file(), 'utf8') });
    const keys = await openKeys(config, '/nowhere', platform.clock);
    expect((await keys.signing()).kid).toBe(kid);
    expect(await keys.published()).toHaveLength(2);
    await expect(rotateKeys(config, '/nowhere', platform.clock)).rejects.toThrow('SIGNING_KEYS');
  });

  test.each(['not json', '{}', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"c2VjcmV0LXZhbHVl","kid":"1"}]}'])(
    'that are unusable stop the start with one message that quotes none (%#)',
    async (SIGNING_KEYS) => {
      const started = openKeys(readConfig({ SIGNING_KEYS }), '/nowhere', platform.clock);
      await expect(started).rejects.toThrow(/SIGNING_KEYS/);
      await expect(started).rejects.not.toThrow(/c2VjcmV0/);
    },
  );
});

describe('The tokens of links', () => {
  const link = {
    orgId: '0193b0a0-7c1e-7000-8000-000000000001',
    id: '0193b0a0-7c1e-7000-8000-000000000002',
    version: 3,
  };

  test('come back as what they were made from, for their purpose only', async () => {
    const token = await linkToken(platform.config, 'invitation', link);
    expect(await linkToken(platform.config, 'invitation', link)).toBe(token);
    expect(await readLink(platform.config, 'invitation', token)).toEqual(link);
    expect(await readLink(platform.config, 'password-reset', token)).toBeUndefined();
    expect((await stat(join(platform.folder, 'link-secret'))).mode & 0o777).toBe(0o600);
  });

  test('cannot be bent: every byte counts', async () => {
    const bytes = Buffer.from(await linkToken(platform.config, 'invitation', link), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const bent = Buffer.from(bytes);
      bent[at] = (bent[at] ?? 0) ^ 1;
      expect(await readLink(platform.config, 'invitation', bent.toString('base64url'))).toBeUndefined();
    }
  });

  test('of another secret are not ours', async () => {
    const config = readConfig({ LINK_SECRET: 'x'.repeat(32) });
    const token = await linkToken(config, 'invitation', link);
    expect(await readLink(config, 'invitation', token)).toEqual(link);
    expect(await readLink(platform.config, 'invitation', token)).toBeUndefined();
  });
});
