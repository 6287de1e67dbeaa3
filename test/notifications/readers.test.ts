import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fact } from '../../shared/platform/facts.ts';
import type { Person } from '../support/callers.ts';
import { type Everybody, everybody } from './everybody.ts';
import { log, tick } from './mailing.ts';
import { closeDesks } from './support.ts';

let all: Everybody;
beforeAll(async () => {
  all = await everybody();
});
afterAll(closeDesks);

const managers = ['admin', 'custom', 'manager'];

describe('Who may read what it is told of', () => {
  test('REQ-NTF-020 nobody is told of what it may not read', async () => {
    const { here, people, eventId, itemId, reservationId, toldBy } = all;
    const asCreator = async (by: Person, type: string, of: Partial<Fact>) => {
      const stored = await here.scope.documents('events').read(eventId);
      if (!stored) throw new Error('No event');
      const body = stored.document.body as { meta: object };
      const document = { ...stored.document, body: { ...body, meta: { ...body.meta, createdBy: by.actor.userId } } };
      await here.scope.documents('events').commit([{ op: 'upsert', document }]);
      return Object.keys(await toldBy(here.fact(type, of))).sort();
    };
    const { customer, stranger, creator } = people;
    if (!customer || !stranger || !creator) throw new Error('Nobody there');
    const ofEvent = { source: 'event', subject: eventId, data: { by: 'x', reason: 'VIP', over: [] } };
    const ofReservation = {
      source: 'reservation',
      subject: reservationId,
      data: { equipmentId: itemId, eventId, trouble: 'unitsShort' },
    };
    // A customer who booked the event itself: told how it fares, and nothing of the warehouse or of others.
    expect(await asCreator(customer, 'EventConfirmed', ofEvent)).toEqual(['assigned', 'customer']);
    expect(await asCreator(customer, 'EventDoubleBookingOverridden', ofEvent)).toEqual(managers);
    expect(await asCreator(customer, 'EquipmentReservationFlagged', ofReservation)).toEqual(
      [...managers, 'reserver'].sort(),
    );
    // One whose event went to another customer.
    expect(await asCreator(stranger, 'EventConfirmed', ofEvent)).toEqual(['assigned', 'customer']);
    await asCreator(creator, 'EventNobodyIsToldOf', ofEvent);
  });

  test('REQ-NTF-023 a reminder that comes late says how long is left, and nothing once the event has begun', async () => {
    const { here, eventId, toldBy } = all;
    const due = () =>
      here.fact('EventReminderDue', {
        source: 'event',
        subject: eventId,
        time: '2026-11-30T18:00:00Z',
        data: { lead: 'P1D', startsAt: '2026-12-01T18:00:00Z', late: false },
      });
    here.platform.clock.set('2026-12-01T15:00:00Z');
    expect((await toldBy(due())).assigned?.title).toBe('Spring gala begins in 3 hours');
    here.platform.clock.set('2026-12-01T18:00:00Z');
    expect(await toldBy(due())).toEqual({});
  });

  test('REQ-NTF-023 the mail of a reminder that could not leave before the event is left out', async () => {
    const { here, people, eventId } = all;
    const { assigned } = people;
    if (!assigned) throw new Error('Nobody there');
    here.platform.clock.set('2026-12-01T16:00:00Z');
    const quietHours = { from: '15:00', to: '23:00', timeZone: 'Etc/UTC' };
    expect((await assigned.patch('notifications/preferences', { quietHours })).status).toBe(200);
    const { id } = here.fact('EventReminderDue');
    const data = { lead: 'PT2H', startsAt: '2026-12-01T18:00:00Z', late: false };
    await here.react('notify', here.fact('EventReminderDue', { id, source: 'event', subject: eventId, data }));
    const mine = async () => (await log(here, assigned)).find(({ messageId }) => messageId.startsWith(id));
    expect(await mine()).toMatchObject({ state: 'queued', dueAt: '2026-12-01T23:00:00Z' });
    here.platform.clock.set('2026-12-01T23:00:00Z');
    await tick(here);
    expect(await mine()).toMatchObject({ state: 'suppressed', reason: 'it would come too late' });
    const [shown] = (await assigned.get('notifications?limit=1')).body.data;
    expect(shown).not.toHaveProperty('until');
  });

  test('REQ-NTF-022 who reserved for an event that it may not see is told without the event', async () => {
    const { here, itemId, eventId, reservationId, toldBy } = all;
    for (const type of ['EquipmentReservationFlagged', 'EquipmentDoubleBookingOverridden']) {
      const data = { equipmentId: itemId, eventId, trouble: 'unitsShort', reason: 'VIP' };
      const { reserver, creator } = await toldBy(
        here.fact(type, { source: 'reservation', subject: reservationId, data }),
      );
      expect(`${creator?.title} ${creator?.message}`).toContain('Spring gala');
      expect(reserver?.title).toContain('Line array');
      expect(`${reserver?.title} ${reserver?.message}`).not.toMatch(/Spring gala|2026/);
      expect(reserver?.link).toEqual({ resource: 'equipment/reservations', id: reservationId });
    }
  });

  test('REQ-NTF-022 a conflict is told to technicians without the event, which they may not read', async () => {
    const { here, itemId, eventId, reservationId, toldBy } = all;
    for (const type of ['EquipmentDoubleBookingDetected', 'EquipmentDoubleBookingOverridden']) {
      const { technician, manager } = await toldBy(
        here.fact(type, { source: 'reservation', subject: reservationId, data: { equipmentId: itemId, eventId } }),
      );
      expect(`${manager?.title} ${manager?.message}`).toContain('Spring gala');
      expect(`${technician?.title} ${technician?.message}`).not.toContain('Spring gala');
      expect(technician?.link).toEqual({ resource: 'equipment', id: itemId });
    }
  });
});
