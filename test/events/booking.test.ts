import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, closeStages, type Stage, stage } from './support.ts';

let world: Stage;
let manager: Client;
beforeAll(async () => {
  world = await stage();
  manager = world.as('manager');
});
afterAll(closeStages);

describe('booking an event', () => {
  test('REQ-EVT-002 an event is booked, numbered, and shows the names of what it refers to', async () => {
    const customerId = await world.customer('Blue Door');
    const venueId = await world.venue({ name: 'Old Hall' });
    const made = await manager.post('events', await world.booking({ customerId, venueId, attendance: 80 }));
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toContain(`/api/events/${made.body.id}`);
    expect(made.body).toMatchObject({
      eventNumber: 'EVT-2026-000001',
      status: 'draft',
      customerName: 'Blue Door',
      venueName: 'Old Hall',
      eventTypeName: 'Wedding',
      timeZone: 'Europe/London',
      attendance: 80,
      assignedStaff: [],
      notes: 0,
      createdBy: manager.actor.userId,
    });
    const read = await manager.get(`events/${made.body.id}`);
    expect(read.body).toEqual(made.body);
    expect(read.headers.get('etag')).toBe(made.headers.get('etag'));
  });
});
