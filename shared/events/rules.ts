/** Decisions about events: pure, from state, input and context to facts or a refusal. */
import type { Clash } from '../claims/model.ts';
import type { Actor } from '../platform/actor.ts';
import { may } from '../platform/actor.ts';
import { type Changes, changesBetween } from '../platform/changes.ts';
import { Refusal, wrongState } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import { stepsFrom } from './life.ts';
import type { EventFact, EventFields, EventNames, EventState, Placement } from './model.ts';
import { guardRow, isCustomer, reachOf } from './rows.ts';

export interface CustomerFor {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}
export interface VenueFor {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly timeZone: string;
  /** Most people. */
  readonly capacity: number;
  /** Events at once. */
  readonly bookable: number;
  readonly turnaroundMinutes: number;
}
export interface TypeFor {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

/** A venue taken for an event, and what an override went over. */
export interface Taken {
  readonly placement: Placement;
  readonly over: readonly Clash[];
}
export interface Override {
  readonly reason: string;
}

export function guardOverride(actor: Actor, override: Override | undefined): void {
  if (override && !may(actor, 'events:override')) {
    throw new Refusal('forbidden', 'Taking a venue over another booking needs the privilege events:override.');
  }
}

/** A customer books for itself only. */
export function guardCustomer(actor: Actor, customerId: string): void {
  const reach = reachOf(actor);
  if (reach.of === 'all' || (reach.of === 'customer' && reach.customerId === customerId)) return;
  if (reach.of === 'staff') return;
  throw new Refusal('forbidden', 'You can book for yourself only.');
}

export function startsInFuture(startsAt: string, now: string): void {
  if (startsAt <= now) throw breaks('start-in-future', 'The event must start in the future.');
}
function customerActive(customer: CustomerFor): void {
  if (!customer.active) throw breaks('customer-active', 'The customer is inactive and gets no new events.');
}
export function venueActive(venue: VenueFor): void {
  if (!venue.active) throw breaks('venue-active', 'The venue is inactive and takes no new events.');
}
function typeActive(type: TypeFor): void {
  if (!type.active) throw breaks('type-active', 'The event type is inactive.');
}
export function fits(attendance: number | undefined, venue: VenueFor): void {
  if (attendance !== undefined && attendance > venue.capacity) {
    throw breaks('attendance-within-capacity', `The venue holds ${venue.capacity} at most.`, {
      capacity: venue.capacity,
    });
  }
}

/** Everything about a booking but whether the venue is free (REQ-EVT-002). */
export function checkBooking(
  fields: EventFields,
  context: { readonly customer: CustomerFor; readonly venue: VenueFor; readonly type: TypeFor },
  now: string,
): void {
  startsInFuture(fields.startsAt, now);
  customerActive(context.customer);
  venueActive(context.venue);
  typeActive(context.type);
  fits(fields.attendance, context.venue);
}

/** A venue can be booked: the answer to "is it free" begins here (REQ-EVT-052). */
export function checkBookable(venue: VenueFor): void {
  venueActive(venue);
}

export function overridden(
  taken: Taken | undefined,
  actor: Actor,
  override: Override | undefined,
): readonly EventFact[] {
  if (!override || !taken || taken.over.length === 0) return [];
  const data = { by: actor.userId, reason: override.reason, over: taken.over };
  return [{ type: 'EventDoubleBookingOverridden', data }];
}

interface Booking {
  readonly orgId: string;
  readonly eventNumber: string;
  readonly names: EventNames;
  /** The venue's. */
  readonly timeZone: string;
  readonly taken: Taken;
  readonly override: Override | undefined;
}

export function create(fields: EventFields, actor: Actor, booking: Booking): readonly EventFact[] {
  const { orgId, eventNumber, names, taken, override } = booking;
  const data = {
    orgId,
    eventNumber,
    names,
    zoneGiven: fields.timeZone !== undefined,
    taken: taken.placement,
    ...fields,
    timeZone: fields.timeZone ?? booking.timeZone,
  };
  return [{ type: 'EventCreated', data }, ...overridden(taken, actor, override)];
}

/** Throws unless the actor may change this event at all. */
export function guardChange(event: EventState, actor: Actor): void {
  guardRow(actor, event);
  if (event.status === 'cancelled' || event.status === 'archived') {
    throw wrongState(event.status, stepsFrom(event.status), 'change');
  }
  if (isCustomer(actor) && event.status !== 'draft') {
    throw new Refusal('forbidden', 'A customer can change its drafts only.');
  }
}

/** The changeable fields as callers see them. */
export function fieldsOf(event: EventState): EventFields {
  const { title, description, eventTypeId, customerId, venueId, startsAt, endsAt, attendance } = event;
  const { setupMinutes, teardownMinutes, timeZone, zoneGiven } = event;
  return {
    ...{ title, eventTypeId, customerId, venueId, startsAt, endsAt, setupMinutes, teardownMinutes },
    ...(description === undefined ? {} : { description }),
    ...(attendance === undefined ? {} : { attendance }),
    ...(zoneGiven ? { timeZone } : {}),
  };
}

const DETAILS = ['title', 'description', 'customerId', 'attendance'];
const DATE = ['startsAt', 'endsAt', 'timeZone', 'zoneGiven', 'setupMinutes', 'teardownMinutes'];
const SLOT: readonly (keyof EventFields)[] = ['startsAt', 'endsAt', 'setupMinutes', 'teardownMinutes', 'venueId'];

interface RevisionContext {
  readonly customer?: CustomerFor | undefined;
  readonly type?: TypeFor | undefined;
  readonly venue?: VenueFor | undefined;
}

/** What a change of fields must be judged by; a change of the title alone costs no further read. */
export function needsOf(event: EventState, fields: EventFields): Record<keyof RevisionContext, boolean> {
  const differs = (names: readonly (keyof EventFields)[]) => names.some((name) => fields[name] !== event[name]);
  return {
    customer: differs(['customerId']),
    type: differs(['eventTypeId']),
    venue: differs([...SLOT, 'attendance']) || (event.zoneGiven && fields.timeZone === undefined),
  };
}

interface Revision {
  readonly changes: Changes;
  readonly names: EventNames;
  /** Whether the venue must be taken anew for this. */
  readonly moves: boolean;
  /** Whether it stays where it is with more guests, which the venue's claims must know before it is committed. */
  readonly grows: boolean;
}

const some = (changes: Changes, names: readonly string[]) => names.some((name) => name in changes);
const only = (changes: Changes, names: readonly string[]): Changes =>
  Object.fromEntries(Object.entries(changes).filter(([name]) => names.includes(name)));

/** What a change of fields comes to, or why it cannot be (REQ-EVT-004). */
export function revise(event: EventState, fields: EventFields, context: RevisionContext, now: string): Revision {
  const { customer, venue, type } = context;
  const zoned = {
    timeZone: fields.timeZone ?? venue?.timeZone ?? event.timeZone,
    zoneGiven: fields.timeZone !== undefined,
  };
  const before = { ...fieldsOf(event), timeZone: event.timeZone, zoneGiven: event.zoneGiven };
  const changes = changesBetween(before, { ...fields, ...zoned });
  const moves = some(changes, SLOT);
  if (event.status === 'postponed' && moves) {
    throw breaks('postponed-needs-reschedule', 'Give a postponed event its time and venue by rescheduling it.');
  }
  if (event.status === 'completed' && (moves || 'customerId' in changes || 'eventTypeId' in changes)) {
    throw breaks('over-is-fixed', 'Time, venue, customer and type of a completed event stay as they were.');
  }
  if ('customerId' in changes && customer) customerActive(customer);
  if ('eventTypeId' in changes && type) typeActive(type);
  if ('startsAt' in changes || ('endsAt' in changes && event.status !== 'inProgress')) {
    startsInFuture(fields.startsAt, now);
  }
  if (event.status === 'inProgress' && 'startsAt' in changes) {
    throw breaks('begun-is-fixed', 'A running event keeps its start; it can be made longer or shorter.');
  }
  if ('endsAt' in changes && fields.endsAt <= now) {
    throw breaks('end-in-future', 'The event must end in the future.');
  }
  if (moves && venue) venueActive(venue);
  if (('attendance' in changes || moves) && venue) fits(fields.attendance, venue);
  const names = {
    customer: customer?.name ?? event.names.customer,
    venue: ('venueId' in changes && venue?.name) || event.names.venue,
    type: type?.name ?? event.names.type,
  };
  const grows = !moves && event.placement !== undefined && (fields.attendance ?? 0) > (event.attendance ?? 0);
  return { changes, names, moves, grows };
}

/** The facts of a revision; `taken` when it moves. */
export function revised(
  event: EventState,
  revision: Revision,
  taken: Taken | undefined,
  actor: Actor,
  override: Override | undefined,
): readonly EventFact[] {
  const { changes, names } = revision;
  const facts: EventFact[] = [];
  const move = taken ? { taken: taken.placement, ...(event.placement ? { released: event.placement } : {}) } : {};
  const elsewhere = 'venueId' in changes;
  if (some(changes, DETAILS)) {
    facts.push({ type: 'EventDetailsUpdated', data: { changes: only(changes, DETAILS), names } });
  }
  if (some(changes, DATE)) {
    facts.push({ type: 'EventDateChanged', data: { changes: only(changes, DATE), ...(elsewhere ? {} : move) } });
  }
  if (elsewhere) {
    facts.push({ type: 'EventVenueChanged', data: { changes: only(changes, ['venueId']), names, ...move } });
  }
  if ('eventTypeId' in changes) {
    facts.push({ type: 'EventTypeChanged', data: { changes: only(changes, ['eventTypeId']), names } });
  }
  return [...facts, ...overridden(taken, actor, override)];
}
