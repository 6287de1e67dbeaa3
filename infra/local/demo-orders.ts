/** What the demo's events want from the warehouse, how far each of that is, and what has broken. */
import { type LogisticsStep, logisticsSteps } from '../../shared/reservations/model.ts';
import type { itemsOf } from './demo-equipment.ts';

type Items = ReturnType<typeof itemsOf>;

interface Line {
  /** The item's place among all. */
  readonly item: number;
  readonly quantity: number;
}

export interface Order {
  readonly lines: readonly Line[];
  readonly confirmed: boolean;
  readonly steps: readonly LogisticsStep[];
}

/** The events that have equipment, by their place in the year: from some weeks ago to some weeks ahead. */
const FIRST = 90;
const LAST = 124;
const LINES = 3;

/** How far the orders of past and present events are; of the others no unit has been packed. */
function stepsOf(event: number): readonly LogisticsStep[] {
  const upTo = (last: LogisticsStep) => logisticsSteps.slice(0, logisticsSteps.indexOf(last) + 1);
  if (event === 101) return upTo('dispatched');
  if (event === 100) return upTo('setUp');
  // Out past their time.
  if (event === 99) return upTo('setUp');
  if (event === 98) return upTo('pickedUp');
  return event < 98 ? logisticsSteps : [];
}

/** Fit, looked after, and free of what the maintenance calendar holds. */
function usable(items: Items): readonly number[] {
  const isFit = (n: number) => items[n]?.condition !== 'needsRepair' && n % 59 !== 1 && n % 29 !== 0 && n % 7 !== 3;
  return items.flatMap((_, n) => (isFit(n) ? [n] : []));
}

/** No item is in two orders: what is back waits for its inspection, whenever that is made. By the events' places. */
export function ordersOf(items: Items): ReadonlyMap<number, Order> {
  const pool = usable(items);
  const orders = new Map<number, Order>();
  for (let event = FIRST; event <= LAST; event += 1) {
    const from = (event - FIRST) * LINES;
    const lines = pool
      .slice(from, from + LINES)
      .map((item) => ({ item, quantity: someOf(items[item]?.quantity ?? 1) }));
    orders.set(event, { lines, confirmed: event < 102 || event % 6 === 3 || event % 6 === 5, steps: stepsOf(event) });
  }
  return orders;
}

function someOf(quantity: number): number {
  return Math.max(1, Math.floor(quantity / 4));
}

/** What came back: mostly all, here and there a unit damaged or missing. */
export function countsOf(event: number, quantity: number) {
  const damaged = event % 4 === 1 ? 1 : 0;
  const missing = event % 4 === 2 && quantity > 3 ? 1 : 0;
  return { returned: quantity - damaged - missing, damaged, missing };
}

/** The event whose reservation of a single piece is flagged: the piece is a total loss. */
const LOST_FOR = 117;
/** The event that gave one of its reservations back. */
export const GIVEN_BACK_BY = 116;

/** Reports of damage, of every severity, on what was never or is no more out. */
export function damagesOf(items: Items, orders: ReadonlyMap<number, Order>) {
  const single = orders.get(LOST_FOR)?.lines.find(({ item }) => items[item]?.serialNumber !== undefined)?.item;
  const back = (event: number) => orders.get(event)?.lines[0]?.item;
  const costs = (n: number | undefined, share: number) => {
    const { amount = 0, currency = 'USD' } = items[n ?? 0]?.currentValue ?? {};
    return { estimatedRepairCost: { amount: Math.round(amount * share), currency } };
  };
  return [
    { item: back(93), body: { severity: 'minor', description: 'A scratch along the edge' } },
    { item: back(97), body: { severity: 'moderate', description: 'One foot is bent', ...costs(back(97), 0.2) } },
    { item: 38, body: { severity: 'severe', description: 'Water got into it', ...costs(38, 0.7) } },
    { item: single, body: { severity: 'totalLoss', description: 'It fell off the loading ramp' } },
  ] as const;
}
