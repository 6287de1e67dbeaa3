/** The business rules of customers by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const customerRules = {
  'no-upcoming-events': 'a customer with upcoming events is not deleted; `events` lists them',
  'customer-merged': 'a merged customer takes no change; `mergedInto` names the one that does',
  'merge-with-itself': 'a customer is merged into another one',
  'exactly-one-default-billing-address': 'of the addresses exactly one, for billing, is the default',
  'exactly-one-primary-contact': 'of the contacts exactly one is the primary',
  'contact-for-upcoming-events': 'the only contact of a customer with upcoming events stays',
  'address-limit': 'a customer has at most 20 addresses',
  'contact-limit': 'a customer has at most 50 contacts',
} as const;
type CustomerRule = keyof typeof customerRules;

/** `rule_broken`. */
export function breaks(rule: CustomerRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
