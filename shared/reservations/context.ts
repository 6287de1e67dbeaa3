/** What reservations are decided on: items and the event, each one point read. */
import { type ItemState, items } from '../equipment/model.ts';
import { type EventState, events } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Window } from '../platform/fields.ts';
import { invalid, namesNone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { checkReservable } from './checks.ts';

export interface Ordered {
  readonly equipmentId: string;
  readonly quantity: number;
  /** Where the request names it, for what is wrong with it: `body.items.0.equipmentId`. */
  readonly path: string;
}
export interface Order extends Ordered {
  readonly item: Entity<ItemState>;
}

/** The items of an order. Throws `invalid` for one that is not here, and for the same one twice. */
export async function itemsOf(scope: Scope, ordered: readonly Ordered[]): Promise<readonly Order[]> {
  const seen = new Set<string>();
  for (const { equipmentId, path } of ordered) {
    if (seen.has(equipmentId)) throw invalid(path, 'repeated', 'names the same equipment twice');
    seen.add(equipmentId);
  }
  const found = await Promise.all(ordered.map(({ equipmentId }) => scope.of(items).find(equipmentId)));
  return ordered.map((one, at) => {
    const item = found[at];
    if (!item) throw namesNone(one.path, 'equipment');
    return { item, ...one };
  });
}

/**
 * Looks at items once more, their units held: what was held may have come back since the first look, and waits for its
 * inspection (REQ-EQP-056). A return says so before it gives anything up, so this look sees it. Throws as
 * `checkReservable` does.
 */
export async function checkHeld(scope: Scope, equipmentIds: readonly string[], { start }: Window): Promise<void> {
  const found = await Promise.all(equipmentIds.map((id) => scope.of(items).find(id)));
  for (const item of found) if (item) checkReservable(item.state, start);
}

/** Throws `invalid` on `eventId` when there is none. */
export async function eventNamed(scope: Scope, eventId: string): Promise<Entity<EventState>> {
  const event = await scope.of(events).find(eventId);
  if (!event) throw namesNone('body.eventId', 'event');
  return event;
}
