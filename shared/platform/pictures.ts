/**
 * Pictures: what an upload must be, how it is kept, and how it is shown. The kind is told from the content, never from
 * the name; everything is decoded and written anew, so metadata (GPS) and anything hidden in the file stay behind.
 */
import type { Metadata, Sharp } from 'sharp';
import * as z from 'zod';
import type { Stamp } from './aggregate.ts';
import { instantIn } from './clock.ts';
import { metaShape } from './fields.ts';
import { invalid, Refusal } from './refusal.ts';
import type { Upload } from './route.ts';
import type { Platform, Scope } from './scope.ts';

/** What pictures need of a scope. */
export type PictureScope = Pick<Scope, 'orgId' | 'newId' | 'now' | 'actor'> & {
  readonly platform: Pick<Platform, 'blobs' | 'queue'>;
};

/** A picture as its owner keeps it. */
export interface Picture {
  readonly id: string;
  /** Blob paths. */
  readonly path: string;
  readonly thumbnailPath: string;
  readonly contentType: string;
  /** Pixels, as shown (turned upright). */
  readonly width: number;
  readonly height: number;
  /** Bytes as kept. */
  readonly size: number;
  /** It is never changed, only replaced. */
  readonly created?: Stamp;
}

export const PictureView = z
  .object({
    id: z.string(),
    url: z.string().meta({ description: 'Read link; works for 15 minutes' }),
    thumbnailUrl: z.string().meta({ description: 'Read link of a small WebP; works for 15 minutes' }),
    width: z.int().meta({ description: 'Pixels' }),
    height: z.int().meta({ description: 'Pixels' }),
    size: z.int().meta({ description: 'Bytes' }),
    primary: z.boolean(),
    ...metaShape,
  })
  .meta({ id: 'Picture' });
export type PictureView = z.output<typeof PictureView>;

interface Thumbnail {
  /** Most pixels across; a smaller picture is not blown up (a square one is: it must be square). */
  readonly width: number;
  /** Most pixels down. */
  readonly height?: number;
  /** Cut to a square of `width`, around the most telling part. */
  readonly square?: boolean;
}

/** What is taken for a picture: read when its turn comes, so that those that wait cost no memory. */
export type PictureFile = Pick<Upload, 'size' | 'read'>;

interface PictureUpload {
  readonly file: PictureFile;
  /** Folder inside the organization's: `venues/<venueId>`. */
  readonly path: string;
  /** Most bytes. */
  readonly limit: number;
  readonly thumbnail: Thumbnail;
}

/** More is taken for a decompression bomb. */
const MOST_PIXELS = 50_000_000;
/** Bytes that drawing one picture anew may take beside its own; those that are drawn row by row take a fraction. */
const MOST_MEMORY = 100_000_000;
/** WebP cannot hold a longer side. */
const LONGEST_SIDE = 16_000;

const formats = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
  png: { contentType: 'image/png', extension: 'png' },
  webp: { contentType: 'image/webp', extension: 'webp' },
} as const;
type Format = keyof typeof formats;

/**
 * Checks, strips and stores a picture and its thumbnail. Throws `too_large` (with `limit`), `unsupported_media_type`
 * (not JPG, PNG or WebP by content) or `invalid` (truncated, corrupt, too many pixels). REQ-VEN-014, REQ-CUS-015.
 */
export async function storePicture(scope: PictureScope, upload: PictureUpload): Promise<Picture> {
  const { file, limit } = upload;
  if (file.size > limit) {
    throw new Refusal('too_large', `The file is larger than ${limit} bytes.`, { limit });
  }
  if (file.size === 0) throw invalid('body.file', 'empty', 'is empty');
  const id = scope.newId();
  const base = `${scope.orgId}/${upload.path}/${id}`;
  const { blobs, queue } = scope.platform;
  // One at a time from the first byte to the last, to bound the memory of this process.
  return queue.run('pictures', async () => {
    const bytes = await file.read();
    const format = formatOf(bytes);
    if (!format) throw new Refusal('unsupported_media_type', 'The file is not a JPG, PNG or WebP picture.');
    const made = await redrawn(bytes, format, upload.thumbnail);
    const picture: Picture = {
      id,
      path: `${base}.${formats[format].extension}`,
      thumbnailPath: `${base}.thumbnail.webp`,
      contentType: formats[format].contentType,
      width: made.width,
      height: made.height,
      size: made.original.byteLength,
      created: { at: scope.now(), by: scope.actor.userId },
    };
    await Promise.all([
      blobs.put(picture.path, made.original, picture.contentType),
      blobs.put(picture.thumbnailPath, made.small, 'image/webp'),
    ]);
    return picture;
  });
}

/**
 * Stores a picture and commits what names it. The blobs come first, so that nothing ever shows a picture that is not
 * there; a crash before the commit leaves blobs that nothing names, which a timer sweeps (ADR 0013).
 */
export async function keepPicture<T>(
  scope: PictureScope,
  upload: PictureUpload,
  commit: (picture: Picture) => Promise<T>,
): Promise<T> {
  const picture = await storePicture(scope, upload);
  try {
    return await commit(picture);
  } catch (error) {
    // Refused: nothing names it. After any other failure the commit may have come through.
    if (error instanceof Refusal) await removePicture(scope, picture);
    throw error;
  }
}

/** A picture with links that expire. */
export async function pictureView(
  scope: PictureScope,
  picture: Picture,
  { primary = true }: { readonly primary?: boolean } = {},
): Promise<PictureView> {
  const { blobs } = scope.platform;
  const { at, by } = picture.created ?? { at: instantIn(picture.id), by: 'system' };
  const [url, thumbnailUrl] = await Promise.all([blobs.link(picture.path), blobs.link(picture.thumbnailPath)]);
  return {
    id: picture.id,
    url,
    thumbnailUrl,
    width: picture.width,
    height: picture.height,
    size: picture.size,
    primary,
    createdAt: at,
    createdBy: by,
    modifiedAt: at,
    modifiedBy: by,
  };
}

/** What a fact must say of a picture for its blobs to be found. */
export const PictureBlobs = z.object({ path: z.string(), thumbnailPath: z.string() });

/** Removes the blobs; harmless when they are gone. */
export async function removePicture(scope: PictureScope, picture: z.output<typeof PictureBlobs>): Promise<void> {
  const { blobs } = scope.platform;
  await Promise.all([blobs.remove(picture.path), blobs.remove(picture.thumbnailPath)]);
}

/** The format its first bytes say, whatever the file is called. */
function formatOf(bytes: Uint8Array): Format | undefined {
  const starts = (at: number, ...expected: number[]) => expected.every((byte, index) => bytes[at + index] === byte);
  if (starts(0, 0xff, 0xd8, 0xff)) return 'jpeg';
  if (starts(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  if (starts(0, 0x52, 0x49, 0x46, 0x46) && starts(8, 0x57, 0x45, 0x42, 0x50)) return 'webp';
  return undefined;
}

async function redrawn(bytes: Uint8Array, format: Format, thumbnail: Thumbnail) {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(1);
  const open = () => sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'warning', sequentialRead: true });
  const told = await decoded(() => open().metadata());
  const { width, height } = told;
  if (told.format !== format) throw invalid('body.file', 'corrupt', 'is not what its first bytes say');
  if (width * height > MOST_PIXELS || Math.max(width, height) > LONGEST_SIDE) {
    throw invalid(
      'body.file',
      'too_many_pixels',
      `must have at most ${LONGEST_SIDE} pixels a side and 50 million in all`,
    );
  }
  const most = Math.floor(MOST_MEMORY / bytesPerPixel(told));
  if (width * height > most) {
    const why = `must have at most ${most} pixels in all, as ${format} of this kind is not read row by row`;
    throw invalid('body.file', 'too_many_pixels', why);
  }
  const original = await decoded(() => written(open().autoOrient(), format).toBuffer({ resolveWithObject: true }));
  const small = await decoded(() => shrunk(open().autoOrient(), thumbnail).webp({ quality: 80 }).toBuffer());
  return { original: original.data, width: original.info.width, height: original.info.height, small };
}

/** What drawing it anew holds in memory for each pixel, as measured; 0 for what is read and written row by row. */
function bytesPerPixel(told: Metadata): number {
  const { format, channels, hasAlpha, isProgressive, chromaSubsampling } = told;
  const samples = channels * (told.depth === 'ushort' ? 2 : 1);
  // Turning needs all of its rows at once.
  const turned = (told.orientation ?? 1) > 1 ? samples : 0;
  // The library that writes it holds the picture in two forms.
  if (format === 'webp') return turned + (hasAlpha ? 14 : 8);
  if (!isProgressive) return turned;
  // All coefficients, two bytes each, until the last pass; colours at half the resolution are half of them.
  if (format === 'jpeg') return turned + (chromaSubsampling === '4:2:0' ? 3 : 2 * channels);
  return turned + samples;
}

/** In its own format, at a quality that the eye takes for the same. Metadata is left out unless asked for. */
function written(image: Sharp, format: Format): Sharp {
  // Optimized coding would hold all of a picture's coefficients: 300 MB at 50 megapixels.
  if (format === 'jpeg') return image.jpeg({ quality: 90, optimizeCoding: false });
  if (format === 'webp') return image.webp({ quality: 90 });
  return image.png();
}

function shrunk(image: Sharp, { width, height, square }: Thumbnail): Sharp {
  if (square) return image.resize({ width, height: width, fit: 'cover', position: 'attention' });
  return image.resize({ width, ...(height === undefined ? {} : { height }), fit: 'inside', withoutEnlargement: true });
}

async function decoded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // sharp throws plain errors; all that can fail here is the client's file.
    if (error instanceof Refusal) throw error;
    const bomb = error instanceof Error && /pixel limit/i.test(error.message);
    throw bomb
      ? invalid('body.file', 'too_many_pixels', `must have at most ${MOST_PIXELS} pixels`)
      : invalid('body.file', 'corrupt', 'is truncated or damaged and cannot be read as a picture');
  }
}
