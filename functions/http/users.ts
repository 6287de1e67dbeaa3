/** Users, oneself first (spec chapter 01). */
import * as z from 'zod';
import { reinstate, setRoles, suspend, updateUser } from '../../shared/identity/accounts.ts';
import { AVATAR_LIMIT, removeAvatar, setAvatar } from '../../shared/identity/avatars.ts';
import { ProfileFields, users } from '../../shared/identity/model.ts';
import { MOST_ROLES } from '../../shared/identity/rules.ts';
import { shownUser, UserView, userView } from '../../shared/identity/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { anyIn, anyOf, shownPage, toQuery } from '../../shared/platform/listing.ts';
import { PictureView, pictureView } from '../../shared/platform/pictures.ts';
import { listRoute, type Route, reviseRoutes, route, uploadRoute } from '../../shared/platform/route.ts';

const mine = { tag: 'Users', access: 'signedIn' } as const;
const read = { tag: 'Users', access: 'users:read' } as const;
const write = { tag: 'Users', access: 'users:write' } as const;
const nothing = z.strictObject({});
const params = z.strictObject({ userId: Id });

const getMe = route({
  ...mine,
  method: 'GET',
  path: 'users/me',
  summary: 'Your profile',
  reply: UserView,
  async handle(_, scope) {
    const me = await scope.of(users).get(scope.actor.userId);
    return shownUser(scope, me);
  },
});

const reviseMe = reviseRoutes({
  ...mine,
  path: 'users/me',
  summary: 'Change your profile',
  refusals: ['stale'],
  params: nothing,
  fields: ProfileFields,
  reply: UserView,
  async handle({ revise }, scope) {
    const me = await updateUser(scope, scope.actor.userId, ({ displayName, email }) => {
      const next = revise({ displayName, email });
      return { displayName: next.displayName, email: next.email };
    });
    return shownUser(scope, me);
  },
});

const putAvatar = uploadRoute({
  ...mine,
  method: 'PUT',
  path: 'users/me/avatar',
  summary: 'Show a picture of yourself (JPG, PNG or WebP)',
  file: { limit: AVATAR_LIMIT },
  reply: PictureView,
  refusals: ['unsupported_media_type', 'stale'],
  async handle({ file }, scope) {
    const { state, etag } = await setAvatar(scope, file);
    if (!state.avatar) throw new Error('A user was given an avatar and has none');
    return { body: await pictureView(scope, state.avatar), headers: { etag: `"${etag}"` } };
  },
});

const deleteAvatar = route({
  ...mine,
  method: 'DELETE',
  path: 'users/me/avatar',
  summary: 'Show no picture of yourself',
  refusals: ['stale'],
  async handle(_, scope) {
    await removeAvatar(scope);
    return {};
  },
});

const list = {
  filters: {
    status: anyOf('status', z.enum(['active', 'suspended'])),
    role: anyIn('roles', z.string().min(1).max(60)),
    customerId: anyOf('customerId', Id),
  },
  sorts: { displayName: 'name', email: 'email' },
  defaultSort: 'displayName',
  search: true,
} as const;

const listUsers = listRoute({
  ...read,
  path: 'users',
  summary: 'Users, found by name, username or email',
  list,
  item: UserView,
  async handle({ query }, scope) {
    const page = await scope.of(users).list(toQuery(list, query));
    const items = await Promise.all(page.items.map((found) => userView(scope, found)));
    return { body: shownPage({ ...page, items }, (item) => item) };
  },
});

const getUser = route({
  ...read,
  method: 'GET',
  path: 'users/{userId}',
  summary: 'One user',
  params,
  reply: UserView,
  async handle({ params: { userId } }, scope) {
    const found = await scope.of(users).get(userId);
    return shownUser(scope, found);
  },
});

const UserFields = z.strictObject({
  ...ProfileFields.shape,
  customerId: Id.optional().meta({ description: 'The customer this user acts for' }),
  staffId: Id.optional().meta({ description: 'The staff member this user is' }),
});

const reviseUser = reviseRoutes({
  ...write,
  path: 'users/{userId}',
  summary: 'Change a user',
  params,
  fields: UserFields,
  reply: UserView,
  async handle({ params: { userId }, revise }, scope) {
    const changed = await updateUser(scope, userId, ({ displayName, email, customerId, staffId }) => {
      const next = revise({ displayName, email, customerId, staffId });
      return {
        displayName: next.displayName,
        email: next.email,
        customerId: next.customerId,
        staffId: next.staffId,
      };
    });
    return shownUser(scope, changed);
  },
});

const reviseRoles = reviseRoutes({
  ...write,
  path: 'users/{userId}/roles',
  summary: 'Give a user exactly these roles',
  params,
  fields: z.strictObject({ roles: z.array(z.string().min(1).max(60)).min(1).max(MOST_ROLES) }),
  reply: UserView,
  refusals: ['rule_broken'],
  async handle({ params: { userId }, revise }, scope) {
    const { state } = await scope.of(users).get(userId);
    const changed = await setRoles(scope, userId, revise({ roles: [...state.roles] }).roles);
    return shownUser(scope, changed);
  },
});

const suspendUser = route({
  ...write,
  method: 'POST',
  path: 'users/{userId}/suspend',
  summary: 'Suspend a user; its sessions end at once',
  status: 200,
  params,
  reply: UserView,
  refusals: ['rule_broken', 'wrong_state'],
  async handle({ params: { userId } }, scope) {
    const changed = await suspend(scope, userId);
    return shownUser(scope, changed);
  },
});

const reinstateUser = route({
  ...write,
  method: 'POST',
  path: 'users/{userId}/reinstate',
  summary: 'Let a suspended user in again',
  status: 200,
  params,
  reply: UserView,
  refusals: ['wrong_state'],
  async handle({ params: { userId } }, scope) {
    const changed = await reinstate(scope, userId);
    return shownUser(scope, changed);
  },
});

export const usersRoutes: readonly Route[] = [
  getMe,
  ...reviseMe,
  putAvatar,
  deleteAvatar,
  listUsers,
  getUser,
  ...reviseUser,
  ...reviseRoles,
  suspendUser,
  reinstateUser,
];
