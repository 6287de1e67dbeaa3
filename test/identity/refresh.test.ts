import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRefreshText } from '../../shared/identity/refresh-token.ts';
import { register } from '../../shared/identity/registration.ts';
import { refresh, signIn } from '../../shared/identity/sign-in.ts';
import { DAY, MINUTE, SECOND } from '../../shared/platform/clock.ts';
import type { Log } from '../../shared/platform/log.ts';
import { together, unguarded } from '../support/faults.ts';
import { PASSWORD } from '../support/host.ts';
import { silentLog } from '../support/platform.ts';
import { DEVICE, factsIn, type Place, place, refusal } from './support.ts';

let here: Place;
let orgId: string;
beforeEach(async () => {
  here = await place();
  const input = { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace Events' };
  orgId = (await register(here.one.scope(), input)).organizationId;
});
afterEach(() => here.close());

const ada = (rememberMe = false) =>
  signIn(here.one.scope(), { username: 'ada@example.com', password: PASSWORD, rememberMe }, DEVICE);
const again = (token: string) => refresh(here.one.scope(), token);

describe('Refresh tokens (REQ-AUTH-005)', () => {
  test('give a new pair, and are spent by it', async () => {
    const first = await ada();
    const second = await again(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    await here.one.authenticator.authenticate(second.accessToken);
    await again(second.refreshToken);
  });

  test('hold 256 secret bits, of which the store holds a hash', async () => {
    const { refreshToken, userId } = await ada();
    const secret = readRefreshText(refreshToken)?.secret;
    expect(secret?.length).toBe(32);
    const { items } = await here.platform.store.query('sessions', [orgId, userId], { kind: 'session', limit: 10 });
    const kept = JSON.stringify(items);
    expect(kept).not.toContain(secret?.toString('base64url'));
    expect(kept).not.toContain(refreshToken);
  });

  test('a retry within 10 seconds of the rotation gets the very same next token: the session does not fork', async () => {
    const first = await ada();
    const second = await again(first.refreshToken);
    here.platform.clock.advance(10 * SECOND);
    const retried = await again(first.refreshToken);
    expect(retried.refreshToken).toBe(second.refreshToken);
    await again(retried.refreshToken);
  });

  test('a spent one ends its session, leaves a fact and is logged as theft', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message) };
    Object.assign(here.platform, { log });
    const first = await ada();
    const other = await ada();
    const second = await again(first.refreshToken);
    here.platform.clock.advance(11 * SECOND);
    expect(await refusal(again(first.refreshToken))).toBe('unauthenticated');
    expect(await refusal(again(second.refreshToken))).toBe('unauthenticated');
    expect(await refusal(here.one.authenticator.authenticate(second.accessToken))).toBe('unauthenticated');
    await again(other.refreshToken);
    expect(warnings).toEqual(['a spent refresh token was presented: theft']);
    const facts = await factsIn(here.platform.store, 'sessions', orgId);
    expect(facts.filter(({ type }) => type === 'UserSessionRevoked').map(({ data }) => data)).toEqual([
      expect.objectContaining({ reason: 'theft' }),
    ]);
  });

  test('one from two rotations ago is theft, however soon', async () => {
    const first = await ada();
    const second = await again(first.refreshToken);
    const third = await again(second.refreshToken);
    expect(await refusal(again(first.refreshToken))).toBe('unauthenticated');
    expect(await refusal(again(third.refreshToken))).toBe('unauthenticated');
  });

  test('a token made up for a known session ends nothing', async () => {
    const { refreshToken } = await ada();
    const forged = Buffer.from(refreshToken, 'base64url');
    forged.fill(7, 48);
    expect(await refusal(again(forged.toString('base64url')))).toBe('unauthenticated');
    await again(refreshToken);
  });

  test.each([
    ['7 days', false, 7],
    ['30 days with rememberMe', true, 30],
  ])('live %s from their last use', async (_, rememberMe, days) => {
    const { clock } = here.platform;
    let { refreshToken } = await ada(rememberMe);
    for (let round = 0; round < 3; round += 1) {
      clock.advance(days * DAY - MINUTE);
      ({ refreshToken } = await again(refreshToken));
    }
    clock.advance(days * DAY);
    expect(await refusal(again(refreshToken))).toBe('unauthenticated');
  });

  async function twins(guard: 'on' | 'off') {
    const { refreshToken } = await ada();
    const stores = together(8, 'sessions');
    const processes = await here.more(8, (store) => stores(guard === 'on' ? store : unguarded(store)));
    const pairs = await Promise.all(processes.map((process) => refresh(process.scope(), refreshToken)));
    return [...new Set(pairs.map((pair) => pair.refreshToken))];
  }

  test('eight processes that refresh with one token at once all get the one next token, and it works', async () => {
    const tokens = await twins('on');
    expect(tokens).toHaveLength(1);
    here.platform.clock.advance(MINUTE);
    await again(tokens[0] ?? '');
  });

  test('twin: with the guard off the session forks', async () => {
    expect((await twins('off')).length).toBeGreaterThan(1);
  });

  test.each(['', 'nonsense', 'A'.repeat(128)])('nonsense is refused (%#)', async (token) => {
    expect(await refusal(again(token))).toBe('unauthenticated');
  });
});
