import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mailPasswordReset } from '../../shared/identity/mails.ts';
import { users } from '../../shared/identity/model.ts';
import { changePassword, forgotPassword, resetPassword } from '../../shared/identity/password-commands.ts';
import { register } from '../../shared/identity/registration.ts';
import { refresh, signIn } from '../../shared/identity/sign-in.ts';
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { scopeOf } from '../../shared/platform/scope.ts';
import { together, unguarded } from '../support/faults.ts';
import { PASSWORD } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { DEVICE, factsIn, type Place, place, posted, refusal, tally } from './support.ts';

let here: Place;
let orgId: string;
let userId: string;
beforeEach(async () => {
  here = await place();
  const input = { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace Events' };
  ({ organizationId: orgId, userId } = await register(here.one.scope(), input));
});
afterEach(() => here.close());

const NEW = 'a new and better password';
const enter = (password = PASSWORD) =>
  signIn(here.one.scope(), { username: 'ada@example.com', password, rememberMe: false }, DEVICE);
/** A scope of whoever holds the token. */
async function as(accessToken: string, process = here.one) {
  const actor = await process.authenticator.authenticate(accessToken);
  return scopeOf(process.platform, { actor, correlationId: 'test' });
}

describe('Changing the password', () => {
  test('needs the current one, and ends all other sessions but not this one', async () => {
    const [mine, other] = [await enter(), await enter()];
    const scope = await as(mine.accessToken);
    expect(await refusal(changePassword(scope, 'not the password', NEW, DEVICE))).toBe('invalid');
    await changePassword(scope, PASSWORD, NEW, DEVICE);
    await as(mine.accessToken);
    await refresh(here.one.scope(), mine.refreshToken);
    expect(await refusal(as(other.accessToken))).toBe('unauthenticated');
    expect(await refusal(refresh(here.one.scope(), other.refreshToken))).toBe('unauthenticated');
    expect(await refusal(enter())).toBe('unauthenticated');
    await enter(NEW);
    const facts = await factsIn(here.platform.store, 'identity', orgId);
    expect(facts.map(({ type }) => type)).toContain('UserPasswordChanged');
  });

  test('ends the other sessions in the very batch that changes it: a crash right after it leaves none', async () => {
    const [mine, other] = [await enter(), await enter()];
    const { store } = here.platform;
    const [process] = await here.more(1, () => ({
      ...store,
      query: async () => {
        throw new Error('killed here');
      },
    }));
    if (!process) throw new Error('no process');
    const scope = await as(mine.accessToken, process);
    await expect(changePassword(scope, PASSWORD, NEW, DEVICE)).rejects.toThrow('killed here');
    const [fresh] = await here.more(1);
    if (!fresh) throw new Error('no process');
    await as(mine.accessToken, fresh);
    expect(await refusal(as(other.accessToken, fresh))).toBe('unauthenticated');
    expect(await refusal(refresh(fresh.scope(), other.refreshToken))).toBe('unauthenticated');
  });

  test.each([
    ['among the most common', 'q1w2e3r4t5y6'],
    ['the username', 'ADA@example.com'],
  ])('refuses a new one that is %s', async (_, password) => {
    const { accessToken } = await enter();
    expect(await refusal(changePassword(await as(accessToken), PASSWORD, password, DEVICE))).toBe('invalid');
    await enter();
  });

  test('twice at once with the same current password happens once', async () => {
    const { accessToken } = await enter();
    const processes = await here.more(4);
    const scopes = await Promise.all(processes.map((process) => as(accessToken, process)));
    const { through } = await tally(scopes.map((scope, at) => changePassword(scope, PASSWORD, `${NEW} ${at}`, DEVICE)));
    expect(through).toBe(1);
  });
});

describe('Resetting the password', () => {
  /** Asks for a link and mails it; the token in the mail. */
  async function forgotten(): Promise<string> {
    await forgotPassword(here.one.scope(), 'Ada@Example.com');
    const facts = await factsIn(here.platform.store, 'identity', orgId);
    const fact = facts.findLast(({ type }) => type === 'UserPasswordResetRequested');
    await mailPasswordReset(fact as unknown as Fact, testScope(here.platform, orgId), posted);
    return /token=([\w.~-]+)/.exec(here.platform.mail.sent.at(-1)?.text ?? '')?.[1] ?? '';
  }
  const reset = (token: string, password = NEW) => resetPassword(here.one.scope(), token, password);

  test('by a mailed link ends every session, and lifts a lock', async () => {
    const mine = await enter();
    await tally(Array.from({ length: 10 }, () => enter('not the password')));
    await reset(await forgotten());
    expect(await refusal(as(mine.accessToken))).toBe('unauthenticated');
    expect(await refusal(refresh(here.one.scope(), mine.refreshToken))).toBe('unauthenticated');
    await enter(NEW);
    const facts = await factsIn(here.platform.store, 'identity', orgId);
    expect(facts.map(({ type }) => type)).toContain('UserPasswordReset');
  });

  test('works once, for 30 minutes, and only with the latest link', async () => {
    const first = await forgotten();
    const second = await forgotten();
    expect(await refusal(reset(first))).toBe('invalid');
    await reset(second);
    expect(await refusal(reset(second))).toBe('invalid');
    const third = await forgotten();
    here.platform.clock.advance(30 * MINUTE - SECOND);
    expect(await refusal(reset(third, 'qwerty123456'))).toBe('invalid');
    here.platform.clock.advance(SECOND);
    expect(await refusal(reset(third))).toBe('invalid');
  });

  test('is asked for without a sign whether there is such an account, and not more than three mails in 15 minutes', async () => {
    const requests = async () => (await testScope(here.platform, orgId).of(users).get(userId)).state.reset.version;
    await forgotPassword(here.one.scope(), 'nobody@example.com');
    expect(await requests()).toBe(0);
    for (let round = 0; round < 5; round += 1) await forgotPassword(here.one.scope(), 'ada@example.com');
    expect(await requests()).toBe(3);
  });

  async function race(guard: 'on' | 'off') {
    const token = await forgotten();
    const stores = together(6, 'identity');
    const processes = await here.more(6, (store) => stores(guard === 'on' ? store : unguarded(store)));
    return tally(processes.map((process, at) => resetPassword(process.scope(), token, `${NEW} ${at}`)));
  }

  test('by six processes at once with one link happens once', async () => {
    expect(await race('on')).toEqual({ through: 1, refused: { invalid: 5 } });
  });

  test('twin: with the guard off it happens more than once', async () => {
    expect((await race('off')).through).toBeGreaterThan(1);
  });

  test('while a sign-in with the old one is on its way leaves no session behind', async () => {
    const token = await forgotten();
    const [process] = await here.more(1);
    if (!process) throw new Error('no process');
    const [entered] = await Promise.allSettled([enter(), resetPassword(process.scope(), token, NEW)]);
    const works =
      entered.status === 'fulfilled'
        ? await refusal(refresh(here.one.scope(), entered.value.refreshToken))
        : 'unauthenticated';
    expect(works).toBe('unauthenticated');
  });
});
