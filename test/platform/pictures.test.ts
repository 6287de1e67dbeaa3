import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { systemActor } from '../../shared/platform/actor.ts';
import { openBlobs } from '../../shared/platform/blobs.azure.ts';
import type { Blobs } from '../../shared/platform/blobs.ts';
import { systemClock, systemIds } from '../../shared/platform/clock.ts';
import { keyedQueue } from '../../shared/platform/keyed-queue.ts';
import { type PictureScope, pictureView, removePicture, storePicture } from '../../shared/platform/pictures.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { blackPng } from '../support/pictures.ts';

const MB = 1024 * 1024;
let blobs: Blobs;
let scope: PictureScope;

beforeAll(() => {
  blobs = openBlobs({ connectionString: inject('azurite'), clock: systemClock });
  scope = {
    orgId: randomUUID(),
    newId: () => systemIds.next(),
    now: () => systemClock.now(),
    actor: systemActor('somebody'),
    platform: { blobs, queue: keyedQueue() },
  };
});

function plain(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 60 } } });
}
function noisy(width: number, height: number) {
  return sharp({
    create: { width, height, channels: 3, background: 'white', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
  });
}
const fileOf = (bytes: Uint8Array) => ({ size: bytes.byteLength, read: async () => bytes });
const store = (bytes: Uint8Array, limit = 5 * MB) =>
  storePicture(scope, { file: fileOf(bytes), path: 'venues/v1', limit, thumbnail: { width: 320 } });

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Refusal) return error;
  throw new Error(`Not refused: ${String(error)}`);
}
async function fetched(url: string) {
  const reply = await fetch(url);
  expect(reply.status).toBe(200);
  return { bytes: new Uint8Array(await reply.arrayBuffer()), type: reply.headers.get('content-type') };
}

describe('REQ-VEN-014 a picture that is uploaded', () => {
  test.each([
    ['jpeg', 'image/jpeg'],
    ['png', 'image/png'],
    ['webp', 'image/webp'],
  ] as const)('is kept as the %s it is, with a WebP thumbnail 320 pixels wide', async (format, type) => {
    const picture = await store(await plain(1200, 800).toFormat(format).toBuffer());
    const view = await pictureView(scope, picture, { primary: false });
    expect(view).toMatchObject({ width: 1200, height: 800, primary: false });
    const original = await fetched(view.url);
    expect(original.type).toBe(type);
    expect(original.bytes.byteLength).toBe(view.size);
    const thumbnail = await fetched(view.thumbnailUrl);
    expect(await sharp(thumbnail.bytes).metadata()).toMatchObject({ format: 'webp', width: 320, height: 213 });
  });

  test('loses its GPS position and camera, in the original and in the thumbnail', async () => {
    const withPlace = await plain(900, 600)
      .jpeg()
      .withExif({
        IFD0: { Make: 'SpyCam', Copyright: 'Ada' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1', GPSLongitudeRef: 'W', GPSLongitude: '0/1 7/1 0/1' },
      })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret/></x:xmpmeta>')
      .toBuffer();
    expect((await sharp(withPlace).metadata()).exif).toBeDefined();
    const view = await pictureView(scope, await store(withPlace));
    for (const url of [view.url, view.thumbnailUrl]) {
      const { bytes } = await fetched(url);
      const { exif, xmp, iptc } = await sharp(bytes).metadata();
      expect({ exif, xmp, iptc }).toEqual({ exif: undefined, xmp: undefined, iptc: undefined });
      expect(Buffer.from(bytes).includes('SpyCam')).toBe(false);
    }
  });

  test('is turned upright, as its camera said it was held', async () => {
    const sideways = await plain(900, 600).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const picture = await store(sideways);
    expect(picture).toMatchObject({ width: 600, height: 900 });
    const { bytes } = await fetched((await pictureView(scope, picture)).thumbnailUrl);
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 320, height: 480 });
  });

  test('smaller than the thumbnail is not blown up', async () => {
    const view = await pictureView(scope, await store(await plain(64, 48).png().toBuffer()));
    expect(await sharp((await fetched(view.thumbnailUrl)).bytes).metadata()).toMatchObject({ width: 64, height: 48 });
  });

  test('gets a square thumbnail where one is asked for (REQ-USER-002)', async () => {
    const bytes = await noisy(700, 300).jpeg().toBuffer();
    const picture = await storePicture(scope, {
      file: fileOf(bytes),
      path: 'users/u1',
      limit: 5 * MB,
      thumbnail: { width: 256, square: true },
    });
    const { bytes: thumbnail } = await fetched((await pictureView(scope, picture)).thumbnailUrl);
    expect(await sharp(thumbnail).metadata()).toMatchObject({ width: 256, height: 256 });
  });

  test('is read by nobody without a link, and by nobody once it is removed', async () => {
    const picture = await store(await plain(400, 300).png().toBuffer());
    const { url } = await pictureView(scope, picture);
    const bare = await fetch(url.slice(0, url.indexOf('?')));
    expect([401, 403, 404]).toContain(bare.status);
    await bare.arrayBuffer();
    await removePicture(scope, picture);
    await removePicture(scope, picture);
    expect((await fetch(url)).status).toBe(404);
  });
});

describe('REQ-VEN-014 what is not such a picture is refused', () => {
  const executable = Buffer.concat([Buffer.from('MZ\x90\x00'), Buffer.alloc(2000, 7)]);
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
  );
  const html = Buffer.from('<html><script>alert(1)</script></html>');

  test.each([
    ['an executable', executable],
    ['an SVG', svg],
    ['a page', html],
    ['one byte', Buffer.from([0xff])],
  ])('%s, whatever its name', async (_what, bytes) => {
    expect((await refusalOf(store(bytes))).code).toBe('unsupported_media_type');
  });

  test('a GIF and a TIFF', async () => {
    for (const bytes of [await plain(9, 9).gif().toBuffer(), await plain(9, 9).tiff().toBuffer()]) {
      expect((await refusalOf(store(bytes))).code).toBe('unsupported_media_type');
    }
  });

  test('an empty file', async () => {
    expect((await refusalOf(store(new Uint8Array()))).code).toBe('invalid');
  });

  test.each(['jpeg', 'png', 'webp'] as const)('a %s that was cut off', async (format) => {
    const whole = await noisy(600, 400).toFormat(format).toBuffer();
    for (const share of [0.02, 0.5, 0.9]) {
      const cut = whole.subarray(0, Math.floor(whole.byteLength * share));
      expect((await refusalOf(store(cut))).code, `${format} ${share}`).toBe('invalid');
    }
  });

  test('an executable behind the first bytes of a picture', async () => {
    for (const head of [
      [0xff, 0xd8, 0xff, 0xe0],
      [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ]) {
      expect((await refusalOf(store(Buffer.concat([Buffer.from(head), executable])))).code).toBe('invalid');
    }
  });

  test('one byte over the limit, with the limit; the limit itself is not', async () => {
    const bytes = await noisy(300, 300).png().toBuffer();
    const refusal = await refusalOf(store(bytes, bytes.byteLength - 1));
    expect(refusal.code).toBe('too_large');
    expect(refusal.extra).toEqual({ limit: bytes.byteLength - 1 });
    await expect(store(bytes, bytes.byteLength)).resolves.toMatchObject({ width: 300 });
  });

  test.each(['jpeg', 'png'] as const)('a %s that is damaged in the middle', async (format) => {
    const bytes = await noisy(600, 400).toFormat(format).toBuffer();
    for (let at = 0; at < 500; at += 1) bytes[(bytes.byteLength >> 1) + at] = (at * 37) % 256;
    expect((await refusalOf(store(bytes))).code).toBe('invalid');
  });

  test('a decompression bomb, before it is decoded', async () => {
    const bomb = blackPng(15_000, 15_000);
    expect(bomb.byteLength).toBeLessThan(MB);
    const before = process.memoryUsage().rss;
    const refusal = await refusalOf(store(bomb));
    expect(refusal.code).toBe('invalid');
    expect(refusal.extra).toMatchObject({ errors: [{ code: 'too_many_pixels' }] });
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * MB);
  });

  test('a picture that would have to be held whole, beyond what that may cost; row by row it may be larger', async () => {
    const large = (width: number, height: number) => plain(width, height).withMetadata({ orientation: 6 });
    const progressive = await plain(6000, 6000).jpeg({ progressive: true }).toBuffer();
    const turned = await large(6000, 6000).jpeg().toBuffer();
    const both = await large(4500, 4500).jpeg({ progressive: true }).toBuffer();
    const interlaced = await plain(6000, 6000).png({ progressive: true }).toBuffer();
    const webp = await plain(3600, 3600).webp({ effort: 0 }).toBuffer();
    for (const bytes of [progressive, turned, both, interlaced, webp]) {
      expect((await refusalOf(store(bytes))).extra).toMatchObject({ errors: [{ code: 'too_many_pixels' }] });
    }
    await expect(store(await plain(6000, 6000).jpeg().toBuffer())).resolves.toMatchObject({ width: 6000 });
    await expect(store(await large(4000, 3000).jpeg().toBuffer())).resolves.toMatchObject({ width: 3000 });
  });

  test('a picture that is one endless line', async () => {
    const line = await plain(20_000, 1).png().toBuffer();
    expect((await refusalOf(store(line))).extra).toMatchObject({ errors: [{ code: 'too_many_pixels' }] });
  });
});
