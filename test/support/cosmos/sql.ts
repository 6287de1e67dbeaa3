/** Queries as the npm server can take them, meaning the same. */
import type { Definition } from './forms.ts';
import { RANGE_COUNT } from './ranges.ts';

export interface Asked {
  readonly query: string;
  readonly parameters: readonly { readonly name: string; readonly value: unknown }[];
}

/** The npm server looks through all partitions, whatever the headers say. */
export function within({ query, parameters }: Asked, name: string, value: string): Asked {
  const scoped = query.replace(' WHERE ', ` WHERE c["${name}"] = @within AND `);
  return { query: scoped, parameters: [...parameters, { name: '@within', value }] };
}

/** A path that a filter or an order names and that no index has: the service would read every document. */
export function unindexed(query: string, { indexingPolicy }: Definition): string | undefined {
  const indexed = new Set(indexingPolicy.includedPaths.map(({ path }) => path.replace(/\/(?:\[\]\/)?\?$/, '')));
  const [, after = ''] = query.split(' WHERE ', 2);
  const paths = [...after.matchAll(/c((?:\["\w+"\])+)/g)].map(([, names = '']) => names.replace(/\["(\w+)"\]/g, '/$1'));
  return paths.find((path) => path !== '/id' && !indexed.has(path));
}

/** A count of one range travels inside a list; the npm server counts outside of lists only. */
export function plainCount(query: string): string {
  return query.startsWith(RANGE_COUNT) ? query.replace(RANGE_COUNT, 'SELECT VALUE COUNT(1)') : query;
}

const STEP = /(c\[\S+) ([<>])= (@p\d+) AND \(c\[\S+ [<>] @p\d+ OR \(/g;
const PLACE = new RegExp(`((?:${STEP.source})+)(c\\[\\S+ [<>]=? @p\\d+)(\\)+)`, 'g');

/**
 * What comes after a place, `a >= 1 AND (a > 1 OR (b > 2))`, as `a > 1 OR a = 1 AND b > 2`: the npm server's parser
 * takes some times as long for each parenthesis inside another, which is seconds for a place of four values.
 */
export function flattened(query: string): string {
  return query.replaceAll(PLACE, (_, nested: string, _name, _sign, _value, last: string, closing: string) => {
    const steps = [...nested.matchAll(STEP)].map(([, name = '', sign = '', value = '']) => ({ name, sign, value }));
    const equal = (count: number) => steps.slice(0, count).map(({ name, value }) => `${name} = ${value}`);
    const each = steps.map(({ name, sign, value }, at) => [...equal(at), `${name} ${sign} ${value}`].join(' AND '));
    const all = [...each, [...equal(steps.length), last].join(' AND ')];
    return `${all.join(' OR ')}${closing.slice(2 * steps.length)}`;
  });
}
