/** Invitations (REQ-INVITE-001 to 003). */
import * as z from 'zod';
import { accept, byToken, invitations, invite, resend, revoke } from '../../shared/identity/invitations.ts';
import { Username } from '../../shared/identity/logins.ts';
import { organizations } from '../../shared/identity/model.ts';
import { GivenPassword, NewPassword } from '../../shared/identity/passwords.ts';
import { MOST_ROLES } from '../../shared/identity/rules.ts';
import { InvitationView, invitationView } from '../../shared/identity/views.ts';
import { Email, Id, text } from '../../shared/platform/fields.ts';
import { anyOf, shownPage, toQuery } from '../../shared/platform/listing.ts';
import { listRoute, type Route, route } from '../../shared/platform/route.ts';
import { confirmed, NewAccount, notConfirmed } from './identity.ts';

const write = { tag: 'Invitations', access: 'users:write' } as const;
const open = { tag: 'Invitations', access: 'public' } as const;
const params = z.strictObject({ id: Id });
const DisplayName = text(1, 100).meta({ personal: 'identity' });

const postInvitation = route({
  ...write,
  method: 'POST',
  path: 'invitations',
  summary: 'Invite somebody by mail; the link works once, for 7 days',
  body: z.strictObject({
    email: Email,
    roles: z.array(z.string().min(1).max(60)).min(1).max(MOST_ROLES),
    displayName: DisplayName.optional(),
  }),
  reply: InvitationView,
  async handle({ body }, scope) {
    const made = await invite(scope, body);
    return { body: invitationView(made, scope.now()), etag: made.etag, location: `invitations/${made.id}` };
  },
});

const list = {
  filters: { status: anyOf('status', z.enum(['pending', 'accepted'])) },
  sorts: { email: 'name' },
  defaultSort: 'email',
  search: true,
} as const;

const listInvitations = listRoute({
  ...write,
  path: 'invitations',
  summary: 'Invitations, found by email or name',
  list,
  item: InvitationView,
  async handle({ query }, scope) {
    const page = await scope.of(invitations).list(toQuery(list, query));
    return { body: shownPage(page, (found) => invitationView(found, scope.now())) };
  },
});

const getInvitation = route({
  ...write,
  method: 'GET',
  path: 'invitations/{id}',
  summary: 'Read an invitation',
  params,
  reply: InvitationView,
  async handle({ params: { id } }, scope) {
    const found = await scope.of(invitations).get(id);
    // What it shows turns with time alone when it expires, so it is not answered 304; the ETag is there for `If-Match`.
    return { body: invitationView(found, scope.now()), headers: { etag: `"${found.etag}"` } };
  },
});

const resendInvitation = route({
  ...write,
  method: 'POST',
  path: 'invitations/{id}/resend',
  summary: 'Mail a fresh link; the one before stops working',
  status: 200,
  params,
  reply: InvitationView,
  refusals: ['wrong_state'],
  async handle({ params: { id } }, scope) {
    const changed = await resend(scope, id);
    return { body: invitationView(changed, scope.now()), etag: changed.etag };
  },
});

const deleteInvitation = route({
  ...write,
  method: 'DELETE',
  path: 'invitations/{id}',
  summary: 'Revoke an invitation that is not accepted yet',
  params,
  refusals: ['wrong_state'],
  async handle({ params: { id } }, scope) {
    await revoke(scope, id);
    return {};
  },
});

const LinkToken = z.string().min(1).max(200).meta({ description: 'From the mailed link' });

const OpenInvitation = z
  .object({
    email: Email,
    displayName: z.string().optional().meta({ personal: 'identity' }),
    organizationName: z.string(),
    expiresAt: z.string(),
  })
  .meta({ id: 'OpenInvitation' });

const getByToken = route({
  ...open,
  method: 'GET',
  path: 'invitations/token/{token}',
  summary: 'What a mailed token invites to',
  params: z.strictObject({ token: LinkToken }),
  reply: OpenInvitation,
  async handle({ params: { token } }, scope) {
    const { own, found } = await byToken(scope, token);
    const { email, displayName, expiresAt } = found.state;
    const { name: organizationName } = (await own.of(organizations).get(own.orgId)).state;
    return { body: { email, displayName, organizationName, expiresAt } };
  },
});

const acceptInvitation = route({
  ...open,
  method: 'POST',
  path: 'invitations/accept',
  summary: 'Become a user of the organization that invited you',
  body: z
    .strictObject({
      token: LinkToken,
      username: Username,
      password: NewPassword,
      confirmPassword: GivenPassword,
      displayName: DisplayName,
    })
    .refine(confirmed, notConfirmed),
  reply: NewAccount,
  refusals: ['already_exists'],
  async handle({ body }, scope) {
    const made = await accept(scope, body);
    return { body: made, location: `users/${made.userId}` };
  },
});

export const invitationsRoutes: readonly Route[] = [
  postInvitation,
  listInvitations,
  getInvitation,
  resendInvitation,
  deleteInvitation,
  getByToken,
  acceptInvitation,
];
