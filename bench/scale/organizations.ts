/** A thousand organizations: how large each is, and when its people work. Nothing here is random. */

export interface Organization {
  readonly users: number;
  /** Hours that its clocks are ahead of UTC. */
  readonly ahead: number;
  /** Resources of each kind that can be taken. */
  readonly venues: number;
  readonly items: number;
}

const ORGANIZATIONS = 1000;
const USERS = 50_000;
/** Sizes fall as 1 / rank^0.8: the largest has some 2,000 users, the median 20. */
const STEEPNESS = 0.8;
/** The Americas, Europe, Asia and Oceania. */
const ZONES = [-5, 1, 9, -8, 0, 5.5];
export const HOURS = 365 * 24;

export function organizations(): Organization[] {
  const weights = Array.from({ length: ORGANIZATIONS }, (_, rank) => 1 / (rank + 1) ** STEEPNESS);
  const total = sum(weights);
  return weights.map((weight, rank) => {
    const users = (USERS * weight) / total;
    return { users, ahead: ZONES[rank % ZONES.length] ?? 0, venues: 3 + users / 10, items: 100 + users * 5 };
  });
}

/** How much an office does at an hour of its day, a day of its week, a month of its year; 1 is a busy hour. */
const DAY = [2, 1, 1, 1, 1, 3, 8, 25, 70, 100, 100, 90, 60, 85, 100, 95, 85, 60, 35, 25, 20, 15, 8, 4];
const WEEK = [100, 95, 95, 100, 100, 35, 20];
const YEAR = [55, 60, 70, 80, 95, 100, 85, 75, 100, 95, 90, 100];

function busyness(hour: number, ahead: number): number {
  const local = hour + ahead;
  const day = Math.floor(local / 24);
  const month = Math.floor((((day % 365) + 365) % 365) / 30.42);
  const at = (curve: readonly number[], n: number) =>
    (curve[((n % curve.length) + curve.length) % curve.length] ?? 0) / 100;
  return at(DAY, Math.floor(local)) * at(WEEK, day) * at(YEAR, Math.min(11, month));
}

export interface Year {
  /** Requests a second of an organization in an hour of the year (UTC), by organization, then hour. */
  readonly rates: readonly Float64Array[];
  /** The hour with most requests of all. */
  readonly peak: number;
}

/**
 * The rates of a year whose mean over the platform is `sustained` and whose busiest hour is `most`: the curves of the
 * organizations give its shape, and a power of it, found by halving, its steepness.
 */
export function yearOf(all: readonly Organization[], sustained: number, most: number): Year {
  const users = sum(all.map((organization) => organization.users));
  const shapes = new Map(
    ZONES.map((ahead) => [ahead, Float64Array.from({ length: HOURS }, (_, hour) => busyness(hour, ahead))]),
  );
  const shaped = (power: number) => {
    const platform = new Float64Array(HOURS);
    for (const { ahead, users: own } of all) {
      const shape = shapes.get(ahead) ?? new Float64Array(HOURS);
      for (let hour = 0; hour < HOURS; hour += 1)
        platform[hour] = (platform[hour] ?? 0) + (own / users) * (shape[hour] ?? 0) ** power;
    }
    const mean = sum(platform) / HOURS;
    return { mean, ratio: Math.max(...platform) / mean, peak: platform.indexOf(Math.max(...platform)) };
  };
  let [low, high] = [0, 8];
  for (let n = 0; n < 40; n += 1) {
    const middle = (low + high) / 2;
    if (shaped(middle).ratio < most / sustained) low = middle;
    else high = middle;
  }
  const { mean, peak } = shaped(high);
  const rates = all.map(({ users: own, ahead }) =>
    (shapes.get(ahead) ?? new Float64Array(HOURS)).map((busy) => (sustained / mean) * (own / users) * busy ** high),
  );
  return { rates, peak };
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
