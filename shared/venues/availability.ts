/** When a venue is free and when it is taken, from the conflict engine's claims and its opening hours (REQ-VEN-025). */
import * as z from 'zod';
import { claimsOf } from '../claims/engine.ts';
import type { Busy } from '../claims/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import { DAY, HOUR, later, MINUTE } from '../platform/clock.ts';
import { Instant, LocalDate, type Window } from '../platform/fields.ts';
import { invalid } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { extended, type Level, levelsOf, minutesIn, peakOf, within, without } from '../platform/windows.ts';
import { type Zone, zoneOf } from '../platform/zone.ts';
import { openWindows } from './hours.ts';
import { BLOCK, bookableNow, type VenueState, venueResource } from './model.ts';
import { EVENT, named, titlesBetween } from './upcoming.ts';

const MOST_DAYS = 92;

export const AvailabilityQuery = z.strictObject({
  from: z.union([Instant, LocalDate]).meta({ description: 'Instant, or day of the venue’s zone; inclusive' }),
  to: z.union([Instant, LocalDate]).meta({ description: `Exclusive; at most ${MOST_DAYS} days after from` }),
  durationMinutes: z.coerce
    .number()
    .int()
    .min(1)
    .max(MOST_DAYS * 24 * 60)
    .optional()
    .meta({ description: 'Only free windows at least so long' }),
});

export const Span = z
  .object({
    start: z.string().meta({ example: '2026-11-01T05:30:00Z' }),
    end: z.string(),
    local: z
      .object({ start: z.string().meta({ example: '2026-11-01T01:30:00-04:00' }), end: z.string() })
      .meta({ description: 'The same by the clocks of the venue, with their offset' }),
  })
  .meta({ id: 'Span' });
export type Span = z.output<typeof Span>;

const Taken = z.object({
  ...Span.shape,
  use: Span.meta({ description: 'Before it was widened by set-up, tear-down and turnaround' }),
  claimId: z.string(),
  owner: z.object({ type: z.string(), id: z.string(), title: z.string().optional() }),
  mode: z.enum(['held', 'firm']),
  quantity: z.int(),
  reason: z.string().optional(),
});

export const AvailabilityView = z
  .object({
    venueId: z.string(),
    timeZone: z.string(),
    status: z.enum(['active', 'inactive']),
    bookable: z.int(),
    turnaroundMinutes: z.int(),
    from: z.string(),
    to: z.string(),
    free: z.array(z.object({ ...Span.shape, minutes: z.int(), places: z.int() })).meta({
      description: 'Where an event fits, its turnaround included: open, and fewer than `bookable` at every instant',
    }),
    taken: z.array(Taken),
    open: z.array(Span),
  })
  .meta({ id: 'VenueAvailability' });

export function spanned({ start, end }: Window, zone: Zone): Span {
  return { start, end, local: { start: zone.local(start), end: zone.local(end) } };
}

/** A day and a bit around, so that a zone can be chosen before local days are known in it. */
export function around(first: string, last: string): Window {
  return { start: `${first.slice(0, 10)}T00:00:00Z`, end: later(`${last.slice(0, 10)}T00:00:00Z`, 3 * DAY) };
}

async function rangeOf({ from, to }: z.output<typeof AvailabilityQuery>, timeZone: string) {
  const tooFar = () => invalid('query.to', 'too_far', `must be at most ${MOST_DAYS} days after from`);
  const days = (Date.parse(to.slice(0, 10)) - Date.parse(from.slice(0, 10))) / DAY;
  if (days < -1) throw invalid('query.to', 'order', 'must be after from');
  if (days > MOST_DAYS + 1) throw tooFar();
  const zone = await zoneOf(timeZone, around(from, to));
  const instant = (value: string) => (value.length === 10 ? zone.instant(value, 0) : value);
  const range = { start: instant(from), end: instant(to) };
  if (range.start >= range.end) throw invalid('query.to', 'order', 'must be after from');
  // The hour more of a quarter with an autumn in it is not held against anyone.
  if (Date.parse(range.end) - Date.parse(range.start) > MOST_DAYS * DAY + HOUR) throw tooFar();
  return { range, zone };
}

/** Taken windows and who took them, titles only for who may read them. */
export async function takenIn(scope: Scope, venueId: string, busy: readonly Busy[]) {
  const starts = busy.filter(({ owner }) => owner.type === EVENT).map(({ use }) => use.start);
  const titles = await titlesBetween(scope, venueId, starts);
  // Why a venue is closed is the house's own business.
  const outsider = scope.actor.customerId !== undefined;
  return busy.map(({ window, use, claimId, owner, mode, quantity, reason }) => ({
    window,
    use,
    claimId,
    owner: named(owner, titles),
    mode,
    quantity,
    reason: owner.type === BLOCK && !outsider ? reason : undefined,
  }));
}

/**
 * Where an event can be: open, and from its start to its end plus turnaround fewer than `bookable` claims at every
 * instant. `levels` reach a turnaround beyond the range.
 */
function freeWindows(
  open: readonly Window[],
  levels: readonly Level[],
  bookable: number,
  turnaroundMinutes: number,
  range: Window,
): Window[] {
  if (bookable === 0) return [];
  const before = turnaroundMinutes * MINUTE;
  const full = levels
    .filter(({ quantity }) => quantity >= bookable)
    .map(({ start, end }) => (before === 0 ? { start, end } : { start: later(start, -before), end }));
  return without(open, within(range, full));
}

/** Free and taken windows of a venue in a range. One look-up of its claims, one of their events. */
export async function availability(
  scope: Scope,
  venue: Entity<VenueState>,
  query: z.output<typeof AvailabilityQuery>,
): Promise<z.input<typeof AvailabilityView>> {
  const { id, state } = venue;
  const { timeZone, turnaroundMinutes, bookable, status } = state;
  const { range, zone } = await rangeOf(query, timeZone);
  const seen = extended(range, turnaroundMinutes);
  const busy = await claimsOf(scope).busy(venueResource(id), seen);
  const open = openWindows(state.openingHours, zone, range);
  const levels = levelsOf(busy);
  const free = freeWindows(open, levels, bookableNow(state), turnaroundMinutes, range)
    .filter((window) => minutesIn(window) >= (query.durationMinutes ?? 0))
    .map((window) => ({
      minutes: minutesIn(window),
      ...spanned(window, zone),
      places: Math.max(1, bookable - peakOf(levels, extended(window, turnaroundMinutes))),
    }));
  const inRange = busy.filter(({ window }) => window.start < range.end);
  const taken = (await takenIn(scope, id, inRange)).map(({ window, use, ...rest }) => ({
    use: spanned(use, zone),
    ...spanned(window, zone),
    ...rest,
  }));
  const opened = open.map((window) => spanned(window, zone));
  return {
    venueId: id,
    timeZone,
    status,
    bookable,
    turnaroundMinutes,
    from: range.start,
    to: range.end,
    free,
    taken,
    open: opened,
  };
}
