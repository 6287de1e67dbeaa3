/** The events of a venue, as far as the venue needs to know them: they are another slice's, so they are only read. */
import type { Owner } from '../claims/model.ts';
import { type EventState, events, reaches } from '../events/model.ts';
import { may } from '../platform/actor.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, later } from '../platform/clock.ts';
import { pagesOf } from '../platform/pages.ts';
import type { Scope } from '../platform/scope.ts';
import type { Condition } from '../platform/store.ts';
import type { UpcomingEvent } from './rules.ts';

export const EVENT = 'event';
/** No event lasts longer (chapter 04). */
const LONGEST_EVENT = 30 * DAY;
/** A refusal lists at most so many. */
const MOST_LISTED = 100;
const PAGE = 1000;

/** Whether the actor may read the event, and so its title. */
function readable(scope: Scope, event: EventState): boolean {
  return may(scope.actor, 'events:read') && reaches(scope.actor, event);
}

async function eventsOf(scope: Scope, where: readonly Condition[]): Promise<Entity<EventState>[]> {
  const found: Entity<EventState>[] = [];
  const query = { where, orderBy: [{ path: 'startsAt' }], limit: PAGE };
  for await (const { items } of pagesOf((from) => scope.of(events).list({ ...query, ...from }))) found.push(...items);
  return found;
}

/**
 * Events of the venue that are still to come or running, by start. Costs what is to come, not what has been: one
 * indexed query a thousand events.
 */
export async function upcomingEvents(scope: Scope, venueId: string): Promise<Entity<EventState>[]> {
  const now = scope.now();
  const found = await eventsOf(scope, [
    { path: 'venueId', eq: venueId },
    { path: 'open', eq: true },
    { path: 'startsAt', gte: later(now, -LONGEST_EVENT) },
  ]);
  return found.filter(({ state }) => state.endsAt > now);
}

/** As a refusal lists them. */
export function listed(scope: Scope, found: readonly Entity<EventState>[]): UpcomingEvent[] {
  return found.slice(0, MOST_LISTED).map(({ id, state }) => ({
    id,
    ...(readable(scope, state) ? { title: state.title } : {}),
    startsAt: state.startsAt,
    ...(state.attendance === undefined ? {} : { attendance: state.attendance }),
  }));
}

/** The titles that the actor may read of the events that own something and start in a range, by event id; one query. */
export async function titlesBetween(scope: Scope, venueId: string, starts: readonly string[]) {
  const titles = new Map<string, string>();
  if (starts.length === 0 || !may(scope.actor, 'events:read')) return titles;
  const sorted = [...starts].sort();
  const found = await eventsOf(scope, [
    { path: 'venueId', eq: venueId },
    { path: 'startsAt', gte: sorted[0] ?? '', lte: sorted.at(-1) ?? '' },
  ]);
  for (const { id, state } of found) if (readable(scope, state)) titles.set(id, state.title);
  return titles;
}

/** An owner with its title, where there is one to be read. */
export function named(owner: Owner, titles: ReadonlyMap<string, string>): Owner & { readonly title?: string } {
  const title = owner.type === EVENT ? titles.get(owner.id) : undefined;
  return title === undefined ? owner : { ...owner, title };
}
