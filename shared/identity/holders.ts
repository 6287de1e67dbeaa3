/** Which roles hold a privilege, for whoever must find the people that may do something. */
import type { Scope } from '../platform/scope.ts';
import { ownRoles } from './custom-roles.ts';
import { builtInRoleNames, builtInRoles } from './roles.ts';

/**
 * Built-in roles by name (of those in `among` alone, where it is given) and the organization's own by id, as users hold
 * them.
 */
export async function rolesHolding(
  scope: Scope,
  privilege: string,
  among: readonly string[] = builtInRoleNames,
): Promise<readonly string[]> {
  const holds = (list: readonly string[]) => list.includes(privilege);
  const builtIn = builtInRoleNames.filter((name) => among.includes(name) && holds(builtInRoles[name]));
  const own = (await ownRoles(scope)).filter(({ state }) => holds(state.privileges));
  return [...builtIn, ...own.map(({ id }) => id)];
}
