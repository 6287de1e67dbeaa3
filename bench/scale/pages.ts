/** Keeps what documents show of a measurement in step with it: blocks between `<!-- scale: name -->` and `<!-- end -->`. */

const BLOCK = /(<!-- scale: ([\w-]+) -->\n)([\s\S]*?)(<!-- end -->)/g;
/** Numbers that differ by less say the same: a run differs from another by some milliseconds of its clock. */
const NEAR = 0.01;

/** What the blocks of a document show, by name. */
export function blocksOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(BLOCK)].map(([, , name = '', body = '']) => [name, body.trim()]));
}

/** The document with these blocks put in; throws when it has no place for one. */
export function withBlocks(text: string, blocks: Readonly<Record<string, string>>): string {
  const places = blocksOf(text);
  for (const name of Object.keys(blocks)) if (!places.has(name)) throw new Error(`There is no block "${name}"`);
  return text.replace(BLOCK, (whole, before: string, name: string, _, after: string) => {
    const body = blocks[name];
    return body === undefined ? whole : `${before}\n${body}\n\n${after}`;
  });
}

/** Where a block shows another thing than was measured, one line each. */
export function differences(shown: string | undefined, measured: string): string[] {
  if (shown === undefined) return ['is not there'];
  const [had, has] = [shown.split('\n'), measured.split('\n')];
  const lines = Math.max(had.length, has.length);
  return Array.from({ length: lines }, (_, at) => [had[at] ?? '', has[at] ?? ''] as const)
    .filter(([before, now]) => !isNear(before, now))
    .map(([before, now]) => `shows "${before}" for "${now}"`);
}

const NUMBER = /\d[\d,]*(?:\.\d+)?/g;

/** The same words, and numbers that are near each other or differ by one in the last digit that is shown. */
function isNear(before: string, now: string): boolean {
  if (before.replace(NUMBER, '#') !== now.replace(NUMBER, '#')) return false;
  const [had, has] = [before.match(NUMBER) ?? [], now.match(NUMBER) ?? []];
  return had.every((text, at) => {
    const [one, other] = [numberIn(text), numberIn(has[at] ?? '')];
    const digit = 10 ** -(text.split('.')[1]?.length ?? 0);
    return Math.abs(one - other) <= Math.max(NEAR * Math.max(one, other), digit) * 1.000001;
  });
}

function numberIn(text: string): number {
  return Number(text.replaceAll(',', ''));
}
