/** What a user of an event company does on a day. */
import { PASSWORD, usernameOf } from '../../infra/local/demo-seeder.ts';
import { DAY, HOUR, later } from '../../shared/platform/clock.ts';

export type Role = 'manager' | 'staff' | 'warehouseManager';
export type Ids = Record<'customerId' | 'word' | 'venueId' | 'typeId' | 'itemId' | 'eventId' | 'reservationId', string>;

interface Doing {
  readonly name: string;
  /** Times on a user's day, on average over all users. */
  readonly daily: number;
  /** Most effects of a write come after its answer, by reactions: they are counted with it. */
  ask(call: Call, ids: Ids): Promise<unknown>;
}
export type Call = (role: Role, method: string, path: string, body?: unknown) => Promise<unknown>;

const read = (name: string, daily: number, path: (ids: Ids) => string, role: Role = 'manager'): Doing => ({
  name,
  daily,
  ask: (call, ids) => call(role, 'GET', path(ids)),
});
/** A Tuesday in spring, the same in every run: what lies ahead of it in the demo's calendar is then the same. */
export const NOW = '2026-03-03T09:00:00Z';
const soon = (days: number) => ({ startsAt: later(NOW, days * DAY), endsAt: later(NOW, days * DAY + 6 * HOUR) });
const MONTH_AHEAD = later(NOW, 30 * DAY);

/**
 * The writes are a person's: an event every other day, its steps, notes, reservations and the way of their units. The
 * rest of the day's requests are what pages ask for while one looks and searches, and what they ask for by themselves.
 */
export const day: readonly Doing[] = [
  read('unread count', 560, () => 'notifications/unread-count'),
  read('notifications', 70, () => 'notifications?limit=20'),
  read('an event', 240, ({ eventId }) => `events/${eventId}`),
  read('events by date', 180, () => 'events?limit=20&sort=startsAt&status=confirmed'),
  read('history of an event', 20, ({ eventId }) => `events/${eventId}/history`, 'manager'),
  read('notes of an event', 50, ({ eventId }) => `events/${eventId}/notes`),
  read('reservations of an event', 70, ({ eventId }) => `events/${eventId}/equipment-reservations`),
  read('search customers', 70, ({ word }) => `customers?q=${word}`),
  read('a customer', 90, ({ customerId }) => `customers/${customerId}`),
  read('venue availability', 25, ({ venueId }) => `venues/${venueId}/availability?from=${NOW}&to=${MONTH_AHEAD}`),
  read('venue calendar', 25, ({ venueId }) => `venues/${venueId}/calendar?month=${NOW.slice(0, 7)}`),
  read('search equipment', 80, () => 'equipment?q=chair'),
  read('an item', 60, ({ itemId }) => `equipment/${itemId}`),
  read('warehouse work', 80, () => 'equipment/logistics', 'warehouseManager'),
  {
    name: 'availability of items',
    daily: 40,
    ask: (call, { itemId }) =>
      call('manager', 'POST', 'equipment/check-availability', {
        items: [{ equipmentId: itemId, quantity: 2 }],
        window: { start: later(NOW, 60 * DAY), end: later(NOW, 61 * DAY) },
      }),
  },
  {
    name: 'sign in',
    daily: 2,
    ask: (call) => call('staff', 'POST', 'identity/authenticate', credentials('staff')),
  },
  {
    name: 'book an event',
    daily: 0.5,
    async ask(call, ids) {
      const body = {
        eventTypeId: ids.typeId,
        customerId: ids.customerId,
        venueId: ids.venueId,
        title: 'Annual Dinner',
      };
      ids.eventId = idOf(await call('manager', 'POST', 'events', { ...body, ...soon(60) }));
    },
  },
  {
    name: 'change an event',
    daily: 5,
    ask: (call, { eventId }) => call('manager', 'PATCH', `events/${eventId}`, { title: 'Annual Dinner and Dance' }),
  },
  {
    name: 'move an event',
    daily: 0.2,
    ask: (call, { eventId }) => call('manager', 'PATCH', `events/${eventId}`, soon(61)),
  },
  {
    name: 'note on an event',
    daily: 4,
    ask: (call, { eventId }) =>
      call('manager', 'POST', `events/${eventId}/notes`, { kind: 'internal', content: 'The band comes at six.' }),
  },
  {
    name: 'reserve an item',
    daily: 4,
    async ask(call, ids) {
      const body = { equipmentId: ids.itemId, eventId: ids.eventId, quantity: 1 };
      ids.reservationId = idOf(await call('manager', 'POST', 'equipment/reservations', body));
    },
  },
  {
    name: 'confirm the event',
    daily: 0.5,
    async ask(call, { eventId }) {
      await call('manager', 'POST', `events/${eventId}/submit-for-approval`, {});
      await call('manager', 'POST', `events/${eventId}/approve`, {});
      await call('manager', 'POST', `events/${eventId}/confirm`, {});
    },
  },
  {
    name: 'a customer is added',
    daily: 0.3,
    ask: (call) =>
      call('manager', 'POST', 'customers', {
        ...{ name: 'Anderson Estates Limited', type: 'enterprise' },
        ...{ primaryEmail: 'hello@anderson.example', primaryPhone: '+442079460018' },
      }),
  },
  {
    name: 'a call with a customer',
    daily: 3,
    ask: (call, { customerId }) =>
      call('manager', 'POST', `customers/${customerId}/communications`, {
        ...{ kind: 'phone', direction: 'inbound', subject: 'Menu', body: 'They choose the fish.', at: NOW },
      }),
  },
  {
    name: 'confirm a reservation',
    daily: 4,
    ask: (call, { reservationId }) => call('manager', 'POST', `equipment/reservations/${reservationId}/confirm`, {}),
  },
  {
    name: 'a warehouse step',
    daily: 8,
    ask: (call, { reservationId }) => call('warehouseManager', 'POST', `equipment/logistics/${reservationId}/pack`, {}),
  },
  {
    name: 'read a notification',
    daily: 10,
    ask: (call) => call('manager', 'PUT', 'notifications/read-all', {}),
  },
];

function idOf(made: unknown): string {
  return String((made as { id?: unknown }).id);
}

export function credentials(role: Role): { username: string; password: string } {
  return { username: usernameOf(role), password: PASSWORD };
}

/** What the demo's organization has of each, to work with. */
export async function idsOf(call: Call): Promise<Ids> {
  const first = async (path: string) => {
    const { data } = (await call('manager', 'GET', `${path}limit=1`)) as { data: readonly unknown[] };
    return idOf(data[0]);
  };
  const customerId = await first('customers?');
  const { name } = (await call('manager', 'GET', `customers/${customerId}`)) as { name: string };
  return {
    customerId,
    word: name.split(' ')[0] ?? '',
    venueId: await first('venues?'),
    typeId: await first('event-types?'),
    itemId: await first('equipment?category=seating&status=available&'),
    eventId: await first('events?'),
    reservationId: '',
  };
}
