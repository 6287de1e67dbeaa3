/** Other items that would do when one is taken: of the same category, free for the whole window, most alike first (REQ-EQP-030). */
import { claimsOf } from '../claims/engine.ts';
import { type Category, equipmentResource, type ItemState, items, type Specification } from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Window } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { fold } from '../platform/words.ts';
import { capacityOf, checkReservable } from './checks.ts';

const MOST_ALTERNATIVES = 5;
/** So many items of a category are looked at, by name. */
const MOST_CANDIDATES = 500;

type Item = Pick<Entity<ItemState>, 'id' | 'state'>;

/** A specification that is not the same: as wanted, and as the other item has it. */
interface Difference {
  readonly key: string;
  readonly wanted: string;
  readonly offered?: string;
}
export interface Alternative {
  readonly equipmentId: string;
  readonly name: string;
  /** Units free for the whole window. */
  readonly free: number;
  /** Keys of the specifications that are the same. */
  readonly same: readonly string[];
  readonly different: readonly Difference[];
  /** The two in words. */
  readonly reason: string;
}
interface Candidate {
  readonly item: Item;
  readonly free: number;
}

/** At most five, nearest specifications first. One query for the items of the category, one for their claims. */
export async function alternativesTo(
  scope: Scope,
  item: Item,
  quantity: number,
  window: Window,
): Promise<readonly Alternative[]> {
  return nearest(item, quantity, await candidatesOf(scope, item.state.category, window));
}

/** The items of a category that can be reserved for a window, with what is free of each. */
export async function candidatesOf(scope: Scope, category: Category, window: Window): Promise<readonly Candidate[]> {
  const where = [
    { path: 'category', eq: category },
    { path: 'active', eq: true },
  ];
  const page = await scope.of(items).list({ where, orderBy: [{ path: 'name' }], limit: MOST_CANDIDATES });
  const fit = page.items.filter(({ state }) => isReservable(state, window.start));
  const resources = fit.map(({ id, state }) => ({ resource: equipmentResource(id), capacity: capacityOf(state) }));
  const free = await claimsOf(scope).unitsFree(resources, window);
  return fit.map((item) => ({ item, free: free.get(equipmentResource(item.id)) ?? 0 }));
}

function isReservable(item: ItemState, from: string): boolean {
  try {
    checkReservable(item, from);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** Those with enough units free, the most alike first. */
export function nearest(wanted: Item, quantity: number, candidates: readonly Candidate[]): readonly Alternative[] {
  return candidates
    .filter(({ item, free }) => item.id !== wanted.id && free >= quantity)
    .map((candidate) => ({ candidate, nearness: nearnessOf(wanted.state, candidate.item.state) }))
    .sort((a, b) => b.nearness - a.nearness || (a.candidate.item.state.name < b.candidate.item.state.name ? -1 : 1))
    .slice(0, MOST_ALTERNATIVES)
    .map(({ candidate: { item, free } }) => {
      const { same, different } = compared(wanted.state, item.state);
      const { name } = item.state;
      return { equipmentId: item.id, name, free, same, different, reason: inWords(wanted.state, same, different) };
    });
}

/** Specifications by folded key; make and model count as two more. */
function traitsOf({ specifications, manufacturer, model }: ItemState): Map<string, Specification> {
  const made = [
    ...(manufacturer === undefined ? [] : [{ key: 'manufacturer', value: manufacturer }]),
    ...(model === undefined ? [] : [{ key: 'model', value: model }]),
  ];
  return new Map([...made, ...specifications].map((one) => [fold(one.key), one]));
}

/** How alike two items are: each specification counts up to one, numbers by how far they are apart. */
function nearnessOf(wanted: ItemState, other: ItemState): number {
  const theirs = traitsOf(other);
  let sum = 0;
  for (const [key, one] of traitsOf(wanted)) {
    const two = theirs.get(key);
    if (two) sum += closeness(one, two);
  }
  return sum;
}

function closeness(one: Specification, two: Specification): number {
  if (isSame(one, two)) return 1;
  const [a, b] = [Number(one.value), Number(two.value)];
  const comparable = fold(one.unit ?? '') === fold(two.unit ?? '') && a > 0 && b > 0;
  // Never as good as the same.
  return comparable ? 0.9 * (Math.min(a, b) / Math.max(a, b)) : 0;
}

function isSame(one: Specification, two: Specification): boolean {
  return fold(one.value) === fold(two.value) && fold(one.unit ?? '') === fold(two.unit ?? '');
}

function compared(wanted: ItemState, other: ItemState) {
  const theirs = traitsOf(other);
  const same: string[] = [];
  const different: Difference[] = [];
  for (const [key, one] of traitsOf(wanted)) {
    const two = theirs.get(key);
    if (two && isSame(one, two)) same.push(one.key);
    else different.push({ key: one.key, wanted: shown(one), ...(two ? { offered: shown(two) } : {}) });
  }
  return { same, different };
}

function shown({ value, unit }: Specification): string {
  return unit === undefined ? value : `${value} ${unit}`;
}

function inWords({ category }: ItemState, same: readonly string[], different: readonly Difference[]): string {
  const alike = same.length > 0 ? `Same category and ${same.join(', ')}` : `Same category (${category})`;
  if (different.length === 0) return alike;
  const unlike = different.map(({ key, wanted, offered }) => `${key} ${offered ?? 'not given'} instead of ${wanted}`);
  return `${alike}; ${unlike.join(', ')}`;
}
