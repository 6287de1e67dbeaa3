/** The way of a confirmed reservation out of the warehouse and back, step by step: pure decisions (REQ-EQP-040 to 048). */
import { type ItemState, onShelf } from '../equipment/model.ts';
import type { EventState } from '../events/model.ts';
import type { Actor } from '../platform/actor.ts';
import { type FieldError, Refusal } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import { checkInspected, checkUsable } from './checks.ts';
import {
  type Counts,
  type LogisticsStep,
  logisticsSteps,
  type ReservationFact,
  type ReservationState,
  type StepTaken,
  stepFacts,
  stepOf,
} from './model.ts';

/** What the step is called in an address: `equipment/logistics/{reservationId}/pack`. */
export const stepNames = {
  packed: 'pack',
  loaded: 'load',
  dispatched: 'dispatch',
  delivered: 'deliver',
  setUp: 'setup-complete',
  pickedUp: 'pickup',
  returned: 'return',
} as const satisfies Record<LogisticsStep, string>;

type Row = Pick<ReservationState, 'status' | 'steps'>;

/** The step that is due; none while it is not confirmed, or over. */
export function dueStep(state: Row): LogisticsStep | undefined {
  if (state.status !== 'confirmed') return undefined;
  const last = stepOf(state);
  return logisticsSteps[last === undefined ? 0 : logisticsSteps.indexOf(last) + 1];
}

/** The steps that may come next: the one due and, where that may be skipped, the one after. */
function nextSteps(state: Row): readonly LogisticsStep[] {
  const due = dueStep(state);
  if (due === undefined) return [];
  return due === 'setUp' ? ['setUp', 'pickedUp'] : [due];
}

/** What may be done next, as addresses call it. */
export function allowedAfter(state: Row): readonly string[] {
  if (state.status === 'requested') return ['confirm'];
  return nextSteps(state).map((step) => stepNames[step]);
}

export interface StepDetails {
  readonly note?: string | undefined;
  readonly vehicle?: string | undefined;
  readonly driver?: string | undefined;
  readonly counts?: Counts | undefined;
}

interface Context {
  readonly item: ItemState | undefined;
  readonly event: EventState | undefined;
  readonly actor: Actor;
  readonly now: string;
}

/**
 * Takes a step. Throws `wrong_state` (naming the step that is due), `event-ready`, `item-usable`, `inspection-pending`,
 * `units-on-shelf`, or `invalid` when what came back does not add up to what went out (REQ-EQP-048).
 */
export function takeStep(
  state: ReservationState,
  step: LogisticsStep,
  details: StepDetails,
  context: Context,
): readonly ReservationFact[] {
  guardOrder(state, step);
  // What is out must come home, whatever became of the event.
  if (step === 'packed' || step === 'loaded' || step === 'dispatched') checkReady(context.event);
  if (step === 'packed') checkPacking(state, context.item);
  if (details.counts) checkCounts(details.counts, state.quantity);
  const done: StepTaken = { step, at: context.now, by: context.actor.userId, ...details };
  const { equipmentId, eventId, quantity, placement } = state;
  const released = step === 'returned' && placement ? { released: placement } : {};
  return [{ type: stepFacts[step], data: { equipmentId, eventId, quantity, done, ...released } }];
}

function guardOrder(state: ReservationState, step: LogisticsStep): void {
  if (nextSteps(state).includes(step)) return;
  const due = dueStep(state);
  const at = stepOf(state) ?? state.status;
  const detail = `"${stepNames[step]}" is not due; ${due ? `"${stepNames[due]}" is` : 'no step is'}.`;
  const extra = { state: at, allowed: allowedAfter(state), ...(due ? { due: stepNames[due] } : {}) };
  throw new Refusal('wrong_state', detail, extra);
}

function checkReady(event: EventState | undefined): void {
  if (event && (event.status === 'confirmed' || event.status === 'inProgress')) return;
  throw breaks('event-ready', 'The event is neither confirmed nor in progress.', {
    eventStatus: event?.status ?? 'deleted',
  });
}

function checkPacking({ quantity }: ReservationState, item: ItemState | undefined): void {
  if (!item) throw breaks('units-on-shelf', 'The item is not there any more.', { onShelf: 0 });
  checkUsable(item);
  checkInspected(item);
  const there = onShelf(item);
  if (there < quantity) {
    throw breaks('units-on-shelf', `Only ${there} of ${quantity} units are on the shelf.`, { onShelf: there });
  }
}

function checkCounts({ returned, damaged, missing }: Counts, quantity: number): void {
  const sum = returned + damaged + missing;
  if (sum === quantity) return;
  const message = `returned, damaged and missing must add up to ${quantity}, not ${sum}`;
  const errors: readonly FieldError[] = [{ path: 'body.returned', code: 'sum', message }];
  throw new Refusal('invalid', 'The counts do not add up to what went out.', { errors });
}
