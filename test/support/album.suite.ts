/** What holds for every album of photos: of venues, of equipment. */
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Body, Caller } from './callers.ts';
import { blackPng } from './pictures.ts';
import type { Served } from './served.ts';

interface Albums<W extends Served> {
  /** The requirements that these tests are of. */
  readonly requirements: string;
  /** The collection: first in its paths. */
  readonly of: 'venues' | 'equipment';
  readonly megabytes: number;
  readonly start: () => Promise<W>;
  /** Makes one that has no photos yet. */
  readonly make: (by: Caller) => Promise<Body>;
}

/** The album of the present test. */
interface Album<W extends Served> {
  readonly world: W;
  /** Whose it is. */
  readonly id: string;
  /** Where it is listed and uploaded to. */
  readonly photos: string;
  /** With a GPS position. */
  readonly jpeg: Buffer;
  listed(): Promise<Body[]>;
}

/** All of it, and the album for what a kind of its own has to show. */
export function albumSuite<W extends Served>({ requirements, of, megabytes, start, make }: Albums<W>): () => Album<W> {
  const limit = megabytes * 1024 * 1024;
  let world: W;
  let jpeg: Buffer;
  let id: string;
  let photos: string;
  beforeAll(async () => {
    world = await start();
    jpeg = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#246' } })
      .jpeg()
      .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
      .toBuffer();
  });
  beforeEach(async () => {
    id = (await make(world.manager)).id;
    photos = `${of}/${id}/photos`;
  });
  afterAll(() => world.close());

  const listed = async (): Promise<Body[]> => (await world.manager.get(photos)).body.data;
  const primaries = (all: readonly Body[]) => all.filter(({ primary }) => primary).map((photo) => photo.id);

  describe(`${requirements} a photo`, () => {
    test('is uploaded, read through links without its GPS position, and shown with its owner', async () => {
      const made = await world.manager.upload(photos, jpeg, 'from the yard.txt');
      expect(made.status).toBe(201);
      expect(made.headers.get('location')).toMatch(new RegExp(`/api/${photos}/${made.body.id}$`));
      expect(made.body).toMatchObject({ width: 640, height: 480, primary: true });
      const original = Buffer.from(await (await fetch(made.body.url)).arrayBuffer());
      expect(original.byteLength).toBe(made.body.size);
      expect((await sharp(jpeg).metadata()).exif).toBeDefined();
      expect((await sharp(original).metadata()).exif).toBeUndefined();
      const thumbnail = await sharp(await (await fetch(made.body.thumbnailUrl)).arrayBuffer()).metadata();
      expect(thumbnail).toMatchObject({ format: 'webp', width: 320, height: 240 });
      // Links are made anew for every reply.
      const { url: _, thumbnailUrl: __, ...same } = made.body;
      expect((await world.manager.get(`${photos}/${made.body.id}`)).body).toMatchObject(same);
      const owner = (await world.manager.get(`${of}/${id}`)).body;
      expect(owner.photos).toMatchObject([same]);
      const found = await world.manager.get(`${of}?q=${encodeURIComponent(owner.name)}`);
      expect(found.body.data.find((one: Body) => one.id === id).photo).toMatchObject(same);
    });

    test(`may have exactly ${megabytes} MB, by its content alone`, async () => {
      const bytes = Buffer.concat([jpeg, Buffer.alloc(limit - jpeg.byteLength)]);
      expect((await world.manager.upload(photos, bytes)).status).toBe(201);
    });

    test.each([
      [
        'an executable renamed to .jpg',
        Buffer.concat([Buffer.from('MZ\x90\x00'), Buffer.alloc(500)]),
        415,
        'unsupported_media_type',
      ],
      [
        'a program for Linux',
        Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(500)]),
        415,
        'unsupported_media_type',
      ],
      ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 415, 'unsupported_media_type'],
      ['a page', Buffer.from('<!doctype html><script>alert(1)</script>'), 415, 'unsupported_media_type'],
      ['a decompression bomb', blackPng(15_000, 15_000), 400, 'invalid'],
      ['nothing', Buffer.alloc(0), 400, 'invalid'],
      ['a byte more', Buffer.alloc(limit + 1, 0xff), 413, 'too_large'],
      ['twice as much', Buffer.alloc(2 * limit, 0xff), 413, 'too_large'],
    ])('is not %s', async (_what, bytes, status, code) => {
      const refused = await world.manager.upload(photos, bytes, 'photo.jpg');
      expect([refused.status, refused.body.type]).toEqual([status, `urn:marquee:problem:${code}`]);
      if (code === 'too_large') expect(refused.body.limit).toBe(limit);
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

  describe(`${requirements} the album`, () => {
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
      expect(new Set(all.map((photo) => photo.id))).toEqual(new Set(made.map(({ body }) => body.id)));
    });
  });
  return () => ({ world, id, photos, jpeg, listed });
}
