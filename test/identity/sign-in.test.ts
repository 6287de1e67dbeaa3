import { hash as argon2, parseOptions } from '@node-rs/argon2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { suspend } from '../../shared/identity/accounts.ts';
import { users } from '../../shared/identity/model.ts';
import { ARGON2, hashIn, passwordDocument, passwordId, verifyPassword } from '../../shared/identity/passwords.ts';
import { register } from '../../shared/identity/registration.ts';
import { signIn } from '../../shared/identity/sign-in.ts';
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { unguarded } from '../support/faults.ts';
import { PASSWORD } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { DEVICE, factsIn, type Place, type Process, place, refusal, tally } from './support.ts';

let here: Place;
let orgId: string;
let userId: string;
afterEach(() => here.close());
async function opened(env: Record<string, string> = {}): Promise<void> {
  here = await place(env);
  const input = { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace Events' };
  ({ organizationId: orgId, userId } = await register(here.one.scope(), input));
}

function enter(password = PASSWORD, username = 'ada@example.com', process: Process = here.one, address = '192.0.2.1') {
  return signIn(process.scope(), { username, password, rememberMe: false }, { ...DEVICE, address });
}
const ada = async () => (await testScope(here.platform, orgId).of(users).get(userId)).state;

describe('Signing in (REQ-AUTH-003)', () => {
  beforeEach(() => opened());

  test('gives a pair of tokens, whatever the case of the username, and remembers when', async () => {
    const pair = await enter(PASSWORD, 'ADA@example.COM');
    expect(pair).toMatchObject({ userId, username: 'ada@example.com', expiresIn: 900, roles: ['admin'] });
    const actor = await here.one.authenticator.authenticate(pair.accessToken);
    expect(actor).toMatchObject({ kind: 'user', userId, orgId, roles: ['admin'] });
    expect((await ada()).lastSignInAt).toBe(here.platform.clock.now());
    const facts = await factsIn(here.platform.store, 'identity', orgId);
    expect(facts.at(-1)).toMatchObject({ type: 'UserLoginSuccessful', subject: userId });
  });

  test('ten wrong passwords lock for 30 minutes, the right one included', async () => {
    await tally(Array.from({ length: 9 }, () => enter('not the password')));
    await enter();
    expect((await ada()).failures).toBe(0);
    await tally(Array.from({ length: 10 }, () => enter('not the password')));
    expect(await refusal(enter())).toBe('unauthenticated');
    here.platform.clock.advance(30 * MINUTE - SECOND);
    expect(await refusal(enter())).toBe('unauthenticated');
    here.platform.clock.advance(SECOND);
    await enter();
  });

  async function failures(guard: 'on' | 'off') {
    const processes = await here.more(9, (store) => (guard === 'on' ? store : unguarded(store)));
    await tally(processes.map((process) => enter('not the password', 'ada@example.com', process)));
    return (await ada()).failures;
  }

  test('nine wrong passwords at once, in as many processes, are nine', async () => {
    expect(await failures('on')).toBe(9);
  });

  test('twin: with the guard off some are lost', async () => {
    // Whether they meet is a matter of luck, so they get several tries.
    for (let round = 0; round < 8; round += 1) {
      if ((await failures('off')) < 9) return;
      await opened();
    }
    expect.unreachable('Nine at once without a guard were nine, eight times over');
  });

  test('a suspended user is answered like a wrong password', async () => {
    const grace = await register(here.one.scope(), {
      username: 'grace@example.com',
      password: PASSWORD,
      organizationName: 'Hopper Events',
    });
    const scope = testScope(here.platform, grace.organizationId);
    await scope
      .documents('identity')
      .commit([
        { op: 'upsert', document: { id: 'roster:admins', kind: 'roster', body: { userIds: [grace.userId, userId] } } },
      ]);
    await suspend(scope, grace.userId);
    const answers = await Promise.all([
      message(enter(PASSWORD, 'grace@example.com')),
      message(enter('not the password', 'ada@example.com')),
      message(enter(PASSWORD, 'nobody@example.com')),
    ]);
    expect(new Set(answers).size).toBe(1);
  });

  test('a hash made with older parameters is made anew', async () => {
    const documents = testScope(here.platform, orgId).documents('identity');
    const old = await argon2(PASSWORD, { ...ARGON2, timeCost: 1 });
    await documents.commit([{ op: 'upsert', document: passwordDocument(userId, old) }]);
    await Promise.all([enter(), enter()]);
    const stored = await documents.read(passwordId(userId));
    const hash = stored ? hashIn(stored.document) : '';
    expect(hash).toMatch(/^\$argon2id\$/);
    expect(parseOptions(hash)).toMatchObject(ARGON2);
    await enter();
  });
});

async function message(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Refusal) return JSON.stringify([error.code, error.message, error.extra]);
    throw error;
  }
  return 'let in';
}

describe('An unknown user is told from a wrong password', () => {
  beforeEach(() => opened());
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  async function timed(task: () => Promise<unknown>): Promise<number> {
    const startedAt = performance.now();
    await task();
    return performance.now() - startedAt;
  }

  test('neither by the answer nor by its time', async () => {
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      known.push(await timed(() => refusal(enter('not the password'))));
      unknown.push(await timed(() => refusal(enter('not the password', `nobody${round}@example.com`))));
    }
    // On a machine with more to do than to hash, an answer may miss a point of the grid and take the next.
    const [step, late] = [250, 60];
    // Timers may wake a fraction of a millisecond early.
    const lateness = (time: number) => (time + 2) % step;
    expect(median(known.map(lateness))).toBeLessThan(late);
    expect(median(unknown.map(lateness))).toBeLessThan(late);
    expect(Math.abs(median(known) - median(unknown))).toBeLessThan(step + late);
  });

  test('not even by the work that is done: the decoy costs what a hash costs', async () => {
    const stored = await testScope(here.platform, orgId).documents('identity').read(passwordId(userId));
    const hash = stored && hashIn(stored.document);
    const known: number[] = [];
    const unknown: number[] = [];
    const twin: number[] = [];
    for (let round = 0; round < 11; round += 1) {
      known.push(await timed(() => verifyPassword(hash, 'not the password')));
      unknown.push(await timed(() => verifyPassword(undefined, 'not the password')));
      // The guard off: nothing is verified for a user that is not there.
      twin.push(await timed(async () => undefined));
    }
    expect(median(unknown) / median(known)).toBeGreaterThan(0.5);
    expect(median(unknown) / median(known)).toBeLessThan(2);
    expect(median(twin) / median(known)).toBeLessThan(0.5);
  });
});

describe('Guessing is bounded', () => {
  beforeEach(() => opened({ RATE_FAILURES: '5' }));

  test('to five failures a minute per account, however many at once and from wherever', async () => {
    const guesses = Array.from({ length: 12 }, (_, at) =>
      enter('not the password', 'ada@example.com', here.one, `192.0.2.${at}`),
    );
    expect((await tally(guesses)).refused).toEqual({ unauthenticated: 5, too_many_requests: 7 });
    expect((await ada()).failures).toBe(5);
    expect(await refusal(enter())).toBe('too_many_requests');
    here.platform.clock.advance(MINUTE);
    await enter();
  });

  test('and per address, over all accounts, existing or not', async () => {
    const guesses = Array.from({ length: 12 }, (_, at) => enter('not the password', `user${at}@example.com`));
    expect((await tally(guesses)).refused).toEqual({ unauthenticated: 5, too_many_requests: 7 });
    expect(await refusal(enter())).toBe('too_many_requests');
    await enter(PASSWORD, 'ada@example.com', here.one, '198.51.100.7');
  });

  test('but right passwords never count, however many at once', async () => {
    expect(await tally(Array.from({ length: 12 }, () => enter()))).toEqual({ through: 12, refused: {} });
  });

  test('says how long to wait', async () => {
    await tally(Array.from({ length: 5 }, () => enter('not the password')));
    const error = await enter().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'too_many_requests', extra: { retryAfter: expect.any(Number) } });
  });
});
