/** Accounts: how users come to be and change, together with all that must hold over several of them. */
import * as z from 'zod';
import type { Entity } from '../platform/aggregate.ts';
import { changesBetween } from '../platform/changes.ts';
import { invalid, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Document, Write } from '../platform/store.ts';
import { grantable, mustMatch } from './custom-roles.ts';
import type { Reservation } from './logins.ts';
import { reserveLogin } from './logins.ts';
import type { UserFact, UserState } from './model.ts';
import { users } from './model.ts';
import { hashPassword, passwordDocument } from './passwords.ts';
import { forget } from './remembered.ts';
import { adminsAfter, reinstated, suspended, updated, withRoles } from './rules.ts';
import { endAllSessions } from './sessions.ts';

const ROSTER = 'roster:admins';
const Roster = z.object({ userIds: z.array(z.string()) });

/**
 * The write that keeps the list of active admins right when a user changes. All such changes replace the one document
 * under its etag, so two admins cannot demote each other at once. Throws `rule_broken` `last-admin`.
 */
async function rosterWrites(
  scope: Scope,
  userId: string,
  next: Pick<UserState, 'roles' | 'status'>,
): Promise<readonly Write[]> {
  const stored = await scope.documents('identity').read(ROSTER);
  const admins = stored ? Roster.parse(stored.document.body).userIds : [];
  const left = adminsAfter(admins, userId, next);
  if (!left) return [];
  const document: Document = { id: ROSTER, kind: 'roster', body: { userIds: [...left] } };
  return [stored ? { op: 'replace', document, ifMatch: stored.etag } : { op: 'create', document }];
}

interface NewAccount {
  readonly userId: string;
  readonly username: string;
  readonly email?: string | undefined;
  readonly displayName: string;
  readonly roles: readonly string[];
  readonly passwordHash: string;
  readonly invitationId?: string;
}

/** Everything that makes a user, for the batch of what makes it (an organization, an accepted invitation). */
export async function accountWrites(scope: Scope, account: NewAccount): Promise<readonly Write[]> {
  const { userId, email, passwordHash, username, displayName, roles, invitationId } = account;
  const data = {
    username,
    displayName,
    roles: [...new Set(roles)],
    ...(email === undefined ? {} : { email }),
    ...(invitationId === undefined ? {} : { invitationId }),
  };
  const { writes } = scope.of(users).stage(userId, [{ type: 'UserAccountCreated', data }]);
  const roster = await rosterWrites(scope, userId, { roles, status: 'active' });
  return [...writes, { op: 'create', document: passwordDocument(userId, passwordHash) }, ...roster];
}

/** Makes an account under a username that is reserved for it, and gives the name back when that is refused. */
export async function underUsername<T>(
  scope: Scope,
  username: string,
  userId: string,
  make: (reservation: Reservation) => Promise<T>,
): Promise<T> {
  const reservation = await reserveLogin(scope, username, { orgId: scope.orgId, userId });
  try {
    return await make(reservation);
  } catch (error) {
    if (error instanceof Refusal) await reservation.release();
    throw error;
  }
}

/** Adds a user to the scope's organization without an invitation: for demo data and imports. */
export async function addUser(
  scope: Scope,
  input: Omit<NewAccount, 'userId' | 'passwordHash'> & { readonly password: string },
): Promise<string> {
  const userId = scope.newId();
  const passwordHash = await hashPassword(input.password.normalize('NFKC'));
  await underUsername(scope, input.username, userId, async () => {
    const writes = await accountWrites(scope, { ...input, userId, passwordHash });
    await scope.documents('identity').commit(writes);
  });
  return userId;
}

/** Changes a user together with the list of admins. `decide` may ask for writes of its own in the same batch. */
async function change(
  scope: Scope,
  userId: string,
  decide: (state: UserState) => Promise<{ readonly facts: readonly UserFact[]; readonly writes?: readonly Write[] }>,
): Promise<Entity<UserState>> {
  let also: readonly Write[] = [];
  const changed = await scope.of(users).execute(
    userId,
    async (state) => {
      const { facts, writes = [] } = await decide(state);
      const stamp = { at: scope.now(), by: scope.actor.userId };
      const next = facts.reduce<UserState>((before, fact) => users.evolve(before, fact, stamp), state);
      also = [...writes, ...(facts.length === 0 ? [] : await rosterWrites(scope, userId, next))];
      return facts;
    },
    { also: () => also },
  );
  await forget(scope.platform, { orgId: scope.orgId, userId });
  return changed;
}

/** Gives a user exactly these roles. Throws `invalid` for one that does not exist, `forbidden`, `rule_broken`. */
export function setRoles(scope: Scope, userId: string, roles: readonly string[]): Promise<Entity<UserState>> {
  return change(scope, userId, async (state) => ({
    facts: withRoles(state, roles),
    writes: await grantable(scope, roles, 'body.roles', state.roles),
  }));
}

/** No new sign-in, and all sessions end at once. */
export async function suspend(scope: Scope, userId: string): Promise<Entity<UserState>> {
  const changed = await change(scope, userId, async (state) => ({ facts: suspended(state) }));
  await endAllSessions(scope, userId, 'suspended');
  return changed;
}

export function reinstate(scope: Scope, userId: string): Promise<Entity<UserState>> {
  return change(scope, userId, async (state) => ({ facts: reinstated(state) }));
}

/** What admins may change of a user, beside roles and status. */
type UserChange = Pick<UserState, 'displayName' | 'email' | 'customerId' | 'staffId' | 'avatar'>;

/** Changes fields of a user; those of `revise` that come out undefined are cleared. Throws `invalid`, `forbidden`. */
export async function updateUser(
  scope: Scope,
  userId: string,
  revise: (state: UserState) => Partial<UserChange>,
): Promise<Entity<UserState>> {
  const changed = await scope.of(users).execute(userId, async (state) => {
    const next = revise(state);
    await checkCustomer(scope, state, next);
    await checkEmail(scope, userId, state, next);
    const before = Object.fromEntries(Object.keys(next).map((field) => [field, state[field as keyof UserChange]]));
    return updated(changesBetween(before, next));
  });
  await forget(scope.platform, { orgId: scope.orgId, userId });
  return changed;
}

/** A user is linked to a customer that is there. */
async function checkCustomer(scope: Scope, state: UserState, { customerId }: Partial<UserChange>): Promise<void> {
  if (customerId === undefined || customerId === state.customerId) return;
  const stored = await scope.documents('customers').read(customerId);
  if (stored?.document.kind !== 'customer') {
    throw invalid('body.customerId', 'unknown_customer', 'names no customer of this organization');
  }
}

/** Links for a new password go there, so nobody sets the address of somebody who may do more than oneself. */
async function checkEmail(scope: Scope, userId: string, state: UserState, next: Partial<UserChange>): Promise<void> {
  if (!('email' in next) || next.email === state.email || userId === scope.actor.userId) return;
  await mustMatch(scope, state.roles);
}
