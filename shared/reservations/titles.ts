/** Which events' titles views of reservations may show: those of events that the actor may see (row rights of chapter 04). */
import { events, reaches, reachOf } from '../events/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Scope } from '../platform/scope.ts';
import type { ReservationState } from './model.ts';

/** The titles of those among these events that are there and that the actor may see, by id; one point read each. */
export async function titlesOf(scope: Scope, eventIds: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all([...new Set(eventIds)].map((id) => scope.of(events).find(id)));
  return new Map(
    found.flatMap((event) => (event && reaches(scope.actor, event.state) ? [[event.id, event.state.title]] : [])),
  );
}

/** Whether the title of an event may be shown. */
export type MayName = (eventId: string) => boolean;

/**
 * For the views of these reservations. Who sees every event costs nothing, by which alone the warehouse knows what it
 * packs for; for who does not, the events of a page are looked up side by side.
 */
export async function namingOf(
  scope: Scope,
  shown: readonly Pick<Entity<ReservationState>, 'state'>[],
): Promise<MayName> {
  const reach = reachOf(scope.actor).of;
  if (reach === 'all') return () => true;
  if (reach === 'none') return () => false;
  const titles = await titlesOf(
    scope,
    shown.map(({ state }) => state.eventId),
  );
  return (eventId) => titles.has(eventId);
}
