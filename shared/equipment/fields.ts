/** What callers give of equipment, parsed and normalized (spec chapter 06). */
import * as z from 'zod';
import { Instant, LocalDate, lines, Money, text } from '../platform/fields.ts';
import { fold } from '../platform/words.ts';
import { categories, conditions, itemStatuses, MOST_UNITS } from './model.ts';

export const Category = z.enum(categories);
export const Condition = z.enum(conditions);
export const ItemStatus = z.enum(itemStatuses);

/** More than anything costs, in any currency's minor unit; sums of a whole stock stay exact. */
const MOST_MONEY = 1_000_000_000_000;
/** Of the purchase price. */
const MOST_PERCENT = 120;

function money(least: number, description?: string) {
  return Money.refine(({ amount }) => amount >= least && amount <= MOST_MONEY, {
    message: `must be ${least} to ${MOST_MONEY} of the minor unit`,
    path: ['amount'],
  }).meta(description === undefined ? {} : { description });
}

export const Specifications = z
  .array(z.strictObject({ key: text(1, 100), value: text(1, 500), unit: text(1, 50).optional() }))
  .max(100)
  .superRefine((all, context) => {
    const keys = new Set<string>();
    for (const [at, { key }] of all.entries()) {
      if (keys.has(fold(key))) {
        context.addIssue({ code: 'custom', path: [at, 'key'], message: 'must differ from the others' });
      }
      keys.add(fold(key));
    }
  });

const Quantity = z.int().min(1).max(MOST_UNITS);

const shape = {
  name: text(1, 200),
  category: Category,
  description: lines(2000).optional(),
  quantity: z.int().min(0).max(MOST_UNITS).meta({
    description:
      'Units in stock, at least 1; 1 with a serial number. Of equipment that was retired since no unit was left: 0, or how many turned up, which puts it back into use',
  }),
  serialNumber: text(1, 100).optional(),
  manufacturer: text(1, 100).optional(),
  model: text(1, 100).optional(),
  barcode: text(1, 100).optional(),
  purchaseDate: LocalDate.meta({ description: 'Not in the future, by the clock of the organization’s zone' }),
  purchasePrice: money(1, 'Of one unit'),
  currentValue: money(0, `At most ${MOST_PERCENT} % of the purchase price, in its currency`).optional(),
  dailyRate: money(0).optional(),
  warehouseLocation: text(1, 200).optional(),
  specifications: Specifications.default([]),
};

interface Related {
  readonly quantity: number;
  readonly serialNumber?: string | undefined;
  readonly purchasePrice: Money;
  readonly currentValue?: Money | undefined;
}

/** What single fields cannot say. */
function consistent(item: Related, context: z.RefinementCtx): void {
  const { quantity, serialNumber, purchasePrice: price, currentValue: value } = item;
  const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (serialNumber !== undefined && quantity > 1) issue(['quantity'], 'must be 1 with a serial number');
  if (!value) return;
  if (value.currency !== price.currency) issue(['currentValue', 'currency'], 'must be that of the purchase price');
  else if (value.amount * 100 > price.amount * MOST_PERCENT) {
    issue(['currentValue', 'amount'], `must be at most ${MOST_PERCENT} % of the purchase price`);
  }
}

/** Everything of an item that PUT and PATCH change. Its condition has a route of its own, and a right. */
export const ItemChanges = z.strictObject(shape).superRefine(consistent).meta({ id: 'EquipmentFields' });
export type ItemChanges = z.output<typeof ItemChanges>;

/** What makes an item. */
export const NewItem = z
  .strictObject({
    ...shape,
    quantity: Quantity.default(1).meta({ description: 'Units in stock; 1 with a serial number' }),
    condition: Condition.default('good'),
    lastPreventiveAt: Instant.optional().meta({
      description:
        'When preventive maintenance was last done; not in the future. Left out: the next is due six months from now',
    }),
  })
  .superRefine(consistent)
  .meta({
    id: 'NewEquipment',
    example: {
      name: 'Round table, 180 cm',
      category: 'table',
      quantity: 40,
      condition: 'good',
      purchaseDate: '2026-03-02',
      purchasePrice: { amount: 18900, currency: 'USD' },
      dailyRate: { amount: 1200, currency: 'USD' },
      warehouseLocation: 'Hall B, row 4',
      specifications: [{ key: 'Diameter', value: '180', unit: 'cm' }],
    },
  });
export type NewItem = z.output<typeof NewItem>;

export const ConditionChange = z
  .strictObject({ condition: Condition, reason: lines(500, 1).optional() })
  .meta({ id: 'EquipmentCondition', example: { condition: 'needsRepair', reason: 'A leg is loose' } });
export type ConditionChange = z.output<typeof ConditionChange>;

export const Reason = lines(500, 1).meta({ example: 'Replaced by newer ones' });
