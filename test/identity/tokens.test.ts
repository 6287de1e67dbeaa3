import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rotateKeys } from '../../shared/identity/keys.ts';
import { HOUR, MINUTE } from '../../shared/platform/clock.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';

let host: TestHost;
let org: TestOrganization;
beforeAll(async () => {
  host = await startTestHost();
  org = await host.organization();
});
afterAll(() => host.close());

const keysIn = async (folder: string): Promise<(JsonWebKey & { kid: string })[]> =>
  JSON.parse(await readFile(join(folder, 'signing-keys.json'), 'utf8')).keys;
const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());

async function asked(token: string) {
  const response = await fetch(`${host.origin}/api/users/me`, { headers: { authorization: `Bearer ${token}` } });
  const { type } = (await response.json()) as { type?: string };
  return { status: response.status, type, challenge: response.headers.get('www-authenticate') };
}
const refused = { status: 401, type: 'urn:marquee:problem:unauthenticated', challenge: 'Bearer' };

/** A token as we would make it, but for what is changed; claims that are undefined are left out. */
async function forged(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key?: unknown) {
  const [own] = await keysIn(host.folder);
  if (!own) throw new Error('no key');
  const payload = { ...payloadOf(org.admin.token), ...claims };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', kid: own.kid, ...header })
    .sign((key as KeyObject | undefined) ?? (await importJWK(own, 'ES256')));
}
const seconds = () => Math.floor(host.clock.time() / 1000);

describe('An access token', () => {
  test('of ours is let in, and so is a forgery that changes nothing (so that the others can fail)', async () => {
    expect((await asked(org.admin.token)).status).toBe(200);
    expect((await asked(await forged())).status).toBe(200);
    expect(headerOf(org.admin.token)).toMatchObject({ alg: 'ES256', kid: expect.any(String) });
    expect(Object.keys(payloadOf(org.admin.token)).sort()).toEqual(
      ['aud', 'exp', 'iat', 'iss', 'jti', 'org', 'roles', 'sid', 'sub'].sort(),
    );
    expect(payloadOf(org.admin.token).exp - payloadOf(org.admin.token).iat).toBe(900);
  });

  test('that does not work is told apart from a header that holds none', async () => {
    const told = async (authorization: string) => {
      const response = await fetch(`${host.origin}/api/users/me`, { headers: { authorization } });
      return ((await response.json()) as { detail?: string }).detail;
    };
    const none = 'Send an access token as Authorization: Bearer.';
    for (const header of ['', 'Bearer', 'Bearer ', org.admin.token, `Basic ${org.admin.token}`]) {
      expect([header, await told(header)]).toEqual([header, none]);
    }
    expect(await told('Bearer abc')).toBe(
      'The access token is not one that works, or not any more. Refresh it, or sign in again.',
    );
  });

  test('without a signature (`none`) is refused', async () => {
    expect(await asked(new UnsecuredJWT(payloadOf(org.admin.token)).encode())).toEqual(refused);
    const [, body, signature] = (await forged()).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await asked(`${none}.${body}.`)).toEqual(refused);
    expect(await asked(`${none}.${body}.${signature}`)).toEqual(refused);
  });

  test('signed by HS256 with the public key is refused', async () => {
    const [own] = await keysIn(host.folder);
    const { d: _, ...jwk } = own ?? { kid: '' };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    for (const secret of [
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
    ]) {
      const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : new Uint8Array(secret);
      expect(await asked(await forged({}, { alg: 'HS256' }, bytes))).toEqual(refused);
    }
  });

  test.each([
    ['wrong issuer', { iss: 'urn:somebody-else' }],
    ['no issuer', { iss: undefined }],
    ['wrong audience', { aud: 'another-api' }],
    ['no audience', { aud: undefined }],
    ['another organization', { org: '0193b0a0-7c1e-7000-8000-000000000001' }],
    ['an organization that is no id', { org: '../x' }],
    ['no organization', { org: undefined }],
    ['another user', { sub: '0193b0a0-7c1e-7000-8000-000000000001' }],
    ['another session', { sid: '0193b0a0-7c1e-7000-8000-000000000001' }],
    ['no session', { sid: undefined }],
    ['no end', { exp: undefined }],
    ['an end that is text', { exp: '9999999999' }],
  ])('of ours but with %s is refused', async (_, claims) => {
    expect(await asked(await forged(claims))).toEqual(refused);
  });

  test("with another organization's id, where that exists, is refused", async () => {
    const other = await host.organization();
    expect(await asked(await forged({ org: other.orgId }))).toEqual(refused);
    expect(await asked(await forged({ sub: other.admin.userId }))).toEqual(refused);
  });

  test('that is expired or not yet valid is refused', async () => {
    expect(await asked(await forged({ exp: seconds() }))).toEqual(refused);
    expect(await asked(await forged({ exp: seconds() - 1 }))).toEqual(refused);
    expect(await asked(await forged({ nbf: seconds() + 60 }))).toEqual(refused);
  });

  test('that was let in is refused once it has expired', async () => {
    const token = await forged({ exp: seconds() + 60 });
    expect((await asked(token)).status).toBe(200);
    host.clock.advance(MINUTE);
    expect(await asked(token)).toEqual(refused);
  });

  test('that was tampered with is refused, whichever part', async () => {
    const token = await forged();
    const [header = '', body = '', signature = ''] = token.split('.');
    const raised = Buffer.from(JSON.stringify({ ...payloadOf(token), roles: ['root'] })).toString('base64url');
    const flipped = (part: string) => `${part.slice(0, 20)}${part[20] === 'A' ? 'B' : 'A'}${part.slice(21)}`;
    const bent = [
      `${header}.${raised}.${signature}`,
      `${header}.${body}.${flipped(signature)}`,
      `${flipped(header)}.${body}.${signature}`,
      `${header}.${body}.`,
      `${header}.${body}`,
      body,
      '',
      `${token}.x`,
    ];
    for (const each of bent) expect(await asked(each)).toEqual(refused);
  });

  test('of an unknown key, or without its name, is refused', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    expect(await asked(await forged({}, {}, privateKey))).toEqual(refused);
    expect(await asked(await forged({}, { kid: 'unknown' }))).toEqual(refused);
    expect(await asked(await forged({}, { kid: undefined }))).toEqual(refused);
  });

  test('does not get its key from itself', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    expect(await asked(await forged({}, { jwk, kid: undefined }, privateKey))).toEqual(refused);
    const jku = `${host.origin}/api/identity/.well-known/jwks.json`;
    expect(await asked(await forged({}, { jku }, privateKey))).toEqual(refused);
  });

  test('is not taken from the address, but where a route says so (REQ-AUTH-004)', async () => {
    const response = await fetch(`${host.origin}/api/users/me?access_token=${await forged()}`);
    expect(response.status).toBe(401);
  });
});

describe('Rotating the keys', () => {
  test('signs nobody out, and drops a key when its tokens are gone', async () => {
    const signIn = async () => {
      const body = JSON.stringify({ username: org.admin.username, password: PASSWORD });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${host.origin}/api/identity/authenticate`, { method: 'POST', body, headers });
      return ((await response.json()) as { accessToken: string }).accessToken;
    };
    const published = async () => {
      const response = await fetch(`${host.origin}/api/identity/.well-known/jwks.json`);
      return ((await response.json()) as { keys: Record<string, string>[] }).keys;
    };
    const rotate = () => rotateKeys(host.platform.config, host.folder, host.clock);
    const before = await signIn();
    const { kid } = await rotate();
    await sleep(1100);
    const after = await signIn();
    expect(headerOf(after).kid).toBe(kid);
    expect(headerOf(before).kid).not.toBe(kid);
    expect((await asked(before)).status).toBe(200);
    expect((await asked(after)).status).toBe(200);
    expect((await published()).map((key) => key.kid)).toEqual([kid, headerOf(before).kid]);
    for (const key of await published()) expect(key).not.toHaveProperty('d');

    host.clock.advance(2 * HOUR);
    expect(await rotate()).toMatchObject({ kept: 1, dropped: 1 });
    await sleep(1100);
    expect((await published()).map((key) => key.kid)).not.toContain(headerOf(before).kid);
  });
});
