/** What Cosmos DB costs the played year a month, by list prices (pay as you go, East US, as published in 2025). */
import { markdown } from '../report.ts';
import { SERVERLESS } from './bill.ts';
import { HOURS, sum } from './organizations.ts';
import type { Played } from './year.ts';

/** An hour of 100 RU/s that scale by themselves, billed by the most of each hour, a tenth of the maximum at least. */
const AUTOSCALE = 0.012;
const LEAST_MAXIMUM = 1000;
/** A gigabyte for a month. */
const STORAGE = 0.25;
/** The busiest second of an hour against its mean: over thousands of requests a second little more. */
const BURST = 1.15;
const HOURS_OF_A_MONTH = 730;

function autoscaled(hours: Float64Array): { maximum: number; dollars: number } {
  const maximum = Math.max(LEAST_MAXIMUM, Math.ceil((Math.max(...hours) * BURST) / 1000) * 1000);
  const billed = sum(hours.map((mean) => Math.max(maximum / 10, mean * BURST)));
  return { maximum, dollars: ((billed / 100) * AUTOSCALE * HOURS_OF_A_MONTH) / HOURS };
}

/** The table of containers, and both ways to pay. */
export function monthly({ containers, bytes }: Played): string {
  const rows: string[][] = [
    ['container', 'RU/s, mean', 'RU/s, maximum', 'autoscale, $', 'serverless, $', 'GB', 'storage, $'],
  ];
  const totals = [0, 0, 0, 0, 0, 0];
  for (const [name, hours] of containers) {
    const mean = sum(hours) / HOURS;
    const { maximum, dollars } = autoscaled(hours);
    const gigabytes = (bytes.get(name) ?? 0) / 1e9;
    const serverless = (mean * 3600 * HOURS_OF_A_MONTH * SERVERLESS) / 1e6;
    const row = [mean, maximum, dollars, serverless, gigabytes, gigabytes * STORAGE];
    for (const [at, value] of row.entries()) totals[at] = (totals[at] ?? 0) + value;
    rows.push([name, ...row.map((value) => value.toFixed(0))]);
  }
  rows.push(['**all**', ...totals.map((value) => value.toFixed(0))]);
  return markdown(rows);
}
