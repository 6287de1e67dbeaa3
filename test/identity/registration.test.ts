import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { organizations, users } from '../../shared/identity/model.ts';
import { type Registration, register } from '../../shared/identity/registration.ts';
import { signIn } from '../../shared/identity/sign-in.ts';
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';
import { together, unguarded } from '../support/faults.ts';
import { PASSWORD } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { DEVICE, factsIn, type Place, place, refusal, tally } from './support.ts';

let here: Place;
beforeEach(async () => {
  here = await place();
});
afterEach(() => here.close());

function ada(change: Partial<Registration> = {}): Registration {
  return { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace Events', ...change };
}

describe('Registration (REQ-USER-001)', () => {
  test('makes an organization and its first user, an admin, with their facts', async () => {
    const { userId, organizationId } = await register(here.one.scope(), ada({ displayName: 'Ada' }));
    const scope = testScope(here.platform, organizationId);
    expect((await scope.of(organizations).get(organizationId)).state.name).toBe('Lovelace Events');
    const { state, meta } = await scope.of(users).get(userId);
    expect(state).toMatchObject({ username: 'ada@example.com', email: 'ada@example.com', roles: ['admin'] });
    expect(meta.createdBy).toBe(userId);
    const facts = await factsIn(here.platform.store, 'identity', organizationId);
    expect(facts.map(({ type }) => type).sort()).toEqual(['OrganizationCreated', 'UserAccountCreated']);
  });

  test('keeps no password in the clear anywhere', async () => {
    const { organizationId } = await register(here.one.scope(), ada());
    for (const kind of ['user', 'organization', 'password', 'fact']) {
      const { items } = await here.platform.store.query('identity', [organizationId], { kind, limit: 100 });
      expect(items.length).toBeGreaterThan(0);
      expect(JSON.stringify(items)).not.toContain(PASSWORD);
    }
  });

  test('a username is taken once, whatever its case', async () => {
    await register(here.one.scope(), ada());
    expect(await refusal(register(here.one.scope(), ada({ username: 'ADA@Example.com' })))).toBe('already_exists');
  });

  test.each([
    ['is among the most common', 'Qwerty123456'],
    ['is the username', 'Ada@Example.com'],
  ])('refuses a password that %s', async (_, password) => {
    expect(await refusal(register(here.one.scope(), ada({ password })))).toBe('invalid');
  });

  async function race(guard: 'on' | 'off') {
    const stores = together(20, 'logins');
    const processes = await here.more(20, (store) => stores(guard === 'on' ? store : unguarded(store)));
    return tally(processes.map((process) => register(process.scope(), ada())));
  }

  test('of 20 at once for one username exactly one gets it', async () => {
    expect(await race('on')).toEqual({ through: 1, refused: { already_exists: 19 } });
    const { userId } = await signIn(here.one.scope(), { ...ada(), rememberMe: false }, DEVICE);
    expect(userId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test('twin: with the guard off more than one does', async () => {
    expect((await race('off')).through).toBeGreaterThan(1);
  });

  test('a username reserved by a registration that crashed is free again after a minute', async () => {
    const { store } = here.platform;
    const [process] = await here.more(1, () => ({
      ...store,
      async commit(container, partition, writes) {
        if (container === 'identity') throw new Error('killed here');
        return store.commit(container, partition, writes);
      },
    }));
    if (!process) throw new Error('no process');
    await expect(register(process.scope(), ada())).rejects.toThrow('killed here');
    expect(await refusal(register(here.one.scope(), ada()))).toBe('already_exists');
    here.platform.clock.advance(MINUTE + SECOND);
    await register(here.one.scope(), ada());
    expect(await refusal(register(here.one.scope(), ada()))).toBe('already_exists');
  });

  test('one that stalls until its reservation may be gone gives up', async () => {
    const { store, clock } = here.platform;
    const [process] = await here.more(1, () => ({
      ...store,
      async commit(container, partition, writes) {
        const etags = await store.commit(container, partition, writes);
        if (container === 'logins') clock.advance(MINUTE);
        return etags;
      },
    }));
    if (!process) throw new Error('no process');
    expect(await refusal(register(process.scope(), ada()))).toBe('unavailable');
    await register(here.one.scope(), ada());
  });
});
