/** An organization with something of everything, and how each of its parts is made. */
import { PASSWORD, type TestHost, type TestOrganization, type TestUser } from '../support/host.ts';
import { storedItem } from '../support/items.ts';
import { testScope } from '../support/platform.ts';

export interface Made {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export interface Sent {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly file?: { readonly bytes: Uint8Array; readonly name: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request as a user; `path` is a route's, with its parameters in braces. */
export async function send(host: TestHost, user: TestUser | undefined, method: string, path: string, sent: Sent = {}) {
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(sent.params?.[name] ?? name));
  const form = new FormData();
  if (sent.file) form.set('file', new Blob([new Uint8Array(sent.file.bytes)]), sent.file.name);
  const headers = new Headers(sent.headers);
  if (user) headers.set('authorization', `Bearer ${user.token}`);
  if (sent.body !== undefined) headers.set('content-type', 'application/json');
  return fetch(`${host.origin}/api/${address}${sent.query ? `?${sent.query}` : ''}`, {
    method,
    headers,
    ...(sent.file ? { body: form } : sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
  });
}

export type World = Awaited<ReturnType<typeof worldOf>>;

/** The parts are made by the admin, fresh at every call, so that no test depends on another. */
export async function worldOf(host: TestHost, organization: TestOrganization) {
  const { admin } = organization;
  let count = 0;
  const next = () => {
    count += 1;
    return count;
  };
  async function make(path: string, sent: Sent, method = 'POST'): Promise<Made> {
    const response = await send(host, admin, method, path, sent);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? { id: '' } : JSON.parse(text)) as Made;
  }
  const types = await send(host, admin, 'GET', 'event-types', { query: 'limit=1' });
  const [type] = ((await types.json()) as { data: Made[] }).data;
  if (!type) throw new Error('A new organization has no event types');

  const address = { kind: 'billing', line1: '1 High Street', city: 'London', postalCode: 'SE1 9TG', country: 'GB' };
  const contactBody = () => ({ firstName: 'Ann', lastName: 'Lee', email: `ann${next()}@contact.example` });
  const customerBody = () => ({
    name: `Customer ${next()}`,
    type: 'enterprise',
    primaryEmail: `hello${next()}@customer.example`,
    primaryPhone: '+442079460018',
  });
  const venueBody = () => ({
    name: `Venue ${next()}`,
    type: 'hall',
    address: { line1: '2 High Street', city: 'London', postalCode: 'SE1 9TG', country: 'GB' },
    timeZone: 'Europe/London',
    capacity: { max: 100 },
  });
  const equipmentBody = () => ({
    name: `Table ${next()}`,
    category: 'table',
    quantity: 4,
    purchaseDate: new Date(host.clock.time() - 60 * 86_400_000).toISOString().slice(0, 10),
    purchasePrice: { amount: 20_000, currency: 'USD' },
  });
  const customer = () => make('customers', { body: { ...customerBody(), addresses: [address] } });
  const venue = () => make('venues', { body: venueBody() });
  const ownCustomer = await customer();
  const place = await venue();

  /** Days after the host's now, at noon; each event has a day of its own. */
  let days = 10;
  const day = () => {
    days += 1;
    return new Date(host.clock.time() + days * 86_400_000).toISOString().slice(0, 10);
  };
  const times = () => {
    const date = day();
    return { startsAt: `${date}T12:00:00Z`, endsAt: `${date}T16:00:00Z` };
  };
  const eventBody = (customerId = ownCustomer.id) => ({
    title: `Event ${next()}`,
    eventTypeId: type.id,
    customerId,
    venueId: place.id,
    ...times(),
  });
  /** An event that has taken these steps. */
  async function event(...steps: readonly (readonly [step: string, body?: unknown])[]): Promise<Made> {
    const made = await make('events', { body: eventBody() });
    for (const [step, body = {}] of steps) await make(`events/${made.id}/${step}`, { body });
    return made;
  }
  const contact = async (of: Made) => {
    const made = await make('customers/{customerId}/contacts', { params: { customerId: of.id }, body: contactBody() });
    return made;
  };
  /** A hundred chairs in the warehouse. */
  async function chairs(): Promise<Made> {
    const scope = testScope(host.platform, organization.orgId);
    return { id: await storedItem(scope, { quantity: 100, nextPreventiveDueAt: '2099-01-01T00:00:00Z' }) };
  }
  /** Two chairs for an event that is confirmed; the reservation has taken these steps of its own. */
  async function reservation(...steps: readonly (readonly [step: string, body?: unknown])[]): Promise<Made> {
    const [item, made] = [await chairs(), await event(['approve'], ['confirm'])];
    const body = { equipmentId: item.id, eventId: made.id, quantity: 2 };
    const reserved = await make('equipment/reservations', { body });
    for (const [step, given = {}] of steps) {
      const path = step === 'confirm' ? `equipment/reservations/${reserved.id}` : `equipment/logistics/${reserved.id}`;
      await make(`${path}/${step}`, { body: given });
    }
    return reserved;
  }
  const photo = { bytes: PIXEL, name: 'pixel.png' };
  const item = async () => ({ id: await storedItem(testScope(host.platform, organization.orgId)) });
  const maintenanceBody = () => ({
    type: 'repair',
    scheduledAt: `${day()}T10:00:00Z`,
    estimatedMinutes: 60,
    description: 'Mend it',
  });
  const damageBody = { severity: 'minor', description: 'A scratch' };

  return {
    organization,
    type,
    place,
    customerId: ownCustomer.id,
    next,
    day,
    times,
    make,
    address,
    photo,
    contactBody,
    customerBody,
    venueBody,
    equipmentBody,
    eventBody,
    customer,
    venue,
    event,
    chairs,
    reservation,
    contact,
    equipment: () => make('equipment', { body: equipmentBody() }),
    equipmentPhoto: (of: Made) => make(`equipment/${of.id}/photos`, { file: photo }),
    item,
    maintenanceBody,
    /** A maintenance that has taken these steps. */
    async maintenance(...steps: readonly string[]): Promise<Made> {
      const made = await make(`equipment/${(await item()).id}/maintenance`, { body: maintenanceBody() });
      for (const step of steps) await make(`equipment/maintenance/${made.id}/${step}`, { body: {} });
      return made;
    },
    damageBody,
    damageReport: async () => make(`equipment/${(await item()).id}/damage-reports`, { body: damageBody }),
    eventType: () => make('event-types', { body: { name: `Type ${next()}` } }),
    role: () => make('roles', { body: { name: `Role ${next()}`, privileges: ['events:read'] } }),
    invitation: () => make('invitations', { body: { email: `guest${next()}@invited.example`, roles: ['viewer'] } }),
    note: (of: Made) => make(`events/${of.id}/notes`, { body: { kind: 'internal', content: 'Mind the step' } }),
    block: (of: Made) => {
      const date = day();
      const window = { start: `${date}T00:00:00Z`, end: `${date}T06:00:00Z` };
      return make(`venues/${of.id}/blocks`, { body: { window, reason: 'Painting' } });
    },
    venueContact: (of: Made) =>
      make(`venues/${of.id}/contacts`, { body: { kind: 'technical', name: 'Bo', email: `bo${next()}@venue.example` } }),
    venuePhoto: (of: Made) => make(`venues/${of.id}/photos`, { file: photo }),
    /** A user nobody else in the test depends on. */
    async user(role = 'viewer'): Promise<Made & { readonly username: string }> {
      const email = `user${next()}@${organization.orgId}.example`;
      await make('invitations', { body: { email, roles: [role] } });
      await host.settled();
      const token = /token=([\w.~-]+)/.exec(host.mail.sent.findLast(({ to }) => to === email)?.text ?? '')?.[1];
      const body = { token, username: email, password: PASSWORD, confirmPassword: PASSWORD, displayName: 'Someone' };
      const accepted = await make('invitations/accept', { body });
      return { ...accepted, id: String(accepted.userId), username: email };
    },
  };
}
