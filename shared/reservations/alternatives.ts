/** Other items that would do when one is taken: of the same category, free for the whole window, most alike first (REQ-EQP-030). */
import { claimsOf } from '../claims/engine.ts';
import {
  type Category,
  conditions,
  equipmentResource,
  type ItemState,
  itemStatuses,
  items,
  type Specification,
  unitsToTake,
} from '../equipment/model.ts';
import type { Entity } from '../platform/aggregate.ts';
import type { Window } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { fold } from '../platform/words.ts';
import { checkReservable, isUsable } from './checks.ts';

const MOST_ALTERNATIVES = 5;
/** So many items of a category are looked at, by name. */
const MOST_CANDIDATES = 300;
/** So many of the nearest are looked at one by one. */
const MOST_PROBED = 10;

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

/**
 * At most five, nearest specifications first. One query for the items of the category; then a look at each of the
 * nearest, mostly enough, and only if not one over the claims on all the others.
 */
export async function alternativesTo(
  scope: Scope,
  wanted: Item,
  quantity: number,
  window: Window,
): Promise<readonly Alternative[]> {
  const others = await reservable(scope, wanted.state.category, window);
  const ranked = ranking(
    wanted,
    others.filter(({ id, state }) => id !== wanted.id && unitsToTake(state) >= quantity),
  );
  const [near, far] = [ranked.slice(0, MOST_PROBED), ranked.slice(MOST_PROBED)];
  const probed = await Promise.all(
    near.map(async (item): Promise<Candidate> => {
      const free = await claimsOf(scope).free(equipmentResource(item.id), window, unitsToTake(item.state));
      return { item, free };
    }),
  );
  const first = nearest(wanted, quantity, probed);
  if (first.length >= MOST_ALTERNATIVES || far.length === 0) return first;
  return nearest(wanted, quantity, [...probed, ...(await withFree(scope, far, window))]);
}

/** The items of a category that can be reserved for a window, with what is free of each: two queries. */
export async function candidatesOf(scope: Scope, category: Category, window: Window): Promise<readonly Candidate[]> {
  return withFree(scope, await reservable(scope, category, window), window);
}

async function reservable(scope: Scope, category: Category, window: Window): Promise<readonly Item[]> {
  // What is never to be had must not use up the places of what is.
  const where = [
    { path: 'category', eq: category },
    { path: 'active', eq: true },
    { path: 'status', in: itemStatuses.filter((status) => status !== 'retired') },
    { path: 'condition', in: conditions.flatMap((condition, at) => (isUsable(condition) ? [at] : [])) },
  ];
  const page = await scope.of(items).list({ where, orderBy: [{ path: 'name' }], limit: MOST_CANDIDATES });
  return page.items.filter(({ state }) => isReservable(state, window.start));
}

async function withFree(scope: Scope, all: readonly Item[], window: Window): Promise<readonly Candidate[]> {
  const resources = all.map(({ id, state }) => ({ resource: equipmentResource(id), capacity: unitsToTake(state) }));
  const free = await claimsOf(scope).unitsFree(resources, window);
  return all.map((item) => ({ item, free: free.get(equipmentResource(item.id)) ?? 0 }));
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
  const free = new Map(candidates.map((candidate) => [candidate.item.id, candidate.free]));
  const enough = candidates.flatMap(({ item, free: units }) =>
    item.id !== wanted.id && units >= quantity ? [item] : [],
  );
  return ranking(wanted, enough)
    .slice(0, MOST_ALTERNATIVES)
    .map(({ id, state }) => {
      const { same, different } = compared(wanted.state, state);
      const reason = inWords(wanted.state, same, different);
      return { equipmentId: id, name: state.name, free: free.get(id) ?? 0, same, different, reason };
    });
}

/** The most alike first, else by name. */
function ranking(wanted: Item, others: readonly Item[]): readonly Item[] {
  return others
    .map((item) => ({ item, nearness: nearnessOf(wanted.state, item.state) }))
    .sort((a, b) => b.nearness - a.nearness || (a.item.state.name < b.item.state.name ? -1 : 1))
    .map(({ item }) => item);
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
