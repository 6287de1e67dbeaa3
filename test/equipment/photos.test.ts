import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Body, callerHost, someoneOf } from '../support/callers.ts';
import { stalling } from '../support/faults.ts';
import { blackPng } from '../support/pictures.ts';
import { madeItem, startWorld, type World } from './support.ts';

const LIMIT = 10 * 1024 * 1024;
let world: World;
let itemId: string;
let photos: string;
let jpeg: Buffer;

beforeAll(async () => {
  world = await startWorld();
  jpeg = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#246' } })
    .jpeg()
    .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
    .toBuffer();
});
beforeEach(async () => {
  itemId = (await madeItem(world.manager)).id;
  photos = `equipment/${itemId}/photos`;
});
afterAll(() => world.close());

async function listed(): Promise<Body[]> {
  return (await world.manager.get(photos)).body.data;
}
const primaries = (all: readonly Body[]) => all.filter(({ primary }) => primary).map(({ id }) => id);

describe('REQ-EQP-070 a photo', () => {
  test('is uploaded, read through links without its GPS position, and shown with the item', async () => {
    const made = await world.manager.upload(photos, jpeg, 'from the yard.txt');
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toMatch(new RegExp(`/api/${photos}/${made.body.id}$`));
    expect(made.body).toMatchObject({ width: 640, height: 480, primary: true });
    const original = Buffer.from(await (await fetch(made.body.url)).arrayBuffer());
    expect(original.byteLength).toBe(made.body.size);
    expect((await sharp(original).metadata()).exif).toBeUndefined();
    const thumbnail = await sharp(await (await fetch(made.body.thumbnailUrl)).arrayBuffer()).metadata();
    expect(thumbnail).toMatchObject({ format: 'webp', width: 320, height: 240 });
    const { url: _, thumbnailUrl: __, ...same } = made.body;
    expect((await world.manager.get(`${photos}/${made.body.id}`)).body).toMatchObject(same);
    const item = (await world.manager.get(`equipment/${itemId}`)).body;
    expect(item.photos).toMatchObject([same]);
    const found = await world.manager.get(`equipment?q=${encodeURIComponent(item.name)}`);
    expect(found.body.data.find(({ id }: Body) => id === itemId).photo).toMatchObject(same);
    expect((await world.facts(itemId)).at(-1)).toMatchObject({ type: 'EquipmentPhotoUploaded' });
  });

  test('sent twice under one key is one photo; another file under that key is refused', async () => {
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

  test('may have exactly 10 MB, by its content alone', async () => {
    const bytes = Buffer.concat([jpeg, Buffer.alloc(LIMIT - jpeg.byteLength)]);
    expect((await world.manager.upload(photos, bytes)).status).toBe(201);
  });

  test.each([
    [
      'an executable renamed to .jpg',
      Buffer.concat([Buffer.from('MZ\x90\x00'), Buffer.alloc(500)]),
      415,
      'unsupported_media_type',
    ],
    ['a program for Linux', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(500)]), 415, 'unsupported_media_type'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 415, 'unsupported_media_type'],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>'), 415, 'unsupported_media_type'],
    ['a decompression bomb', blackPng(15_000, 15_000), 400, 'invalid'],
    ['nothing', Buffer.alloc(0), 400, 'invalid'],
    ['10 MB and one byte', Buffer.alloc(LIMIT + 1, 0xff), 413, 'too_large'],
    ['twice 10 MB', Buffer.alloc(2 * LIMIT, 0xff), 413, 'too_large'],
  ])('is not %s', async (_what, bytes, status, code) => {
    const refused = await world.manager.upload(photos, bytes, 'photo.jpg');
    expect([refused.status, refused.body.type]).toEqual([status, `urn:marquee:problem:${code}`]);
    if (code === 'too_large') expect(refused.body.limit).toBe(LIMIT);
    expect(await listed()).toEqual([]);
  });

  test('is not cut off, as a file or as a request', async () => {
    const refused = await world.manager.upload(photos, jpeg.subarray(0, jpeg.byteLength * 0.6));
    expect([refused.status, refused.body.errors[0].path]).toEqual([400, 'body.file']);
    const cut = await fetch(`${world.origin}/api/${photos}`, {
      method: 'POST',
      headers: { authorization: 'Bearer token-0', 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nhalf a f',
    });
    expect(cut.status).toBe(400);
    expect(await listed()).toEqual([]);
  });
});

describe('REQ-EQP-070, 071 a photo whose item or itself is deleted meanwhile', () => {
  test('is 404 when the item went during the upload, and leaves no blob', async () => {
    const gone = () => world.manager.delete(`equipment/${itemId}`);
    const host = await callerHost(stalling(world.platform, 'equipment', gone));
    const refused = await host.as(someoneOf(world.orgId, 'manager')).upload(photos, jpeg);
    await host.close();
    expect([refused.status, refused.body.type]).toEqual([404, 'urn:marquee:problem:not_found']);
    const left = [];
    for await (const page of world.platform.blobs.list(`${world.orgId}/equipment/${itemId}/`)) left.push(...page);
    expect(left).toEqual([]);
  });

  test('is removed once by many at once, and never primary again', async () => {
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
  test('has one primary: the first, then whichever is named, then the oldest that is left', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 3; at += 1) ids.push((await world.manager.upload(photos, jpeg)).body.id);
    const [first, second, third] = ids;
    expect(primaries(await listed())).toEqual([first]);
    const named = await world.manager.put(`${photos}/${third}/primary`);
    expect([named.status, named.body.primary]).toEqual([200, true]);
    expect(primaries(await listed())).toEqual([third]);
    expect((await world.manager.delete(`${photos}/${third}`)).status).toBe(204);
    expect(primaries(await listed())).toEqual([first]);
    await world.manager.delete(`${photos}/${first}`);
    expect(primaries(await listed())).toEqual([second]);
    expect((await world.manager.put(`${photos}/${first}/primary`)).status).toBe(404);
    await world.manager.delete(`${photos}/${second}`);
    expect(await listed()).toEqual([]);
  });

  test('forgets both blobs of a photo that is removed', async () => {
    const { body } = await world.manager.upload(photos, jpeg);
    expect((await fetch(body.url)).status).toBe(200);
    await world.manager.delete(`${photos}/${body.id}`);
    await world.settled();
    expect((await fetch(body.url)).status).toBe(404);
    expect((await fetch(body.thumbnailUrl)).status).toBe(404);
  });

  test('takes 20 of 50 that come at once, with exactly one primary', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => world.manager.upload(photos, jpeg)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(20);
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.rule, body.limit]).toEqual([409, 'most-photos', 20]);
    }
    const all = await listed();
    expect(primaries(all)).toHaveLength(1);
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(made.map(({ body }) => body.id)));
  });

  test('is changed by those who may write equipment', async () => {
    expect((await world.as('viewer').upload(photos, jpeg)).status).toBe(403);
    for (const role of ['maintenanceTechnician', 'staff', 'accountant', 'customer'] as const) {
      expect((await world.as(role).upload(photos, jpeg)).status).toBe(403);
    }
    expect((await world.as('warehouseManager').upload(photos, jpeg)).status).toBe(201);
    expect((await world.as('viewer').get(photos)).status).toBe(200);
  });
});
