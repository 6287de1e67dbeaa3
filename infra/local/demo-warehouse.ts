/** The demo's warehouse at work: orders on their way out and back, inspections, damage, the maintenance calendar. */
import { DAY, HOUR, later } from '../../shared/platform/clock.ts';
import { stepNames } from '../../shared/reservations/logistics.ts';
import type { LogisticsStep } from '../../shared/reservations/model.ts';
import { itemsOf, maintenanceOf } from './demo-equipment.ts';
import { countsOf, damagesOf, GIVEN_BACK_BY, type Order, ordersOf } from './demo-orders.ts';
import type { Seeder } from './demo-seeder.ts';
import { sideBySide } from './side-by-side.ts';

/** Around which hours of an event its equipment moves, from its start or its end. */
const momentOf: Readonly<Record<LogisticsStep, readonly [from: 'startsAt' | 'endsAt', milliseconds: number]>> = {
  packed: ['startsAt', -20 * HOUR],
  loaded: ['startsAt', -5 * HOUR],
  dispatched: ['startsAt', -4 * HOUR],
  delivered: ['startsAt', -2 * HOUR],
  setUp: ['startsAt', -HOUR],
  pickedUp: ['endsAt', HOUR],
  returned: ['endsAt', 3 * HOUR],
};

interface Times {
  readonly startsAt: string;
  readonly endsAt: string;
}

interface Ordered extends Order {
  /** Reservations in the order of the lines. */
  readonly reservationIds: readonly string[];
}

/** Whether a step belongs to the way out, which is taken before the event begins. */
function isOutward(step: LogisticsStep): boolean {
  return step !== 'pickedUp' && step !== 'returned';
}

export function warehouseOf(seeder: Seeder, today: string, itemIds: readonly string[]) {
  const items = itemsOf(today);
  const orders = ordersOf(items);

  function before(instant: string): string {
    return instant < today ? instant : today;
  }

  function postTo(path: string, params: Readonly<Record<string, string>>, key: string, at: string, body: unknown) {
    return seeder.send({ method: 'POST', path, params, key, at, body });
  }

  async function step(event: number, at: string, order: Ordered, name: LogisticsStep): Promise<void> {
    const path = `equipment/logistics/{reservationId}/${stepNames[name]}`;
    await Promise.all(
      order.reservationIds.map((reservationId, n) => {
        const { quantity = 1 } = order.lines[n] ?? {};
        const body = bodyOf(event, name, quantity);
        return postTo(path, { reservationId }, `order-${event}-${n}-${name}`, at, body);
      }),
    );
  }

  return {
    /** What an event wants, reserved all at once; undefined for those that want nothing. */
    async order(event: number, eventId: string, { startsAt }: Times): Promise<Ordered | undefined> {
      const order = orders.get(event);
      if (!order) return undefined;
      const wanted = order.lines.map(({ item, quantity }) => ({ equipmentId: itemIds[item], quantity }));
      const at = before(later(startsAt, -3 * DAY));
      const made = await postTo('events/{eventId}/equipment', { eventId }, `order-${event}`, at, { items: wanted });
      return { ...order, reservationIds: (made.reservations as { id: string }[]).map(({ id }) => id) };
    },
    async confirm(event: number, order: Ordered, { startsAt }: Times): Promise<void> {
      if (!order.confirmed) return;
      const path = 'equipment/reservations/{reservationId}/confirm';
      const at = before(later(startsAt, -2 * DAY));
      await Promise.all(
        order.reservationIds.map((reservationId, n) =>
          postTo(path, { reservationId }, `order-${event}-${n}-confirm`, at, {}),
        ),
      );
    },
    /** The steps of the way out or of the way home, as far as the order has come. */
    async move(event: number, order: Ordered, times: Times, outward: boolean): Promise<void> {
      for (const name of order.steps.filter((one) => isOutward(one) === outward)) {
        const [from, milliseconds] = momentOf[name];
        await step(event, before(later(times[from], milliseconds)), order, name);
      }
    },
    /** One event gives one of its reservations back. No key makes a DELETE idempotent: whether it was made is read. */
    async giveBack(event: number, { reservationIds }: Ordered): Promise<void> {
      if (event !== GIVEN_BACK_BY) return;
      const params = { reservationId: reservationIds[0] ?? '' };
      const about = { path: 'equipment/reservations/{reservationId}', params, at: today };
      const { status } = await seeder.send({ method: 'GET', ...about });
      if (status === 'cancelled') return;
      const search = 'reason=The%20client%20brings%20their%20own';
      await seeder.send({ method: 'DELETE', ...about, search });
    },
    /** The tasks of the coming months, the first of them begun. How many. */
    async calendar(): Promise<number> {
      const tasks = await sideBySide(maintenanceOf(today, itemIds), ({ itemId, body }, n) =>
        postTo('equipment/{equipmentId}/maintenance', { equipmentId: itemId }, `maintenance-${n}`, today, body),
      );
      const [first] = tasks;
      const begun = { maintenanceId: String(first?.id) };
      await postTo('equipment/maintenance/{maintenanceId}/start', begun, 'maintenance-begun', today, {});
      return tasks.length;
    },
    /**
     * Inspects what has come back, but for the latest, as far as the reaction has asked for it by now: a start cut
     * short finds fewer to do, and another may find more.
     */
    async inspect(): Promise<void> {
      const waiting = await seeder.list('equipment/maintenance/scheduled', today, 'type=inspection&limit=100');
      const longBack = new Set(
        [...orders].filter(([event]) => event < 96).flatMap(([, { lines }]) => lines.map(placeOf)),
      );
      const due = waiting.filter((one) => one.returnedFrom && longBack.has(String(one.equipmentId)));
      await sideBySide(due, async ({ id }) => {
        const params = { maintenanceId: String(id) };
        const done = { passed: true, notes: 'As it should be' };
        await postTo('equipment/maintenance/{maintenanceId}/start', params, `inspect-${id}`, today, {});
        await postTo('equipment/maintenance/{maintenanceId}/complete', params, `inspected-${id}`, today, done);
      });
    },
    /** The warehouse manager reports what is broken; the rest follows by itself. */
    async reportDamage(): Promise<number> {
      const reports = damagesOf(items, orders);
      for (const [n, { item, body }] of reports.entries()) {
        const equipmentId = itemIds[item ?? -1];
        if (equipmentId === undefined) throw new Error(`The demo has no item for its damage report ${n}`);
        await seeder.send({
          ...{ method: 'POST', path: 'equipment/{equipmentId}/damage-reports', params: { equipmentId } },
          ...{ key: `damage-${n}`, at: today, body, by: 'warehouseManager' },
        });
      }
      return reports.length;
    },
    reservations: [...orders.values()].reduce((sum, { lines }) => sum + lines.length, 0),
  };

  function placeOf({ item }: { readonly item: number }): string {
    return itemIds[item] ?? '';
  }
}

function bodyOf(event: number, step: LogisticsStep, quantity: number): unknown {
  if (step === 'loaded') return { vehicle: `Van ${1 + (event % 4)}` };
  if (step === 'dispatched') return { driver: ['Dana', 'Malik', 'Rosa'][event % 3] };
  return step === 'returned' ? countsOf(event, quantity) : {};
}
