/** What identity writes to people, each mail in answer to a fact. */
import * as z from 'zod';
import type { Fact } from '../platform/facts.ts';
import { linkToken } from '../platform/links.ts';
import { filled, type Template } from '../platform/mail.template.ts';
import type { Message } from '../platform/mail.ts';
import type { Scope } from '../platform/scope.ts';
import { invitations } from './invitations.ts';
import { invitation, passwordChanged, passwordReset } from './mail/templates.ts';
import { organizations, users } from './model.ts';

const Versioned = z.object({ version: z.int() });

/** Takes a mail to be sent; `about` is the id of the user or invitation it is for. */
export type Post = (scope: Scope, about: string, message: Message) => Promise<void>;

/** What a mail is written from, beside what its subject is now. */
type Cause = Pick<Fact, 'id' | 'subject' | 'time' | 'data'>;

function messageOf(fact: Cause, to: string, template: Template, values: Record<string, string>): Message {
  // The same for every delivery of the fact: mail servers and readers see one mail.
  return { to, messageId: `${fact.id}@marquee`, ...filled(template, values) };
}

/** Mails an invitation's link, unless it was accepted, revoked or resent meanwhile. REQ-INVITE-002 */
export async function mailInvitation(fact: Cause, scope: Scope, post: Post): Promise<void> {
  const { version } = Versioned.parse(fact.data);
  const found = await scope.of(invitations).find(fact.subject);
  if (found?.state.status !== 'pending' || found.state.version !== version) return;
  const { config, publicUrl } = scope.platform;
  const { email, displayName, expiresAt } = found.state;
  const { state } = await scope.of(organizations).get(scope.orgId);
  const token = await linkToken(config, 'invitation', { orgId: scope.orgId, id: found.id, version });
  const message = messageOf(fact, email, invitation, {
    name: displayName ?? email,
    organization: state.name,
    link: `${publicUrl()}/accept-invitation?token=${token}`,
    expiresAt: readable(expiresAt),
  });
  await post(scope, found.id, message);
}

/** Mails the link that sets a new password, unless it is spent, replaced or expired. */
export async function mailPasswordReset(fact: Cause, scope: Scope, post: Post): Promise<void> {
  const { version } = Versioned.parse(fact.data);
  const found = await scope.of(users).find(fact.subject);
  if (!found) return;
  const { reset, email, displayName, username } = found.state;
  if (email === undefined || reset.version !== version) return;
  if (reset.expiresAt === undefined || reset.expiresAt <= scope.now()) return;
  const { config, publicUrl } = scope.platform;
  const token = await linkToken(config, 'password-reset', { orgId: scope.orgId, id: found.id, version });
  const message = messageOf(fact, email, passwordReset, {
    name: displayName,
    username,
    link: `${publicUrl()}/reset-password?token=${token}`,
    expiresAt: readable(reset.expiresAt),
  });
  await post(scope, found.id, message);
}

/** Tells the owner that the password was changed. */
export async function mailPasswordChanged(fact: Cause, scope: Scope, post: Post): Promise<void> {
  const found = await scope.of(users).find(fact.subject);
  if (found?.state.email === undefined) return;
  const { email, displayName, username } = found.state;
  const values = { name: displayName, username, at: readable(fact.time) };
  await post(scope, found.id, messageOf(fact, email, passwordChanged, values));
}

/** Which fact is answered by which mail. */
export const mailOf = {
  UserInvited: mailInvitation,
  UserPasswordResetRequested: mailPasswordReset,
  UserPasswordChanged: mailPasswordChanged,
  UserPasswordReset: mailPasswordChanged,
} as const;

function readable(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
