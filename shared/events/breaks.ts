/** The business rules of events by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const eventRules = {
  'start-in-future': 'an event starts in the future when it is made and when its time changes',
  'end-in-future': 'a running event ends in the future',
  'begun-is-fixed': 'a running event keeps its start',
  'customer-active': 'an inactive customer gets no new event',
  'venue-active': 'an inactive venue takes no new event',
  'type-active': 'an inactive event type takes no new event',
  'title-unique': 'a customer has one event of a title on a local date',
  'attendance-within-capacity': 'attendance is at most the capacity of the venue',
  'start-too-early': 'an event is started from an hour before its time',
  'complete-before-start': 'an event is completed once it has started',
  'postponed-needs-reschedule': 'time and venue of a postponed event are given by `reschedule`',
  'over-is-fixed': 'time, venue, customer and type of a completed event stay',
  'type-in-use': 'an event type with events is deactivated, not deleted',
} as const;
type EventRule = keyof typeof eventRules;

/** `rule_broken`. */
export function breaks(rule: EventRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
