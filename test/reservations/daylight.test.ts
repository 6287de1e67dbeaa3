/** Reservations and maintenance across the days when clocks change: real hours count, whatever a clock on a wall shows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR, later, MINUTE } from '../../shared/platform/clock.ts';
import { storedItem } from '../support/items.ts';
import { closeStages, type Warehouse, warehouse } from './support.ts';

let world: Warehouse;
beforeAll(async () => {
  world = await warehouse();
});
afterAll(closeStages);

const conflict = 'urn:marquee:problem:conflict';

/** The offsets before and after, the day, the next day, the instant at which clocks change, the length of the day. */
const changes = [
  ['America/New_York', '-05:00', '-04:00', '2027-03-14', '2027-03-15', '2027-03-14T07:00:00Z', 23],
  ['America/New_York', '-04:00', '-05:00', '2027-11-07', '2027-11-08', '2027-11-07T06:00:00Z', 25],
  ['Europe/London', '+00:00', '+01:00', '2027-03-28', '2027-03-29', '2027-03-28T01:00:00Z', 23],
  ['Europe/London', '+01:00', '+00:00', '2027-10-31', '2027-11-01', '2027-10-31T01:00:00Z', 25],
] as const;

describe.each(changes)('in %s, %s to %s', (timeZone, before, after, day, next, at, hours) => {
  const item = (quantity = 1) => storedItem(world.scope, { quantity, nextPreventiveDueAt: '2028-07-10T00:00:00Z' });
  const hour = (from: number) => ({ start: later(at, from * HOUR), end: later(at, (from + 1) * HOUR) });
  /** As clocks there show an instant before, or after, they change. */
  const shown = (instant: string, offset: string) => {
    const ahead = (offset.startsWith('-') ? -1 : 1) * Number(offset.slice(1, 3)) * HOUR;
    return later(instant, ahead).replace('Z', offset);
  };
  const reserve = (equipmentId: string, eventId: string, window?: object) =>
    world.manager.post('equipment/reservations', { equipmentId, eventId, quantity: 1, ...(window && { window }) });

  test('REQ-EQP-020 an hour over the change is an hour; those beside it only touch it, a second more does not', async () => {
    const [equipmentId, eventId] = [
      await item(),
      await world.event({ startsAt: at, endsAt: later(at, HOUR), timeZone }),
    ];
    const half = 30 * MINUTE;
    const over = { start: shown(later(at, -half), before), end: shown(later(at, half), after) };
    const made = await reserve(equipmentId, eventId, over);
    expect([made.status, made.body.window]).toEqual([201, { start: later(at, -half), end: later(at, half) }]);
    const short = { ...over, end: shown(later(at, half - 1000), after) };
    expect((await reserve(equipmentId, eventId, short)).body.errors[0].path).toBe('body.window.end');
    for (const [start, end, status] of [
      [-half - HOUR, -half, 201],
      [half, half + HOUR, 201],
      [half - 1000, half + HOUR, 409],
    ] as const) {
      const answer = await reserve(equipmentId, eventId, { start: later(at, start), end: later(at, end) });
      expect(answer.status).toBe(status);
    }
  });

  test('REQ-EQP-020 set-up and tear-down are real minutes on either side', async () => {
    const times = { startsAt: later(at, HOUR), endsAt: later(at, 2 * HOUR), setupMinutes: 180, teardownMinutes: 60 };
    const made = await reserve(await item(), await world.event({ ...times, timeZone }));
    expect(made.body.window).toEqual({ start: later(at, -2 * HOUR), end: later(at, 3 * HOUR) });
    const early = { startsAt: later(at, -2 * HOUR), endsAt: later(at, -HOUR), teardownMinutes: 120 };
    const other = await reserve(await item(), await world.event({ ...early, timeZone }));
    expect(other.body.window).toEqual({ start: early.startsAt, end: later(at, HOUR) });
  });

  test('REQ-EQP-050 maintenance over the change blocks its minutes, and nothing beside them', async () => {
    const equipmentId = await item();
    const eventId = await world.event({ startsAt: at, endsAt: later(at, HOUR), timeZone });
    const work = { type: 'repair', estimatedMinutes: 120, description: 'A leg is loose' };
    const made = await world.manager.post(`equipment/${equipmentId}/maintenance`, {
      ...work,
      scheduledAt: shown(later(at, -HOUR), before),
    });
    expect(made.body.window).toEqual({ start: later(at, -HOUR), end: later(at, HOUR) });
    expect((await reserve(equipmentId, eventId, hour(0))).body.rule).toBe('item-in-maintenance');
    expect((await reserve(equipmentId, eventId, hour(-1))).body.rule).toBe('item-in-maintenance');
    expect((await reserve(equipmentId, eventId, hour(1))).status).toBe(201);
    expect((await reserve(equipmentId, eventId, hour(-2))).status).toBe(201);
    const again = { ...work, scheduledAt: later(at, HOUR), estimatedMinutes: 1 };
    expect((await world.manager.post(`equipment/${equipmentId}/maintenance`, again)).body.type).toBe(conflict);
  });

  test('REQ-EQP-030 a local day has the hours that it has, to the last one', async () => {
    const equipmentId = await item();
    const eventId = await world.event({ startsAt: at, endsAt: later(at, HOUR), timeZone });
    const window = { start: `${day}T00:00:00${before}`, end: `${next}T00:00:00${after}` };
    const [start, end] = [window.start, window.end].map((instant) => later(instant, 0));
    expect(Date.parse(window.end) - Date.parse(window.start)).toBe(hours * HOUR);
    const freeAll = async () => {
      const items = [{ equipmentId, quantity: 1 }];
      const { body } = await world.manager.post('equipment/check-availability', { items, window });
      return body.items[0].free;
    };
    // The hours before and after that day are another day's.
    for (const beside of [
      { start: later(window.start, -HOUR), end: start },
      { start: end, end: later(window.end, HOUR) },
    ]) {
      expect((await reserve(equipmentId, eventId, beside)).status).toBe(201);
    }
    expect(await freeAll()).toBe(1);
    const last = { start: later(window.end, -HOUR), end };
    expect((await reserve(equipmentId, eventId, last)).status).toBe(201);
    expect(await freeAll()).toBe(0);
  });
});
