/** Invitations: a mailed link makes somebody a user of an organization, once (REQ-INVITE-001 to 003). */
import { aggregate, type Entity } from '../platform/aggregate.ts';
import { later } from '../platform/clock.ts';
import { readLink } from '../platform/links.ts';
import { notFound, wrongState } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Write } from '../platform/store.ts';
import { CommitRefused } from '../platform/store.ts';
import { wordsOf } from '../platform/words.ts';
import { accountWrites, underUsername } from './accounts.ts';
import { grantable } from './custom-roles.ts';
import { isTaken, usernameTaken } from './logins.ts';
import { checkPassword, hashPassword } from './passwords.ts';
import { badLink, INVITATION_LINK } from './rules.ts';

export interface InvitationState {
  readonly email: string;
  readonly roles: readonly string[];
  readonly displayName?: string;
  readonly status: 'pending' | 'accepted';
  readonly expiresAt: string;
  /** Which of the mailed links works: the latest. */
  readonly version: number;
  /** Who accepted. */
  readonly userId?: string;
}

type Invited = Pick<InvitationState, 'email' | 'roles' | 'displayName' | 'expiresAt' | 'version'>;
type InvitationFact =
  /** Again when it is resent, with the next version. */
  | { readonly type: 'UserInvited'; readonly data: Invited }
  | { readonly type: 'UserInvitationAccepted'; readonly data: { readonly userId: string } }
  | { readonly type: 'UserInvitationRevoked'; readonly data: Record<string, never> };

export const invitations = aggregate<InvitationState, InvitationFact>({
  kind: 'invitation',
  container: 'identity',
  noun: 'invitation',
  deletedBy: ['UserInvitationRevoked'],
  evolve(state, fact) {
    if (fact.type === 'UserInvited') return { ...fact.data, status: 'pending' };
    if (!state) throw new Error(`${fact.type} of an invitation that never was`);
    return fact.type === 'UserInvitationAccepted' ? { ...state, status: 'accepted', userId: fact.data.userId } : state;
  },
  index: ({ email, roles, status, displayName }) => ({
    ix: { name: email, status },
    sets: { roles },
    words: wordsOf(email, displayName),
  }),
});

interface InvitationInput {
  readonly email: string;
  readonly roles: readonly string[];
  readonly displayName?: string | undefined;
}

const ROUNDS = 5;

/** Invites somebody; the mail follows from the fact. Throws `invalid` for an unknown role, `forbidden`. */
export async function invite(scope: Scope, { email, roles, displayName }: InvitationInput) {
  const known = displayName === undefined ? {} : { displayName };
  const data = {
    email,
    roles: [...new Set(roles)],
    ...known,
    version: 1,
    expiresAt: later(scope.now(), INVITATION_LINK),
  };
  const id = scope.newId();
  for (let round = 1; ; round += 1) {
    const touched = await grantable(scope, data.roles, 'body.roles');
    try {
      return await scope.of(invitations).create(id, () => [{ type: 'UserInvited', data }], { also: () => touched });
    } catch (error) {
      // A role of theirs changed at this moment: look again whether it is still there.
      if (!(error instanceof CommitRefused) || round === ROUNDS) throw error;
    }
  }
}

/** A fresh link for seven more days; the one before stops working. */
export function resend(scope: Scope, id: string) {
  return scope.of(invitations).execute(id, ({ status, userId: _, ...state }) => {
    if (status !== 'pending') throw wrongState(status, [], 'resend');
    const expiresAt = later(scope.now(), INVITATION_LINK);
    return [{ type: 'UserInvited', data: { ...state, version: state.version + 1, expiresAt } }];
  });
}

export async function revoke(scope: Scope, id: string): Promise<void> {
  await scope.of(invitations).execute(id, ({ status }) => {
    if (status !== 'pending') throw wrongState(status, [], 'revoke');
    return [{ type: 'UserInvitationRevoked', data: {} }];
  });
}

function isOpen(state: InvitationState, version: number, now: string): boolean {
  return state.status === 'pending' && state.version === version && state.expiresAt > now;
}

/** The invitation that a mailed token opens. Throws `not_found` for a token that is wrong, spent, replaced or expired. */
export async function byToken(scope: Scope, token: string): Promise<{ own: Scope; found: Entity<InvitationState> }> {
  const link = await readLink(scope.platform.config, 'invitation', token);
  if (!link) throw notFound('invitation');
  const own = scope.inOrganization(link.orgId, 'public');
  const found = await own.of(invitations).find(link.id);
  if (!found || !isOpen(found.state, link.version, own.now())) throw notFound('invitation');
  return { own, found };
}

interface Acceptance {
  readonly token: string;
  readonly username: string;
  readonly password: string;
  readonly displayName: string;
}

/**
 * Makes the invited person a user, in the batch that spends the invitation. Throws `invalid` for a token that does not
 * work (any more) or a weak password, `already_exists` for a username in use. REQ-INVITE-003
 */
export async function accept(scope: Scope, { token, username, password, displayName }: Acceptance) {
  const link = await readLink(scope.platform.config, 'invitation', token);
  if (!link) throw badLink();
  const userId = scope.newId();
  const own = scope.inOrganization(link.orgId, userId);
  const found = await own.of(invitations).find(link.id);
  // On a retry after a crash the first try may have spent it, for this very user.
  if (!found || !(isOpen(found.state, link.version, own.now()) || found.state.userId === userId)) throw badLink();
  await checkPassword(password, username, 'body.password');
  if (await isTaken(scope.platform, username, userId)) throw usernameTaken();
  const passwordHash = await hashPassword(password);
  await underUsername(own, username, userId, async (reservation) => {
    let account: readonly Write[] = [];
    await own.of(invitations).execute(
      link.id,
      async (state) => {
        if (state.userId === userId) return [];
        if (!isOpen(state, link.version, own.now())) throw badLink();
        const { email, roles } = state;
        const touched = await grantable(own, roles, 'roles');
        const input = { userId, username, email, displayName, roles, passwordHash, invitationId: link.id };
        account = [...(await accountWrites(own, input)), ...touched];
        reservation.check();
        return [{ type: 'UserInvitationAccepted', data: { userId } }];
      },
      { also: () => account },
    );
  });
  return { userId, username, organizationId: link.orgId };
}
