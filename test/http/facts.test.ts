import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FACT_KIND, type Fact, factOf } from '../../shared/platform/facts.ts';
import { openSqliteStore } from '../../shared/platform/store.sqlite.ts';
import { equipmentFacts } from '../support/equipment-facts.ts';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { all } from '../system/durability.check.ts';
import { type Sent, send, type World, worldOf } from './world.ts';

let host: TestHost;
let organization: TestOrganization;
let world: World;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  world = await worldOf(host, organization);
}, 60_000);
afterAll(() => host.close());

/** What the audit trail holds of the organization, once everything has come there. */
async function trail(): Promise<Fact[]> {
  await host.settled();
  const store = openSqliteStore({ file: join(host.folder, 'marquee.db'), clock: host.clock });
  try {
    return (await all(store, 'audit', [organization.orgId], FACT_KIND)).map(({ document }) => factOf(document));
  } finally {
    await store.close();
  }
}

/** Steps of the admin, each 2xx. */
async function walk(...steps: readonly (readonly [method: string, path: string, sent?: Sent])[]): Promise<void> {
  for (const [method, path, sent] of steps) {
    const response = await send(host, organization.admin, method, path, sent);
    expect(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`).toBe(true);
  }
}

const CHANGES = expect.objectContaining({});

/** Of each type one fact at least of these subjects, whole; those that update say from what to what. */
async function expectFacts(subjects: readonly string[], types: Readonly<Record<string, 'changes' | 'plain'>>) {
  const facts = (await trail()).filter(({ subject }) => subjects.includes(subject));
  expect(new Set(facts.map(({ type }) => type))).toEqual(new Set(Object.keys(types)));
  for (const fact of facts) {
    expect(fact).toMatchObject({
      time: expect.stringMatching(/Z$/),
      orgid: organization.orgId,
      actorid: organization.admin.userId,
      correlationid: expect.stringMatching(/./),
      ...(types[fact.type] === 'changes' ? { data: { changes: CHANGES } } : {}),
    });
    const { changes = {} } = fact.data as { readonly changes?: Readonly<Record<string, object>> };
    for (const change of Object.values(changes)) expect(Object.keys(change).toSorted()).toEqual(['from', 'to']);
  }
}

test('REQ-VEN-040, 041: every change of a venue leaves its fact, with who, when, and from what to what', async () => {
  const { id } = await world.venue();
  const venue = `venues/${id}`;
  const contact = await world.venueContact({ id });
  const photo = await world.venuePhoto({ id });
  const block = await world.block({ id });
  await walk(
    ['PATCH', venue, { body: { description: 'Bright' } }],
    ['PATCH', venue, { body: { address: { line1: '3 High Street' } } }],
    ['PUT', `${venue}/capacity`, { body: { max: 90 } }],
    ['PUT', `${venue}/amenities`, { body: { amenities: ['Bar'] } }],
    ['PATCH', `${venue}/contacts/${contact.id}`, { body: { name: 'Cy' } }],
    ['DELETE', `${venue}/contacts/${contact.id}`],
    ['DELETE', `${venue}/photos/${photo.id}`],
    ['DELETE', `${venue}/blocks/${block.id}`],
    ['POST', `${venue}/deactivate`, { body: { reason: 'Works' } }],
    ['POST', `${venue}/activate`, { body: {} }],
    ['DELETE', venue],
  );
  await expectFacts([id], {
    VenueAdded: 'plain',
    VenueDetailsUpdated: 'changes',
    VenueAddressUpdated: 'changes',
    VenueCapacityUpdated: 'changes',
    VenueAmenitiesUpdated: 'changes',
    VenueActivated: 'changes',
    VenueDeactivated: 'changes',
    VenueRemoved: 'plain',
    VenueContactAdded: 'plain',
    VenueContactUpdated: 'changes',
    VenueContactRemoved: 'plain',
    VenuePhotoUploaded: 'plain',
    VenuePhotoRemoved: 'plain',
    VenueBlocked: 'plain',
    VenueUnblocked: 'plain',
  });
});

test('every change of a customer leaves its fact, with who, when, and from what to what', async () => {
  const [source, target] = [await world.customer(), await world.customer()];
  const customer = `customers/${source.id}`;
  const [contact, second] = [await world.contact(source), await world.contact(source)];
  const logged = await world.make(`${customer}/communications`, { body: { kind: 'phone', subject: 'Called' } });
  await walk(
    ['PATCH', customer, { body: { name: 'Renamed' } }],
    ['PATCH', customer, { body: { primaryPhone: '+442079460019' } }],
    ['PATCH', customer, { body: { preferences: { marketingConsent: true } } }],
    ['PUT', `${customer}/tags`, { body: { tags: ['loyal'] } }],
    ['PUT', `${customer}/photo`, { file: world.photo }],
    ['DELETE', `${customer}/photo`],
    ['PATCH', `${customer}/contacts/${contact.id}`, { body: { position: 'Director' } }],
    ['DELETE', `${customer}/contacts/${second.id}`],
    ['POST', `${customer}/deactivate`, { body: { reason: 'Gone' } }],
    ['POST', `${customer}/reactivate`, { body: { reason: 'Back' } }],
    ['POST', 'customers/merge', { body: { sourceId: source.id, targetId: target.id } }],
    ['DELETE', `customers/${target.id}`],
  );
  const moved = (await trail()).filter(({ subject }) => subject === logged.id).map(({ type }) => type);
  expect(moved).toEqual(['CustomerCommunicationLogged', 'CustomerCommunicationMoved']);
  await expectFacts([source.id, target.id], {
    CustomerRegistered: 'plain',
    CustomerProfileUpdated: 'changes',
    CustomerContactInfoUpdated: 'changes',
    CustomerPreferencesUpdated: 'changes',
    CustomerDeactivated: 'changes',
    CustomerReactivated: 'changes',
    CustomerMerged: 'changes',
    CustomerAbsorbed: 'plain',
    CustomerRemoved: 'plain',
    ContactAdded: 'plain',
    ContactUpdated: 'changes',
    ContactRemoved: 'plain',
    CustomerTagged: 'changes',
    CustomerPhotoUploaded: 'plain',
    CustomerPhotoRemoved: 'plain',
  });
});

test('and so does every change of a user and of a role', async () => {
  const [user, role] = [await world.user(), await world.role()];
  await walk(
    ['PATCH', `users/${user.id}`, { body: { displayName: 'Renamed' } }],
    ['PUT', `users/${user.id}/roles`, { body: { roles: ['manager'] } }],
    ['POST', `users/${user.id}/suspend`, { body: {} }],
    ['POST', `users/${user.id}/reinstate`, { body: {} }],
    ['PATCH', `roles/${role.id}`, { body: { privileges: ['venues:read'] } }],
    ['DELETE', `roles/${role.id}`],
  );
  const facts = (await trail()).filter(({ subject, actorid }) => subject === user.id && actorid !== user.id);
  expect(facts.map(({ type }) => type)).toEqual([
    'UserAccountUpdated',
    'UserRoleRevoked',
    'UserRoleAssigned',
    'UserAccountDeactivated',
    'UserAccountReactivated',
  ]);
  const updates = facts.filter(({ type }) => type.startsWith('UserAccount'));
  for (const { data } of updates) expect(data).toMatchObject({ changes: CHANGES });
  await expectFacts([role.id], { RoleCreated: 'plain', RoleUpdated: 'changes', RoleRemoved: 'plain' });
});

test('REQ-EQP-111 every fact of chapter 06 comes of what is asked for, with who, when, and from what to what', async () => {
  const item = await world.equipment();
  const path = `equipment/${item.id}`;
  const photo = await world.equipmentPhoto(item);
  await walk(
    ['PATCH', path, { body: { description: 'Round' } }],
    ['PUT', `${path}/specifications`, { body: { specifications: [{ key: 'Width', value: '180', unit: 'cm' }] } }],
    ['PUT', `${path}/condition`, { body: { condition: 'fair' } }],
    ['PUT', `${path}/condition`, { body: { condition: 'excellent' } }],
    ['DELETE', `${path}/photos/${photo.id}`],
    ['POST', `${path}/deactivate`, { body: {} }],
    ['POST', `${path}/activate`, { body: {} }],
    ['DELETE', path],
  );
  const steps = ['confirm', 'pack', 'load', 'dispatch', 'deliver', 'setup-complete', 'pickup', 'return'];
  const details: Readonly<Record<string, object>> = {
    load: { vehicle: 'Van 3' },
    dispatch: { driver: 'Dee' },
    return: { returned: 2 },
  };
  await world.reservation(...steps.map((step) => [step, details[step] ?? {}] as const));
  const [wanted, first, second] = [await world.equipment(), await world.event(['approve']), await world.event()];
  const { startsAt: start, endsAt: end } = first;
  const asked = { equipmentId: wanted.id, quantity: 4, window: { start, end } };
  const made = await world.make('equipment/reservations', { body: { ...asked, eventId: first.id } });
  const clash = { ...asked, eventId: second.id };
  const refused = await send(host, organization.admin, 'POST', 'equipment/reservations', { body: clash });
  expect(refused.status).toBe(409);
  await walk(
    ['POST', 'equipment/reservations', { body: { ...clash, override: { reason: 'Both share' } } }],
    ['PATCH', `equipment/reservations/${made.id}`, { body: { notes: 'By the door' } }],
    ['DELETE', `equipment/reservations/${made.id}`],
    ['POST', `equipment/${wanted.id}/damage-reports`, { body: { ...world.damageBody, severity: 'totalLoss' } }],
  );
  await world.maintenance('start', 'complete');
  await world.maintenance('cancel');
  const inspected = await world.item();
  for (const passed of [true, false]) {
    const body = { ...world.maintenanceBody(), type: 'inspection' };
    const inspection = await world.make(`equipment/${inspected.id}/maintenance`, { body });
    await walk(
      ['POST', `equipment/maintenance/${inspection.id}/start`, { body: {} }],
      ['POST', `equipment/maintenance/${inspection.id}/complete`, { body: { passed } }],
    );
  }
  const facts = (await trail()).filter(({ type }) => equipmentFacts.includes(type));
  expect([...new Set(facts.map(({ type }) => type))].sort()).toEqual(equipmentFacts.toSorted());
  const { userId } = organization.admin;
  for (const fact of facts) {
    expect(fact.time).toMatch(/Z$/);
    expect([userId, 'system']).toContain(fact.actorid);
    expect(fact.correlationid).toMatch(/./);
    if (/Updated$/.test(fact.type)) expect(fact.data).toMatchObject({ changes: CHANGES });
  }
});
