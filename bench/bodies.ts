/** Bodies of a load, each a little different from the one before. */

/**
 * Of a JSON template `%n%` counts up, `%0%`, `%1%` … are the next of that list, `%start%` and `%end%` an hour that moves
 * on by two with every `apart` bodies.
 */
export interface Posts {
  readonly path: string;
  readonly template: string;
  readonly lists: readonly (readonly string[])[];
  readonly apart: number;
  /** Milliseconds since 1970 of the first hour. */
  readonly firstSlot: number;
  /** So that several loads of one run do not meet. */
  readonly offset: number;
}

const HOUR = 3_600_000;

/** The `n`-th body. */
export function bodyOf({ template, lists, apart, firstSlot }: Posts, n: number): string {
  const start = firstSlot + Math.floor(n / apart) * 2 * HOUR;
  const instant = (milliseconds: number) => new Date(milliseconds).toISOString();
  return template
    .replaceAll('%n%', String(n))
    .replaceAll('%start%', instant(start))
    .replaceAll('%end%', instant(start + HOUR))
    .replace(/%(\d+)%/g, (_, at: string) => {
      const list = lists[Number(at)] ?? [];
      return list[n % list.length] ?? '';
    });
}
