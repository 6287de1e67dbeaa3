/** Roles: the built-in ones, and an organization's own (REQ-AUTHZ-001 to 003). */
import * as z from 'zod';
import { createRole, customRoles, RoleFields, removeRole, updateRole } from '../../shared/identity/custom-roles.ts';
import { builtInRoleNames, isBuiltIn } from '../../shared/identity/roles.ts';
import { allRoles, builtInView, RoleView, roleView } from '../../shared/identity/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import { shortPage } from '../../shared/platform/short-list.ts';
import { fold } from '../../shared/platform/words.ts';

const read = { tag: 'Roles', access: 'roles:read' } as const;
const write = { tag: 'Roles', access: 'roles:write' } as const;
const params = z.strictObject({ roleId: Id });

const list = {
  filters: {},
  sorts: { name: 'name', builtIn: 'builtIn' },
  defaultSort: '-builtIn,name',
  search: false,
} as const;

const listRoles = listRoute({
  ...read,
  path: 'roles',
  summary: 'Roles: the built-in ones, then your own by name',
  list,
  item: RoleView,
  async handle({ query }, scope) {
    const items = await allRoles(scope);
    const page = shortPage(list, query, {
      items,
      name: [scope.orgId, 'roles'],
      idOf: ({ id }) => id,
      sortedBy: ({ name, builtIn }, path) => (path === 'name' ? fold(name) : builtIn),
    });
    return { body: shownPage(page, (role) => role) };
  },
});

const postRole = route({
  ...write,
  method: 'POST',
  path: 'roles',
  summary: 'Make a role of your own',
  body: RoleFields,
  reply: RoleView,
  refusals: ['already_exists', 'rule_broken'],
  async handle({ body }, scope) {
    const made = await createRole(scope, body);
    return { body: roleView(made), etag: made.etag, location: `roles/${made.id}` };
  },
});

const getRole = route({
  ...read,
  method: 'GET',
  path: 'roles/{roleId}',
  summary: 'Read a role',
  params: z.strictObject({ roleId: z.union([z.enum(builtInRoleNames), Id]) }),
  reply: RoleView,
  async handle({ params: { roleId } }, scope) {
    if (isBuiltIn(roleId)) return { body: builtInView(roleId) };
    const found = await scope.of(customRoles).get(roleId);
    return { body: roleView(found), etag: found.etag };
  },
});

const reviseRole = reviseRoutes({
  ...write,
  path: 'roles/{roleId}',
  summary: 'Change a role; takes effect within 5 seconds',
  params,
  fields: RoleFields,
  reply: RoleView,
  refusals: ['already_exists'],
  async handle({ params: { roleId }, revise }, scope) {
    const changed = await updateRole(scope, roleId, revise);
    return { body: roleView(changed), etag: changed.etag };
  },
});

const deleteRole = route({
  ...write,
  method: 'DELETE',
  path: 'roles/{roleId}',
  summary: 'Delete a role that nobody has',
  params,
  refusals: ['rule_broken'],
  async handle({ params: { roleId } }, scope) {
    await removeRole(scope, roleId);
    return {};
  },
});

export const rolesRoutes: readonly Route[] = [listRoles, postRole, getRole, ...reviseRole, deleteRole];
