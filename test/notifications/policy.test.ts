import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { categories, linkable, notificationTypes, priorities } from '../../shared/notifications/model.ts';
import { policy, toldOf } from '../../shared/notifications/policy.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { type Everybody, everybody } from './everybody.ts';
import { closeDesks, type Desk } from './support.ts';

let here: Desk;
/** Everybody there can be, by what they are called in the table below. */
let people: Everybody['people'];
let eventId: string;
let itemId: string;
let reservationId: string;
let toldBy: Everybody['toldBy'];

beforeAll(async () => {
  ({ here, people, eventId, itemId, reservationId, toldBy } = await everybody());
});
afterAll(closeDesks);

const status = ['creator', 'assigned', 'customer'];
const reservers = ['creator', 'reserver'];
const managers = ['admin', 'manager', 'custom'];
const managersAndTechnicians = [...managers, 'technician'];

interface Case {
  readonly of: () => Partial<Fact>;
  readonly told: readonly string[];
  /** Words of the title, or of the message. */
  readonly says: readonly string[];
  readonly link?: () => object | undefined;
}

const event = (
  data: object = {},
  told: readonly string[] = status,
  says: readonly string[] = ['Spring gala'],
): Case => ({
  of: () => ({ source: 'event', subject: eventId, data: data as Fact['data'] }),
  told,
  says,
  link: () => ({ resource: 'events', id: eventId }),
});
const item = (data: object, told: readonly string[], says: readonly string[]): Case => ({
  of: () => ({ source: 'item', subject: itemId, data: data as Fact['data'] }),
  told,
  says: ['Line array', ...says],
  link: () => ({ resource: 'equipment', id: itemId }),
});
const reservation = (
  data: object,
  says: readonly string[],
  told: readonly string[] = [...managers, ...reservers],
): Case => ({
  of: () => ({ source: 'reservation', subject: reservationId, data: { equipmentId: itemId, eventId, ...data } }),
  told,
  says: ['Line array', 'Spring gala', '1 Dec 2026, 19:00 (Europe/Berlin)', ...says],
});
const account = (says: readonly string[], data: object = {}): Case => ({
  // By the user itself: it is told all the same.
  of: () => ({
    source: 'user',
    subject: people.viewer?.actor.userId ?? '',
    actorid: people.viewer?.actor.userId ?? '',
    data: data as Fact['data'],
  }),
  told: ['viewer'],
  says,
});
const staff = (says: string): Case => ({
  of: () => ({
    source: 'staff',
    data: { eventId, staffId: people.assigned?.actor.staffId ?? '' },
  }),
  told: ['assigned'],
  says: [says, 'Spring gala', 'Town hall'],
});
const reasoned = { reason: 'The speaker fell ill' };
const reminding = (lead: string, more: object = {}) => ({
  lead,
  startsAt: '2026-12-01T18:00:00Z',
  late: false,
  ...more,
});

/** One line for each row of the policy; a type twice where its rows hold for different facts. */
const cases: Record<string, Case | readonly Case[]> = {
  EventPendingApproval: event({}, [...managers, ...status]),
  EventApproved: event(),
  EventRejected: event(reasoned, status, ['speaker']),
  EventConfirmed: event(),
  EventStarted: event(),
  EventCompleted: event(),
  EventPostponed: event(reasoned, status, ['speaker']),
  EventRescheduled: event({}, status, ['19:00 (Europe/Berlin)', 'Town hall']),
  EventCancelled: event(reasoned, status, ['speaker']),
  EventReinstated: event(),
  EventArchived: event(),
  EventDoubleBookingOverridden: event({ by: 'x', ...reasoned, over: [] }, [...managers, 'creator'], ['Town hall']),
  EventReminderDue: [
    event(reminding('P1D'), ['creator', 'assigned'], ['in 11 days', 'Acme']),
    event(reminding('P7D'), ['creator', 'assigned'], ['in 11 days']),
    event(reminding('PT2H', { late: true }), []),
    // Moved since the reminder was written down.
    event(reminding('PT2H', { startsAt: '2026-12-02T18:00:00Z' }), []),
  ],
  StaffAssignedToEvent: staff('You are assigned'),
  StaffUnassignedFromEvent: staff('no longer'),
  // As it comes: of the item, beside any reservation.
  EquipmentDoubleBookingDetected: {
    ...item({}, [...managersAndTechnicians, 'creator'], ['Not enough']),
    of: () => ({ source: 'item', subject: itemId, data: { equipmentId: itemId, eventId, quantity: 3, over: [] } }),
  },
  EquipmentDoubleBookingOverridden: {
    ...reservation({ by: 'x', reason: 'VIP', over: [] }, [], [...managersAndTechnicians, ...reservers]),
    says: ['Line array', 'promised'],
  },
  EquipmentReservationFlagged: {
    ...reservation({ trouble: 'itemRetired' }, []),
    says: ['Line array', 'was retired'],
  },
  EquipmentDamageReported: item({ severity: 'totalLoss', description: 'Fell' }, managersAndTechnicians, [
    'total loss',
    'Fell',
  ]),
  EquipmentReplacementRequired: [
    item(
      {
        damageReportId: 'x',
        reason: 'repairCost',
        repairCost: { amount: 800000, currency: 'EUR' },
        currentValue: { amount: 900000, currency: 'JPY' },
      },
      managersAndTechnicians,
      ['EUR 8,000.00', 'JPY 900,000'],
    ),
    item({ damageReportId: 'x', reason: 'totalLoss' }, managersAndTechnicians, ['total loss', 'EUR 12,500.50']),
  ],
  EquipmentPreventiveOverdue: item({ dueAt: '2026-11-01T00:00:00Z' }, managersAndTechnicians, ['2026-11-01']),
  EquipmentPreventiveDueSoon: item({ dueAt: '2026-12-04T00:00:00Z' }, ['technician', 'custom'], ['2026-12-04']),
  EquipmentRetired: item({ at: 'x', reason: 'Worn out' }, managers, ['Worn out']),
  UserInvitationAccepted: {
    of: () => ({ source: 'invitation', data: { userId: people.viewer?.actor.userId ?? '' } }),
    told: ['viewer'],
    says: ['Welcome'],
  },
  UserPasswordChanged: account(['password was changed']),
  UserPasswordReset: account(['set anew']),
  UserLoginSuccessful: [
    account(['new device', 'Firefox on Linux'], { device: 'Firefox on Linux', newDevice: true }),
    { ...account([]), told: [], of: () => ({ ...account([]).of(), data: { newDevice: false } }) },
  ],
};

describe('Who is told what (REQ-NTF-020 to 023)', () => {
  test('REQ-NTF-020 every fact type of the policy has its line here', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(policy).sort());
    expect([...toldOf].sort()).toEqual([...Object.keys(policy), 'NotificationAnnounced'].sort());
  });

  const lines = Object.entries(cases).flatMap(([type, some]) =>
    [some]
      .flat()
      .map((one, at): [string, string, Case] => [`${type}${at > 0 ? ` (${at + 1})` : ''}`, type, one as Case]),
  );
  test.each(lines)('REQ-NTF-020 REQ-NTF-021 REQ-NTF-022 %s', async (_, type, { of, told, says, link }) => {
    const fact = here.fact(type, of());
    const got = await toldBy(fact);
    expect(Object.keys(got).sort()).toEqual([...told].sort());
    for (const one of Object.values(got)) {
      const words = `${one.title} ${one.message}`;
      for (const word of says.slice(0, told.length ? undefined : 0)) expect(words).toContain(word);
      expect(words).not.toContain('{{');
      expect(words).not.toContain('undefined');
      expect([...notificationTypes]).toContain(one.type);
      if (link) expect(one.link).toEqual(link());
    }
    // Once more, as the bus may: nobody is told twice.
    expect(await toldBy(fact)).toEqual({});
  });

  test('REQ-NTF-020 approvers are asked to act, the others are only told', async () => {
    const got = await toldBy(here.fact('EventPendingApproval', { source: 'event', subject: eventId }));
    expect(got.manager?.type).toBe('action');
    expect(got.customer?.type).toBe('info');
  });

  test('REQ-NTF-020 whoever did it is not told of it', async () => {
    const actorid = people.creator?.actor.userId ?? '';
    const got = await toldBy(
      here.fact('EventCancelled', { source: 'event', subject: eventId, actorid, data: reasoned }),
    );
    expect(Object.keys(got).sort()).toEqual(['assigned', 'customer']);
  });

  test('REQ-NTF-020 nobody is told of an event that is gone, nor one that is suspended', async () => {
    expect(await toldBy(here.fact('EventConfirmed', { source: 'event', subject: systemIds.next() }))).toEqual({});
    const { users } = await import('../../shared/identity/model.ts');
    const { userId } = people.customer?.actor ?? { userId: '' };
    await here.scope
      .of(users)
      .execute(userId, () => [
        { type: 'UserAccountDeactivated', data: { changes: { status: { from: 'active', to: 'suspended' } } } },
      ]);
    const got = await toldBy(here.fact('EventConfirmed', { source: 'event', subject: eventId }));
    expect(Object.keys(got).sort()).toEqual(['assigned', 'creator']);
    await here.scope
      .of(users)
      .execute(userId, () => [
        { type: 'UserAccountReactivated', data: { changes: { status: { from: 'suspended', to: 'active' } } } },
      ]);
  });

  test('links lead to routes that there are', () => {
    const paths = routes.filter(({ method }) => method === 'GET').map(({ path }) => path.replace(/\{\w+\}/g, '{id}'));
    for (const { link } of Object.values(policy).flat()) if (link !== 'none') expect(paths).toContain(`${link}/{id}`);
  });

  test('REQ-NTF-002 what people may link to is every resource that is read by one id, but for one’s own', () => {
    const read = routes.flatMap(({ method, path }) => {
      const [, kind = ''] = /^([^{]+)\/\{(?:id|\w+Id)\}$/.exec(path) ?? [];
      return method === 'GET' && !['', 'notifications', 'sessions'].includes(kind) ? [kind] : [];
    });
    expect([...linkable].sort()).toEqual(read.sort());
  });

  test('REQ-NTF-002 with a link to a resource that there is', async () => {
    const { manager, reserver } = people;
    const id = systemIds.next();
    const send = (resource: string) =>
      manager?.post('notifications', {
        type: 'info',
        category: 'system',
        title: 'Car park',
        message: 'It is closed',
        userIds: [reserver?.actor.userId],
        link: { resource, id },
      });
    for (const resource of ['event', 'eventz', 'events/notes', 'toString', 'identity']) {
      const nowhere = await send(resource);
      expect(nowhere?.status, resource).toBe(400);
      expect(nowhere?.body.errors).toMatchObject([{ path: 'body.link.resource' }]);
    }
    expect((await send('equipment/reservations'))?.status).toBe(202);
  });

  test('the policy names categories, types and priorities that there are', () => {
    for (const row of Object.values(policy).flat()) {
      expect([...categories]).toContain(row.category);
      expect([...notificationTypes]).toContain(row.type);
      expect([...priorities]).toContain(row.priority);
    }
  });
});
