/** One job from the enquiry to the warehouse and the scrap heap, as `npm run demo` walks it through the API. */
import { type Company, type Person, until } from './demo-walk-people.ts';

type Made = { readonly id: string };
interface Reservation extends Made {
  readonly equipmentId: string;
  readonly equipmentName: string;
  readonly quantity: number;
  readonly status: string;
  readonly troubles: readonly string[];
}
interface Clash {
  readonly detail: string;
  readonly conflicts: readonly { readonly owner: { readonly title?: string }; readonly short: number }[];
  readonly alternatives: readonly { readonly equipmentId: string; readonly name: string; readonly reason: string }[];
}
interface Logistics {
  readonly step?: string;
  readonly due?: string;
  readonly status: string;
}
interface Inspection extends Made {
  readonly equipmentId: string;
  readonly returnedFrom?: { readonly reservationId: string };
}
export interface Item extends Made {
  readonly name: string;
  readonly status: string;
  readonly quantity: number;
}

export interface Telling {
  /** A new step. */
  step(title: string): void;
  line(text: string): void;
  /** Notes what should hold, to be counted in the end. */
  check(what: string, holds: boolean): void;
}

export interface Crew {
  readonly admin: Person;
  readonly manager: Person;
  readonly staff: Person;
  readonly warehouse: Person;
  readonly technician: Person;
  readonly client: Person;
}

/** Sign-up and colleagues, each by the link in the mail; the client belongs to the customer of the same name. */
export async function hire(company: Company, { step, line, check }: Telling) {
  step('Sign-up: an organization and its people');
  const admin = await company.signUp('Ada Admin', 'ada@lantern.example', 'Lantern Events');
  const join = async (name: string, role: string) => {
    const email = `${name.split(' ')[0]?.toLowerCase()}@lantern.example`;
    const person = await company.join(admin, name, email, role);
    line(`${name} followed the link in the mail and is ${role}`);
    return person;
  };
  const manager = await join('Mona Manager', 'manager');
  const staff = await join('Stan Staff', 'staff');
  const warehouse = await join('Wanda Warehouse', 'warehouseManager');
  const technician = await join('Theo Technician', 'maintenanceTechnician');
  const client = await join('Clara Client', 'customer');
  check('five colleagues joined by invitation', (await company.mails()).length === 5);
  return { admin, manager, staff, warehouse, technician, client } satisfies Crew;
}

/** What the company has: a venue for each of two events, and equipment. */
export async function furnish({ manager, warehouse }: Crew, { step, line }: Telling) {
  step('The house: two venues and the warehouse');
  const address = { line1: '1 Quay', city: 'London', postalCode: 'SE1 9TG', country: 'GB' };
  const venue = (name: string) =>
    manager.call<Made>('POST', 'venues', {
      name,
      type: 'hall',
      address,
      timeZone: 'Europe/London',
      capacity: { max: 300 },
    });
  const [hall, barn] = [await venue('Lantern Hall'), await venue('The Old Barn')];
  const item = (name: string, category: string, quantity: number, amount: number, more = {}) =>
    warehouse.call<Item>('POST', 'equipment', {
      ...{ name, category, quantity, condition: 'good', purchaseDate: monthsAgo(10).slice(0, 10) },
      ...{ purchasePrice: { amount, currency: 'GBP' }, currentValue: { amount: amount / 2, currency: 'GBP' } },
      ...{ lastPreventiveAt: monthsAgo(1), ...more },
    });
  const projector = (name: string, serialNumber: string, lumen: string) =>
    item(name, 'audioVisual', 1, 480_000, {
      serialNumber,
      specifications: [{ key: 'light', value: lumen, unit: 'lm' }],
    });
  const first = await projector('Projector A', 'PJ-1', '12000');
  const second = await projector('Projector B', 'PJ-2', '12000');
  const third = await projector('Projector C', 'PJ-3', '8000');
  const chairs = await item('Chiavari chair', 'seating', 120, 4500);
  const lights = await item('Uplighter', 'lighting', 24, 15_000);
  line('Lantern Hall, The Old Barn; Projectors A, B and C, 120 chairs, 24 uplighters');
  return { hall, barn, first, second, third, chairs, lights };
}

function monthsAgo(months: number): string {
  const then = new Date();
  then.setUTCMonth(then.getUTCMonth() - months);
  return then.toISOString();
}

/** An evening some days ahead. */
function evening(days: number) {
  const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  return { startsAt: `${day}T18:00:00Z`, endsAt: `${day}T22:00:00Z`, setupMinutes: 120, teardownMinutes: 60 };
}

type House = Awaited<ReturnType<typeof furnish>>;

/** From the enquiry to the approval, and two events of another customer that want the same projectors. */
export async function enquire({ admin, manager, client }: Crew, house: House, { step, line, check }: Telling) {
  step('Enquiry: a customer, and an event that the client drafts and submits');
  const customer = (name: string, primaryEmail: string, primaryPhone: string) =>
    manager.call<Made>('POST', 'customers', { name, type: 'smallBusiness', primaryEmail, primaryPhone });
  const ours = await customer("Clara's Bakery", 'hello@bakery.example', '+442079460010');
  const other = await customer('Northern Bank', 'hello@bank.example', '+442079460011');
  await admin.call('PATCH', `users/${client.userId}`, { customerId: ours.id });
  const { data: types } = await manager.call<{ data: readonly Made[] }>('GET', 'event-types');
  const eventTypeId = types[0]?.id;
  const draft = (by: Person, title: string, customerId: string, venueId: string, days: number) =>
    by.call<Made>('POST', 'events', { title, customerId, venueId, eventTypeId, ...evening(days) });
  const event = await draft(client, 'Ten Years of Bread', ours.id, house.hall.id, 20);
  await client.call('POST', `events/${event.id}/submit-for-approval`, {});
  line('Clara drafted "Ten Years of Bread" at Lantern Hall and submitted it');
  const approved = await manager.call<{ status: string }>('POST', `events/${event.id}/approve`, {});
  line(`Mona approved it: ${approved.status}`);
  check('the event is approved', approved.status === 'approved');
  const rival = await draft(manager, 'Shareholders Evening', other.id, house.barn.id, 20);
  const later = await draft(manager, 'Spring Reception', other.id, house.barn.id, 40);
  const want = (on: Made, equipmentId: string) =>
    manager.call<Reservation>('POST', 'equipment/reservations', { equipmentId, eventId: on.id, quantity: 1 });
  await want(rival, house.first.id);
  const promised = await want(later, house.second.id);
  line('The same evening "Shareholders Evening" has Projector A; weeks later "Spring Reception" has Projector B');
  return { event, promised };
}

export type Enquiry = Awaited<ReturnType<typeof enquire>>;

/** A conflict with its alternatives, an order of what is free, all or nothing, and its confirmation. */
export async function reserve(crew: Crew, house: House, { event }: Enquiry, { step, line, check }: Telling) {
  const { staff, manager } = crew;
  step('Reservation: a conflict, and what else would do');
  const asked = { equipmentId: house.first.id, eventId: event.id, quantity: 1 };
  const clash = await staff.call<Clash>('POST', 'equipment/reservations', asked, 409);
  line(`409: ${clash.detail}`);
  const [instead] = clash.alternatives;
  for (const { name, reason } of clash.alternatives) line(`  instead: ${name} (${reason})`);
  check('the conflict names what is short', clash.conflicts[0]?.short === 1);
  check('the nearest alternative comes first', instead?.equipmentId === house.second.id);

  step('Order: several items in one request, all or none');
  const items = [
    { equipmentId: instead?.equipmentId, quantity: 1 },
    { equipmentId: house.chairs.id, quantity: 80 },
    { equipmentId: house.lights.id, quantity: 12 },
  ];
  const tooMany = [...items.slice(0, 2), { equipmentId: house.lights.id, quantity: 25 }];
  const short = await staff.call<Clash>('POST', `events/${event.id}/equipment`, { items: tooMany }, 409);
  line(`With 25 uplighters, 409: ${short.detail} Nothing is taken.`);
  const { reservations } = await staff.call<{ reservations: readonly Reservation[] }>(
    ...(['POST', `events/${event.id}/equipment`, { items }] as const),
  );
  for (const { quantity, equipmentName, status } of reservations) line(`${quantity} × ${equipmentName}: ${status}`);
  check('an order of three makes three reservations', reservations.length === 3);

  step('Confirmation');
  await manager.call('POST', `events/${event.id}/confirm`, {});
  for (const { id } of reservations) await staff.call('POST', `equipment/reservations/${id}/confirm`, {});
  line('Mona confirmed the event, Stan the reservations');
  return reservations;
}

/** Out of the warehouse and back, one unit of it damaged. */
export async function carry({ warehouse }: Crew, reservations: readonly Reservation[], { step, line, check }: Telling) {
  step('Load-out to return');
  const to = (id: string, name: string, body: unknown, status?: number) =>
    warehouse.call<Logistics & { due?: string }>('POST', `equipment/logistics/${id}/${name}`, body, status);
  const [projector] = reservations;
  if (!projector) throw new Error('Nothing was ordered');
  const early = await to(projector.id, 'dispatch', { driver: 'Dana' }, 409);
  line(`Dispatching before packing, 409: "${early.due}" is due`);
  check('the refusal names the step that is due', early.due === 'pack');
  const steps = [
    ['pack', {}],
    ['load', { vehicle: 'Van 3' }],
    ['dispatch', { driver: 'Dana' }],
    ['deliver', {}],
    ['setup-complete', {}],
    ['pickup', {}],
  ] as const;
  for (const [name, body] of steps) {
    for (const { id } of reservations) await to(id, name, body);
    line(`${name}: ${reservations.map(({ quantity, equipmentName }) => `${quantity} × ${equipmentName}`).join(', ')}`);
    if (name !== 'deliver') continue;
    const out = await warehouse.call<{ data: readonly object[] }>('GET', 'equipment/logistics/in-transit');
    check('three reservations are out', out.data.length === 3);
  }
  for (const { id, quantity } of reservations) {
    const damaged = id === projector.id ? 1 : 0;
    const back = await to(id, 'return', { returned: quantity - damaged, damaged });
    check('what is back is fulfilled', back.status === 'fulfilled');
  }
  line('return: all of it, the projector damaged');
  return projector;
}

/** The inspections that each return asks for, the damage, and the end of the projector. */
export async function writeOff(crew: Crew, enquiry: Enquiry, projector: Reservation, telling: Telling) {
  const { technician, warehouse, manager } = crew;
  const { step, line, check } = telling;
  step('Inspection, damage, retirement');
  const waiting = await until('The inspection after the return', async () => {
    const search = 'equipment/maintenance/scheduled?type=inspection';
    const { data } = await technician.call<{ data: readonly Inspection[] }>('GET', search);
    return data.length === 3 ? data : undefined;
  });
  line(`${waiting.length} inspections were scheduled by the returns`);
  for (const { id, equipmentId } of waiting) {
    const passed = equipmentId !== projector.equipmentId;
    await technician.call('POST', `equipment/maintenance/${id}/start`, {});
    await technician.call('POST', `equipment/maintenance/${id}/complete`, { passed });
  }
  line('Theo passed the chairs and the uplighters; the projector failed');
  await warehouse.call('POST', `equipment/${projector.equipmentId}/damage-reports`, {
    ...{ severity: 'totalLoss', description: 'The lens is broken and the board is burnt', eventId: enquiry.event.id },
  });
  line('Wanda reported a total loss');
  const item = await until('The retirement', async () => {
    const found = await warehouse.call<Item>('GET', `equipment/${projector.equipmentId}`);
    return found.status === 'retired' ? found : undefined;
  });
  line(`${item.name} is ${item.status}, by itself`);
  const flagged = await until('The flag on the next reservation', async () => {
    const path = `equipment/reservations/${enquiry.promised.id}`;
    const found = await manager.call<Reservation>('GET', path);
    return found.troubles.length > 0 ? found : undefined;
  });
  line(`"Spring Reception" had it next: its reservation is flagged (${flagged.troubles.join(', ')})`);
  check('the reservation of the lost projector is flagged', flagged.troubles.length === 1);
}
