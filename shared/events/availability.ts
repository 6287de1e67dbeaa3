/** Whether a venue is free for an event, and what else would be (REQ-EVT-052). */
import { claimsOf } from '../claims/engine.ts';
import type { Clash } from '../claims/model.ts';
import { later, MINUTE } from '../platform/clock.ts';
import { isInstant, type Window } from '../platform/fields.ts';
import { namesNone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { venueResource } from '../venues/model.ts';
import { venueFor } from './context.ts';
import { type OtherVenue, otherVenues } from './elsewhere.ts';
import { events } from './model.ts';
import { demandOf, titled } from './placing.ts';
import { guardRow } from './rows.ts';
import { checkBookable, type VenueFor } from './rules.ts';
import { claimedWindow, minutesBetween } from './times.ts';
import type { AvailabilityBody } from './views.ts';

const MOST_WINDOWS = 3;
/** So far ahead is looked for free windows. */
const WITHIN_DAYS = 90;

interface Availability {
  readonly available: boolean;
  readonly conflicts: readonly Clash[];
  readonly alternatives: { readonly windows: readonly Window[]; readonly venues: readonly OtherVenue[] };
}

/** Takes nothing. Throws `venue-active` for a venue that takes no events. */
export async function checkAvailability(scope: Scope, asked: AvailabilityBody): Promise<Availability> {
  const [venue, own] = await Promise.all([
    venueFor(scope, asked.venueId),
    asked.eventId === undefined ? undefined : scope.of(events).find(asked.eventId),
  ]);
  if (asked.eventId !== undefined && !own) throw namesNone('body.eventId', 'event');
  if (own) guardRow(scope.actor, own.state);
  checkBookable(venue);
  const { placement } = own?.state ?? {};
  const ignore = placement?.venueId === venue.id ? placement.claimId : undefined;
  const clashes = await claimsOf(scope).check(demandOf(asked, venue), ignore);
  if (clashes.length === 0) return { available: true, conflicts: [], alternatives: { windows: [], venues: [] } };
  const [conflicts, windows, others] = await Promise.all([
    titled(scope, clashes),
    nextWindows(scope, asked, venue, ignore),
    otherVenues(scope, asked, venue.id),
  ]);
  return { available: false, conflicts, alternatives: { windows, venues: others } };
}

/** When the venue is next free for as long, from the time asked for on, as start and end of the event itself. */
async function nextWindows(
  scope: Scope,
  asked: AvailabilityBody,
  venue: VenueFor,
  ignore: string | undefined,
): Promise<readonly Window[]> {
  const { start, end } = claimedWindow(asked, venue.turnaroundMinutes);
  const now = scope.now();
  const free = await claimsOf(scope).nextFree(venueResource(venue.id), {
    from: start > now ? start : now,
    minutes: minutesBetween(start, end),
    quantity: 1,
    capacity: venue.bookable,
    count: MOST_WINDOWS,
    withinDays: WITHIN_DAYS,
    ...(ignore === undefined ? {} : { ignore }),
  });
  const length = minutesBetween(asked.startsAt, asked.endsAt) * MINUTE;
  const windows = free.map((window) => {
    const startsAt = later(window.start, asked.setupMinutes * MINUTE);
    return { start: startsAt, end: later(startsAt, length) };
  });
  // Where the calendar of the API ends nothing can be booked.
  return windows.filter(({ end }) => isInstant(end));
}
