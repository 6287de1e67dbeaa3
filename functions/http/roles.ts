/** Roles: the built-in ones, and an organization's own (REQ-AUTHZ-001 to 003). */
import { z } from 'zod';
import { allRoles, createRole, RoleFields, removeRole, updateRole } from '../../shared/identity/custom-roles.ts';
import { RoleView, roleView } from '../../shared/identity/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { pageOf } from '../../shared/platform/listing.ts';
import { type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const read = { tag: 'Roles', access: 'roles:read' } as const;
const write = { tag: 'Roles', access: 'roles:write' } as const;
const params = z.strictObject({ roleId: Id });

const listRoles = route({
  ...read,
  method: 'GET',
  path: 'roles',
  summary: 'All roles on one page: the built-in ones, then your own by name',
  reply: pageOf(RoleView),
  async handle(_, scope) {
    const { builtIn, own } = await allRoles(scope);
    const shown = builtIn.map(({ id, state }) => ({
      id,
      name: state.name,
      privileges: [...state.privileges],
      builtIn: true,
    }));
    return { body: { data: [...shown, ...own.map(roleView)], page: { nextCursor: null } } };
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

export const rolesRoutes: readonly Route[] = [listRoles, postRole, ...reviseRole, deleteRole];
