/** Everybody whom the policy may mean, with an event, an item, and a reservation of the one for the other. */
import { items } from '../../shared/equipment/model.ts';
import { events } from '../../shared/events/model.ts';
import { createRole } from '../../shared/identity/custom-roles.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Fact } from '../../shared/platform/facts.ts';
import { reservations } from '../../shared/reservations/model.ts';
import type { Person } from '../support/callers.ts';
import { type Desk, desk } from './support.ts';

export type Everybody = Awaited<ReturnType<typeof everybody>>;

async function newest(person: Person) {
  const { body } = await person.get('notifications?limit=1');
  return body.data[0];
}

/** The names of those who have one notification more after the fact than before, and that notification. */
async function toldBy(here: Desk, people: Readonly<Record<string, Person>>, fact: Fact) {
  const before = new Map<string, string>();
  for (const [name, person] of Object.entries(people)) before.set(name, (await newest(person))?.id);
  await here.react('notify', fact);
  const told: Record<string, { title: string; message: string; link?: object; type: string }> = {};
  for (const [name, person] of Object.entries(people)) {
    const after = await newest(person);
    if (after && after.id !== before.get(name)) told[name] = after;
  }
  return told;
}

export async function everybody() {
  const reservationId = systemIds.next();
  const customerId = systemIds.next();
  const here = await desk();
  const staffId = systemIds.next();
  const custom = await createRole(here.scope, {
    name: 'Foreman',
    privileges: [
      ...(['events:read', 'equipment:read', 'reservations:read'] as const),
      ...([
        'events:approve',
        'reservations:override',
        'maintenance:write',
        'equipment:retire',
        'events:override',
      ] as const),
    ],
  });
  const people: Record<string, Person> = {
    creator: await here.user('viewer'),
    reserver: await here.user('staff'),
    assigned: await here.user('staff', { staffId }),
    customer: await here.user('customer', { customerId }),
    stranger: await here.user('customer', { customerId: systemIds.next() }),
    viewer: await here.user('viewer'),
    admin: await here.user('admin'),
    manager: await here.user('manager'),
    technician: await here.user('maintenanceTechnician'),
    custom: await here.user('viewer', { roles: [custom.id] }),
  };
  const eventId = systemIds.next();
  const { documents } = { documents: here.scope.documents('events') };
  const state = {
    orgId: here.orgId,
    eventNumber: 'EVT-2026-000001',
    title: 'Spring gala',
    eventTypeId: systemIds.next(),
    customerId,
    venueId: systemIds.next(),
    startsAt: '2026-12-01T18:00:00Z',
    endsAt: '2026-12-01T21:00:00Z',
    timeZone: 'Europe/Berlin',
    zoneGiven: false,
    setupMinutes: 0,
    teardownMinutes: 0,
    status: 'confirmed',
    names: { customer: 'Acme', venue: 'Town hall', type: 'Gala' },
    assignedStaff: [{ staffId, name: 'Sam' }],
    notes: { all: 0, customer: 0 },
  } as const;
  const createdBy = people.creator?.actor.userId ?? '';
  const at = here.platform.clock.now();
  const meta = { createdAt: at, createdBy, modifiedAt: at, modifiedBy: createdBy };
  const document = { id: eventId, kind: 'event', body: { state, meta, uniques: [] }, ...events.index(state, meta) };
  await documents.commit([{ op: 'create', document: JSON.parse(JSON.stringify(document)) }]);
  const itemId = systemIds.next();
  const fields = {
    name: 'Line array',
    category: 'audioVisual',
    quantity: 4,
    condition: 'good',
    purchaseDate: '2024-01-01',
    purchasePrice: { amount: 1250050, currency: 'EUR' },
    specifications: [],
  } as const;
  const reserved = {
    orgId: here.orgId,
    equipmentId: itemId,
    eventId,
    quantity: 2,
    window: { start: state.startsAt, end: state.endsAt },
    windowGiven: false,
    status: 'confirmed',
    names: { equipment: 'Line array', event: state.title },
    steps: [],
    troubles: [],
  } as const;
  const by = { ...meta, createdBy: people.reserver?.actor.userId ?? '' };
  await here.scope.documents(reservations.container).commit([
    {
      op: 'create',
      document: JSON.parse(
        JSON.stringify({
          id: reservationId,
          kind: reservations.kind,
          body: { state: reserved, meta: by, uniques: [] },
          ...reservations.index(reserved, by),
        }),
      ),
    },
  ]);
  await here.scope
    .of(items)
    .create(itemId, () => [
      { type: 'EquipmentItemAdded', data: { orgId: here.orgId, fields, nextPreventiveDueAt: '2026-12-04T00:00:00Z' } },
    ]);
  return {
    here,
    people,
    eventId,
    itemId,
    reservationId,
    toldBy: (fact: Fact) => toldBy(here, people, fact),
  };
}
