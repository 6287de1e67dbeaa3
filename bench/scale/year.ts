/** A year of requests against the partition keys: what each kind of logical partition gets at most, and what it holds. */
import type { ContainerName } from '../../shared/platform/containers.ts';
import type { Charge } from './charges.ts';
import type { Operation } from './measured.ts';
import { HOURS, type Organization, sum, type Year } from './organizations.ts';

/** What Cosmos DB allows a logical partition: request units a second, bytes. */
export const MOST_UNITS = 10_000;
export const MOST_BYTES = 20e9;

/** The key to count by, where it is to be another than the declared one: for seeing what another would do. */
export type Keys = Partial<Record<ContainerName, string>>;

export interface Partitioned {
  readonly container: ContainerName;
  readonly key: string;
  readonly sort: string;
  /** Of the hottest: request units a second over its busiest hour, and in the busiest second of that hour. */
  readonly hour: number;
  readonly second: number;
  /** Bytes of the largest after the year. */
  readonly bytes: number;
}

export interface Played {
  readonly partitions: readonly Partitioned[];
  /** Request units a second of each container in each hour of the year, over all organizations. */
  readonly containers: ReadonlyMap<ContainerName, Float64Array>;
  /** Bytes of each container after the year. */
  readonly bytes: ReadonlyMap<ContainerName, number>;
  readonly requests: number;
}

/** Plays the year: hour by hour for every organization, then second by second the busiest hour of the largest. */
export function play(
  operations: readonly Operation[],
  all: readonly Organization[],
  year: Year,
  keys: Keys = {},
): Played {
  const asked = sum(operations.map(({ daily }) => daily));
  const share = ({ daily }: Operation) => daily / asked;
  const containers = new Map<ContainerName, Float64Array>();
  const bytes = new Map<ContainerName, number>();
  const mean = charged(operations, share);
  const platform = new Float64Array(HOURS);
  for (const rates of year.rates)
    for (let hour = 0; hour < HOURS; hour += 1) platform[hour] = (platform[hour] ?? 0) + (rates[hour] ?? 0);
  const requests = sum(platform) * 3600;
  for (const { container, units, kept, passing } of mean.values()) {
    const had = containers.get(container);
    containers.set(
      container,
      platform.map((rate, hour) => rate * units + (had?.[hour] ?? 0)),
    );
    bytes.set(container, (bytes.get(container) ?? 0) + requests * kept + (requests / 365) * passing);
  }
  return { partitions: hottest(operations, share, all, year, keys), containers, bytes, requests };
}

type Share = (operation: Operation) => number;

/** What a request charges on average, by kind of partition. */
function charged(operations: readonly Operation[], share: Share): Map<string, Charge> {
  const found = new Map<string, Charge>();
  for (const operation of operations) {
    for (const charge of operation.charges) {
      const name = nameOf(charge);
      const { units, kept, passing } = found.get(name) ?? { units: 0, kept: 0, passing: 0 };
      const times = share(operation);
      found.set(name, {
        ...charge,
        units: units + times * charge.units,
        kept: kept + times * charge.kept,
        passing: passing + times * charge.passing,
      });
    }
  }
  return found;
}

function nameOf({ container, key, sort }: Pick<Charge, 'container' | 'key' | 'sort'>): string {
  return `${container} ${key} ${sort}`;
}

function hottest(operations: readonly Operation[], share: Share, all: readonly Organization[], year: Year, keys: Keys) {
  const [largest] = all;
  const rates = year.rates[0];
  if (!largest || !rates) throw new Error('A platform has organizations');
  const rekeyed = operations.map((operation) => ({
    ...operation,
    charges: operation.charges.map((charge) => {
      const key = keys[charge.container];
      return key === undefined ? charge : { ...charge, key, sort: key.includes('resource') ? charge.sort : '' };
    }),
  }));
  const most = Math.max(...rates);
  const requests = sum(rates) * 3600;
  const seconds = busiestSecond(rekeyed, share, most);
  return [...charged(rekeyed, share)].map(([name, { container, key, sort, units, kept, passing }]): Partitioned => {
    const part = largestShare(key, sort, largest);
    return {
      ...{ container, key, sort },
      hour: most * units * part,
      // A share of an organization has its own ups and downs, which are greater; it is taken to have them all at once.
      second: (seconds.get(name) ?? 0) * (part === 1 ? 1 : Math.min(1, 3 * part)),
      bytes: (requests * kept + (requests / 365) * passing) * part,
    };
  });
}

/** Of what an organization does in such partitions, what goes to the busiest of them. */
function largestShare(key: string, sort: string, { users, venues, items }: Organization): number {
  const zipf = (count: number) =>
    1 / sum(Array.from({ length: Math.max(1, Math.round(count)) }, (_, n) => 1 / (n + 1)));
  if (key === 'orgId/resource') return zipf(sort === 'venue' ? venues : items);
  if (key === 'orgId/userId' || key === 'username' || key === 'userId') return Math.min(1, 5 / users);
  // An event everybody works on for a day.
  if (key === 'orgId/subject') return 0.01;
  return 1;
}

/** Each second of an hour at `rate`, every operation arriving as it likes (Poisson): the most units, by partition. */
function busiestSecond(operations: readonly Operation[], share: Share, rate: number): Map<string, number> {
  const random = randomOf(7);
  const most = new Map<string, number>();
  for (let second = 0; second < 3600; second += 1) {
    const now = new Map<string, number>();
    for (const operation of operations) {
      const times = arrivals(rate * share(operation), random);
      if (times === 0) continue;
      for (const charge of operation.charges) {
        const name = nameOf(charge);
        now.set(name, (now.get(name) ?? 0) + times * charge.units);
      }
    }
    for (const [name, units] of now) if (units > (most.get(name) ?? 0)) most.set(name, units);
  }
  return most;
}

/** How many come when `mean` are expected (Knuth; by the normal curve from 30 on). */
function arrivals(mean: number, random: () => number): number {
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let [count, product] = [0, random()];
  while (product > limit) {
    count += 1;
    product *= random();
  }
  return count;
}

/** Mulberry32: the same numbers in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
