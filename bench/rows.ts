/** What is measured: loads, and the floors they are held to. */
import { DAY } from '../shared/platform/clock.ts';
import { type Organization, wordFor } from './dataset.ts';
import type { Load } from './load.ts';
import { CONNECTIONS, DESKS_RATE, quick, SECONDS } from './options.ts';

export interface Row {
  readonly name: string;
  readonly load: Omit<Load, 'origin' | 'token'>;
  /** At least so many a second, or at most so many milliseconds at p95. */
  readonly floor?: { readonly perSecond?: number; readonly p95?: number };
}

/** `run` counts the runs over the same data, so that none books what an earlier one has. */
export function rowsOf(
  { customerIds, eventIds, venueIds, typeId, itemIds, month, range }: Organization,
  run: number,
): Row[] {
  const some = <T>(all: readonly T[], count: number): T[] =>
    Array.from({ length: count }, (_, n) => all[(n * 7919) % all.length] as T);
  const reads = { connections: CONNECTIONS, seconds: SECONDS };
  const venueId = venueIds[0] ?? '';
  const today = Math.floor(Date.now() / DAY) * DAY;
  const window = { start: '%start%', end: '%end%' };
  const halls = venueIds.slice(2);
  const post = {
    path: '/api/events',
    template: JSON.stringify({
      eventTypeId: typeId,
      title: 'Load %n%',
      venueId: '%0%',
      customerId: '%1%',
      startsAt: '%start%',
      endsAt: '%end%',
    }),
    lists: [halls, some(customerIds, 500)],
    apart: halls.length,
    firstSlot: today + (3000 + 100 * run) * DAY,
  };
  // Before any item's preventive maintenance is due.
  const soon = { apart: itemIds.length, firstSlot: today + (5 + run) * DAY };
  const reserve = {
    ...soon,
    path: '/api/equipment/reservations',
    template: JSON.stringify({ equipmentId: '%0%', eventId: eventIds.at(-1), quantity: 1, window }),
    lists: [itemIds],
  };
  const check = {
    ...soon,
    path: '/api/equipment/check-availability',
    template: JSON.stringify({ items: some(itemIds, 20).map((equipmentId) => ({ equipmentId, quantity: 1 })), window }),
    lists: [],
  };
  const event = some(eventIds, 500).map((id) => `/api/events/${id}`);
  const page = [
    '/api/events?limit=20&sort=startsAt&status=confirmed',
    '/api/events?limit=20&sort=-startsAt&status=approved',
  ];
  const search = Array.from({ length: 500 }, (_, n) => `/api/customers?q=${wordFor((n * 7919) % customerIds.length)}`);
  const items = Array.from({ length: 500 }, (_, n) => `/api/equipment?q=${wordFor((n * 7919) % itemIds.length)}`);
  return [
    { name: 'GET an event', load: { ...reads, paths: event }, floor: { perSecond: 8000 } },
    { name: 'GET 20 events by date, one status', load: { ...reads, paths: page }, floor: { perSecond: 2000 } },
    { name: 'search customers', load: { ...reads, paths: search }, floor: { perSecond: 2000 } },
    { name: 'search customers, 2,000 a second', load: { ...reads, paths: search, rate: 2000 }, floor: { p95: 25 } },
    { name: 'search equipment, 1,000 a second', load: { ...reads, paths: items, rate: 1000 }, floor: { p95: 25 } },
    {
      name: 'venue availability, 4 weeks',
      load: { ...reads, paths: [`/api/venues/${venueId}/availability?${range}`] },
    },
    { name: 'venue calendar, a month', load: { ...reads, paths: [`/api/venues/${venueId}/calendar?month=${month}`] } },
    {
      name: 'POST an event',
      load: { ...reads, paths: [], writes: 10, post: { ...post, offset: 0 } },
      floor: { perSecond: 800 },
    },
    {
      name: 'availability of 20 items, 100 a second',
      load: { ...reads, paths: [], rate: 100, writes: 10, post: { ...check, offset: 0 } },
      floor: { p95: 40 },
    },
    {
      name: 'POST a reservation',
      load: { ...reads, paths: [], writes: 10, post: { ...reserve, offset: 0 } },
      floor: { perSecond: 500 },
    },
    { name: 'unread count', load: { ...reads, paths: ['/api/notifications/unread-count'] } },
    {
      name: `1,000 connections, 80 % reads, ${DESKS_RATE} a second`,
      load: {
        connections: quick ? 200 : 1000,
        seconds: quick ? 3 : 30,
        rate: DESKS_RATE,
        paths: [...event.slice(0, 100), ...page, ...search.slice(0, 50)],
        writes: 2,
        post: { ...post, offset: 1_000_000 },
      },
      floor: { p95: 150 },
    },
  ];
}
