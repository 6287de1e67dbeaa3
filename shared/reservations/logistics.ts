/** The way of a confirmed reservation out of the warehouse and back, step by step: pure decisions (REQ-EQP-040 to 048). */
import { type ItemFact, type ItemState, onShelf } from '../equipment/model.ts';
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
  readonly event: EventState | undefined;
  readonly actor: Actor;
  readonly now: string;
}

/**
 * Takes a step. Throws `wrong_state` (naming the step that is due), `event-ready`, or `invalid` when what came back does
 * not add up to what went out (REQ-EQP-048). For packing the item has a say too: `setApart`.
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
  if (details.counts) checkCounts(details.counts, state.quantity);
  const done: StepTaken = { step, at: context.now, by: context.actor.userId, ...details };
  const { equipmentId, eventId, quantity, placement } = state;
  const released = step === 'returned' && placement ? { released: placement } : {};
  return [{ type: stepFacts[step], data: { equipmentId, eventId, quantity, done, ...released } }];
}

/** Why no step is due. */
const notOut: Readonly<Record<ReservationState['status'], string>> = {
  requested: 'the reservation has to be confirmed first',
  confirmed: 'no step is',
  cancelled: 'the reservation was cancelled',
  fulfilled: 'the units have been returned',
};

function guardOrder(state: ReservationState, step: LogisticsStep): void {
  if (nextSteps(state).includes(step)) return;
  const due = dueStep(state);
  const at = stepOf(state) ?? state.status;
  const instead = due ? `"${stepNames[due]}" is` : notOut[state.status];
  const detail = `"${stepNames[step]}" is not due; ${instead}.`;
  const extra = { state: at, allowed: allowedAfter(state), ...(due ? { due: stepNames[due] } : {}) };
  throw new Refusal('wrong_state', detail, extra);
}

function checkReady(event: EventState | undefined): void {
  if (event && (event.status === 'confirmed' || event.status === 'inProgress')) return;
  throw breaks('event-ready', 'The event is neither confirmed nor in progress.', {
    eventStatus: event?.status ?? 'deleted',
  });
}

/**
 * Takes the units of a reservation off the shelf; nothing when an earlier try has. Decided under the item's etag, so that
 * of two jobs packed at once no unit is in both. Throws `item-retired`, `item-usable`, `inspection-pending`, `units-on-shelf`.
 */
export function setApart(
  reservationId: string,
  { quantity }: Pick<ReservationState, 'quantity'>,
  item: ItemState,
): readonly ItemFact[] {
  if (item.retired) throw breaks('item-retired', `${item.name} is retired.`);
  checkUsable(item);
  checkInspected(item);
  const before = item.jobs?.[reservationId];
  // By a try whose number was changed before it was packed, perhaps.
  if (before?.quantity === quantity) return [];
  const there = onShelf(item) + (before?.quantity ?? 0);
  if (there < quantity) {
    throw breaks('units-on-shelf', `Only ${there} of ${quantity} units are on the shelf.`, { onShelf: there });
  }
  const taken: ItemFact = { type: 'EquipmentUnitsMoved', data: { to: 'setApart', quantity, reservationId } };
  if (!before) return [taken];
  return [
    { type: 'EquipmentUnitsMoved', data: { from: before.place, quantity: before.quantity, reservationId } },
    taken,
  ];
}

/** Puts back what was set apart for a packing that did not come about. */
export function putBack(
  reservationId: string,
  { steps }: Pick<ReservationState, 'steps'>,
  item: ItemState,
): readonly ItemFact[] {
  const job = item.jobs?.[reservationId];
  if (job?.place !== 'setApart' || steps.length > 0) return [];
  return [{ type: 'EquipmentUnitsMoved', data: { from: job.place, quantity: job.quantity, reservationId } }];
}

function checkCounts({ returned, damaged, missing }: Counts, quantity: number): void {
  const sum = returned + damaged + missing;
  if (sum === quantity) return;
  const message = `returned, damaged and missing must add up to ${quantity}, not ${sum}`;
  const errors: readonly FieldError[] = [{ path: 'body.returned', code: 'sum', message }];
  throw new Refusal('invalid', 'The counts do not add up to what went out.', { errors });
}
