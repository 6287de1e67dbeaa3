/** The monthly bill of so many active users, by list prices (pay as you go, East US, US dollars, as published in 2025). */
import { readFileSync } from 'node:fs';
import { outboxes } from '../../functions/feed/outbox.ts';
import { reactions } from '../../functions/registry.ts';
import type { Charge } from './charges.ts';
import type { Measured, Operation } from './measured.ts';
import { sum } from './organizations.ts';

export const DAYS_OF_A_MONTH = 30.4;
export const SECONDS_OF_A_DAY = 86_400;
const SECONDS_OF_A_MONTH = DAYS_OF_A_MONTH * SECONDS_OF_A_DAY;

/** A million request units of a serverless account. */
export const SERVERLESS = 0.25;
/** A million operations of a standard namespace beyond the 13 million that its own price includes. */
export const BUS = { month: 9.81, included: 13, million: 0.8 };
/** Sending is one operation, a delivery two: receiving and completing. */
const OPERATIONS_A_DELIVERY = 2;
/** Flex Consumption, on demand: a million executions, a gigabyte second; the least that is billed of a time at work. */
export const FUNCTIONS = { million: 0.4, gigabyteSecond: 0.000026, leastSeconds: 1 };
/** The same of an always-ready instance, and what it costs while it stands. */
export const ALWAYS_READY = { gigabyteSecond: 0.000016, standing: 0.000004 };
/** Of one execution, seconds of an instance that works on nothing else: a hundred a second are what one gets done. */
export const OWN_SECONDS = 0.01;
export const INSTANCE_GIGABYTES = 2;
/** A unit of Web PubSub carries 1,000 connections; half of the active users are connected at once. */
export const SOCKETS = { month: 49, connections: 1000 };
const ONLINE = 0.5;
/** A gigabyte taken in. */
export const TELEMETRY = 2.3;
/** Items that the Functions host sends of an execution, each as large as ours on average: not measured. */
export const HOST_ITEMS = 2;
/** Change feeds are asked every half second (`feedPollDelay`), a request unit each; request units of their leases. */
export const POLLS_A_SECOND = 2;
/** A lease is renewed every 17 s (some 9 RU), and all are looked through every 13 s (some 3 RU). */
export const LEASE_UNITS_A_SECOND = 9 / 17 + 3 / 13;

export const prod = JSON.parse(readFileSync('infra/azure/parameters/prod.json', 'utf8')) as {
  readonly app: { readonly telemetryShare: string };
  readonly monitoring: { readonly dailyGB: number };
};

export const unitsOf = (charges: readonly Charge[]) => sum(charges.map(({ units }) => units));

/** Messages delivered: one for each subscription that asked for the fact. */
export function deliveriesOf({ facts }: Operation): number {
  return sum(facts.map(({ type }) => reactions.filter(({ on }) => on.includes(type)).length));
}

/** Of all that a user does on a day: how much of something. */
export function ofADay({ operations }: Measured, of: (operation: Operation) => number): number {
  return sum(operations.map((operation) => operation.daily * of(operation)));
}

/** Executions a user's day sets off in each function, or group of functions, that has instances of its own. */
function groupsOf(measured: Measured): number[] {
  const facts = (isOne: (fact: Operation['facts'][number]) => boolean) =>
    ofADay(measured, (operation) => operation.facts.filter(isOne).length);
  return [
    ofADay(measured, () => 1),
    ...outboxes.map((name) => facts(({ container }) => container === name)),
    ...reactions.map(({ on }) => facts(({ type }) => on.includes(type))),
  ];
}

/**
 * The share of the time for which instances of a group are billed, at so many executions a second that come as they like.
 * A time at work is billed for a second at least. What comes while it lasts is part of it, so that one instance is billed
 * for no more than the time that passes, and more instances are there only when one cannot get it done.
 */
export function billedShare(rate: number): number {
  return Math.max(1 - Math.exp(-rate * FUNCTIONS.leastSeconds), rate * OWN_SECONDS);
}

/** Request units a month of what goes on whoever is there: timers, and change feeds whose instances stand. */
export function standingUnits({ ticks }: Measured): { readonly timers: number; readonly feeds: number } {
  const timers = sum(ticks.map(({ daily, charges }) => daily * unitsOf(charges))) * DAYS_OF_A_MONTH;
  return { timers, feeds: outboxes.length * (POLLS_A_SECOND + LEASE_UNITS_A_SECOND) * SECONDS_OF_A_MONTH };
}

/** Bytes of an item of ours. */
export function itemBytes({ operations }: Measured): number {
  return (
    sum(operations.map(({ daily, told }) => daily * told.bytes)) /
    sum(operations.map(({ daily, told }) => daily * told.items))
  );
}

/** Bytes of telemetry a day, were every trace recorded; metrics always are. */
function toldOfADay(measured: Measured, users: number, instances: number) {
  const { ticks, metrics } = measured;
  const executions = users * ofADay(measured, (one) => 1 + one.facts.length + deliveriesOf(one));
  const ticked = sum(ticks.map(({ daily }) => daily));
  return {
    ours: users * ofADay(measured, ({ told }) => told.bytes) + sum(ticks.map(({ daily, told }) => daily * told.bytes)),
    host: (executions + ticked) * HOST_ITEMS * itemBytes(measured),
    metrics: (metrics.bytes * instances * SECONDS_OF_A_DAY) / 60,
  };
}

/** What so many active users cost in a month, each with the day of the operations. */
export function billOf(measured: Measured, users: number) {
  const millions = (of: (operation: Operation) => number) => (users * ofADay(measured, of) * DAYS_OF_A_MONTH) / 1e6;
  const requests = millions(() => 1);
  const units = millions(({ charges }) => unitsOf(charges));
  const sent = millions(({ facts }) => facts.length);
  const delivered = millions(deliveriesOf);
  const ticked = sum(measured.ticks.map(({ daily }) => daily));
  // A request, a change feed's batch (at most one a fact), a delivery, a tick.
  const executions = requests + sent + delivered + (ticked * DAYS_OF_A_MONTH) / 1e6;
  const rates = groupsOf(measured).map((daily) => (users * daily) / SECONDS_OF_A_DAY);
  const [asked = 0] = rates;
  const onDemand = sum(rates.map(billedShare)) + (ticked * FUNCTIONS.leastSeconds) / SECONDS_OF_A_DAY;
  const gigabyteSeconds = (onDemand * SECONDS_OF_A_MONTH * INSTANCE_GIGABYTES) / 1e6;
  const standing = standingUnits(measured);
  const told = toldOfADay(measured, users, Math.max(1, asked * OWN_SECONDS));
  const gigabytes = (Number(prod.app.telemetryShare) * (told.ours + told.host) + told.metrics) / 1e9;
  const bus = sent + OPERATIONS_A_DELIVERY * delivered;
  const dollars = {
    'Cosmos DB, serverless': units * SERVERLESS,
    'the same for feeds and timers': ((standing.feeds + standing.timers) * SERVERLESS) / 1e6,
    'Service Bus': BUS.month + Math.max(0, bus - BUS.included) * BUS.million,
    'Functions, executions': executions * FUNCTIONS.million,
    'Functions, time': gigabyteSeconds * FUNCTIONS.gigabyteSecond * 1e6,
    'Web PubSub': Math.ceil((users * ONLINE) / SOCKETS.connections) * SOCKETS.month,
    Telemetry: gigabytes * DAYS_OF_A_MONTH * TELEMETRY,
  };
  return {
    ...{ users, requests, units, sent, delivered, executions, gigabyteSeconds, gigabytes, told, dollars },
    /** The share of the time for which an instance is billed for requests. */
    requestShare: billedShare(asked),
    all: sum(Object.values(dollars)),
  };
}
export type Bill = ReturnType<typeof billOf>;
