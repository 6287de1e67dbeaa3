/** Roles that an organization makes itself: a name and any set of privileges. */
import * as z from 'zod';
import { aggregate } from '../platform/aggregate.ts';
import { type Changes, changesBetween, unchanged } from '../platform/changes.ts';
import { text } from '../platform/fields.ts';
import { invalid, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Write } from '../platform/store.ts';
import { fold } from '../platform/words.ts';
import { breaks } from './breaks.ts';
import { forget } from './remembered.ts';
import { builtInRoleNames, isBuiltIn, type Privilege, privileges, privilegesOf } from './roles.ts';

export const RoleFields = z.strictObject({
  name: text(2, 60),
  description: text(1, 300).optional(),
  privileges: z
    .array(z.enum(privileges))
    .max(privileges.length)
    .transform((list) => privileges.filter((name) => list.includes(name)))
    .meta({ override: { type: 'array', items: { type: 'string', enum: [...privileges] } } }),
});
export type RoleState = z.output<typeof RoleFields>;

type RoleFact =
  | { readonly type: 'RoleCreated'; readonly data: RoleState }
  | { readonly type: 'RoleUpdated'; readonly data: { readonly changes: Changes; readonly role: RoleState } }
  | { readonly type: 'RoleRemoved'; readonly data: Record<string, never> };

export const customRoles = aggregate<RoleState, RoleFact>({
  kind: 'role',
  container: 'identity',
  noun: 'role',
  deletedBy: ['RoleRemoved'],
  evolve(state, fact) {
    if (fact.type === 'RoleCreated') return fact.data;
    if (fact.type === 'RoleUpdated') return fact.data.role;
    if (!state) throw new Error('A role was removed that never was');
    return state;
  },
  index: ({ name }) => ({ ix: { name: fold(name) } }),
  uniques: ({ name }) => [
    {
      scope: 'role-name',
      value: fold(name),
      refuse: () => new Refusal('already_exists', 'There is a role of this name.', { field: 'name' }),
    },
  ],
});

/** Custom roles an organization may have: they are all shown at once. */
const MOST_CUSTOM_ROLES = 200;

/** The privileges of those of the roles that are the organization's own. One read each; usually there are none. */
export async function customPrivileges(
  scope: Scope,
  roles: readonly string[],
): Promise<ReadonlyMap<string, readonly Privilege[]>> {
  const own = roles.filter((role) => !isBuiltIn(role));
  const found = await Promise.all(own.map((id) => scope.of(customRoles).find(id)));
  return new Map(found.flatMap((role) => (role ? [[role.id, role.state.privileges]] : [])));
}

/** Throws `forbidden` when the actor would give privileges that it does not hold itself. */
function mustHold(scope: Scope, given: Iterable<string>): void {
  const { actor } = scope;
  if (actor.kind === 'system') return;
  const missing = [...given].filter((privilege) => !actor.privileges.has(privilege));
  if (missing.length > 0) {
    throw new Refusal('forbidden', `Nobody gives privileges it does not hold: ${missing.slice(0, 5).join(', ')}.`);
  }
}

/** Throws `forbidden` unless the actor holds all that these roles allow: else it could become who has them. */
export async function mustMatch(scope: Scope, roles: readonly string[]): Promise<void> {
  mustHold(scope, privilegesOf(roles, await customPrivileges(scope, roles)));
}

/**
 * Checks roles that somebody is to get beside those `held`: they exist, and the actor holds all that they allow.
 * Answers with writes that belong into the batch which gives them, so that none of them is deleted meanwhile. Throws
 * `invalid`, `forbidden`.
 */
export async function grantable(
  scope: Scope,
  roles: readonly string[],
  path: string,
  held: readonly string[] = [],
): Promise<readonly Write[]> {
  const fresh = roles.filter((role) => !held.includes(role));
  // Read before the roles are looked at: one that changes in between refuses the batch.
  const own = fresh.filter((role) => !isBuiltIn(role));
  const touched = await Promise.all(own.map((id) => scope.documents('identity').read(id)));
  const custom = await customPrivileges(scope, fresh);
  const unknown = fresh.find((role) => !isBuiltIn(role) && !custom.has(role));
  if (unknown !== undefined) {
    throw invalid(`${path}.${roles.indexOf(unknown)}`, 'unknown_role', 'names no role of this organization');
  }
  mustHold(scope, privilegesOf(fresh, custom));
  return touched.flatMap((stored): Write[] =>
    stored ? [{ op: 'replace', document: stored.document, ifMatch: stored.etag }] : [],
  );
}

function checkName(name: string): void {
  if (builtInRoleNames.some((role) => fold(role) === fold(name))) {
    throw new Refusal('already_exists', 'There is a role of this name.', { field: 'name' });
  }
}

export async function createRole(scope: Scope, role: RoleState) {
  checkName(role.name);
  mustHold(scope, role.privileges);
  const { items } = await scope.of(customRoles).list({ limit: MOST_CUSTOM_ROLES });
  if (items.length >= MOST_CUSTOM_ROLES) {
    throw breaks('too-many-roles', `An organization has at most ${MOST_CUSTOM_ROLES} roles of its own.`);
  }
  return scope.of(customRoles).create(scope.newId(), () => [{ type: 'RoleCreated', data: role }]);
}

/** A change reaches everyone who holds the role within 5 seconds. */
export async function updateRole(scope: Scope, id: string, revise: (role: RoleState) => RoleState) {
  const changed = await scope.of(customRoles).execute(id, (state) => {
    const role = revise(state);
    checkName(role.name);
    mustHold(
      scope,
      role.privileges.filter((privilege) => !state.privileges.includes(privilege)),
    );
    const changes = changesBetween(state, role);
    return unchanged(changes) ? [] : [{ type: 'RoleUpdated', data: { changes, role } }];
  });
  await forget(scope.platform, { orgId: scope.orgId });
  return changed;
}

/** Deletes a role that nobody holds and no open invitation names. */
export async function removeRole(scope: Scope, id: string): Promise<void> {
  await scope.of(customRoles).execute(id, async () => {
    const where = [{ set: 'roles', any: [id] }];
    const documents = scope.documents('identity');
    const [users, invitations] = await Promise.all([
      documents.query({ kind: 'user', where, limit: 1, count: true }),
      documents.query({ kind: 'invitation', where: [...where, { path: 'status', eq: 'pending' }], limit: 1 }),
    ]);
    if (users.items.length + invitations.items.length > 0) {
      throw breaks('role-in-use', 'Users or open invitations have this role; take it from them first.', {
        users: users.total ?? 0,
      });
    }
    return [{ type: 'RoleRemoved', data: {} }];
  });
}

/** All roles that the organization has made. */
export async function ownRoles(scope: Scope) {
  return (await scope.of(customRoles).list({ limit: MOST_CUSTOM_ROLES })).items;
}
