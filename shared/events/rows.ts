/** Which events an actor reaches: its own, those it is assigned to, or all (row rights of chapter 04). */
import type { Actor } from '../platform/actor.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Condition } from '../platform/store.ts';
import type { EventState } from './model.ts';

type Reach =
  | { readonly of: 'all' }
  | { readonly of: 'customer'; readonly customerId: string }
  | { readonly of: 'staff'; readonly staffId: string }
  | { readonly of: 'none' };

/** What it depends on: of a request's actor, or of a user who is to be told something. */
export type Reaching = Pick<Actor, 'kind' | 'roles' | 'staffId' | 'customerId'>;

/** Built-in roles that see every event. Roles of the organization's own see all too, unless they come on top of these two. */
const UNBOUND = ['admin', 'manager', 'viewer', 'accountant'];

export function reachOf(actor: Reaching): Reach {
  const { kind, roles, staffId, customerId } = actor;
  if (kind === 'system' || roles.some((role) => UNBOUND.includes(role))) return { of: 'all' };
  if (roles.includes('staff')) return staffId ? { of: 'staff', staffId } : { of: 'none' };
  if (customerId) return { of: 'customer', customerId };
  return roles.includes('customer') ? { of: 'none' } : { of: 'all' };
}

/** Whether the actor acts as a customer: on its own events, and there only within a customer's rights. */
export function isCustomer(actor: Reaching): boolean {
  return reachOf(actor).of === 'customer';
}

type Row = Pick<EventState, 'customerId' | 'assignedStaff'>;

export function reaches(actor: Reaching, event: Row): boolean {
  const reach = reachOf(actor);
  if (reach.of === 'customer') return event.customerId === reach.customerId;
  if (reach.of === 'staff') return event.assignedStaff.some(({ staffId }) => staffId === reach.staffId);
  return reach.of === 'all';
}

/** Throws `forbidden` for an event that is not the actor's to see. */
export function guardRow(actor: Actor, event: Row): void {
  if (!reaches(actor, event)) throw new Refusal('forbidden', 'This event is not one of yours.');
}

/** The rows a list may show, as query conditions; undefined when there are none. */
export function rowConditions(actor: Actor): readonly Condition[] | undefined {
  const reach = reachOf(actor);
  if (reach.of === 'all') return [];
  if (reach.of === 'customer') return [{ path: 'customerId', eq: reach.customerId }];
  if (reach.of === 'staff') return [{ set: 'staff', any: [reach.staffId] }];
  return undefined;
}
