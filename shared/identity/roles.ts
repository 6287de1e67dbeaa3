/** Privileges and the built-in roles, as one table (REQ-AUTHZ-001 to 003, REQ-EQP-101 to 105). */

/** Every privilege there is; custom roles are made of these alone. */
export const privileges = [
  'users:read',
  'users:write',
  'roles:read',
  'roles:write',
  'settings:read',
  'settings:write',
  'audit:read',
  'customers:read',
  'customers:create',
  'customers:write',
  'customers:delete',
  'venues:read',
  'venues:create',
  'venues:write',
  'venues:delete',
  'events:read',
  'events:create',
  'events:write',
  'events:delete',
  'events:cancel',
  'events:approve',
  'events:override',
  'equipment:read',
  'equipment:create',
  'equipment:write',
  'equipment:delete',
  'equipment:retire',
  'reservations:read',
  'reservations:create',
  'reservations:write',
  'reservations:confirm',
  'reservations:override',
  'logistics:read',
  'logistics:write',
  'maintenance:read',
  'maintenance:write',
  'damage:read',
  'damage:create',
  'damage:write',
  'notifications:create',
] as const;
export type Privilege = (typeof privileges)[number];

const KEPT_TO_ADMINS = ['users', 'roles', 'settings'];
const NOT_FOR_VIEWERS = [...KEPT_TO_ADMINS, 'audit'];
const aggregateOf = (privilege: Privilege) => privilege.slice(0, privilege.indexOf(':'));

/**
 * What each built-in role may do. Which rows it may do it to (own, assigned, all) is the slices' business: a customer
 * and staff hold `events:read`, and see only what is theirs.
 */
export const builtInRoles = {
  admin: privileges,
  manager: privileges.filter((privilege) => !KEPT_TO_ADMINS.includes(aggregateOf(privilege))),
  staff: [
    'events:read',
    'venues:read',
    'equipment:read',
    'reservations:read',
    'reservations:create',
    'reservations:write',
    'reservations:confirm',
    'logistics:read',
    'logistics:write',
    'damage:create',
  ],
  warehouseManager: [
    'equipment:read',
    'equipment:create',
    'equipment:write',
    'equipment:delete',
    'logistics:read',
    'logistics:write',
    'damage:read',
    'damage:create',
    'damage:write',
  ],
  maintenanceTechnician: ['equipment:read', 'maintenance:read', 'maintenance:write', 'damage:read'],
  accountant: ['customers:read', 'events:read'],
  viewer: privileges.filter((name) => name.endsWith(':read') && !NOT_FOR_VIEWERS.includes(aggregateOf(name))),
  customer: [
    'events:read',
    'events:create',
    'events:write',
    'events:cancel',
    'customers:read',
    'customers:write',
    'venues:read',
  ],
} as const satisfies Record<string, readonly Privilege[]>;

export type BuiltInRole = keyof typeof builtInRoles;
export const builtInRoleNames = Object.keys(builtInRoles) as BuiltInRole[];

export function isBuiltIn(role: string): role is BuiltInRole {
  return Object.hasOwn(builtInRoles, role);
}

const sets = new Map<string, ReadonlySet<string>>();

/** The privileges of some roles together. `custom`: those of the organization's own roles, by id. */
export function privilegesOf(
  roles: readonly string[],
  custom: ReadonlyMap<string, readonly string[]> = new Map(),
): ReadonlySet<string> {
  const own = roles.filter(isBuiltIn);
  if (own.length !== roles.length) {
    return new Set(roles.flatMap((role) => (isBuiltIn(role) ? builtInRoles[role] : (custom.get(role) ?? []))));
  }
  // One set per combination, shared by all who hold it: there are few, and actors are made often.
  const key = [...own].sort().join();
  let set = sets.get(key);
  if (!set) {
    set = new Set(own.flatMap((role) => builtInRoles[role]));
    sets.set(key, set);
  }
  return set;
}
