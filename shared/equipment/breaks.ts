/** The business rules of equipment by their stable names: what a `rule_broken` of this slice can name. */
import { broken, type Refusal } from '../platform/refusal.ts';

/** Every rule of this slice by its stable name. */
export const equipmentRules = {
  'equipment-has-active-reservations':
    'equipment with active reservations is neither deactivated nor deleted; `reservations` lists them',
  'quantity-below-reserved':
    'units that are reserved, or set aside for maintenance, stay in stock; `reservations` and `maintenance` list whose',
  'quantity-below-away': 'units that are out of the warehouse or being worked on stay in stock; `away` says how many',
  'most-photos': 'equipment has no more photos than `limit`',
} as const;
type EquipmentRule = keyof typeof equipmentRules;

/** `rule_broken`. */
export function breaks(rule: EquipmentRule, detail: string, extra: Readonly<Record<string, unknown>> = {}): Refusal {
  return broken(rule, detail, extra);
}
