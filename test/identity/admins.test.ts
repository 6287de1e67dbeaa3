import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addUser, reinstate, setRoles, suspend } from '../../shared/identity/accounts.ts';
import { users } from '../../shared/identity/model.ts';
import { register } from '../../shared/identity/registration.ts';
import type { Store } from '../../shared/platform/store.ts';
import { together, unguarded } from '../support/faults.ts';
import { PASSWORD } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { type Place, place, refusal, tally } from './support.ts';

let here: Place;
let orgId: string;
let admins: string[];
beforeEach(async () => {
  here = await place();
  const first = await register(here.one.scope(), {
    username: 'admin0@example.com',
    password: PASSWORD,
    organizationName: 'Lovelace Events',
  });
  orgId = first.organizationId;
  admins = [first.userId];
  for (let at = 1; at < 6; at += 1) {
    const account = { username: `admin${at}@example.com`, displayName: 'Admin', roles: ['admin'], password: PASSWORD };
    admins.push(await addUser(testScope(here.platform, orgId), account));
  }
});
afterEach(() => here.close());

async function activeAdmins(): Promise<number> {
  const { items } = await testScope(here.platform, orgId).of(users).list({ limit: 100 });
  return items.filter(({ state }) => state.status === 'active' && state.roles.includes('admin')).length;
}

describe('The last active admin', () => {
  test('can be neither demoted nor suspended, nor demote or suspend itself', async () => {
    const scope = testScope(here.platform, orgId);
    const [last = '', ...others] = admins;
    for (const id of others) await suspend(scope, id);
    expect(await refusal(suspend(scope, last))).toBe('rule_broken');
    expect(await refusal(setRoles(scope, last, ['viewer']))).toBe('rule_broken');
    await setRoles(scope, last, ['admin', 'viewer']);
    await reinstate(scope, others[0] ?? '');
    await setRoles(scope, last, ['viewer']);
    expect(await activeAdmins()).toBe(1);
  });

  test('is the last one although suspended admins are left', async () => {
    const scope = testScope(here.platform, orgId);
    const [last = '', ...others] = admins;
    for (const id of others) await suspend(scope, id);
    await setRoles(scope, others[0] ?? '', ['viewer']);
    expect(await refusal(setRoles(scope, last, ['viewer']))).toBe('rule_broken');
  });

  async function race(guard: (store: Store) => Store) {
    const stores = together(admins.length, 'identity');
    const processes = await here.more(admins.length, (store) => stores(guard(store)));
    return tally(
      processes.map(({ platform }, at) => {
        const scope = testScope(platform, orgId);
        const id = admins[at] ?? '';
        return at % 2 === 0 ? setRoles(scope, id, ['viewer']) : suspend(scope, id);
      }),
    );
  }

  test('stays, when all six are demoted or suspended at the same moment by six processes', async () => {
    expect(await race((store) => store)).toEqual({ through: 5, refused: { rule_broken: 1 } });
    expect(await activeAdmins()).toBe(1);
  });

  test('twin: with the guard off nobody is left', async () => {
    await race(unguarded);
    expect(await activeAdmins()).toBe(0);
  });
});
