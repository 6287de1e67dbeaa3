/** What it costs a month, by list prices (pay as you go, East US, US dollars, as published in 2025). */
import { table } from '../report.ts';
import type { Operation } from './day.ts';
import { HOURS, sum } from './organizations.ts';
import type { Played } from './year.ts';

/** An hour of 100 RU/s that scale by themselves, billed by the most of each hour, a tenth of the maximum at least. */
const AUTOSCALE = 0.012;
const LEAST_MAXIMUM = 1000;
/** A million request units of a serverless account. */
const SERVERLESS = 0.25;
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
    ['a month', 'RU/s, mean', 'RU/s, maximum', 'autoscale $', 'serverless $', 'GB', 'storage $'],
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
  rows.push(['all', ...totals.map((value) => value.toFixed(0))]);
  return table(rows);
}

const DAYS_OF_A_MONTH = 30.4;
/** A million operations of a standard namespace beyond the 13 million that its own price includes. */
const BUS = { month: 9.81, included: 13, million: 0.8 };
/** Sending is one operation, a delivery two: receiving and completing. */
const OPERATIONS_A_DELIVERY = 2;
/** Flex Consumption: a million executions, a gigabyte second. */
const FUNCTIONS = { million: 0.4, gigabyteSecond: 0.000026 };
/** Seconds that an instance of 2 GB is busy for one execution, several being served side by side. */
const BUSY_SECONDS = 0.01;
const INSTANCE_GIGABYTES = 2;
/** A unit of Web PubSub carries 1,000 connections; half of the active users are connected at once. */
const SOCKETS = { month: 49, connections: 1000 };
const ONLINE = 0.5;
/** A gigabyte of telemetry; a sampled request leaves half a kilobyte on average. */
const TELEMETRY = { gigabyte: 2.3, kilobytes: 0.5 };

/** The bill of so many active users, each with the day of `operations`, part by part. */
export function bills(operations: readonly Operation[], users: readonly number[]): string {
  const daily = (of: (operation: Operation) => number) =>
    sum(operations.map((operation) => operation.daily * of(operation)));
  const perDay = {
    requests: daily(() => 1),
    units: daily(({ charges }) => sum(charges.map(({ units }) => units))),
    sent: daily(({ sent }) => sent),
    delivered: daily(({ delivered }) => delivered),
  };
  const columns = users.map((count) => {
    const millions = (perUser: number) => (count * perUser * DAYS_OF_A_MONTH) / 1e6;
    const [requests, units] = [millions(perDay.requests), millions(perDay.units)];
    const [sent, delivered] = [millions(perDay.sent), millions(perDay.delivered)];
    const bus = sent + OPERATIONS_A_DELIVERY * delivered;
    // A request, a change feed's batch (at most one a fact), a delivery.
    const executions = requests + sent + delivered;
    const dollars = {
      'Cosmos DB, serverless': units * SERVERLESS,
      'Service Bus': BUS.month + Math.max(0, bus - BUS.included) * BUS.million,
      Functions: executions * (FUNCTIONS.million + 1e6 * BUSY_SECONDS * INSTANCE_GIGABYTES * FUNCTIONS.gigabyteSecond),
      'Web PubSub': Math.ceil((count * ONLINE) / SOCKETS.connections) * SOCKETS.month,
      Telemetry: (executions * TELEMETRY.kilobytes * TELEMETRY.gigabyte * 1e6) / 1e6,
    };
    return { requests, units, sent, delivered, executions, dollars };
  });
  const line = (name: string, of: (column: (typeof columns)[number]) => number, digits = 1) => [
    name,
    ...columns.map((column) => of(column).toFixed(digits)),
  ];
  const parts = Object.keys(columns[0]?.dollars ?? {}) as (keyof (typeof columns)[number]['dollars'])[];
  return table([
    ['a month, at active users', ...users.map((count) => count.toLocaleString('en'))],
    line('million requests', ({ requests }) => requests),
    line('million RU', ({ units }) => units),
    line('million messages sent', ({ sent }) => sent, 2),
    line('million delivered', ({ delivered }) => delivered, 2),
    line('million executions', ({ executions }) => executions),
    ...parts.map((part) => line(`${part} $`, ({ dollars }) => dollars[part], 0)),
    line('all $', ({ dollars }) => sum(Object.values(dollars)), 0),
  ]);
}
