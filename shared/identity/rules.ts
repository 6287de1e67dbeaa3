/** What may happen to a user, decided without looking anywhere else (spec chapter 01). */

import { type Changes, unchanged } from '../platform/changes.ts';
import { DAY, later, MINUTE } from '../platform/clock.ts';
import { invalid, Refusal, wrongState } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { OrganizationFact, UserFact, UserState } from './model.ts';

const FAILURES_BEFORE_LOCK = 10;
const LOCK = 30 * MINUTE;
const RESET_LINK = 30 * MINUTE;
export const INVITATION_LINK = 7 * DAY;
export const SESSION_DAYS = { plain: 7, remembered: 30 } as const;
export const MOST_ROLES = 20;

/** The one answer to a sign-in that does not succeed, whatever the reason. */
export function badCredentials(): Refusal {
  return new Refusal(
    'unauthenticated',
    'The username or the password is not right, or the account cannot sign in now.',
  );
}

function isLocked({ lockedUntil }: UserState, now: string): boolean {
  return lockedUntil !== undefined && lockedUntil > now;
}

/** Whether a right password lets this user in. */
export function maySignIn(state: UserState, now: string): boolean {
  return state.status === 'active' && !isLocked(state, now);
}

/** A wrong password; the tenth in a row locks for 30 minutes. Attempts on a locked account change nothing. */
export function signInFailed(state: UserState, now: string): UserFact[] {
  if (isLocked(state, now)) return [];
  const failures = state.failures + 1;
  const locked = failures >= FAILURES_BEFORE_LOCK ? { lockedUntil: later(now, LOCK) } : {};
  return [{ type: 'UserLoginFailed', data: { failures, ...locked } }];
}

/** A right password. Refused like a wrong one when the account is suspended or locked. REQ-AUTH-003 */
export function signedIn(state: UserState, now: string, sessionId: string, device: string): UserFact[] {
  if (!maySignIn(state, now)) throw badCredentials();
  const { devices = [] } = state;
  const newDevice = devices.length > 0 && !devices.includes(device);
  return [{ type: 'UserLoginSuccessful', data: { sessionId, at: now, device, newDevice } }];
}

/** Takes the roles away that are not in `roles`, and gives those that are new. */
export function withRoles(state: UserState, roles: readonly string[]): UserFact[] {
  const revoked = state.roles.filter((role) => !roles.includes(role));
  const assigned = [...new Set(roles)].filter((role) => !state.roles.includes(role));
  return [
    ...revoked.map((role): UserFact => ({ type: 'UserRoleRevoked', data: { role } })),
    ...assigned.map((role): UserFact => ({ type: 'UserRoleAssigned', data: { role } })),
  ];
}

export function suspended(state: UserState): UserFact[] {
  if (state.status === 'suspended') throw wrongState('suspended', ['reinstate'], 'suspend');
  return [{ type: 'UserAccountDeactivated', data: { changes: { status: { from: 'active', to: 'suspended' } } } }];
}

export function reinstated(state: UserState): UserFact[] {
  if (state.status === 'active') throw wrongState('active', ['suspend'], 'reinstate');
  return [{ type: 'UserAccountReactivated', data: { changes: { status: { from: 'suspended', to: 'active' } } } }];
}

function isActiveAdmin({ roles, status }: Pick<UserState, 'roles' | 'status'>): boolean {
  return status === 'active' && roles.includes('admin');
}

/**
 * The organization's active admins once a user has changed; undefined when the change does not touch them. Throws
 * `rule_broken` when nobody would be left.
 */
export function adminsAfter(
  admins: readonly string[],
  userId: string,
  next: Pick<UserState, 'roles' | 'status'>,
): readonly string[] | undefined {
  const is = isActiveAdmin(next);
  if (admins.includes(userId) === is) return undefined;
  if (is) return [...admins, userId];
  const left = admins.filter((id) => id !== userId);
  if (left.length === 0) throw breaks('last-admin', 'An organization keeps at least one active admin.');
  return left;
}

/** Gives out a link that sets a new password; an older one stops working. Suspended accounts get none. */
export function resetRequested(state: UserState, now: string): UserFact[] {
  if (state.status === 'suspended' || state.email === undefined) return [];
  const data = { version: state.reset.version + 1, expiresAt: later(now, RESET_LINK) };
  return [{ type: 'UserPasswordResetRequested', data }];
}

export function badLink(): Refusal {
  return invalid('body.token', 'bad_token', 'is not a link that works, or not any more');
}

/** Spends the link of this version. Throws `invalid` when it is spent, replaced or expired. */
export function passwordReset(state: UserState, version: number, now: string): UserFact[] {
  const { reset } = state;
  const open = reset.version === version && reset.expiresAt !== undefined && reset.expiresAt > now;
  if (!open || state.status === 'suspended') throw badLink();
  return [{ type: 'UserPasswordReset', data: {} }];
}

/** One fact for what differs; none when nothing does. */
export function updated(changes: Changes): Extract<UserFact, { type: 'UserAccountUpdated' }>[] {
  return unchanged(changes) ? [] : [{ type: 'UserAccountUpdated', data: { changes } }];
}

export function organizationUpdated(changes: Changes): OrganizationFact[] {
  return unchanged(changes) ? [] : [{ type: 'OrganizationUpdated', data: { changes } }];
}
