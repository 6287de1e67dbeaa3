/** A month of a venue, day by day in its zone (REQ-VEN-025). */
import * as z from 'zod';
import { claimsOf } from '../claims/engine.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Scope } from '../platform/scope.ts';
import { overlapOf } from '../platform/windows.ts';
import { zoneOf } from '../platform/zone.ts';
import { around, Span, spanned, takenIn } from './availability.ts';
import { dayAfter, daysBetween, openWindows } from './hours.ts';
import { BLOCK, type VenueState, venueResource } from './model.ts';
import { EVENT } from './upcoming.ts';

export const CalendarQuery = z.strictObject({
  month: z
    .string()
    .regex(/^(19|20|21)\d\d-(0[1-9]|1[0-2])$/, { message: 'must be a month such as 2026-11' })
    .meta({ example: '2026-11' }),
});

const CalendarDay = z.object({
  date: z.string(),
  count: z.int().meta({ description: 'Events on the day' }),
  events: z.array(z.object({ id: z.string(), title: z.string().optional(), ...Span.shape })),
  blocks: z.array(z.object({ claimId: z.string(), reason: z.string().optional(), ...Span.shape })),
  open: z.array(Span),
});

export const CalendarView = z
  .object({ venueId: z.string(), month: z.string(), timeZone: z.string(), days: z.array(CalendarDay) })
  .meta({ id: 'VenueCalendar' });

/** An event is on every day that it touches from its start to its end, set-up and tear-down aside. */
export async function calendar(
  scope: Scope,
  { id, state }: Entity<VenueState>,
  month: string,
): Promise<z.input<typeof CalendarView>> {
  const first = `${month}-01`;
  const next = `${dayAfter(first, 31).slice(0, 7)}-01`;
  const zone = await zoneOf(state.timeZone, around(first, next));
  const range = { start: zone.instant(first, 0), end: zone.instant(next, 0) };
  const busy = await claimsOf(scope).busy(venueResource(id), range);
  // One entry a use: a claim of several windows (a series) has several.
  const taken = (await takenIn(scope, id, busy)).map(({ use, window, ...rest }) => ({
    ...rest,
    shown: overlapOf(use, window) ?? use,
  }));
  const days = daysBetween(first, dayAfter(next, -1)).map((date) => {
    const day = { start: zone.instant(date, 0), end: zone.instant(dayAfter(date), 0) };
    const today = taken.filter(({ shown }) => overlapOf(shown, day) !== undefined);
    // While an event is being moved it may hold two windows.
    const events = [...new Map(today.map((entry) => [`${entry.owner.id}/${entry.shown.start}`, entry])).values()]
      .filter(({ owner }) => owner.type === EVENT)
      .map(({ owner: { type: _, ...owner }, shown }) => ({ ...owner, ...spanned(shown, zone) }));
    const blocks = today
      .filter(({ owner }) => owner.type === BLOCK)
      .map(({ claimId, reason, shown }) => ({
        claimId,
        ...(reason === undefined ? {} : { reason }),
        ...spanned(shown, zone),
      }));
    const open = day.start < day.end ? openWindows(state.openingHours, zone, day) : [];
    return { date, count: events.length, events, blocks, open: open.map((window) => spanned(window, zone)) };
  });
  return { venueId: id, month, timeZone: state.timeZone, days };
}
