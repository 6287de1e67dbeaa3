/** The business rules of venues by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const venueRules = {
  'venue-has-upcoming-events': 'a venue with upcoming events is neither deactivated nor deleted; `events` lists them',
  'capacity-below-attendance': 'capacity holds the guests of upcoming events; `events` lists those it would not',
  'venue-active': 'an inactive venue takes no block',
  'block-in-the-past': 'a block ends in the future',
  'most-contacts': 'a venue has no more contacts than `limit`',
  'most-photos': 'a venue has no more photos than `limit`',
} as const;
type VenueRule = keyof typeof venueRules;

/** `rule_broken`. */
export function breaks(rule: VenueRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
