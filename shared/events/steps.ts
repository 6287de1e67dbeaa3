/** The steps of an event's life as decisions: pure, driven by the table in `life.ts` (REQ-EVT-010 to 015). */
import { type Actor, may } from '../platform/actor.ts';
import { changesBetween } from '../platform/changes.ts';
import { Refusal, wrongState } from '../platform/refusal.ts';
import { type Step, type StepName, stepOf, stepsFrom } from './life.ts';
import type { EventFact, EventState, EventStatus } from './model.ts';
import { dueAt, evolveEvent } from './model.ts';
import { guardRow, isCustomer } from './rows.ts';
import {
  fieldsOf,
  fits,
  type Override,
  overridden,
  startsInFuture,
  type Taken,
  type VenueFor,
  venueActive,
} from './rules.ts';

/** `wrong_state` says what would follow; who and when come after. */
function guardStep(event: EventState, step: Step, actor: Actor, now: string): void {
  guardRow(actor, event);
  if (!step.from.includes(event.status)) throw wrongState(event.status, stepsFrom(event.status), step.name);
  if (isCustomer(actor) && !step.customer) {
    throw new Refusal('forbidden', 'This step is not one that a customer can take.');
  }
  const privilege = step.privilegeAt?.(event, now) ?? step.access;
  if (!may(actor, privilege)) throw new Refusal('forbidden', `This now needs the privilege ${privilege}.`);
  const refusal = step.brokenAt?.(event, now);
  if (refusal) throw refusal;
}

/** The steps that take no venue. `reason` where the step asks for one. */
export type PlainStep = Exclude<StepName, 'reschedule' | 'reinstate'>;

export function takeStep(
  event: EventState,
  name: PlainStep,
  actor: Actor,
  now: string,
  reason = '',
): readonly EventFact[] {
  guardStep(event, stepOf(name), actor, now);
  return [factOfStep(event, name, now, reason)];
}

function factOfStep(event: EventState, name: PlainStep, now: string, reason: string): EventFact {
  const released = event.placement ? { released: event.placement } : {};
  switch (name) {
    case 'submit-for-approval':
      return { type: 'EventPendingApproval', data: {} };
    case 'approve':
      return { type: 'EventApproved', data: {} };
    case 'reject':
      return { type: 'EventRejected', data: { reason } };
    case 'confirm':
      return { type: 'EventConfirmed', data: {} };
    case 'start':
      return { type: 'EventStarted', data: { at: now } };
    case 'complete':
      return { type: 'EventCompleted', data: { at: now } };
    case 'cancel':
      return { type: 'EventCancelled', data: { reason, ...released } };
    case 'postpone':
      return { type: 'EventPostponed', data: { reason, ...released } };
    case 'archive':
      return { type: 'EventArchived', data: {} };
  }
}

const CLOCK: Partial<Record<EventStatus, PlainStep>> = {
  confirmed: 'start',
  inProgress: 'complete',
  completed: 'archive',
};

/** What the clock does to an event by now: nothing, or one or more steps (REQ-EVT-011, 012). */
export function tick(event: EventState, system: Actor, now: string): readonly EventFact[] {
  const facts: EventFact[] = [];
  let state = event;
  while (dueAt(state) <= now) {
    const step = CLOCK[state.status];
    if (!step) break;
    for (const fact of takeStep(state, step, system, now)) {
      facts.push(fact);
      state = evolveEvent(state, fact);
    }
  }
  return facts;
}

export function remove(event: EventState, actor: Actor): readonly EventFact[] {
  guardRow(actor, event);
  if (event.status === 'inProgress' || event.status === 'archived') {
    throw wrongState(event.status, stepsFrom(event.status), 'delete');
  }
  if (isCustomer(actor) && event.status !== 'draft') {
    throw new Refusal('forbidden', 'A customer can delete its drafts only.');
  }
  if (event.status === 'confirmed' && !may(actor, 'events:approve')) {
    throw new Refusal('forbidden', 'Deleting a confirmed event needs the privilege events:approve.');
  }
  return [{ type: 'EventDeleted', data: event.placement ? { released: event.placement } : {} }];
}

/** A postponed event's new time and venue (REQ-EVT-013). */
interface NewSlot {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly venueId?: string | undefined;
}

export function checkReschedule(event: EventState, slot: NewSlot, actor: Actor, venue: VenueFor, now: string): void {
  guardStep(event, stepOf('reschedule'), actor, now);
  startsInFuture(slot.startsAt, now);
  venueActive(venue);
  fits(event.attendance, venue);
}

export function reschedule(
  event: EventState,
  slot: NewSlot,
  venue: VenueFor,
  taken: Taken,
  actor: Actor,
  override: Override | undefined,
): readonly EventFact[] {
  const before = fieldsOf(event);
  const after = { ...before, startsAt: slot.startsAt, endsAt: slot.endsAt, venueId: venue.id };
  const zone = event.zoneGiven ? event.timeZone : venue.timeZone;
  const changes = changesBetween({ ...before, timeZone: event.timeZone }, { ...after, timeZone: zone });
  const names = { ...event.names, venue: venue.name };
  return [
    { type: 'EventRescheduled', data: { changes, names, taken: taken.placement } },
    ...overridden(taken, actor, override),
  ];
}

export function checkReinstate(event: EventState, actor: Actor, venue: VenueFor, now: string): void {
  guardStep(event, stepOf('reinstate'), actor, now);
  startsInFuture(event.startsAt, now);
  venueActive(venue);
  fits(event.attendance, venue);
}

export function reinstate(taken: Taken, actor: Actor, override: Override | undefined): readonly EventFact[] {
  return [{ type: 'EventReinstated', data: { taken: taken.placement } }, ...overridden(taken, actor, override)];
}
