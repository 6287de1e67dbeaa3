/**
 * Where claims are filed, so that those overlapping a window are found by one look-up that costs the same whatever
 * came before or after: a short window under each UTC day it touches (`d`) and each month (`s`), a long one under its
 * months only (`l`). A question asks for its days, or for whole months where it asks for many, and for what is long.
 * What lasts until it is released may matter at any time: it stands in one bucket more (`o`), which is always asked for.
 * Buckets begin with the resource's kind, so that a look across an organization's venues meets no crew.
 */
import { DAY, instantOf } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';

/** Windows that touch more days than this are filed by month: at most 9 buckets a window. */
const MOST_FILED_DAYS = 8;
/** A month of which so many days are asked is asked for as a whole. */
const MANY_DAYS = 10;

/** The buckets a claim stands in. Windows end after they start. */
export function bucketsOf(resource: string, windows: readonly Window[]): string[] {
  const kind = kindOf(resource);
  const buckets = new Set<string>();
  for (const window of windows) {
    const { first, last } = daysOf(window);
    const short = last - first < MOST_FILED_DAYS;
    if (short) for (const day of days(first, last)) buckets.add(`${kind}d${day}`);
    for (const month of months(first, last)) buckets.add(`${kind}${short ? 's' : 'l'}${month}`);
  }
  return [...buckets];
}

/** The buckets that every claim overlapping one of the windows stands in at least one of: at most 371 in three years. */
export function bucketsAsked(resource: string, windows: readonly Window[]): string[] {
  const kind = kindOf(resource);
  const asked = new Map<string, Set<string>>();
  for (const window of windows) {
    const { first, last } = daysOf(window);
    for (const day of days(first, last)) {
      const month = day.slice(0, 7);
      const known = asked.get(month);
      if (known) known.add(day);
      else asked.set(month, new Set([day]));
    }
  }
  const filed = [...asked].flatMap(([month, days]) => [
    `${kind}l${month}`,
    ...(days.size < MANY_DAYS ? [...days].map((day) => `${kind}d${day}`) : [`${kind}s${month}`]),
  ]);
  return [...filed, lastingBucket(resource)];
}

/** Where lasting claims stand beside their windows' buckets: few, for they are what is in use just now. */
export function lastingBucket(resource: string): string {
  return `${kindOf(resource)}o`;
}

/** The kind of a resource with its colon: `venue:`. */
export function kindOf(resource: string): string {
  return resource.slice(0, resource.indexOf(':') + 1);
}

/** First and last day touched, in days since 1970. */
function daysOf({ start, end }: Window): { readonly first: number; readonly last: number } {
  return { first: Math.floor(Date.parse(start) / DAY), last: Math.floor((Date.parse(end) - 1) / DAY) };
}

function days(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => dateOf(first + at));
}

/** Steps of 28 days skip no month. */
function months(first: number, last: number): Set<string> {
  const result = new Set<string>();
  for (let day = first; day < last; day += 28) result.add(dateOf(day).slice(0, 7));
  return result.add(dateOf(last).slice(0, 7));
}

function dateOf(day: number): string {
  return instantOf(day * DAY).slice(0, 10);
}
