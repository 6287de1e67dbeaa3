/** The people that a row of the policy means: active users, page by page. */
import * as z from 'zod';
import { isCustomer, type Reaching, reaches } from '../events/model.ts';
import { type UserState, users } from '../identity/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Fact } from '../platform/facts.ts';
import { placeholdersOf } from '../platform/mail.template.ts';
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import { type About, eventWords } from './about.ts';
import type { Audience, Row } from './policy.model.ts';

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
  { event, creatorId, reserverId }: About,
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
    case 'reserver':
      yield await byId(scope, reserverId);
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

/** What it takes to read what a row links to; what links to nothing says no more than its audience may know. */
const READING: Readonly<Partial<Record<Row['link'], string>>> = {
  events: 'events:read',
  equipment: 'equipment:read',
  'equipment/reservations': 'reservations:read',
};

function reachingOf({ roles, staffId, customerId }: UserState): Reaching {
  return { kind: 'user', roles, ...(staffId ? { staffId } : {}), ...(customerId ? { customerId } : {}) };
}

/** Whether a user may read what a row would tell it of: its roles allow it, and an event it speaks of is one of its own. */
export async function readersOf(
  scope: Scope,
  { link, inside, title, message }: Row,
  { event }: About,
  rolesHolding: RolesHolding,
): Promise<(user: User) => boolean> {
  const ofEvent = link === 'events' || placeholdersOf(`${title} ${message}`).some((name) => eventWords.includes(name));
  const privilege = READING[link];
  if (privilege === undefined) return () => true;
  const roles = await rolesHolding(scope, privilege, undefined);
  return ({ state }) => {
    const who = reachingOf(state);
    if (!state.roles.some((role) => roles.includes(role)) || (inside && isCustomer(who))) return false;
    return !ofEvent || event === undefined || reaches(who, event);
  };
}
