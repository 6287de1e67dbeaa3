/** The business rules of reservations and logistics by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const reservationRules = {
  'item-retired': 'a retired item is neither reserved nor packed',
  'item-active': 'an inactive item is not reserved',
  'item-usable': 'an item that needs repair or is out of service is neither reserved nor packed',
  'item-in-maintenance': 'units that maintenance has at that time are not reserved; `conflicts` says when',
  'inspection-pending': 'an item is neither reserved nor packed before its inspection is completed',
  'preventive-overdue': 'an item is not reserved for a time when its preventive maintenance is overdue',
  'event-open': 'equipment is reserved for events that are draft, pendingApproval, approved, confirmed or inProgress',
  'window-ahead': 'the window of a reservation ends in the future when it is made or changed',
  'packed-is-fixed': 'the quantity of a reservation stays once its units are packed, and its start once they are out',
  'flagged-needs-override': 'a flagged reservation is confirmed by an override; `troubles` says why it is flagged',
  'nothing-to-override': 'an override confirms what is requested or puts right what is flagged',
  'event-ready': 'equipment is packed, loaded and dispatched for events that are confirmed or inProgress',
  'units-on-shelf': 'units are packed from the shelf; `onShelf` says how many are there',
} as const;
type ReservationRule = keyof typeof reservationRules;

/** `rule_broken`. */
export function breaks(rule: ReservationRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
