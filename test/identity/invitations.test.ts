import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRole, removeRole } from '../../shared/identity/custom-roles.ts';
import { accept, byToken, invitations, invite, resend, revoke } from '../../shared/identity/invitations.ts';
import { mailInvitation } from '../../shared/identity/mails.ts';
import { users } from '../../shared/identity/model.ts';
import { register } from '../../shared/identity/registration.ts';
import { DAY, SECOND } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { linkToken } from '../../shared/platform/links.ts';
import { together, unguarded } from '../support/faults.ts';
import { PASSWORD } from '../support/host.ts';
import { testScope } from '../support/platform.ts';
import { factsIn, type Place, place, posted, refusal, tally } from './support.ts';

let here: Place;
let orgId: string;
beforeEach(async () => {
  here = await place();
  const input = { username: 'ada@example.com', password: PASSWORD, organizationName: 'Lovelace <Events>' };
  orgId = (await register(here.one.scope(), input)).organizationId;
});
afterEach(() => here.close());

const admin = () => testScope(here.platform, orgId);
const bob = { email: 'bob@example.com', roles: ['manager', 'staff'], displayName: 'Bob' };

/** Invites and mails; the token in the mail. */
async function invited(input = bob): Promise<{ id: string; token: string }> {
  const { id } = await invite(admin(), input);
  return { id, token: await mailed() };
}
async function mailed(): Promise<string> {
  const facts = await factsIn(here.platform.store, 'identity', orgId);
  const fact = facts.findLast(({ type }) => type === 'UserInvited');
  await mailInvitation(fact as unknown as Fact, admin(), posted);
  return /token=([\w.~-]+)/.exec(here.platform.mail.sent.at(-1)?.text ?? '')?.[1] ?? '';
}
const acceptance = (token: string, username = 'bob@example.com') => ({
  token,
  username,
  password: PASSWORD,
  displayName: 'Bob',
});

describe('An invitation (REQ-INVITE-001 to 003)', () => {
  test('mails a link, shows what it is to, and makes a user with its roles', async () => {
    const { token, id } = await invited();
    const { found } = await byToken(here.one.scope(), token);
    expect(found.state).toMatchObject({ email: 'bob@example.com', status: 'pending' });
    const { userId, organizationId } = await accept(here.one.scope(), acceptance(token));
    expect(organizationId).toBe(orgId);
    expect((await admin().of(users).get(userId)).state).toMatchObject({
      roles: ['manager', 'staff'],
      status: 'active',
    });
    expect((await admin().of(invitations).get(id)).state).toMatchObject({ status: 'accepted', userId });
    const types = (await factsIn(here.platform.store, 'identity', orgId)).map(({ type }) => type);
    expect(types.slice(-2).sort()).toEqual(['UserAccountCreated', 'UserInvitationAccepted']);
  });

  test('keeps its token out of the store and out of the facts', async () => {
    const { token } = await invited();
    for (const kind of ['invitation', 'fact']) {
      const { items } = await here.platform.store.query('identity', [orgId], { kind, limit: 100 });
      expect(JSON.stringify(items)).not.toContain(token.slice(50));
    }
  });

  test('works once', async () => {
    const { token } = await invited();
    await accept(here.one.scope(), acceptance(token));
    expect(await refusal(accept(here.one.scope(), acceptance(token, 'eve@example.com')))).toBe('invalid');
    expect(await refusal(byToken(here.one.scope(), token))).toBe('not_found');
  });

  test('works for seven days', async () => {
    const { token } = await invited();
    here.platform.clock.advance(7 * DAY - SECOND);
    await byToken(here.one.scope(), token);
    here.platform.clock.advance(SECOND);
    expect(await refusal(byToken(here.one.scope(), token))).toBe('not_found');
    expect(await refusal(accept(here.one.scope(), acceptance(token)))).toBe('invalid');
  });

  test('that is resent works with its new link only, seven more days', async () => {
    const { id, token } = await invited();
    here.platform.clock.advance(6 * DAY);
    await resend(admin(), id);
    const fresh = await mailed();
    expect(await refusal(accept(here.one.scope(), acceptance(token)))).toBe('invalid');
    here.platform.clock.advance(6 * DAY);
    await accept(here.one.scope(), acceptance(fresh));
  });

  test('that is revoked works no more, and is not mailed any more', async () => {
    const { id, token } = await invited();
    const sent = here.platform.mail.sent.length;
    await revoke(admin(), id);
    expect(await refusal(accept(here.one.scope(), acceptance(token)))).toBe('invalid');
    await mailed();
    expect(here.platform.mail.sent).toHaveLength(sent);
  });

  test('a username that is taken, or a refused password, does not spend it', async () => {
    const { token } = await invited();
    expect(await refusal(accept(here.one.scope(), acceptance(token, 'ADA@example.com')))).toBe('already_exists');
    expect(await refusal(accept(here.one.scope(), { ...acceptance(token), password: 'qwerty123456' }))).toBe('invalid');
    await accept(here.one.scope(), acceptance(token));
  });

  async function race(guard: 'on' | 'off') {
    const { token } = await invited();
    const stores = together(10, 'identity');
    const processes = await here.more(10, (store) => stores(guard === 'on' ? store : unguarded(store)));
    return tally(processes.map((process, at) => accept(process.scope(), acceptance(token, `bob${at}@example.com`))));
  }
  const countUsers = async () => (await admin().of(users).list({ limit: 100 })).items.length;

  test('accepted by ten processes at once makes one user, and leaves the other usernames free', async () => {
    expect(await race('on')).toEqual({ through: 1, refused: { invalid: 9 } });
    expect(await countUsers()).toBe(2);
    const taken = await tally(
      Array.from({ length: 10 }, (_, at) =>
        register(here.one.scope(), {
          username: `bob${at}@example.com`,
          password: PASSWORD,
          organizationName: 'Another',
        }),
      ),
    );
    expect(taken).toEqual({ through: 9, refused: { already_exists: 1 } });
  });

  test('twin: with the guard off it makes more than one', async () => {
    await race('off');
    expect(await countUsers()).toBeGreaterThan(2);
  });

  test('names only roles that exist, which cannot be deleted while it is open', async () => {
    const id = '0193b0a0-7c1e-7000-8000-000000000001';
    for (const role of ['root', id, 'constructor', '__proto__']) {
      expect(await refusal(invite(admin(), { ...bob, roles: [role] }))).toBe('invalid');
    }
    const role = await createRole(admin(), { name: 'Box office', privileges: ['customers:read'] });
    const { token } = await invited({ ...bob, roles: [role.id] });
    expect(await refusal(removeRole(admin(), role.id))).toBe('rule_broken');
    const { userId } = await accept(here.one.scope(), acceptance(token));
    expect((await admin().of(users).get(userId)).state.roles).toEqual([role.id]);
  });

  test('cannot be opened with a token made for something else', async () => {
    const { id } = await invited();
    const token = await linkToken(here.platform.config, 'password-reset', { orgId, id, version: 1 });
    expect(await refusal(byToken(here.one.scope(), token))).toBe('not_found');
  });

  test('the mail escapes names where it is HTML, and is the same mail however often it is delivered', async () => {
    await invited();
    await mailed();
    const [one, two] = here.platform.mail.sent;
    expect(one).toEqual(two);
    expect(one?.html).toContain('Lovelace &lt;Events&gt;');
    expect(one?.html).not.toContain('{{');
    expect(one?.text).toContain('Lovelace <Events>');
  });
});
