/** The people that a row of the policy means: active users, page by page. */
import { z } from 'zod';
import { type UserState, users } from '../identity/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Fact } from '../platform/facts.ts';
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import type { About } from './about.ts';
import type { Audience } from './policy.ts';

export type User = Entity<UserState>;

/** What identity knows of privileges: the roles (built-in by name, own ones by id) that hold one. */
export type RolesHolding = (
  scope: Scope,
  privilege: string,
  among: readonly string[] | undefined,
) => Promise<readonly string[]>;

const PAGE = 100;
const NamedUser = z.object({ userId: z.string() });
const NamedStaff = z.object({ staffId: z.string() });

export function isActive(user: User | undefined): user is User {
  return user?.state.status === 'active';
}

async function byId(scope: Scope, id: string | undefined): Promise<User[]> {
  // What the system made has no creator to be told.
  if (id === undefined || id === 'system') return [];
  const user = await scope.of(users).find(id);
  return isActive(user) ? [user] : [];
}

async function* matching(scope: Scope, ...where: readonly Condition[]): AsyncGenerator<readonly User[]> {
  const active = { where: [...where, { path: 'status', eq: 'active' }], limit: PAGE };
  for await (const { items } of pagesOf((from) => scope.of(users).list({ ...active, ...from }))) yield items;
}

/** Users who hold any of these roles. */
export async function* holdersOf(scope: Scope, roles: readonly string[]): AsyncGenerator<readonly User[]> {
  if (roles.length > 0) yield* matching(scope, { set: 'roles', any: roles });
}

async function* withStaff(scope: Scope, staffIds: readonly string[]): AsyncGenerator<readonly User[]> {
  for (const staffId of staffIds) yield* matching(scope, { path: 'staffId', eq: staffId });
}

/** The active users an audience means, in pages; a person may come more than once. */
export async function* peopleOf(
  scope: Scope,
  audience: Audience,
  fact: Fact,
  { event, creatorId }: About,
  rolesHolding: RolesHolding,
): AsyncGenerator<readonly User[]> {
  if (typeof audience === 'object') {
    yield* holdersOf(scope, await rolesHolding(scope, audience.holders, audience.among));
    return;
  }
  switch (audience) {
    case 'creator':
      yield await byId(scope, creatorId);
      return;
    case 'assignedStaff':
      yield* withStaff(scope, event?.assignedStaff.map(({ staffId }) => staffId) ?? []);
      return;
    case 'customerUsers':
      if (event) yield* matching(scope, { path: 'customerId', eq: event.customerId });
      return;
    case 'user':
      yield await byId(scope, fact.subject);
      return;
    case 'namedUser':
      yield await byId(scope, NamedUser.parse(fact.data).userId);
      return;
    case 'namedStaff':
      yield* withStaff(scope, [NamedStaff.parse(fact.data).staffId]);
  }
}
