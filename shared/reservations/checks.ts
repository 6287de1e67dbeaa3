/** What an item, an event and a window must be like to be reserved; each rule refuses under a name of its own. */
import type { Condition, ItemState } from '../equipment/model.ts';
import type { EventState, EventStatus } from '../events/model.ts';
import type { Window } from '../platform/fields.ts';
import { breaks } from './breaks.ts';

const OPEN: readonly EventStatus[] = ['draft', 'pendingApproval', 'approved', 'confirmed', 'inProgress'];

/** Whether equipment may be reserved for an event in this state. */
export function isOpenEvent({ status }: Pick<EventState, 'status'>): boolean {
  return OPEN.includes(status);
}

/** Throws `event-open`. */
export function checkEvent(event: EventState | undefined): void {
  if (event && isOpenEvent(event)) return;
  const detail = event
    ? `Nothing is reserved for an event that is ${event.status}.`
    : 'The event is not there any more.';
  throw breaks('event-open', detail);
}

/** Throws `window-ahead`. */
export function checkWindow({ end }: Window, now: string): void {
  if (end <= now) throw breaks('window-ahead', 'The window must end in the future.');
}

/** Throws the rule that keeps an item from being reserved from an instant on; each has a name of its own. */
export function checkReservable(item: ItemState, from: string): void {
  if (item.retired) throw breaks('item-retired', `${item.name} is retired.`);
  if (!item.active) throw breaks('item-active', `${item.name} is inactive.`);
  checkUsable(item);
  checkInspected(item);
  if (isOverdue(item, from)) {
    const extra = { dueAt: item.nextPreventiveDueAt };
    throw breaks('preventive-overdue', `The preventive maintenance of ${item.name} is overdue by then.`, extra);
  }
}

/** Whether the preventive maintenance of an item, if it is not done before, is overdue at an instant (REQ-EQP-055). */
export function isOverdue({ nextPreventiveDueAt }: ItemState, at: string): boolean {
  return nextPreventiveDueAt <= at;
}

/** Whether units in this condition go out at all. */
export function isUsable(condition: Condition): boolean {
  return condition !== 'needsRepair' && condition !== 'outOfService';
}

/** Throws `item-usable`. */
export function checkUsable({ name, condition }: ItemState): void {
  if (isUsable(condition)) return;
  const why = condition === 'needsRepair' ? 'needs repair' : 'is out of service';
  throw breaks('item-usable', `${name} ${why}.`, { condition });
}

/** Throws `inspection-pending` (REQ-EQP-056). */
export function checkInspected({ name, inspections }: ItemState): void {
  if (inspections.length > 0) throw breaks('inspection-pending', `${name} waits for its inspection.`);
}
