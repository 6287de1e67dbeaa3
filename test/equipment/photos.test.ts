import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { albumSuite } from '../support/album.suite.ts';
import { callerHost, someoneOf } from '../support/callers.ts';
import { stalling } from '../support/faults.ts';
import { madeItem, startWorld } from './support.ts';

const album = albumSuite({
  requirements: 'REQ-EQP-070 to 072',
  of: 'equipment',
  megabytes: 10,
  start: startWorld,
  make: madeItem,
});

describe('REQ-EQP-070 a photo', () => {
  test('leaves a fact of the item', async () => {
    const { world, id, photos, jpeg } = album();
    await world.manager.upload(photos, jpeg);
    expect((await world.facts(id)).at(-1)).toMatchObject({ type: 'EquipmentPhotoUploaded' });
  });

  test('sent twice under one key is one photo; another file under that key is refused', async () => {
    const { world, photos, jpeg, listed } = album();
    const headers = { 'idempotency-key': 'photo-once' };
    const send = (file: Uint8Array) => world.manager.send('POST', photos, { file, headers });
    const [first, again] = [await send(jpeg), await send(jpeg)];
    // The form's boundary differs, its file does not.
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(again.body.id).toBe(first.body.id);
    const other = await send(await sharp(jpeg).png().toBuffer());
    expect([other.status, other.body.type]).toEqual([422, 'urn:marquee:problem:key_reused']);
    expect(await listed()).toHaveLength(1);
  });
});

describe('REQ-EQP-070, 071 a photo whose item or itself is deleted meanwhile', () => {
  test('is 404 when the item went during the upload, and leaves no blob', async () => {
    const { world, id, photos, jpeg } = album();
    const gone = () => world.manager.delete(`equipment/${id}`);
    const host = await callerHost(stalling(world.platform, 'equipment', gone));
    const refused = await host.as(someoneOf(world.orgId, 'manager')).upload(photos, jpeg);
    await host.close();
    expect([refused.status, refused.body.type]).toEqual([404, 'urn:marquee:problem:not_found']);
    const left = [];
    for await (const page of world.platform.blobs.list(`${world.orgId}/equipment/${id}/`)) left.push(...page);
    expect(left).toEqual([]);
  });

  test('is removed once by many at once, and never primary again', async () => {
    const { world, photos, jpeg, listed } = album();
    const [first, second] = [await world.manager.upload(photos, jpeg), await world.manager.upload(photos, jpeg)];
    const path = `${photos}/${first.body.id}`;
    const [chosen, ...removed] = await Promise.all([
      world.manager.put(`${path}/primary`),
      ...Array.from({ length: 5 }, () => world.manager.delete(path)),
    ]);
    expect([200, 404]).toContain(chosen?.status);
    expect(removed.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404]);
    expect((await listed()).map(({ id, primary }) => [id, primary])).toEqual([[second.body.id, true]]);
  });
});

describe('REQ-EQP-071, 072 the album', () => {
  test('is changed by those who may write equipment', async () => {
    const { world, photos, jpeg } = album();
    expect((await world.as('viewer').upload(photos, jpeg)).status).toBe(403);
    for (const role of ['maintenanceTechnician', 'staff', 'accountant', 'customer'] as const) {
      expect((await world.as(role).upload(photos, jpeg)).status).toBe(403);
    }
    expect((await world.as('warehouseManager').upload(photos, jpeg)).status).toBe(201);
    expect((await world.as('viewer').get(photos)).status).toBe(200);
  });
});
