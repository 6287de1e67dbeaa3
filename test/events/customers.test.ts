/** Where events and customers meet: merges, deletions, and what a customer can find out. */
import { afterAll, describe, expect, test } from 'vitest';
import { closeStages, stage } from './support.ts';

afterAll(closeStages);

describe('a customer merged and deleted at once, before anything could follow', () => {
  test('its events and communications come to the target all the same', async () => {
    const here = await stage();
    const manager = here.as('manager');
    const [source, middle, target] = [await here.customer(), await here.customer(), await here.customer('Target')];
    const over = await manager.post('events', await here.booking({ customerId: source }));
    await manager.post(`events/${over.body.id}/cancel`, { reason: 'Rain' });
    await manager.post(`customers/${source}/communications`, { kind: 'note', subject: 'They called' });
    for (const [sourceId, targetId] of [
      [source, middle],
      [middle, target],
    ]) {
      expect((await manager.post('customers/merge', { sourceId, targetId })).status).toBe(200);
      expect((await manager.delete(`customers/${sourceId}`)).status).toBe(204);
    }
    await here.settle();
    expect((await manager.get(`events/${over.body.id}`)).body).toMatchObject({
      customerId: target,
      customerName: 'Target',
      status: 'cancelled',
    });
    const { body } = await manager.get(`customers/${target}/communications`);
    expect(body.data).toMatchObject([{ subject: 'They called', customerId: target }]);
  });
});

describe('a customer that others were just merged into, directly and by way of others', () => {
  test('is not deleted, nor left without its contact, while they have upcoming events', async () => {
    const here = await stage();
    const manager = here.as('manager');
    const [source, middle, target] = [await here.customer(), await here.customer(), await here.customer('Target')];
    const contact = { firstName: 'Ann', lastName: 'Lee', email: 'ann@lee.example' };
    const made = await manager.post(`customers/${target}/contacts`, contact);
    expect(made.status).toBe(201);
    const event = await manager.post('events', await here.booking({ customerId: source }));
    await manager.post('customers/merge', { sourceId: source, targetId: middle });
    await manager.post('customers/merge', { sourceId: middle, targetId: target });
    const refused = async () => {
      const removed = await manager.delete(`customers/${target}`);
      expect(removed.body).toMatchObject({ status: 409, rule: 'no-upcoming-events', events: [{ id: event.body.id }] });
      expect((await manager.delete(`customers/${target}/contacts/${made.body.id}`)).status).toBe(409);
    };
    // Before anything could follow, and after.
    await refused();
    await here.settle();
    await refused();
    expect((await manager.get(`events/${event.body.id}`)).body).toMatchObject({ customerId: target, status: 'draft' });
  });
});

describe('what a customer is told', () => {
  test('is the same for customers and users that are there and for those that are not', async () => {
    const here = await stage();
    const [own, other] = [await here.customer(), await here.customer()];
    const customer = here.as('customer', { customerId: own });
    const mine = await customer.post('events', await here.booking({ customerId: own }));
    const nobody = '0193b0a0-7c1e-7000-8000-000000000001';
    for (const customerId of [other, nobody]) {
      expect((await customer.patch(`events/${mine.body.id}`, { customerId })).status).toBe(403);
      expect((await customer.post('events', await here.booking({ customerId }))).status).toBe(403);
    }
    // The organization's own id is in its identity container, and no user.
    for (const assignedTo of [here.orgId, nobody]) {
      expect((await customer.patch(`customers/${own}`, { assignedTo })).status).toBe(403);
    }
  });
});
