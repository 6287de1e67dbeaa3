/**
 * `node bench/scale.mjs`: a year of a platform of 1,000 organizations and 50,000 users, 1,000 requests a second on average
 * and 5,000 in its busiest hour, against the declared partition keys. Each operation is done once on the real system and
 * priced by what it asked of the store; then the year is played with those prices. Where a document shows another thing
 * it says so and fails; with `--write` it writes it into the document.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { markdown, say } from '../report.ts';
import { ofADay, unitsOf } from './bill.ts';
import { monthly } from './dollars.ts';
import { measured } from './measured.ts';
import { organizations, sum, yearOf } from './organizations.ts';
import { blocksOf, differences, withBlocks } from './pages.ts';
import { arithmetic, billTable, operationsTable } from './tables.ts';
import { type Keys, MOST_BYTES, MOST_UNITS, type Partitioned, type Played, play } from './year.ts';

const SUSTAINED = 1000;
const PEAK = 5000;
const OPERATIONS = 'docs/operations.md';
const DECISION = 'docs/adr/0023-partition-keys-at-scale.md';

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
  return markdown([
    ['hottest partition of', 'RU/s, hour', 'RU/s, second', 'of 10,000', 'GB after a year', ''],
    ...rows,
  ]);
}

/** Shows the blocks and compares them with those of a document, or writes them into it; how many lines differ. */
async function shown(path: string, blocks: Readonly<Record<string, string>>): Promise<number> {
  const text = await readFile(path, 'utf8');
  const had = blocksOf(text);
  for (const [name, body] of Object.entries(blocks)) say(`\n${name}\n\n${body}`);
  if (process.argv.includes('--write')) {
    await writeFile(path, withBlocks(text, blocks));
    return 0;
  }
  const differing = Object.entries(blocks).flatMap(([name, body]) =>
    differences(had.get(name), body).map((line) => `${path}, ${name}: ${line}`),
  );
  for (const line of differing) say(`\n${line}`);
  return differing.length;
}

async function main(): Promise<void> {
  const found = await measured();
  const { operations } = found;
  const all = organizations();
  const year = yearOf(all, SUSTAINED, PEAK);
  const played = play(operations, all, year);
  const asked = ofADay(found, () => 1);
  const each = ofADay(found, ({ charges }) => unitsOf(charges)) / asked;
  const users = all.map((organization) => Math.round(organization.users));
  say(`${all.length} organizations, ${sum(users)} users (the largest ${users[0]}, the median ${users[500]});`);
  say(`${(played.requests / 1e9).toFixed(1)} billion requests in the year, ${each.toFixed(1)} RU each on average`);
  const others: Keys = { claims: 'orgId', notifications: 'orgId', audit: 'orgId', sessions: 'orgId' };
  const names = new Set<string>(Object.keys(others));
  const differing =
    (await shown(OPERATIONS, {
      operations: operationsTable(found),
      bill: billTable(found),
      arithmetic: arithmetic(found),
      containers: monthly(played),
    })) +
    (await shown(DECISION, {
      partitions: partitions(played),
      'by-organization': partitions(play(operations, all, year, others), names),
    }));
  if (differing > 0) {
    say('\nThe documents show something else: look why, then node bench/scale.mjs --write');
    process.exitCode = 1;
  }
}

await main();
