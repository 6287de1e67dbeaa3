/** Customers in the whole system: signed in, beside events, with pictures on the real blob service. */
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { callerOf, type Send } from '../support/callers.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { someone } from './support.ts';

let host: TestHost;
let organization: TestOrganization;
let admin: Send;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  admin = callerOf(host.origin, organization.admin.token).send;
});
afterAll(() => host.close());

const one = 'customers/{customerId}';
async function made(name: string): Promise<string> {
  const { status, body } = await admin('POST', 'customers', { body: { ...someone, name } });
  expect(status).toBe(201);
  return body.id;
}

async function booked(customerId: string, title: string) {
  const types = await admin('GET', 'event-types');
  const venue = await admin('POST', 'venues', {
    body: {
      name: `Hall of ${title}`,
      type: 'hall',
      address: { line1: '1 High Street', city: 'London', postalCode: 'SW1A 1AA', country: 'GB' },
      timeZone: 'Europe/London',
      capacity: { max: 100 },
    },
  });
  expect(venue.text).toContain('"id"');
  const event = await admin('POST', 'events', {
    body: {
      title,
      customerId,
      venueId: venue.body.id,
      eventTypeId: types.body.data[0].id,
      startsAt: '2026-12-01T18:00:00Z',
      endsAt: '2026-12-01T21:00:00Z',
    },
  });
  expect([event.status, event.text]).toMatchObject([201, expect.stringContaining('"id"')]);
  return event.body;
}

test('REQ-CUS-015: a photo is kept without its metadata, shown by links, replaced and removed', async () => {
  // The blob service looks at the real clock when it is shown a link, so this system runs by it too.
  const present = await startTestHost({ at: new Date().toISOString() });
  onTestFinished(() => present.close());
  const { send: ask } = callerOf(present.origin, (await present.organization()).admin.token);
  const params = { customerId: (await ask('POST', 'customers', { body: someone })).body.id };
  const red = { create: { width: 640, height: 480, channels: 3, background: 'red' } } as const;
  const file = await sharp(red)
    .withExif({ IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .jpeg()
    .toBuffer();
  const put = await ask('PUT', `${one}/photo`, { params, file });
  expect(put.body).toMatchObject({ width: 640, height: 480, primary: true });
  const shown = (await ask('GET', one, { params })).body.photo;
  const kept = Buffer.from(await (await fetch(shown.url)).arrayBuffer());
  expect((await sharp(kept).metadata()).exif).toBeUndefined();
  const small = await sharp(Buffer.from(await (await fetch(shown.thumbnailUrl)).arrayBuffer())).metadata();
  expect([small.format, small.width]).toEqual(['webp', 320]);
  const second = await ask('PUT', `${one}/photo`, { params, file: await sharp(red).png().toBuffer() });
  expect(second.body.id).not.toBe(put.body.id);
  await present.settled();
  expect((await fetch(shown.url)).status).toBe(404);
  expect((await fetch(second.body.url)).status).toBe(200);
  expect((await ask('PUT', `${one}/photo`, { params, file: 'no picture' })).status).toBe(415);
  expect((await ask('DELETE', `${one}/photo`, { params })).status).toBe(204);
  expect((await ask('GET', one, { params })).body.photo).toBeUndefined();
  expect((await ask('DELETE', `${one}/photo`, { params })).status).toBe(404);
});

test('REQ-CUS-004, 007: a customer with an upcoming event is not deleted, and gets no new one once inactive', async () => {
  const customerId = await made('Busy');
  const params = { customerId };
  const event = await booked(customerId, 'Gala');
  const refused = await admin('DELETE', one, { params });
  expect(refused.body).toMatchObject({ rule: 'no-upcoming-events', events: [{ id: event.id }] });
  await admin('POST', `${one}/deactivate`, { params, body: { reason: 'Moved away' } });
  expect((await admin('GET', 'events/{eventId}', { params: { eventId: event.id } })).body.customerId).toBe(customerId);
  const { title: _, ...rest } = event;
  const again = await admin('POST', 'events', {
    body: {
      title: 'Another',
      customerId,
      venueId: rest.venueId,
      eventTypeId: rest.eventTypeId,
      startsAt: '2026-12-02T18:00:00Z',
      endsAt: '2026-12-02T21:00:00Z',
    },
  });
  expect(again.body).toMatchObject({ status: 409, type: 'urn:marquee:problem:rule_broken' });
  await admin('POST', 'events/{eventId}/cancel', { params: { eventId: event.id }, body: { reason: 'No' } });
  expect((await admin('DELETE', one, { params })).status).toBe(204);
});

test('merged within the whole system, events and communications come to the target by themselves', async () => {
  const [sourceId, targetId] = [await made('Source'), await made('Target')];
  const event = await booked(sourceId, 'Wedding');
  const body = { kind: 'note', subject: 'Likes tulips' };
  await admin('POST', `${one}/communications`, { params: { customerId: sourceId }, body });
  await admin('POST', 'customers/merge', { body: { sourceId, targetId } });
  await host.settled();
  const moved = await admin('GET', 'events/{eventId}', { params: { eventId: event.id } });
  expect(moved.body).toMatchObject({ customerId: targetId, customerName: 'Target' });
  const said = await admin('GET', `${one}/communications`, { params: { customerId: targetId } });
  expect(said.body.data).toMatchObject([{ subject: 'Likes tulips', customerId: targetId }]);
  expect((await admin('GET', one, { params: { customerId: sourceId } })).body.mergedInto).toBe(targetId);
});

test('a user linked to a customer sees that one alone', async () => {
  const [own, other] = [await made('Mine'), await made('Not mine')];
  const user = await organization.as('customer');
  const linked = await admin('PATCH', 'users/{userId}', { params: { userId: user.userId }, body: { customerId: own } });
  expect(linked.status).toBe(200);
  const self = callerOf(host.origin, user.token).send;
  expect((await self('GET', 'customers')).body.data.map(({ id }: { id: string }) => id)).toEqual([own]);
  expect((await self('GET', one, { params: { customerId: other } })).status).toBe(403);
});

test('the organization’s country is the home of numbers without a +', async () => {
  await admin('PATCH', 'organization', { body: { country: 'GB' } });
  const { body } = await admin('POST', 'customers', { body: { ...someone, primaryPhone: '020 7946 0018' } });
  expect(body.primaryPhone).toBe('+442079460018');
});
