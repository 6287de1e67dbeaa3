import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventReminders } from '../../functions/timers/event-reminders.ts';
import { preventiveMaintenance } from '../../functions/timers/preventive-maintenance.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import { DAY, instantOf } from '../../shared/platform/clock.ts';
import { scopeOf } from '../../shared/platform/scope.ts';
import { type Made, send, type World, worldOf } from '../http/world.ts';
import { type Listener, listening, PATIENCE } from '../realtime/support.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';

/**
 * Each thing that happens through the API, and who hears of it: in the inbox, on the socket and by mail, each once;
 * nobody else, and no dead link.
 */
let host: TestHost;
let organization: TestOrganization;
let world: World;
const sockets = new Map<BuiltInRole, Listener>();
const roles: readonly BuiltInRole[] = [
  'admin',
  'manager',
  'staff',
  'warehouseManager',
  'maintenanceTechnician',
  'accountant',
  'viewer',
  'customer',
];

beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
  for (const role of roles) await organization.as(role);
  const { userId } = await organization.as('customer');
  await world.make(`users/${userId}`, { body: { customerId: world.customerId } }, 'PATCH');
  await host.settled();
  for (const role of roles) sockets.set(role, await listening(await addressFor(await organization.as(role))));
}, 120_000);
afterAll(async () => {
  for (const { client } of sockets.values()) client.stop();
  await host.close();
});

async function addressFor(user: TestUser): Promise<string> {
  const answer = await send(host, user, 'POST', 'realtime/negotiate');
  return ((await answer.json()) as { url: string }).url;
}

interface Told extends Made {
  readonly title: string;
  readonly message: string;
  readonly priority: string;
  readonly link?: { readonly resource: string; readonly id: string };
}

async function inbox(user: TestUser): Promise<Told[]> {
  const answer = await send(host, user, 'GET', 'notifications', { query: 'limit=100' });
  return ((await answer.json()) as { data: Told[] }).data;
}

/** Who got what by something that was done, as `role: title`; every link must lead there. */
async function heard(act: () => Promise<unknown>): Promise<string[]> {
  await host.settled();
  const before = new Set<string>();
  for (const role of roles) for (const { id } of await inbox(await organization.as(role))) before.add(id);
  const mailed = host.mail.sent.length;
  await act();
  await host.settled();
  const mails = host.mail.sent.slice(mailed);
  const lines: string[] = [];
  for (const role of roles) {
    const user = await organization.as(role);
    const fresh = (await inbox(user)).filter(({ id }) => !before.has(id));
    // Newest first; on the socket as they came.
    const pushed = () => pushedTo(role).filter(({ id }) => !before.has(id));
    await vi.waitUntil(() => pushed().length >= fresh.length, PATIENCE);
    expect(pushed()).toEqual(fresh.toReversed());
    const urgent = fresh.filter(({ priority }) => priority === 'high' || priority === 'urgent');
    const subjects = mails
      .filter(({ to }) => to === user.username)
      .map(({ subject }) => subject.replace('Your Marquee', 'Your'));
    expect(subjects.sort(), `mails to ${role}`).toEqual(urgent.map(({ title }) => title).sort());
    for (const { title, link } of fresh) {
      lines.push(`${role}: ${title}`);
      if (!link) continue;
      const { status } = await send(host, user, 'GET', `${link.resource}/${link.id}`);
      expect(status, `${role} follows ${link.resource} of "${title}"`).toBe(200);
    }
  }
  return lines.sort();
}

function pushedTo(role: BuiltInRole): Told[] {
  const got = (sockets.get(role)?.got ?? []) as { type: string; data: Told }[];
  return got.flatMap(({ type, data }) => (type === 'notification' ? [data] : []));
}

async function as(role: BuiltInRole, method: string, path: string, body?: object): Promise<Made> {
  const answer = await send(host, await organization.as(role), method, path, body ? { body } : {});
  const text = await answer.text();
  expect(answer.status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return text === '' ? { id: '' } : (JSON.parse(text) as Made);
}

const timerScope = () => scopeOf(host.platform, { actor: systemActor(''), correlationId: 'test' });

describe('What happens is told to whom it concerns, once, through all parts', () => {
  test('REQ-NTF-020 every step of an event', async () => {
    const event = await as('manager', 'POST', 'events', world.eventBody());
    const step = (role: BuiltInRole, name: string, body: object = {}) =>
      heard(() => as(role, 'POST', `events/${event.id}/${name}`, body));
    const { title } = event;
    const told = (who: string, what: string) => `${who}: ${title} ${what}`;
    expect(await step('manager', 'submit-for-approval')).toEqual([
      told('admin', 'waits for approval'),
      told('customer', 'was submitted for approval'),
    ]);
    expect(await step('admin', 'approve')).toEqual([told('customer', 'is approved'), told('manager', 'is approved')]);
    expect(await step('admin', 'confirm')).toEqual([told('customer', 'is confirmed'), told('manager', 'is confirmed')]);
    expect(await step('admin', 'postpone', { reason: 'Rain' })).toEqual([
      told('customer', 'is postponed'),
      told('manager', 'is postponed'),
    ]);
    expect(await step('admin', 'reschedule', world.times())).toEqual([
      told('customer', 'has a new date'),
      told('manager', 'has a new date'),
    ]);
    expect(await step('admin', 'cancel', { reason: 'Rain' })).toEqual([
      told('customer', 'is cancelled'),
      told('manager', 'is cancelled'),
    ]);
  });

  test('REQ-NTF-022 a conflict of reservations', async () => {
    const item = await world.item();
    const [first, second] = [await world.event(['approve'], ['confirm']), await world.event(['approve'])];
    const { startsAt, endsAt } = await as('admin', 'GET', `events/${first.id}`);
    const window = { start: startsAt, end: endsAt };
    await as('staff', 'POST', 'equipment/reservations', {
      equipmentId: item.id,
      eventId: first.id,
      quantity: await quantityOf(item),
    });
    const lines = await heard(async () => {
      const body = { equipmentId: item.id, eventId: second.id, quantity: 1, window };
      const { status } = await send(host, await organization.as('staff'), 'POST', 'equipment/reservations', { body });
      expect(status).toBe(409);
    });
    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'admin',
      'maintenanceTechnician',
      'manager',
    ]);
    expect(lines.join()).toContain('Not enough of');
  });

  test('REQ-NTF-022 REQ-EQP-062 a total loss: the damage, the replacement, the retirement, and the reserver', async () => {
    const item = await world.item();
    const event = await world.event(['approve'], ['confirm']);
    await as('staff', 'POST', 'equipment/reservations', { equipmentId: item.id, eventId: event.id, quantity: 1 });
    const lines = await heard(() =>
      as('warehouseManager', 'POST', `equipment/${item.id}/damage-reports`, {
        severity: 'totalLoss',
        description: 'It fell off the van',
      }),
    );
    const { name } = await as('admin', 'GET', `equipment/${item.id}`);
    const flagged = `The reservation of ${name} for ${event.title} needs attention`;
    expect(lines).toEqual(
      [
        ...['admin', 'manager', 'maintenanceTechnician'].flatMap((who) => [
          `${who}: ${name} is damaged`,
          `${who}: ${name} needs replacing`,
        ]),
        ...['admin', 'manager'].map((who) => `${who}: ${name} was retired`),
        ...['admin', 'manager'].map((who) => `${who}: ${flagged}`),
        // Not assigned to the event, it does not see its title.
        `staff: Your reservation of ${name} needs attention`,
      ].sort(),
    );
  });

  test('REQ-NTF-022 REQ-EQP-064 a repair that costs more than half: managers get the sums', async () => {
    const item = await world.equipment();
    await heard(() =>
      as('staff', 'POST', `equipment/${item.id}/damage-reports`, {
        severity: 'severe',
        description: 'Torn',
        estimatedRepairCost: { amount: 15_000, currency: 'USD' },
      }),
    );
    const [latest] = (await inbox(await organization.as('manager'))).filter(({ title }) => title.endsWith('replacing'));
    expect(latest?.message).toBe('The repair would cost USD 150.00; it is worth USD 200.00.');
  });

  test('REQ-NTF-022 overdue maintenance, once, however often the timer runs', async () => {
    const body = {
      ...world.equipmentBody(),
      purchaseDate: instantOf(host.clock.time() - 400 * DAY).slice(0, 10),
      lastPreventiveAt: instantOf(host.clock.time() - 200 * DAY),
    };
    const item = await world.make('equipment', { body });
    const lines = await heard(async () => {
      await Promise.all([preventiveMaintenance.handle(timerScope()), preventiveMaintenance.handle(timerScope())]);
      await preventiveMaintenance.handle(timerScope());
    });
    const mine = lines.filter((line) => line.includes(String(item.name)));
    expect(mine).toEqual(
      ['admin', 'maintenanceTechnician', 'manager'].map(
        (who) => `${who}: Preventive maintenance of ${item.name} is overdue`,
      ),
    );
  });

  test('REQ-NTF-022 REQ-EQP-055 maintenance that is due within 14 days: technicians alone, once', async () => {
    const body = {
      ...world.equipmentBody(),
      purchaseDate: instantOf(host.clock.time() - 400 * DAY).slice(0, 10),
      lastPreventiveAt: instantOf(host.clock.time() - 175 * DAY),
    };
    const item = await world.make('equipment', { body });
    const lines = await heard(async () => {
      await Promise.all([preventiveMaintenance.handle(timerScope()), preventiveMaintenance.handle(timerScope())]);
      await preventiveMaintenance.handle(timerScope());
    });
    expect(lines.filter((line) => line.includes(String(item.name)))).toEqual([
      `maintenanceTechnician: Preventive maintenance of ${item.name} is due`,
    ]);
  });

  test('REQ-NTF-022 a new password: its owner alone, by the one mail that says so whatever the preferences', async () => {
    const { username } = await organization.as('accountant');
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} again` };
    expect(await heard(() => as('accountant', 'PUT', 'identity/password', body))).toEqual([
      'accountant: Your password was changed',
    ]);
    expect(host.mail.sent.filter(({ to }) => to === username).at(-1)?.text).not.toContain('unsubscribe');
  });

  test('REQ-NTF-003 another organization has heard of none of it, and cannot be told from here', async () => {
    const other = await host.organization();
    await host.settled();
    expect(await inbox(other.admin)).toEqual([]);
    const body = { userIds: [other.admin.userId], type: 'info', category: 'system', title: 'Hello', message: 'There' };
    const answer = await send(host, await organization.as('manager'), 'POST', 'notifications', { body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('unknown_user');
    await host.settled();
    expect(await inbox(other.admin)).toEqual([]);
  });

  test('REQ-NTF-023 a reminder, to whoever made the event', async () => {
    const startsAt = instantOf(host.clock.time() + 7 * DAY - 60_000);
    const endsAt = instantOf(host.clock.time() + 7 * DAY + 60 * 60_000);
    const event = await as('manager', 'POST', 'events', { ...world.eventBody(), startsAt, endsAt });
    await as('admin', 'POST', `events/${event.id}/approve`);
    const lines = await heard(async () => {
      await Promise.all([eventReminders.handle(timerScope()), eventReminders.handle(timerScope())]);
    });
    expect(lines).toEqual([`manager: ${event.title} begins in 7 days`]);
  });
});

async function quantityOf(item: { readonly id: string }): Promise<number> {
  return Number((await as('admin', 'GET', `equipment/${item.id}`)).quantity);
}
