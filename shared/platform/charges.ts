/** Request units of the store, added up over a piece of work, wherever in it the store was asked. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Charges {
  /** Runs a piece of work with a sum of its own. */
  measured<T>(work: () => T): T;
  add(requestUnits: number): void;
  /** What the work that is going on has cost so far; undefined outside of any. */
  soFar(): number | undefined;
}

export function openCharges(): Charges {
  const going = new AsyncLocalStorage<{ requestUnits: number }>();
  return {
    measured: (work) => going.run({ requestUnits: 0 }, work),
    add(requestUnits) {
      const sum = going.getStore();
      if (sum) sum.requestUnits += requestUnits;
    },
    soFar: () => going.getStore()?.requestUnits,
  };
}
