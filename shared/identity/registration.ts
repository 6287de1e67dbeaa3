/** A new organization and its first user. REQ-USER-001 */
import * as z from 'zod';
import { Email } from '../platform/fields.ts';
import type { Scope } from '../platform/scope.ts';
import { accountWrites, underUsername } from './accounts.ts';
import { isTaken, usernameTaken } from './logins.ts';
import { organizationDefaults, organizations } from './model.ts';
import { checkPassword, hashPassword } from './passwords.ts';

export interface Registration {
  readonly username: string;
  readonly email?: string | undefined;
  readonly password: string;
  readonly displayName?: string | undefined;
  readonly organizationName: string;
}

/** The address to write to: the one given, else the username when it is one. */
function emailOf(username: string, email: string | undefined): string | undefined {
  return email ?? z.safeParse(Email, username).data;
}

/**
 * Makes the organization and its admin in one batch. Of several at once for one username exactly one gets it.
 * Throws `invalid` for a weak password, `already_exists` for a username in use.
 */
export async function register(scope: Scope, input: Registration) {
  const { username, password } = input;
  await checkPassword(password, username, 'body.password');
  const [orgId, userId] = [scope.newId(), scope.newId()];
  // Looked at first, because a hash costs more than a read.
  if (await isTaken(scope.platform, username, userId)) throw usernameTaken();
  const passwordHash = await hashPassword(password);
  const own = scope.inOrganization(orgId, userId);
  await underUsername(own, username, userId, async (reservation) => {
    const account = await accountWrites(own, {
      userId,
      username,
      email: emailOf(username, input.email),
      displayName: input.displayName ?? username,
      roles: ['admin'],
      passwordHash,
    });
    reservation.check();
    const data = { ...organizationDefaults, name: input.organizationName };
    await own.of(organizations).create(orgId, () => [{ type: 'OrganizationCreated', data }], { also: () => account });
  });
  return { userId, username, organizationId: orgId };
}
