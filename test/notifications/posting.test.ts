/** Mail that somebody waits for: links to sign in with, and word of a new password. */
import { afterAll, describe, expect, test } from 'vitest';
import { invitations } from '../../shared/identity/invitations.ts';
import { organizations, users } from '../../shared/identity/model.ts';
import { HOUR, later, MINUTE } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import type { Person } from '../support/callers.ts';
import { facts, log, tick } from './mailing.ts';
import { closeDesks, type Desk, desk } from './support.ts';

afterAll(closeDesks);

const away = (here: Desk): Platform => ({
  ...here.platform,
  mail: {
    async send() {
      throw new Error('The server is away');
    },
  },
});

/** A mail of one of the kinds, and how it is brought to its reaction. */
interface Awaited {
  readonly reaction: string;
  readonly fact: Fact;
  /** As `log` takes it. */
  readonly whom: Person;
}

async function invited(here: Desk): Promise<Awaited> {
  await here.scope
    .of(organizations)
    .create(here.orgId, () => [{ type: 'OrganizationCreated', data: { name: 'Acme', country: 'GB' } as never }]);
  const manager = await here.user('manager');
  const id = here.scope.newId();
  const expiresAt = later(here.platform.clock.now(), 7 * 24 * HOUR);
  const data = { email: 'ada@example.com', roles: ['viewer'], expiresAt, version: 1 };
  await here.scope.of(invitations).create(id, () => [{ type: 'UserInvited', data }]);
  const fact = here.fact('UserInvited', { source: 'invitation', subject: id, data });
  return { reaction: 'mail-invitation', fact, whom: { ...manager, actor: { ...manager.actor, userId: id } } };
}

async function changed(here: Desk): Promise<Awaited> {
  const whom = await here.user('staff', { email: 'ada@example.com' });
  const fact = here.fact('UserPasswordChanged', { source: 'user', subject: whom.actor.userId });
  return { reaction: 'mail-password-changed', fact, whom };
}

async function reset(here: Desk): Promise<Awaited> {
  const whom = await here.user('staff', { email: 'ada@example.com' });
  const { userId } = whom.actor;
  const data = { version: 1, expiresAt: later(here.platform.clock.now(), 30 * MINUTE) };
  await here.scope.of(users).execute(userId, () => [{ type: 'UserPasswordResetRequested', data }]);
  return {
    reaction: 'mail-password-reset',
    fact: here.fact('UserPasswordResetRequested', { source: 'user', subject: userId, data }),
    whom,
  };
}

/** Ticks until the mail is no longer queued; how long that took. */
async function waited(here: Desk, whom: Person, platform: Platform): Promise<number> {
  const from = here.platform.clock.time();
  for (let tries = 0; tries < 20; tries += 1) {
    const [mail] = await log(here, whom);
    if (mail?.state !== 'queued') break;
    here.platform.clock.set(later(mail.dueAt, 1000));
    await tick(here, platform);
  }
  return here.platform.clock.time() - from;
}

describe.each([
  ['an invitation', invited],
  ['word of a new password', changed],
  ['the link for a new password', reset],
] as const)('%s', (_, made) => {
  test('REQ-NTF-020 that the server does not take at first is sent when it does, once', async () => {
    const here = await desk();
    const { reaction, fact, whom } = await made(here);
    await here.react(reaction, fact, away(here));
    // The bus brings it again; it is not yet due.
    await here.react(reaction, fact);
    expect(here.platform.mail.sent).toEqual([]);
    expect(await log(here, whom)).toMatchObject([{ state: 'queued', attempts: 1, reason: 'The server is away' }]);
    expect(JSON.stringify(await log(here, whom))).not.toMatch(/ada@|token/);
    here.platform.clock.advance(MINUTE);
    await Promise.all([tick(here), tick(here, { ...here.platform.twin(), mail: here.platform.mail })]);
    await here.react(reaction, fact);
    await tick(here);
    expect(here.platform.mail.sent).toMatchObject([{ to: 'ada@example.com', messageId: `${fact.id}@marquee` }]);
    const [sent] = await log(here, whom);
    expect(sent).toMatchObject({ state: 'sent', attempts: 2 });
    expect(sent).not.toHaveProperty('again');
  });
});

describe('What nobody takes', () => {
  test.each([
    ['an invitation', invited],
    ['word of a new password', changed],
  ] as const)('REQ-NTF-020 %s is tried for as long as any mail, then has failed', async (_, made) => {
    const here = await desk();
    const { reaction, fact, whom } = await made(here);
    const broken = away(here);
    await here.react(reaction, fact, broken);
    const spent = await waited(here, whom, broken);
    expect(spent).toBeGreaterThan(HOUR);
    expect(await log(here, whom)).toMatchObject([{ state: 'failed', attempts: 8 }]);
    expect((await facts(here, 'MailFailed')).map(({ data }) => data.userId)).toEqual([whom.actor.userId]);
  });

  test('REQ-NTF-020 the link for a new password is not sent once it has run out', async () => {
    const here = await desk();
    const { reaction, fact, whom } = await reset(here);
    await here.react(reaction, fact, away(here));
    here.platform.clock.advance(30 * MINUTE);
    await tick(here);
    expect(here.platform.mail.sent).toEqual([]);
    expect(await log(here, whom)).toMatchObject([{ state: 'suppressed', reason: 'there is nothing to say any more' }]);
  });
});
