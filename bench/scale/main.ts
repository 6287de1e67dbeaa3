/**
 * `node bench/scale.mjs`: a year of a platform of 1,000 organizations and 50,000 users, 1,000 requests a second on average
 * and 5,000 in its busiest hour, against the declared partition keys. Each operation is done once on the real system and
 * priced by what it asked of the store; then the year is played with those prices.
 */
import { say, table } from '../report.ts';
import type { Charge } from './charges.ts';
import { operationsOfADay } from './day.ts';
import { bills, monthly } from './dollars.ts';
import { organizations, sum, yearOf } from './organizations.ts';
import { type Keys, MOST_BYTES, MOST_UNITS, type Partitioned, type Played, play } from './year.ts';

const SUSTAINED = 1000;
const PEAK = 5000;

function verdict({ second, bytes }: Partitioned): string {
  const years = MOST_BYTES / bytes;
  const room = years < 1 ? 'TOO LARGE' : years < 100 ? `full in ${years.toFixed(1)} years` : '';
  return [second > MOST_UNITS ? 'HOT' : '', room].filter(Boolean).join(', ');
}

function partitions(played: Played, only?: ReadonlySet<string>): string {
  const rows = [...played.partitions]
    .filter(({ container }) => !only || only.has(container))
    .sort((a, b) => b.second - a.second)
    .map((one) => [
      `${one.container} /${one.key.replaceAll('/', ',/')}${one.sort ? ` (${one.sort})` : ''}`,
      one.hour.toFixed(0),
      one.second.toFixed(0),
      `${((one.second / MOST_UNITS) * 100).toFixed(0)} %`,
      (one.bytes / 1e9).toFixed(2),
      verdict(one),
    ]);
  return table([['hottest partition of', 'RU/s, hour', 'RU/s, second', 'of 10,000', 'GB after a year', ''], ...rows]);
}

const unitsOf = (charges: readonly Charge[]) => sum(charges.map(({ units }) => units));

async function main(): Promise<void> {
  const operations = await operationsOfADay();
  const all = organizations();
  const year = yearOf(all, SUSTAINED, PEAK);
  const played = play(operations, all, year);
  const asked = sum(operations.map(({ daily }) => daily));
  const each = sum(operations.map(({ daily, charges }) => (daily / asked) * unitsOf(charges)));

  say(`What ${Math.round(asked)} requests of a user's day cost, with all that follows from them\n`);
  say(
    table([
      ['', 'a day', 'RU each', 'messages sent', 'delivered', 'of all RU'],
      ...operations.map(({ name, daily, charges, sent, delivered }) => [
        name,
        String(daily),
        unitsOf(charges).toFixed(1),
        String(sent),
        String(delivered),
        `${(((daily / asked) * unitsOf(charges) * 100) / each).toFixed(1)} %`,
      ]),
    ]),
  );
  const users = all.map((organization) => Math.round(organization.users));
  say(`\n${all.length} organizations, ${sum(users)} users (the largest ${users[0]}, the median ${users[500]});`);
  say(`${(played.requests / 1e9).toFixed(1)} billion requests in the year, ${each.toFixed(1)} RU each on average\n`);
  say(partitions(played));
  say(`\n${monthly(played)}`);
  say(`\n${bills(operations, [50, 1000, 10_000])}`);

  const others: Keys = { claims: 'orgId', notifications: 'orgId', audit: 'orgId', sessions: 'orgId' };
  const names = new Set<string>(Object.keys(others));
  say('\nThe same year if these were keyed by the organization alone\n');
  say(partitions(play(operations, all, year, others), names));
  say('\nand as they are declared\n');
  say(partitions(played, names));
}

await main();
