/** What may be reserved, for what, and what a change of a reservation comes to: pure decisions (REQ-EQP-020 to 024, 031). */

import type { Clash } from '../claims/model.ts';
import type { ItemState, Placement } from '../equipment/model.ts';
import { type EventState, reaches } from '../events/model.ts';
import { type Actor, may } from '../platform/actor.ts';
import { type Changes, changesBetween, unchanged } from '../platform/changes.ts';
import { HOUR, later, MINUTE } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';
import { Refusal, wrongState } from '../platform/refusal.ts';
import { covers, isSame, overlapOf } from '../platform/windows.ts';
import { breaks } from './breaks.ts';
import { isOpenEvent } from './checks.ts';
import { allowedAfter } from './logistics.ts';
import { flags, isOpen, isOut, mendedByTaking, type ReservationFact, type ReservationState, stepOf } from './model.ts';

export interface Override {
  readonly reason: string;
}

/** Units taken, and what an override went over. */
export interface Taken {
  readonly placement: Placement;
  readonly over: readonly Clash[];
}

/** What callers give and change. */
export interface ReservationFields {
  readonly quantity: number;
  readonly window?: Window | undefined;
  readonly notes?: string | undefined;
}

/** Throws `forbidden`. */
export function guardOverride(actor: Actor, override: Override | undefined): void {
  if (override && !may(actor, 'reservations:override')) {
    throw new Refusal('forbidden', 'An override needs the privilege reservations:override.');
  }
}

/**
 * Throws `forbidden` where a customer would reserve for another's event. Staff reserves for events it is not assigned to
 * as well: what it reads is bounded, what it reserves is not (chapter 06).
 */
export function guardEvent(actor: Actor, event: Pick<EventState, 'customerId' | 'assignedStaff'>): void {
  if (actor.roles.includes('staff') || reaches(actor, event)) return;
  throw new Refusal('forbidden', 'This event is not one of yours.');
}

/** The event's time with set-up and tear-down, an hour at least. */
export function windowOf(event: Pick<EventState, 'startsAt' | 'endsAt' | 'setupMinutes' | 'teardownMinutes'>): Window {
  const start = later(event.startsAt, -event.setupMinutes * MINUTE);
  const end = later(event.endsAt, event.teardownMinutes * MINUTE);
  const hour = later(start, HOUR);
  return { start, end: end > hour ? end : hour };
}

interface Booking {
  readonly orgId: string;
  readonly equipmentId: string;
  readonly eventId: string;
  readonly names: ReservationState['names'];
  readonly window: Window;
  readonly taken: Taken;
  readonly override: Override | undefined;
}

/** A reservation with its units taken. */
export function request(fields: ReservationFields, actor: Actor, booking: Booking): readonly ReservationFact[] {
  const { taken, override, ...about } = booking;
  const { quantity, notes } = fields;
  const windowGiven = fields.window !== undefined;
  const given = { quantity, windowGiven, ...(notes === undefined ? {} : { notes }) };
  return [
    { type: 'EquipmentBookingRequested', data: { ...about, ...given, taken: taken.placement } },
    ...overridden(about, taken, actor, override),
  ];
}

type About = Pick<ReservationState, 'equipmentId' | 'eventId'>;

/** Whose a fact is. */
export function aboutOf({ equipmentId, eventId }: About): About {
  return { equipmentId, eventId };
}

function overridden(
  about: About,
  { over }: Taken,
  actor: Actor,
  override: Override | undefined,
): readonly ReservationFact[] {
  if (!override || over.length === 0) return [];
  const data = { ...aboutOf(about), by: actor.userId, reason: override.reason, over };
  return [{ type: 'EquipmentDoubleBookingOverridden', data }];
}

/** The changeable fields as callers see them. */
export function fieldsOf({ quantity, window, notes }: ReservationState): ReservationFields {
  return { quantity, window, ...(notes === undefined ? {} : { notes }) };
}

/** Throws `wrong_state` for one that is cancelled or fulfilled. */
export function guardOpen(state: ReservationState, step: string): void {
  if (!isOpen(state)) throw wrongState(state.status, [], step);
}

export interface Revision {
  readonly changes: Changes;
  readonly quantity: number;
  readonly window: Window;
  /** Whether units must be taken anew for it, */
  readonly takes: boolean;
  /** and whether that takes nothing it did not have. */
  readonly givesBack: boolean;
}

/**
 * What a change of fields comes to. A window that is left out stays the event's, or becomes it again; so does the
 * event's own where it is sent back as it was read. Throws `packed-is-fixed`.
 */
export function revise(state: ReservationState, fields: ReservationFields, event: EventState | undefined): Revision {
  const own = event && state.windowGiven ? windowOf(event) : state.window;
  const window = fields.window ?? own;
  const isGiven = fields.window !== undefined && (state.windowGiven || !isSame(window, state.window));
  const before = { quantity: state.quantity, window: state.window, windowGiven: state.windowGiven, notes: state.notes };
  const after = { quantity: fields.quantity, window, windowGiven: isGiven, notes: fields.notes };
  const changes = changesBetween(before, after);
  if ('quantity' in changes && state.steps.length > 0) {
    throw breaks('packed-is-fixed', 'The units are packed; their number stays.');
  }
  // Units at a venue are nobody else's before they are back, whenever they are wanted next.
  if (isOut(state) && window.start > state.window.start) {
    throw breaks('packed-is-fixed', 'The units are out; when that began stays.');
  }
  const takes = 'quantity' in changes || 'window' in changes;
  return { changes, quantity: fields.quantity, window, takes, givesBack: takes && givesBack(state, after) };
}

/** Whether fewer units for less time are asked for; that is never refused. */
export function givesBack(state: ReservationState, to: Pick<ReservationState, 'quantity' | 'window'>): boolean {
  return to.quantity <= state.quantity && covers([state.window], [to.window]);
}

/** The facts of a revision; `taken` when it takes units. */
export function revised(
  state: ReservationState,
  { changes }: Pick<Revision, 'changes'>,
  taken: Taken | undefined,
  actor: Actor,
  override: Override | undefined,
): readonly ReservationFact[] {
  if (unchanged(changes)) return [];
  const about = aboutOf(state);
  const updated = { ...about, changes, ...(taken ? movedTo(state, taken) : {}) };
  return [
    { type: 'EquipmentReservationUpdated', data: updated },
    ...(taken ? overridden(about, taken, actor, override) : []),
    // What only gives back may still be short of units.
    ...(taken && (override || taken.over.length === 0) ? mended(state) : []),
  ];
}

function movedTo({ placement }: ReservationState, taken: Taken) {
  return { taken: taken.placement, ...(placement ? { released: placement } : {}) };
}

function mended(state: ReservationState): readonly ReservationFact[] {
  return state.troubles
    .filter((trouble) => mendedByTaking.includes(trouble))
    .flatMap((trouble) => flags(state, trouble, false));
}

/** Whether it leaves its event with less than that counted on: fewer units, or none while it takes place. */
export function takesOff(
  state: ReservationState,
  { quantity, window }: Pick<ReservationState, 'quantity' | 'window'>,
  event: EventState | undefined,
): boolean {
  const isThere = (one: Window) => event !== undefined && overlapOf(one, windowOf(event)) !== undefined;
  return quantity < state.quantity || (isThere(state.window) && !isThere(window));
}

const LATE = 48 * HOUR;

/**
 * For what gives units back that an event counted on. Throws `forbidden` within 48 hours of the event's start for who may
 * not override (REQ-EQP-024).
 */
export function guardLate(event: EventState | undefined, actor: Actor, now: string): void {
  const late = event && isOpenEvent(event) && now > later(event.startsAt, -LATE);
  if (late && !may(actor, 'reservations:override')) {
    throw new Refusal('forbidden', 'Within 48 hours of the event this needs the privilege reservations:override.');
  }
}

/** Gives the units back. Throws `wrong_state` for one that is over or out, `forbidden` as `guardLate` does. */
export function cancel(
  state: ReservationState,
  event: EventState | undefined,
  actor: Actor,
  now: string,
  reason: string,
): readonly ReservationFact[] {
  guardOpen(state, 'cancel');
  if (isOut(state)) throw wrongState(stepOf(state) ?? state.status, allowedAfter(state), 'cancel');
  guardLate(event, actor, now);
  return [cancelled(state, reason)];
}

export function cancelled(state: ReservationState, reason: string): ReservationFact {
  const { placement, quantity } = state;
  const data = { ...aboutOf(state), quantity, reason, ...(placement ? { released: placement } : {}) };
  return { type: 'EquipmentReservationCancelled', data };
}

/** requested → confirmed. Throws `wrong_state`, `flagged-needs-override`. */
export function confirm(state: ReservationState): readonly ReservationFact[] {
  if (state.status !== 'requested') throw wrongState(state.status, allowedAfter(state), 'confirm');
  if (state.troubles.length > 0) {
    const extra = { troubles: state.troubles };
    throw breaks('flagged-needs-override', 'Something is wrong with this reservation; a manager decides.', extra);
  }
  return [{ type: 'EquipmentReservedForEvent', data: aboutOf(state) }];
}

/** What an override is to take. Throws `wrong_state`, `nothing-to-override`, `item-retired`. */
export function toOverride(
  state: ReservationState,
  item: ItemState | undefined,
  event: EventState | undefined,
): Window {
  guardOpen(state, 'override');
  if (state.status === 'confirmed' && state.troubles.length === 0) {
    throw breaks('nothing-to-override', 'The reservation is confirmed, and nothing is wrong with it.');
  }
  if (!item || item.retired) throw breaks('item-retired', 'The item is retired; there is nothing to take.');
  return state.windowGiven || !event || !isOpenEvent(event) ? state.window : followed(state, windowOf(event));
}

/** Where a reservation goes with its event: what is out is away since its window began, whenever it is wanted next. */
export function followed(state: ReservationState, to: Window): Window {
  return isOut(state) && state.window.start < to.start ? { ...to, start: state.window.start } : to;
}

/** Confirmed with its units, whatever they clash with (REQ-EQP-031). */
export function override(
  state: ReservationState,
  window: Window,
  taken: Taken,
  actor: Actor,
  reason: string,
): readonly ReservationFact[] {
  const about = aboutOf(state);
  const changes = changesBetween({ window: state.window }, { window });
  const updated: readonly ReservationFact[] = unchanged(changes)
    ? []
    : [{ type: 'EquipmentReservationUpdated', data: { ...about, changes } }];
  const data = { ...about, ...movedTo(state, taken), by: actor.userId, reason, over: taken.over };
  return [
    ...updated,
    { type: 'EquipmentDoubleBookingOverridden', data },
    ...mended(state),
    ...(state.status === 'requested' ? [{ type: 'EquipmentReservedForEvent', data: about } as const] : []),
  ];
}
