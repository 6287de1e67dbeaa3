/** Demo data: a year of an event company, made through the API's own routes with a clock that walks through it. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtInRoleNames } from '../../shared/identity/roles.ts';
import { DAY, later, MINUTE } from '../../shared/platform/clock.ts';
import { lockIn } from '../../shared/platform/lock.ts';
import type { Json } from '../../shared/platform/store.ts';
import type { Local } from './compose.ts';
import { customersOf, eventsOf, venuesOf } from './demo-data.ts';
import { ADDED, itemsOf } from './demo-equipment.ts';
import { HALF_A_YEAR, MARK, PASSWORD, type Seeder, seederOf, usernameOf } from './demo-seeder.ts';
import { warehouseOf } from './demo-warehouse.ts';
import { sideBySide } from './side-by-side.ts';

/** Who can sign in with what, a line each. */
export function demoUsers(): readonly string[] {
  return [
    'Sign in with POST /api/identity/authenticate, all with the password',
    `  ${PASSWORD}`,
    ...builtInRoleNames.map((role) => `  ${usernameOf(role).padEnd(36)} ${role}`),
  ];
}

/** How long the demo's people wait for the reactions to its past, in milliseconds. */
const SETTLE_MS = 20_000;
/** The customer user's next event, still a draft. */
const SUBMITTED = 150;

/** Milliseconds between looks whether the process that loads is done, or gone. */
const LOOK = 250;

/**
 * Loads the demo organization once per data folder. Cut short (a crash, Ctrl-C), it goes on at the next start where it
 * stopped, or in a process that has been waiting for this one: every request carries an `Idempotency-Key`. Its people join
 * once its past has had its effects: so they are told of the last day's doings and not, by hundreds of notifications and
 * mails, of a year's. Answers whether it is there: beside an organization of the reader's own it is never loaded.
 */
export async function seedDemo(
  parts: Pick<Local, 'platform' | 'relay'>,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, config } = parts.platform;
  const loaded = async () => (await store.read('system', [...MARK.partition], MARK.id)) !== undefined;
  if (await loaded()) return true;
  const lock = lockIn(resolve(config.DATA_DIR), 'demo');
  if (!lock.held()) say('First start: another process is loading demo data, which is waited for …');
  for (; !lock.held(); await sleep(LOOK)) signal?.throwIfAborted();
  try {
    return (await loaded()) || (await load(parts, say, signal));
  } finally {
    lock.release();
  }
}

async function load(
  { platform, relay }: Pick<Local, 'platform' | 'relay'>,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  const seeder = seederOf(platform, signal);
  if (!(await seeder.belongs())) return false;
  say('First start: loading demo data …');
  const startedAt = performance.now();
  const { orgId, today } = await seeder.admin();
  const first = later(today, -HALF_A_YEAR);
  const make = (path: string, at: string, bodies: readonly unknown[]) =>
    sideBySide(bodies, (body, n) => seeder.make(path, `${path}-${n}`, at, body));
  const typeIds = (await seeder.list('event-types', first)).map(({ id }) => String(id));
  const venueIds = await make('venues', first, venuesOf());
  const customerIds = await make('customers', first, customersOf());
  const itemIds = await make('equipment', later(today, -ADDED * DAY), itemsOf(today));
  const warehouse = warehouseOf(seeder, today, itemIds);
  const tasks = await warehouse.calendar();
  const year = eventsOf(today, { customerIds, typeIds, venueIds });
  const eventIds = await sideBySide(year, (event, n) => runEvent(seeder, warehouse, today, event, n));
  for (const until = performance.now() + SETTLE_MS; performance.now() < until; ) {
    if (await relay.drained(300)) break;
    signal?.throwIfAborted();
  }
  await warehouse.inspect();
  await seeder.people(orgId, customerIds[0], first);
  const damages = await warehouse.reportDamage();
  for (const step of ['submit-for-approval', 'approve']) {
    await stepOf(seeder, eventIds[SUBMITTED] ?? '', SUBMITTED, step, today, {});
  }
  const mark = { id: MARK.id, kind: 'demo', body: { orgId } as Json };
  await platform.store.commit('system', [...MARK.partition], [{ op: 'upsert', document: mark }]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const what = [
    `${customerIds.length} customers, ${venueIds.length} venues and ${eventIds.length} events`,
    `${itemIds.length} items of equipment with ${warehouse.reservations} reservations`,
    `${tasks} maintenance tasks and ${damages} damage reports`,
  ];
  say(`Loaded ${what.join('; ')}; in ${seconds} s`);
  return true;
}

/** An event with its steps and, in between, those of its equipment. Its id. */
async function runEvent(
  seeder: Seeder,
  warehouse: ReturnType<typeof warehouseOf>,
  today: string,
  { body, steps }: ReturnType<typeof eventsOf>[number],
  n: number,
): Promise<string> {
  const eventId = await seeder.make('events', `event-${n}`, earlier(today, later(body.startsAt, -30 * DAY)), body);
  const [approval, ...rest] = steps;
  const take = ({ step, before, body: why }: (typeof steps)[number]) => {
    const at = earlier(today, later(before === 'end' ? body.endsAt : body.startsAt, -MINUTE));
    return stepOf(seeder, eventId, n, step, at, why);
  };
  if (approval) await take(approval);
  const order = await warehouse.order(n, eventId, body);
  for (const next of rest) {
    await take(next);
    if (!order || next.step !== 'confirm') continue;
    await warehouse.confirm(n, order, body);
    await warehouse.move(n, order, body, true);
  }
  if (order) {
    await warehouse.move(n, order, body, false);
    await warehouse.giveBack(n, order);
  }
  return eventId;
}

async function stepOf(seeder: Seeder, eventId: string, n: number, step: string, at: string, body: unknown) {
  const params = { eventId };
  await seeder.send({ method: 'POST', path: `events/{eventId}/${step}`, params, key: `event-${n}-${step}`, at, body });
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}
