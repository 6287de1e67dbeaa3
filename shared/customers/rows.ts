/** Which customers an actor reaches: all, or the one it is linked to. */
import type { Actor } from '../platform/actor.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Condition } from '../platform/store.ts';

/** Built-in roles that see every customer, whatever else their holder is. */
const UNBOUND = ['admin', 'manager', 'viewer', 'accountant'];

/** Whether the actor reaches one customer at most: who is linked to one, or holds the role and is linked to none. */
export function isCustomer({ kind, roles, customerId }: Actor): boolean {
  if (kind === 'system' || roles.some((role) => UNBOUND.includes(role))) return false;
  return customerId !== undefined || roles.includes('customer');
}

/** Throws `forbidden` for a customer that is not the actor's. */
export function guardRow(actor: Actor, customerId: string): void {
  if (isCustomer(actor) && actor.customerId !== customerId) {
    throw new Refusal('forbidden', 'You reach the customer you are linked to, no other.');
  }
}

/** Throws `forbidden` for what a customer may not do, not even to itself. */
export function guardStaff(actor: Actor, customerId: string): void {
  guardRow(actor, customerId);
  if (isCustomer(actor)) throw new Refusal('forbidden', 'A customer cannot change this about itself.');
}

/** The rows a list may show: `undefined` for all, else a condition that the linked one alone meets. */
export function ownRow(actor: Actor): Condition | undefined {
  return isCustomer(actor) ? { path: 'id', eq: actor.customerId ?? 'none' } : undefined;
}
