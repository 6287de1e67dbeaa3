/** What identity writes to people, each mail in answer to a fact. */
import { z } from 'zod';
import type { Fact } from '../platform/facts.ts';
import type { Scope } from '../platform/scope.ts';
import { invitations } from './invitations.ts';
import { linkToken } from './links.ts';
import { invitationMail } from './mail/invitation.ts';
import { passwordChangedMail } from './mail/password-changed.ts';
import { passwordResetMail } from './mail/password-reset.ts';
import { filled, type Template } from './mail/template.ts';
import { organizations, users } from './model.ts';

const Versioned = z.object({ version: z.int() });

async function send(scope: Scope, fact: Fact, to: string, template: Template, values: Record<string, string>) {
  // The same for every delivery of the fact: mail servers and readers see one mail.
  await scope.platform.mail.send({ to, messageId: `${fact.id}@marquee`, ...filled(template, values) });
}

/** Mails an invitation's link, unless it was accepted, revoked or resent meanwhile. REQ-INVITE-002 */
export async function mailInvitation(fact: Fact, scope: Scope): Promise<void> {
  const { version } = Versioned.parse(fact.data);
  const found = await scope.of(invitations).find(fact.subject);
  if (found?.state.status !== 'pending' || found.state.version !== version) return;
  const { config, publicUrl } = scope.platform;
  const { email, displayName, expiresAt } = found.state;
  const { state } = await scope.of(organizations).get(scope.orgId);
  const token = await linkToken(config, 'invitation', { orgId: scope.orgId, id: found.id, version });
  await send(scope, fact, email, invitationMail, {
    name: displayName ?? email,
    organization: state.name,
    link: `${publicUrl()}/accept-invitation?token=${token}`,
    expiresAt: readable(expiresAt),
  });
}

/** Mails the link that sets a new password, unless it is spent, replaced or expired. */
export async function mailPasswordReset(fact: Fact, scope: Scope): Promise<void> {
  const { version } = Versioned.parse(fact.data);
  const found = await scope.of(users).find(fact.subject);
  if (!found) return;
  const { reset, email, displayName, username } = found.state;
  if (email === undefined || reset.version !== version) return;
  if (reset.expiresAt === undefined || reset.expiresAt <= scope.now()) return;
  const { config, publicUrl } = scope.platform;
  const token = await linkToken(config, 'password-reset', { orgId: scope.orgId, id: found.id, version });
  await send(scope, fact, email, passwordResetMail, {
    name: displayName,
    username,
    link: `${publicUrl()}/reset-password?token=${token}`,
    expiresAt: readable(reset.expiresAt),
  });
}

/** Tells the owner that the password was changed. */
export async function mailPasswordChanged(fact: Fact, scope: Scope): Promise<void> {
  const found = await scope.of(users).find(fact.subject);
  if (found?.state.email === undefined) return;
  const { email, displayName, username } = found.state;
  await send(scope, fact, email, passwordChangedMail, { name: displayName, username, at: readable(fact.time) });
}

function readable(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
