/** For every route, a request that succeeds: what it needs is made first, by the admin. */
import { PASSWORD, type TestHost, type TestUser } from '../support/host.ts';
import { equipmentExamples } from './examples.equipment.ts';
import { maintenanceExamples } from './examples.maintenance.ts';
import { notificationExamples } from './examples.notifications.ts';
import { reservationExamples } from './examples.reservations.ts';
import type { Made, Sent, World } from './world.ts';

/** `user` is who will send it. */
export type Example = (world: World, host: TestHost, user: TestUser) => Promise<Sent> | Sent;

const onCustomer =
  (more: (world: World, customer: Made) => Omit<Sent, 'params'> = () => ({})): Example =>
  async (world) => {
    const customer = await world.customer();
    return { params: { customerId: customer.id }, ...more(world, customer) };
  };
const onContact =
  (more: (world: World) => Omit<Sent, 'params'>): Example =>
  async (world) => {
    const customer = await world.customer();
    const contact = await world.contact(customer);
    return { params: { customerId: customer.id, contactId: contact.id }, ...more(world) };
  };
const onAddress =
  (body?: (world: World) => unknown): Example =>
  async (world) => {
    const customer = await world.customer();
    const extra = { ...world.address, kind: 'shipping' };
    const address = await world.make(`customers/${customer.id}/addresses`, { body: extra });
    return { params: { customerId: customer.id, addressId: address.id }, ...(body ? { body: body(world) } : {}) };
  };
const onVenue =
  (more: (world: World, venue: Made) => Omit<Sent, 'params'> = () => ({})): Example =>
  async (world) => {
    const venue = await world.venue();
    return { params: { venueId: venue.id }, ...more(world, venue) };
  };
const onVenueContact =
  (body?: unknown): Example =>
  async (world) => {
    const venue = await world.venue();
    const contact = await world.venueContact(venue);
    return { params: { venueId: venue.id, contactId: contact.id }, ...(body === undefined ? {} : { body }) };
  };
const onPhoto =
  (body?: unknown): Example =>
  async (world) => {
    const venue = await world.venue();
    const photo = await world.venuePhoto(venue);
    return { params: { venueId: venue.id, photoId: photo.id }, ...(body === undefined ? {} : { body }) };
  };
const onEvent =
  (steps: readonly (readonly [string, unknown?])[] = [], body?: unknown | ((world: World) => unknown)): Example =>
  async (world) => {
    const event = await world.event(...steps);
    const given: unknown = typeof body === 'function' ? (body as (world: World) => unknown)(world) : body;
    return { params: { eventId: event.id }, ...(given === undefined ? {} : { body: given }) };
  };
const onBlock: Example = async (world) => {
  const venue = await world.venue();
  return { params: { venueId: venue.id, claimId: (await world.block(venue)).id } };
};
/** An event that began a moment ago, at a venue of its own. */
const onBegun =
  (...steps: readonly string[]): Example =>
  async (world, host) => {
    const venue = await world.venue();
    const instant = (seconds: number) => new Date(host.clock.time() + seconds * 1000).toISOString();
    const body = { ...world.eventBody(), venueId: venue.id, startsAt: instant(2), endsAt: instant(3600) };
    const event = await world.make('events', { body });
    for (const step of ['approve', 'confirm']) await world.make(`events/${event.id}/${step}`, { body: {} });
    host.clock.advance(3000);
    for (const step of steps) await world.make(`events/${event.id}/${step}`, { body: {} });
    return { params: { eventId: event.id } };
  };
const reason = { reason: 'Because' };
const confirmed = [['approve'], ['confirm']] as const;
/** Notes are changed by their author alone. */
const onNote =
  (body?: unknown): Example =>
  async (world, _host, user) => {
    const event = await world.event();
    const { data } = await user.api.POST('/api/events/{eventId}/notes', {
      params: { path: { eventId: event.id } },
      body: { kind: 'internal', content: 'Mine' },
    });
    const noteId = data?.id ?? (await world.note(event)).id;
    return { params: { eventId: event.id, noteId }, ...(body === undefined ? {} : { body }) };
  };
const onType =
  (body?: unknown): Example =>
  async (world) => ({
    params: { eventTypeId: (await world.eventType()).id },
    ...(body === undefined ? {} : { body: { ...(body as object) } }),
  });
const onUser =
  (body?: unknown): Example =>
  async (world) => ({ params: { userId: (await world.user()).id }, ...(body === undefined ? {} : { body }) });
const onRole =
  (body?: (world: World) => unknown): Example =>
  async (world) => ({ params: { roleId: (await world.role()).id }, ...(body ? { body: body(world) } : {}) });
const onInvitation: Example = async (world) => ({ params: { id: (await world.invitation()).id } });
const onSession: Example = async (_, __, user) => {
  const { data } = await user.api.GET('/api/sessions');
  return { params: { sessionId: data?.data[0]?.id ?? '' } };
};
const nothing: Example = () => ({});
const roleBody = (world: World) => ({ name: `Role ${world.next()}`, privileges: ['venues:read'] });
const soon = (host: TestHost) => new Date(host.clock.time() + 86_400_000).toISOString().slice(0, 10);

/** Keyed as the routes are: method and path. */
export const examples: Readonly<Record<string, Example>> = {
  ...reservationExamples,
  'GET customers': nothing,
  'POST customers': (world) => ({ body: world.customerBody() }),
  'GET customers/tags': nothing,
  'POST customers/merge': async (world) => ({
    body: { sourceId: (await world.customer()).id, targetId: (await world.customer()).id },
  }),
  'POST customers/import': () => ({
    file: {
      bytes: Buffer.from(
        'name,type,primaryEmail,primaryPhone\nImported Ltd,enterprise,i@imported.example,+442079460018\n',
      ),
      name: 'customers.csv',
    },
  }),
  'GET customers/export': nothing,
  'PUT customers/{customerId}/photo': onCustomer((world) => ({ file: world.photo })),
  'DELETE customers/{customerId}/photo': async (world) => {
    const customer = await world.customer();
    await world.make(`customers/${customer.id}/photo`, { file: world.photo }, 'PUT');
    return { params: { customerId: customer.id } };
  },
  'GET customers/{customerId}': onCustomer(),
  'PUT customers/{customerId}': onCustomer((world) => {
    const { type: _, ...body } = world.customerBody();
    return { body };
  }),
  'PATCH customers/{customerId}': onCustomer(() => ({ body: { notes: 'Prefers mornings' } })),
  'DELETE customers/{customerId}': onCustomer(),
  'POST customers/{customerId}/deactivate': onCustomer(() => ({ body: reason })),
  'POST customers/{customerId}/reactivate': async (world) => {
    const customer = await world.customer();
    await world.make(`customers/${customer.id}/deactivate`, { body: reason });
    return { params: { customerId: customer.id }, body: reason };
  },
  'PATCH customers/{customerId}/tags': onCustomer(() => ({ body: { tags: ['new'] } })),
  'PUT customers/{customerId}/tags': onCustomer(() => ({ body: { tags: ['loyal'] } })),
  'POST customers/{customerId}/contacts': onCustomer((world) => ({ body: world.contactBody() })),
  'GET customers/{customerId}/contacts/{contactId}': onContact(() => ({})),
  'PUT customers/{customerId}/contacts/{contactId}': onContact((world) => ({ body: world.contactBody() })),
  'PATCH customers/{customerId}/contacts/{contactId}': onContact(() => ({ body: { position: 'Director' } })),
  'DELETE customers/{customerId}/contacts/{contactId}': onContact(() => ({})),
  'POST customers/{customerId}/addresses': onCustomer((world) => ({ body: { ...world.address, kind: 'shipping' } })),
  'GET customers/{customerId}/addresses/{addressId}': onAddress(),
  'PUT customers/{customerId}/addresses/{addressId}': onAddress((world) => ({ ...world.address, kind: 'other' })),
  'PATCH customers/{customerId}/addresses/{addressId}': onAddress(() => ({ line1: '9 Low Street' })),
  'DELETE customers/{customerId}/addresses/{addressId}': onAddress(),
  'GET customers/{customerId}/communications': onCustomer(),
  'GET customers/{customerId}/communications/{communicationId}': async (world) => {
    const customer = await world.customer();
    const body = { kind: 'phone', subject: 'Called' };
    const logged = await world.make(`customers/${customer.id}/communications`, { body });
    return { params: { customerId: customer.id, communicationId: logged.id } };
  },
  'POST customers/{customerId}/communications': onCustomer(() => ({ body: { kind: 'phone', subject: 'Called back' } })),
  'GET venues': nothing,
  'POST venues': (world) => ({ body: world.venueBody() }),
  'GET venues/available': (_, host) => ({ query: `from=${soon(host)}T10:00:00Z&to=${soon(host)}T12:00:00Z` }),
  'GET venues/{venueId}': onVenue(),
  'PUT venues/{venueId}': onVenue((world) => ({ body: world.venueBody() })),
  'PATCH venues/{venueId}': onVenue(() => ({ body: { description: 'Bright' } })),
  'DELETE venues/{venueId}': onVenue(),
  'POST venues/{venueId}/activate': async (world) => {
    const venue = await world.venue();
    await world.make(`venues/${venue.id}/deactivate`, { body: reason });
    return { params: { venueId: venue.id }, body: {} };
  },
  'POST venues/{venueId}/deactivate': onVenue(() => ({ body: reason })),
  'PUT venues/{venueId}/amenities': onVenue(() => ({ body: { amenities: ['Stage'] } })),
  'PUT venues/{venueId}/capacity': onVenue(() => ({ body: { max: 50 } })),
  'PATCH venues/{venueId}/amenities': onVenue(() => ({ body: { amenities: ['Bar'] } })),
  'PATCH venues/{venueId}/capacity': onVenue(() => ({ body: { max: 60 } })),
  'PATCH venues/{venueId}/opening-hours': onVenue(() => ({ body: { sunday: [] } })),
  'PUT venues/{venueId}/opening-hours': onVenue(() => ({ body: { monday: [{ opens: '09:00', closes: '23:00' }] } })),
  'GET venues/{venueId}/availability': async (world, host) => ({
    params: { venueId: world.place.id },
    query: `from=${soon(host)}T00:00:00Z&to=${soon(host)}T12:00:00Z`,
  }),
  'GET venues/{venueId}/calendar': (world) => ({ params: { venueId: world.place.id }, query: 'month=2026-12' }),
  'POST venues/{venueId}/contacts': onVenue(() => ({
    body: { kind: 'booking', name: 'Bo', email: 'bo@venue.example' },
  })),
  'GET venues/{venueId}/contacts/{contactId}': onVenueContact(),
  'PUT venues/{venueId}/contacts/{contactId}': onVenueContact({
    kind: 'booking',
    name: 'Cy',
    email: 'cy@venue.example',
  }),
  'PATCH venues/{venueId}/contacts/{contactId}': onVenueContact({ name: 'Di' }),
  'DELETE venues/{venueId}/contacts/{contactId}': onVenueContact(),
  'POST venues/{venueId}/photos': onVenue((world) => ({ file: world.photo })),
  'GET venues/{venueId}/photos': onVenue(),
  'GET venues/{venueId}/photos/{photoId}': onPhoto(),
  'DELETE venues/{venueId}/photos/{photoId}': onPhoto(),
  'PUT venues/{venueId}/photos/{photoId}/primary': onPhoto({}),
  'POST venues/{venueId}/blocks': onVenue((world) => {
    const date = world.day();
    return { body: { window: { start: `${date}T00:00:00Z`, end: `${date}T06:00:00Z` }, reason: 'Works' } };
  }),
  'GET venues/{venueId}/blocks': onVenue(),
  'GET venues/{venueId}/blocks/{claimId}': onBlock,
  'DELETE venues/{venueId}/blocks/{claimId}': onBlock,
  'GET events': nothing,
  'POST events': (world) => ({ body: world.eventBody() }),
  'POST events/check-availability': async (world) => ({
    body: { venueId: world.place.id, ...world.times(), eventId: (await world.event()).id },
  }),
  'GET events/{eventId}': onEvent(),
  'PUT events/{eventId}': onEvent([], (world: World) => world.eventBody()),
  'PATCH events/{eventId}': onEvent([], { description: 'Black tie' }),
  'DELETE events/{eventId}': onEvent(),
  'GET events/{eventId}/history': onEvent(),
  'POST events/{eventId}/submit-for-approval': onEvent(),
  'POST events/{eventId}/approve': onEvent(),
  'POST events/{eventId}/reject': onEvent([['submit-for-approval']], reason),
  'POST events/{eventId}/confirm': onEvent([['approve']]),
  'POST events/{eventId}/start': onBegun(),
  'POST events/{eventId}/complete': onBegun('start'),
  'POST events/{eventId}/archive': onBegun('start', 'complete'),
  'POST events/{eventId}/cancel': onEvent([], reason),
  'POST events/{eventId}/postpone': onEvent([['approve']], reason),
  'POST events/{eventId}/reschedule': onEvent([['approve'], ['postpone', reason]], (world: World) => world.times()),
  'POST events/{eventId}/reinstate': onEvent([...confirmed, ['cancel', reason]], {}),
  'GET events/{eventId}/notes': onEvent(),
  'POST events/{eventId}/notes': onEvent([], { kind: 'internal', content: 'Doors at seven' }),
  'GET events/{eventId}/notes/{noteId}': onNote(),
  'PUT events/{eventId}/notes/{noteId}': onNote({ content: 'Doors at eight' }),
  'PATCH events/{eventId}/notes/{noteId}': onNote({ content: 'Doors at nine' }),
  'DELETE events/{eventId}/notes/{noteId}': onNote(),
  'GET event-types': nothing,
  'POST event-types': (world) => ({ body: { name: `Type ${world.next()}` } }),
  'GET event-types/{eventTypeId}': onType(),
  'PUT event-types/{eventTypeId}': async (world) => ({
    params: { eventTypeId: (await world.eventType()).id },
    body: { name: `Type ${world.next()}` },
  }),
  'PATCH event-types/{eventTypeId}': onType({ description: 'Rare' }),
  'DELETE event-types/{eventTypeId}': onType(),
  ...equipmentExamples,
  ...maintenanceExamples,
  'GET users/me': nothing,
  'PUT users/me': () => ({ body: { displayName: 'Me' } }),
  'PATCH users/me': () => ({ body: { displayName: 'Me again' } }),
  'PUT users/me/avatar': (world) => ({ file: world.photo }),
  'DELETE users/me/avatar': nothing,
  'GET users': nothing,
  'GET users/{userId}': onUser(),
  'PUT users/{userId}': onUser({ displayName: 'Renamed' }),
  'PATCH users/{userId}': onUser({ displayName: 'Renamed' }),
  'PUT users/{userId}/roles': onUser({ roles: ['manager'] }),
  'PATCH users/{userId}/roles': onUser({ roles: ['staff'] }),
  'POST users/{userId}/suspend': onUser(),
  'POST users/{userId}/reinstate': async (world) => {
    const user = await world.user();
    await world.make(`users/${user.id}/suspend`, { body: {} });
    return { params: { userId: user.id } };
  },
  'GET roles': nothing,
  'POST roles': (world) => ({ body: roleBody(world) }),
  'GET roles/{roleId}': onRole(),
  'PUT roles/{roleId}': onRole(roleBody),
  'PATCH roles/{roleId}': onRole(() => ({ privileges: ['venues:read'] })),
  'DELETE roles/{roleId}': onRole(),
  'POST invitations': (world) => ({ body: { email: `new${world.next()}@invited.example`, roles: ['viewer'] } }),
  'GET invitations': nothing,
  'GET invitations/{id}': onInvitation,
  'POST invitations/{id}/resend': onInvitation,
  'DELETE invitations/{id}': onInvitation,
  'GET sessions': nothing,
  'DELETE sessions': nothing,
  'GET sessions/{sessionId}': onSession,
  'DELETE sessions/{sessionId}': onSession,
  'GET organization': nothing,
  'PUT organization': () => ({
    body: { name: 'Renamed', country: 'GB', timeZone: 'Europe/London', currency: 'GBP' },
  }),
  'PATCH organization': () => ({ body: { name: 'Renamed again' } }),
  'POST realtime/negotiate': nothing,
  ...notificationExamples,
  'PUT identity/password': () => ({ body: { currentPassword: PASSWORD, newPassword: PASSWORD } }),
  'POST identity/sign-out': nothing,
};
