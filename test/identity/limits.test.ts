/** Guessing passwords over HTTP: 5 failures a minute per address and per account, whoever one says one is. */
import { afterEach, describe, expect, test } from 'vitest';
import { PASSWORD, startTestHost, type TestHost } from '../support/host.ts';

let host: TestHost;
afterEach(() => host.close());

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  host = await startTestHost({ env: { RATE_FAILURES: '5', ...env } });
  await host.organization();
}

async function tried(username: string, password: string, forwarded?: string): Promise<Response> {
  return fetch(`${host.origin}/api/identity/authenticate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(forwarded ? { 'x-forwarded-for': forwarded } : {}) },
    body: JSON.stringify({ username, password }),
  });
}

async function statuses(count: number, guess: (at: number) => Promise<Response>): Promise<number[]> {
  const all: number[] = [];
  for (let at = 0; at < count; at += 1) all.push((await guess(at)).status);
  return all;
}

describe('Failed sign-ins', () => {
  test('from one address are bounded over all accounts, and a made-up X-Forwarded-For is no other address', async () => {
    await start();
    const guesses = await statuses(7, (at) => tried(`nobody${at}`, 'wrong password', `198.51.100.${at}`));
    expect(guesses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const refused = await tried('admin@org1.example', PASSWORD);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-limit')).toBe('5');
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(await refused.json()).not.toHaveProperty('spent');
    host.clock.advance(61_000);
    expect((await tried('admin@org1.example', PASSWORD)).status).toBe(200);
  });

  test('on one account are bounded over all addresses; behind a proxy of ours its last entry is the address', async () => {
    await start({ TRUST_PROXY: 'true' });
    const name = (at: number) => (at % 2 === 0 ? 'admin@org1.example' : ' ADMIN@ORG1.example');
    const guesses = await statuses(7, (at) => tried(name(at), 'wrong password', `10.9.9.9, 198.51.100.${at}`));
    expect(guesses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    // Others come in from the same addresses all the same.
    expect((await tried('nobody', 'wrong password', '198.51.100.1')).status).toBe(401);
  });
});
