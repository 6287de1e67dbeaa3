/** How the API shows organizations, users, roles, invitations and sessions. */
import * as z from 'zod';
import type { Entity } from '../platform/aggregate.ts';
import { Email, Id, metaShape } from '../platform/fields.ts';
import { PictureView, pictureView } from '../platform/pictures.ts';
import type { Reply } from '../platform/route.ts';
import type { Scope } from '../platform/scope.ts';
import { ownRoles, type RoleState } from './custom-roles.ts';
import type { InvitationState } from './invitations.ts';
import { OrganizationFields, type OrganizationState, type UserState } from './model.ts';
import { type BuiltInRole, builtInRoleNames, builtInRoles, privileges } from './roles.ts';

const Username = z.string().meta({ personal: 'identity' });
const DisplayName = z.string().meta({ personal: 'identity' });

export const OrganizationView = z
  .object({ id: Id, ...OrganizationFields.shape, ...metaShape })
  .meta({ id: 'Organization' });

export function organizationView({ id, state, meta }: Entity<OrganizationState>) {
  return { id, ...state, ...meta };
}

export const UserView = z
  .object({
    id: Id,
    username: Username,
    email: Email.optional(),
    displayName: DisplayName,
    roles: z.array(z.string()).meta({ description: 'Built-in roles by name, own ones by id' }),
    status: z.enum(['active', 'suspended']),
    customerId: Id.optional(),
    staffId: Id.optional(),
    avatar: PictureView.optional(),
    lastSignInAt: z.string().optional(),
    ...metaShape,
  })
  .meta({ id: 'User' });

/** A user without what only concerns signing in. */
export async function userView(scope: Scope, { id, state, meta }: Entity<UserState>) {
  const { failures: _f, lockedUntil: _l, epoch: _e, reset: _r, devices: _d, avatar, roles, ...shown } = state;
  const picture = avatar && { avatar: await pictureView(scope, avatar) };
  return { id, ...shown, roles: [...roles], ...picture, ...meta };
}

/**
 * The reply that shows a user. Links to a picture change while the user does not, so one with a picture is never answered
 * 304: its ETag is there for `If-Match`.
 */
export async function shownUser(scope: Scope, found: Entity<UserState>): Promise<Reply<z.input<typeof UserView>>> {
  const body = await userView(scope, found);
  return body.avatar ? { body, headers: { etag: `"${found.etag}"` } } : { body, etag: found.etag };
}

export const RoleView = z
  .object({
    id: z.string().meta({ description: 'What users and invitations name in `roles`' }),
    name: z.string(),
    description: z.string().optional(),
    privileges: z.array(z.enum(privileges)),
    builtIn: z.boolean(),
    ...z.object(metaShape).partial().shape,
  })
  .meta({ id: 'Role' });

export function roleView({ id, state, meta }: Entity<RoleState>) {
  return { id, ...state, builtIn: false, ...meta };
}

/** A built-in role: it was made by nobody and never changes. */
export function builtInView(id: BuiltInRole): z.input<typeof RoleView> {
  return { id, name: id, privileges: [...builtInRoles[id]], builtIn: true };
}

/** Every role there is: the built-in ones and the organization's own. */
export async function allRoles(scope: Scope): Promise<z.input<typeof RoleView>[]> {
  return [...builtInRoleNames.map(builtInView), ...(await ownRoles(scope)).map(roleView)];
}

export const InvitationView = z
  .object({
    id: Id,
    email: Email,
    displayName: DisplayName.optional(),
    roles: z.array(z.string()),
    status: z.enum(['pending', 'accepted', 'expired']),
    expiresAt: z.string(),
    userId: Id.optional().meta({ description: 'Who accepted' }),
    ...metaShape,
  })
  .meta({ id: 'Invitation' });

export function invitationView({ id, state, meta }: Entity<InvitationState>, now: string) {
  const { version: _, status, roles, ...shown } = state;
  const expired = status === 'pending' && state.expiresAt <= now;
  return { id, ...shown, roles: [...roles], status: expired ? ('expired' as const) : status, ...meta };
}

export const SessionView = z
  .object({
    id: Id,
    device: z.string().meta({ description: 'From the User-Agent', example: 'Firefox on Linux' }),
    address: z.string().meta({ personal: 'identity', description: 'Network address of the sign-in' }),
    userId: Id,
    ...metaShape,
    lastUsedAt: z.string(),
    expiresAt: z.string(),
    current: z.boolean(),
  })
  .meta({ id: 'Session' });
