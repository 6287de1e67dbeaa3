/** The business rules of identity by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const identityRules = {
  'last-admin': 'an organization keeps at least one active admin',
  'role-in-use': 'a role that users or open invitations have is not deleted; `users` counts them',
  'too-many-roles': 'an organization has no more roles of its own than fit (200)',
} as const;
type IdentityRule = keyof typeof identityRules;

/** `rule_broken`. */
export function breaks(rule: IdentityRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
