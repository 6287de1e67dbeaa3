/** A newcomer's first minute, through the whole system. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestHost, type TestHost } from '../support/host.ts';

let host: TestHost;
beforeAll(async () => {
  host = await startTestHost();
});
afterAll(() => host.close());

test('who has just registered books at once, and a renamed and a merged customer show in the booking', async () => {
  const { admin } = await host.organization();
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${host.origin}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const contact = { type: 'enterprise', primaryEmail: 'a@example.com', primaryPhone: '+442079460018' };
  const customer = await send('POST', 'customers', { name: 'First name', ...contact });
  const target = await send('POST', 'customers', { name: 'Target', ...contact });
  const venue = await send('POST', 'venues', {
    name: 'Old Hall',
    type: 'hall',
    address: { line1: '1 High Street', city: 'London', country: 'GB' },
    timeZone: 'Europe/London',
    capacity: { max: 100 },
  });
  const types = await send('GET', 'event-types');
  const booking = {
    title: 'Gala',
    eventTypeId: types.body.data[0].id,
    customerId: customer.body.id,
    venueId: venue.body.id,
    startsAt: '2026-12-01T18:00:00Z',
    endsAt: '2026-12-01T21:00:00Z',
  };
  const made = await send('POST', 'events', booking);
  expect(made.status).toBe(201);
  expect((await send('POST', 'events', { ...booking, title: 'Other' })).status).toBe(409);
  await send('PATCH', `customers/${customer.body.id}`, { name: 'Second name' });
  await host.settled();
  expect((await send('GET', `events/${made.body.id}`)).body.customerName).toBe('Second name');
  const merged = await send('POST', 'customers/merge', { sourceId: customer.body.id, targetId: target.body.id });
  expect(merged.status).toBeLessThan(300);
  await host.settled();
  expect((await send('GET', `events/${made.body.id}`)).body).toMatchObject({
    customerId: target.body.id,
    customerName: 'Target',
  });
  await host.settled();
  expect((await send('GET', 'event-types')).body.data).toHaveLength(8);
});
