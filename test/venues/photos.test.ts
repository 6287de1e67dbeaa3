import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Picture } from '../../shared/platform/pictures.ts';
import { venues } from '../../shared/venues/model.ts';
import { addPhoto } from '../../shared/venues/rules.ts';
import type { Body } from '../support/callers.ts';
import { madeVenue, startWorld, type World } from './support.ts';

const LIMIT = 5 * 1024 * 1024;
let world: World;
let venueId: string;
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
  venueId = (await madeVenue(world.manager)).id;
  photos = `venues/${venueId}/photos`;
});
afterAll(() => world.close());

async function listed(): Promise<Body[]> {
  return (await world.manager.get(photos)).body.data;
}
const primaries = (all: readonly Body[]) => all.filter(({ primary }) => primary).map(({ id }) => id);

describe('REQ-VEN-014 photos of a venue', () => {
  test('are uploaded, read through links without their GPS position, and shown with the venue', async () => {
    const made = await world.manager.upload(photos, jpeg, 'from the car park.txt');
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
    const venue = await world.manager.get(`venues/${venueId}`);
    expect(venue.body.photos).toMatchObject([same]);
    const found = await world.manager.get(`venues?q=${encodeURIComponent(venue.body.name)}`);
    expect(found.body.data.find(({ id }: Body) => id === venueId).photo).toMatchObject(same);
  });

  test('give a venue fresh links at every read, but keep its ETag good for If-Match', async () => {
    await world.manager.upload(photos, jpeg);
    const read = await world.manager.get(`venues/${venueId}`);
    const etag = read.headers.get('etag') ?? '';
    const again = await world.manager.get(`venues/${venueId}`, { 'if-none-match': etag });
    expect(again.status).toBe(200);
    const changed = await world.manager.patch(`venues/${venueId}`, { bookable: 2 }, { 'if-match': etag });
    expect(changed.status).toBe(200);
    const other = await world.manager.upload(photos, jpeg);
    const photo = `${photos}/${other.body.id}`;
    const shown = (await world.manager.get(photo)).headers.get('etag') ?? '';
    expect(shown).toBe(other.headers.get('etag'));
    expect((await world.manager.delete(photo, { 'if-match': etag })).status).toBe(412);
    const primary = await world.manager.put(`${photo}/primary`, {}, { 'if-match': shown });
    expect((await world.manager.delete(photo, { 'if-match': primary.headers.get('etag') ?? '' })).status).toBe(204);
  });

  test.each([
    [
      'an executable renamed to .jpg',
      Buffer.concat([Buffer.from('MZ\x90\x00'), Buffer.alloc(500)]),
      415,
      'unsupported_media_type',
    ],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 415, 'unsupported_media_type'],
    ['nothing', Buffer.alloc(0), 400, 'invalid'],
    ['5 MB and one byte', Buffer.alloc(LIMIT + 1, 0xff), 413, 'too_large'],
  ])('are not %s', async (_what, bytes, status, code) => {
    const refused = await world.manager.upload(photos, bytes, 'photo.jpg');
    expect([refused.status, refused.body.type]).toEqual([status, `urn:marquee:problem:${code}`]);
    if (code === 'too_large') expect(refused.body.limit).toBe(LIMIT);
    expect(await listed()).toEqual([]);
  });

  test('are not cut off', async () => {
    const refused = await world.manager.upload(photos, jpeg.subarray(0, jpeg.byteLength * 0.6));
    expect([refused.status, refused.body.errors[0].path]).toEqual([400, 'body.file']);
  });

  test('may have exactly 5 MB', async () => {
    const bytes = Buffer.concat([jpeg, Buffer.alloc(LIMIT - jpeg.byteLength)]);
    expect((await world.manager.upload(photos, bytes)).status).toBe(201);
  });

  test('have one primary: the first, then whichever is named, then the oldest that is left', async () => {
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

  test('that are removed are gone from the storage too', async () => {
    const { body } = await world.manager.upload(photos, jpeg);
    expect((await fetch(body.url)).status).toBe(200);
    await world.manager.delete(`${photos}/${body.id}`);
    await world.settled();
    expect((await fetch(body.url)).status).toBe(404);
    expect((await fetch(body.thumbnailUrl)).status).toBe(404);
  });

  test('uploaded at once are at most 20 with exactly one primary, and those refused leave nothing behind', async () => {
    const answers = await Promise.all(Array.from({ length: 26 }, () => world.manager.upload(photos, jpeg)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(20);
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.rule, body.limit]).toEqual([409, 'most-photos', 20]);
    }
    const all = await listed();
    expect(all).toHaveLength(20);
    expect(primaries(all)).toHaveLength(1);
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(made.map(({ body }) => body.id)));
  });

  test('without the etag the same uploads pass the limit', async () => {
    const scope = world.scope();
    const picture = (id: string): Picture => ({
      id,
      path: id,
      thumbnailPath: id,
      contentType: 'image/jpeg',
      width: 1,
      height: 1,
      size: 1,
    });
    for (let at = 0; at < 19; at += 1) {
      await scope.of(venues).execute(venueId, (state) => addPhoto(state, picture(`p${at}`)));
    }
    // Two uploads that decide on what they read before either committed.
    const { state } = await scope.of(venues).get(venueId);
    const decided = ['late', 'later'].map((id) => addPhoto(state, picture(id)));
    for (const facts of decided) await scope.of(venues).execute(venueId, () => facts);
    expect((await scope.of(venues).get(venueId)).state.photos).toHaveLength(21);
  });

  test('are for those to change who may write venues', async () => {
    expect((await world.as('viewer').upload(photos, jpeg)).status).toBe(403);
    expect((await world.as('viewer').get(photos)).status).toBe(200);
  });
});
