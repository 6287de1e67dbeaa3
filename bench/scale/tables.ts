/** What docs/operations.md shows of the measured day and its bill. */
import { outboxes } from '../../functions/feed/outbox.ts';
import { markdown } from '../report.ts';
import {
  ALWAYS_READY,
  type Bill,
  BUS,
  billOf,
  DAYS_OF_A_MONTH,
  deliveriesOf,
  FUNCTIONS,
  HOST_ITEMS,
  INSTANCE_GIGABYTES,
  itemBytes,
  LEASE_UNITS_A_SECOND,
  OWN_SECONDS,
  ofADay,
  POLLS_A_SECOND,
  prod,
  SECONDS_OF_A_DAY,
  SERVERLESS,
  SOCKETS,
  standingUnits,
  TELEMETRY,
  unitsOf,
} from './bill.ts';
import type { Measured } from './measured.ts';
import { sum } from './organizations.ts';

const KB = 1024;
export const USERS = [50, 1000, 10_000];

/** Each operation with all that follows from it. */
export function operationsTable({ operations }: Measured): string {
  return markdown([
    ['operation', 'RU', 'messages sent', 'delivered', 'KB of telemetry', "a user's day has"],
    ...operations.map((one) => [
      one.name,
      unitsOf(one.charges).toFixed(1),
      String(one.facts.length),
      String(deliveriesOf(one)),
      (one.told.bytes / KB).toFixed(1),
      String(one.daily),
    ]),
  ]);
}

/** The bill of `USERS`. */
export function billTable(measured: Measured): string {
  const bills = USERS.map((users) => billOf(measured, users));
  const line = (name: string, of: (bill: Bill) => number, digits = 1) => [
    name,
    ...bills.map((bill) => of(bill).toFixed(digits)),
  ];
  const parts = Object.keys(bills[0]?.dollars ?? {}) as (keyof Bill['dollars'])[];
  return markdown([
    ['active users', ...USERS.map((users) => users.toLocaleString('en'))],
    line('million requests', ({ requests }) => requests),
    line('million RU', ({ units }) => units),
    line('million messages sent', ({ sent }) => sent, 2),
    line('million delivered', ({ delivered }) => delivered, 2),
    line('million executions', ({ executions }) => executions),
    line('million GB seconds', ({ gigabyteSeconds }) => gigabyteSeconds, 2),
    line('GB of telemetry a day', ({ gigabytes }) => gigabytes, 2),
    ...parts.map((part) => line(`${part}, $`, ({ dollars }) => dollars[part], 0)),
    line('**all, $**', ({ all }) => all, 0),
  ]);
}

/** How the bill is come by, at 1,000 users. */
export function arithmetic(measured: Measured): string {
  const bill = billOf(measured, 1000);
  const most = billOf(measured, 10_000);
  const requests = ofADay(measured, () => 1);
  const standing = standingUnits(measured);
  const month = SECONDS_OF_A_DAY * DAYS_OF_A_MONTH * INSTANCE_GIGABYTES;
  const ready = ALWAYS_READY.standing * month;
  const saved = bill.requestShare * month * (FUNCTIONS.gigabyteSecond - ALWAYS_READY.gigabyteSecond);
  const alone = (executions: number) =>
    executions * 1e6 * FUNCTIONS.leastSeconds * INSTANCE_GIGABYTES * FUNCTIONS.gigabyteSecond;
  const ticks = sum(measured.ticks.map(({ daily }) => daily));
  const gb = (bytes: number, digits = 1) => (bytes / 1e9).toFixed(digits);
  const dollars = (amount: number) => amount.toLocaleString('en', { maximumFractionDigits: 0 });
  return [
    `- Requests: 1,000 × ${dollars(requests)} a day × ${DAYS_OF_A_MONTH} = ${bill.requests.toFixed(1)} million; RU: × ${(bill.units / bill.requests).toFixed(1)}.`,
    `- Cosmos DB: RU in millions × $${SERVERLESS}. For feeds and timers: ${outboxes.length} change feeds, each asked ${POLLS_A_SECOND} times a second (1 RU) with ${LEASE_UNITS_A_SECOND.toFixed(2)} RU/s for its lease, while their instances stand, at most ${(standing.feeds / 1e6).toFixed(1)} million RU; ${dollars(ticks)} ticks of timers a day, ${(standing.timers / 1e6).toFixed(1)} million.`,
    `- Service Bus: $${BUS.month} with ${BUS.included} million operations; one a message sent, two a delivery; then $${BUS.million.toFixed(2)} a million.`,
    `- Functions: $${FUNCTIONS.million.toFixed(2)} a million executions (requests, batches of the change feeds, deliveries, ticks), and $${FUNCTIONS.gigabyteSecond} a GB second of instances of ${INSTANCE_GIGABYTES} GB. Whatever an instance does is billed for ${FUNCTIONS.leastSeconds} s at least. Requests share their instances; each feed, reaction and timer has its own. Assumed: what comes while a billed second lasts is part of it, so an instance is billed for no more than the time that passes, which is 1 − e^−rate of it, rate being executions a second, evenly over the month (that is the most); and an instance gets ${1 / OWN_SECONDS} executions a second done. Were each execution billed a second of its own, time would be $${dollars(alone(bill.executions))} instead of $${dollars(bill.dollars['Functions, time'])}.`,
    `- An always-ready instance for requests (prod) adds $${ready.toFixed(0)} and makes its time at work $${saved.toFixed(0)} cheaper.`,
    `- Web PubSub: $${SOCKETS.month} for each 1,000 of half the users; none under dev's free unit (20 connections).`,
    `- Telemetry: $${TELEMETRY.toFixed(2)} a GB. A day: traces of ours ${gb(bill.told.ours)} GB (${(bill.told.ours / 1000 / requests / KB).toFixed(1)} KB a request), the Functions host's ${gb(bill.told.host)} GB (taken to be ${HOST_ITEMS} items of ${(itemBytes(measured) / KB).toFixed(2)} KB an execution), of both prod records ${prod.app.telemetryShare}; metrics ${gb(bill.told.metrics, 2)} GB (${(measured.metrics.bytes / KB).toFixed(0)} KB a minute and instance), always. At 10,000 users ${most.gigabytes.toFixed(1)} GB of the ${prod.monitoring.dailyGB} that \`monitoring.dailyGB\` lets in; were every trace recorded, ${gb(most.told.ours + most.told.host + most.told.metrics, 0)}.`,
  ].join('\n');
}
