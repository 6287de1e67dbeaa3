import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { factOf } from '../../shared/platform/facts.ts';
import { madeVenue, startWorld, venueBody, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function factsOf(venueId: string) {
  const page = await world
    .scope()
    .documents('venues')
    .query({ kind: 'fact', where: [{ path: 'subject', eq: venueId }], limit: 100 });
  return page.items.map(({ document }) => factOf(document));
}

describe('contacts', () => {
  const ada = { kind: 'booking', name: 'Ada', email: 'ada@example.com' };

  test('are added, changed and removed, each with its fact', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager);
    const path = `venues/${venue.id}/contacts`;
    const made = await manager.post(path, ada);
    expect(made.status).toBe(201);
    const contact = `${path}/${made.body.id}`;
    expect((await manager.patch(contact, { phone: '+44 20 7946 0018' })).body.phone).toBe('+442079460018');
    const { body } = await manager.put(contact, { kind: 'emergency', name: 'Bo', phone: '020 7946 0018' });
    const { createdAt, createdBy, modifiedAt, modifiedBy, ...fields } = body;
    expect(fields).toEqual({
      id: made.body.id,
      kind: 'emergency',
      name: 'Bo',
      phone: '+442079460018',
    });
    expect((await manager.patch(contact, { phone: null })).status).toBe(400);
    expect((await manager.delete(contact)).status).toBe(204);
    expect((await manager.delete(contact)).status).toBe(404);
    expect((await factsOf(venue.id)).map(({ type }) => type)).toEqual([
      'VenueAdded',
      'VenueContactAdded',
      'VenueContactUpdated',
      'VenueContactUpdated',
      'VenueContactRemoved',
    ]);
  });

  test('have a phone number that is read as one of the organization’s country, wherever the venue is', async () => {
    const { manager } = world;
    const address = { line1: '1 Main Street', city: 'Austin', country: 'US' };
    const local = { kind: 'booking', name: 'Ada', phone: '020 7946 0018' };
    const venue = await madeVenue(manager, { address, contacts: [local] });
    expect(venue.contacts[0].phone).toBe('+442079460018');
    const made = await manager.post(`venues/${venue.id}/contacts`, { ...local, kind: 'catering' });
    expect(made.body.phone).toBe('+442079460018');
    const texan = await manager.patch(`venues/${venue.id}/contacts/${made.body.id}`, { phone: '+1 512 555 0100' });
    expect(texan.body.phone).toBe('+15125550100');
  });

  test('have an email that is unique within the venue, also when two come at once', async () => {
    const { manager } = world;
    const venue = await madeVenue(manager);
    const path = `venues/${venue.id}/contacts`;
    const all = await Promise.all(Array.from({ length: 8 }, () => manager.post(path, ada)));
    expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = all.find(({ status }) => status !== 201);
    expect(refused?.body).toMatchObject({ status: 409, type: 'urn:marquee:problem:already_exists', field: 'email' });
    const bo = await manager.post(path, { ...ada, email: 'bo@example.com' });
    expect((await manager.patch(`${path}/${bo.body.id}`, { email: 'ADA@example.com' })).status).toBe(409);
    await madeVenue(manager, { contacts: [ada] });
    expect((await manager.post('venues', venueBody({ contacts: [ada, ada] }))).status).toBe(409);
  });
});
