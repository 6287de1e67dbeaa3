/** Damage to equipment: reported, followed, and what it brings about (REQ-EQP-060, 062, 064). */
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { retireOnTotalLoss } from '../../functions/bus/retire-on-total-loss.ts';
import { weighReplacement } from '../../functions/bus/weigh-replacement.ts';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import { systemClock, systemIds } from '../../shared/platform/clock.ts';
import { closeStages, type Stage, stage } from '../events/support.ts';
import { deliver, factsOf, itemOf, typesOf } from '../maintenance/support.ts';
import { type Body, brief, type Person } from '../support/callers.ts';
import { Crash, crashing, unguarded } from '../support/faults.ts';
import { storedItem } from '../support/items.ts';

const LIMIT = 10 * 1024 * 1024;
let world: Stage;
let staff: Person;
let warehouse: Person;
beforeAll(async () => {
  const root = await stage();
  const blobs = openBlobs({ connectionString: inject('azurite'), clock: systemClock });
  world = { ...(await root.over({ ...root.platform, blobs })), settle: root.settle };
  staff = world.as('staff');
  warehouse = world.as('warehouseManager');
});
afterAll(closeStages);

let equipmentId: string;
beforeEach(async () => {
  world.move('2026-11-20T09:00:00Z');
  equipmentId = await storedItem(world.scope);
});

const gbp = (amount: number) => ({ amount, currency: 'GBP' });
const report = (more: Readonly<Record<string, unknown>> = {}, by = staff) =>
  by.post(`equipment/${equipmentId}/damage-reports`, { severity: 'moderate', description: 'Bent castor', ...more });
const path = ({ id }: Body) => `equipment/damage-reports/${id}`;
const itemFacts = () => typesOf(world.scope, 'equipment', equipmentId);

describe('REQ-EQP-060 a damage report', () => {
  test('is made by staff, read by those who may, and leaves its fact', async () => {
    const event = await world.as('manager').post('events', await world.booking());
    const eventId = event.body.id;
    const made = await report({ eventId, estimatedRepairCost: gbp(5000), reportedAt: '2026-11-19T20:00:00Z' });
    expect(made.body).toMatchObject({
      equipmentId,
      severity: 'moderate',
      status: 'open',
      eventId,
      estimatedRepairCost: gbp(5000),
      reportedAt: '2026-11-19T20:00:00Z',
      photos: [],
    });
    expect(made.headers.get('location')).toMatch(new RegExp(`/api/${path(made.body)}$`));
    expect((await staff.get(path(made.body))).status).toBe(403);
    expect((await warehouse.get(path(made.body))).body).toEqual(made.body);
    const [fact] = await factsOf(world.scope, 'equipment', made.body.id);
    expect(fact).toMatchObject({
      type: 'EquipmentDamageReported',
      data: { equipmentId, severity: 'moderate', eventId, description: 'Bent castor' },
    });
  });

  test.each([
    ['an event that is not there', { eventId: systemIds.next() }, 'invalid'],
    ['damage that is still to come', { reportedAt: '2026-11-20T10:00:00Z' }, 'reported-in-past'],
    ['a severity of its own', { severity: 'awful' }, 'invalid'],
    ['a cost below nothing', { estimatedRepairCost: gbp(-1) }, 'invalid'],
  ])('is refused for %s', async (_, more, expected) => {
    expect(brief(await report(more))).toBe(expected);
  });

  test('are listed newest first, by severity and status', async () => {
    const one = (await report()).body;
    world.move('2026-11-20T09:00:01Z');
    const other = (await report({ severity: 'severe' })).body;
    await warehouse.patch(path(one), { status: 'resolved' });
    const ids = async (query = '') =>
      (await warehouse.get(`equipment/${equipmentId}/damage-reports${query}`)).body.data.map(({ id }: Body) => id);
    expect(await ids()).toEqual([other.id, one.id]);
    expect(await ids('?severity=severe')).toEqual([other.id]);
    expect(await ids('?status=resolved')).toEqual([one.id]);
  });

  const statuses = ['open', 'inRepair', 'resolved'] as const;
  const follows = { open: ['inRepair', 'resolved'], inRepair: ['open', 'resolved'], resolved: ['open'] };
  const ways = { open: [], inRepair: ['inRepair'], resolved: ['resolved'] };
  const table = statuses.flatMap((from) => statuses.filter((to) => to !== from).map((to) => [from, to] as const));
  test.each(table)('from %s to %s', async (from, to) => {
    const { body: made } = await report();
    for (const status of ways[from]) await warehouse.patch(path(made), { status });
    const answer = await warehouse.patch(path(made), { status: to });
    if (follows[from].includes(to)) expect(answer.body.status).toBe(to);
    else expect([brief(answer), answer.body.state, answer.body.allowed]).toEqual(['wrong_state', from, follows[from]]);
  });

  test('PUT gives all of it; what does not change leaves no fact', async () => {
    const { body: made } = await report({ estimatedRepairCost: gbp(100) });
    const fields = { description: 'Broken castor', status: 'open' };
    const { body: put } = await warehouse.put(path(made), fields);
    expect(put).not.toHaveProperty('estimatedRepairCost');
    await warehouse.put(path(made), fields);
    expect(await typesOf(world.scope, 'equipment', made.id)).toEqual([
      'EquipmentDamageReported',
      'EquipmentDamageReportUpdated',
    ]);
  });
});

describe('photos of damage', () => {
  let jpeg: Buffer;
  beforeAll(async () => {
    jpeg = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#246' } })
      .jpeg()
      .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
      .toBuffer();
  });

  test('are added by who reports, shown with the report, without where they were taken', async () => {
    const { body: made } = await report();
    const added = await staff.upload(`${path(made)}/photos`, jpeg, 'castor.txt');
    expect([added.status, added.body.width, added.body.primary]).toEqual([201, 640, true]);
    const shown = (await warehouse.get(path(made))).body.photos;
    expect(shown).toMatchObject([{ id: added.body.id }]);
    const kept = Buffer.from(await (await fetch(shown[0].url)).arrayBuffer());
    expect((await sharp(kept).metadata()).exif).toBeUndefined();
    const one = await warehouse.get(new URL(added.headers.get('location') ?? '', 'http://x').pathname.slice(5));
    expect(one.body.id).toBe(added.body.id);
    expect((await warehouse.get(`${path(made)}/photos/${systemIds.next()}`)).status).toBe(404);
  });

  test.each([
    ['an executable renamed to .jpg', Buffer.concat([Buffer.from('MZ\x90\x00'), Buffer.alloc(500)]), 415],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 415],
    ['10 MB and one byte', Buffer.alloc(LIMIT + 1, 0xff), 413],
  ])('are not %s', async (_, bytes, status) => {
    const { body: made } = await report();
    expect((await staff.upload(`${path(made)}/photos`, bytes)).status).toBe(status);
  });

  test('are at most ten, however many come at once', async () => {
    const { body: made } = await report();
    const answers = await Promise.all(Array.from({ length: 13 }, () => staff.upload(`${path(made)}/photos`, jpeg)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(answers.filter((answer) => brief(answer) === 'most-photos')).toHaveLength(3);
    expect((await warehouse.get(path(made))).body.photos).toHaveLength(10);
  });
});

const RETIRED = ['EquipmentItemAdded', 'EquipmentReplacementRequired', 'EquipmentRetired'];

describe('REQ-EQP-062 a total loss', () => {
  test('retires the item and asks for a replacement, by a reaction, with the sums', async () => {
    const { body: made } = await report({ severity: 'totalLoss', estimatedRepairCost: gbp(90_000) });
    await world.settle();
    expect(await itemOf(world.scope, equipmentId)).toMatchObject({
      retired: { at: world.scope.now(), reason: 'Total loss: Bent castor' },
    });
    const facts = await factsOf(world.scope, 'equipment', equipmentId);
    expect(facts.map(({ type }) => type)).toEqual(RETIRED);
    expect(facts[1]?.data).toEqual({
      damageReportId: made.id,
      reason: 'totalLoss',
      repairCost: gbp(90_000),
      currentValue: gbp(100_000),
    });
  });

  test('other severities retire nothing', async () => {
    for (const severity of ['minor', 'moderate', 'severe']) await report({ severity });
    await world.settle();
    expect(await itemFacts()).toEqual(['EquipmentItemAdded']);
  });

  test('told twice, at once, after a crash, or by two reports: retired once', async () => {
    const first = (await report({ severity: 'totalLoss' })).body;
    const second = (await report({ severity: 'totalLoss' })).body;
    const [[one], [other]] = [
      await factsOf(world.scope, 'equipment', first.id),
      await factsOf(world.scope, 'equipment', second.id),
    ];
    const crash = crashing(world.platform, 1, 'after');
    await expect(deliver(crash.platform, retireOnTotalLoss, one)).rejects.toThrow(Crash);
    const again = [world.platform, world.twin(), world.twin()];
    await Promise.all(again.flatMap((on) => [one, other].map((fact) => deliver(on, retireOnTotalLoss, fact))));
    await world.settle();
    expect(await itemFacts()).toEqual(RETIRED);
  });

  test('of an item that was retired by hand asks for a replacement too, once whatever is reported and told', async () => {
    const manager = world.as('manager');
    await manager.post(`equipment/${equipmentId}/retire`, { reason: 'Old' });
    const first = (await report({ severity: 'totalLoss' })).body;
    await world.settle();
    await report({ severity: 'totalLoss' });
    await world.settle();
    const [fact] = await factsOf(world.scope, 'equipment', first.id);
    await deliver(world.platform, retireOnTotalLoss, fact);
    expect(await itemFacts()).toEqual(['EquipmentItemAdded', 'EquipmentRetired', 'EquipmentReplacementRequired']);
    expect(await itemOf(world.scope, equipmentId)).toMatchObject({ retired: { reason: 'Old' } });
  });

  test('dead before the commit it is retired at the next delivery', async () => {
    const { body: made } = await report({ severity: 'totalLoss' });
    const [fact] = await factsOf(world.scope, 'equipment', made.id);
    const crash = crashing(world.platform, 1, 'before');
    await expect(deliver(crash.platform, retireOnTotalLoss, fact)).rejects.toThrow(Crash);
    expect(await itemFacts()).toEqual(['EquipmentItemAdded']);
    await deliver(world.platform, retireOnTotalLoss, fact);
    expect(await itemFacts()).toEqual(RETIRED);
  });

  test('twin: without guards two deliveries at once retire it twice', async () => {
    const { body: made } = await report({ severity: 'totalLoss' });
    const [fact] = await factsOf(world.scope, 'equipment', made.id);
    const careless = () => {
      const twin = world.twin();
      return { ...twin, store: unguarded(twin.store) };
    };
    await Promise.all([deliver(careless(), retireOnTotalLoss, fact), deliver(careless(), retireOnTotalLoss, fact)]);
    expect((await itemFacts()).filter((type) => type === 'EquipmentRetired')).toHaveLength(2);
  });
});

describe('REQ-EQP-064 a repair for over half of the value', () => {
  const replacements = async () =>
    (await factsOf(world.scope, 'equipment', equipmentId)).filter(
      ({ type }) => type === 'EquipmentReplacementRequired',
    );

  test.each([
    ['exactly half of the price', gbp(50_000), undefined, 0],
    ['over half of the price', gbp(50_001), undefined, 1],
    ['over half of the present value', gbp(20_001), gbp(40_000), 1],
    ['half of the present value, of a dearer price', gbp(20_000), gbp(40_000), 0],
    ['another currency', { amount: 90_000, currency: 'USD' }, undefined, 0],
  ])('%s', async (_, estimatedRepairCost, currentValue, expected) => {
    equipmentId = await storedItem(world.scope, { currentValue });
    await report({ estimatedRepairCost });
    await world.settle();
    expect(await replacements()).toHaveLength(expected);
  });

  test('asks once for a report, when it is raised by a change too, told twice and out of order', async () => {
    const { body: made } = await report({ estimatedRepairCost: gbp(1000) });
    await world.settle();
    expect(await replacements()).toEqual([]);
    for (const amount of [60_000, 10, 70_000]) await warehouse.patch(path(made), { estimatedRepairCost: gbp(amount) });
    const facts = (await factsOf(world.scope, 'equipment', made.id)).toReversed();
    const crash = crashing(world.platform, 1, 'after');
    await expect(deliver(crash.platform, weighReplacement, facts[0])).rejects.toThrow(Crash);
    for (const fact of [...facts, ...facts.toReversed()]) await deliver(world.platform, weighReplacement, fact);
    await world.settle();
    const asked = await replacements();
    expect(asked.map(({ data }) => data)).toEqual([
      { damageReportId: made.id, reason: 'repairCost', repairCost: gbp(70_000), currentValue: gbp(100_000) },
    ]);
    await report({ estimatedRepairCost: gbp(80_000) });
    await world.settle();
    expect(await replacements()).toHaveLength(2);
    expect((await itemOf(world.scope, equipmentId)).retired).toBeUndefined();
  });
});
