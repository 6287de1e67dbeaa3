/** The business rules of damage reports by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const damageRules = {
  'reported-in-past': 'damage is reported once it has happened',
  'most-photos': 'a damage report has no more photos than `limit`',
} as const;
type DamageRule = keyof typeof damageRules;

/** `rule_broken`. */
export function breaks(rule: DamageRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
