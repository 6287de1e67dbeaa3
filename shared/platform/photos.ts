/** Photos in albums: added, and shown through links that expire. */
import type { Aggregate, Entity } from './aggregate.ts';
import { type Album, photoOf } from './albums.ts';
import type { Decided } from './facts.ts';
import type { BlobOwner } from './orphans.ts';
import { keepPicture, type Picture, type PictureFile, type PictureView, pictureView } from './pictures.ts';
import type { Scope } from './scope.ts';

/** What has albums, and how a photo comes into one. */
export interface PhotoAlbum<S extends Album, F extends Decided> {
  readonly of: Aggregate<S, F>;
  readonly blobs: BlobOwner;
  /** Most bytes of an upload. */
  readonly limit: number;
  /** Throws `rule_broken` where no more photos are taken. */
  refuseFull(state: S): void;
  add(state: S, photo: Picture): readonly F[];
}

/** Pixels across. */
export const PHOTO_THUMBNAIL = { width: 320 } as const;

/** Stores an upload and takes it into the album. Throws what `storePicture` does, `not_found`, and `rule_broken` when full. */
export async function addPhoto<S extends Album, F extends Decided>(
  scope: Scope,
  album: PhotoAlbum<S, F>,
  id: string,
  file: PictureFile,
): Promise<{ readonly entity: Entity<S>; readonly photoId: string }> {
  const { state } = await scope.of(album.of).get(id);
  // No work for a full album; what counts is decided at the commit.
  if (!scope.retried) album.refuseFull(state);
  const upload = { file, path: album.blobs.pathOf(id), limit: album.limit, thumbnail: PHOTO_THUMBNAIL };
  return keepPicture(scope, upload, async (photo) => {
    const entity = await scope.of(album.of).execute(id, (now) => album.add(now, photo));
    return { entity, photoId: photo.id };
  });
}

/** All photos, oldest first. */
export function photoViews(scope: Scope, { photos, primaryPhotoId = photos[0]?.id }: Album): Promise<PictureView[]> {
  return Promise.all(photos.map((photo) => pictureView(scope, photo, { primary: photo.id === primaryPhotoId })));
}

/**
 * The reply that shows one photo. Its links are made anew each time, so it is never answered 304; the ETag of what it
 * belongs to is there for `If-Match`. Throws `not_found`.
 */
export async function photoReply(scope: Scope, { state, etag }: Entity<Album>, photoId: string) {
  const primary = photoId === (state.primaryPhotoId ?? state.photos[0]?.id);
  return { body: await pictureView(scope, photoOf(state, photoId), { primary }), headers: { etag: `"${etag}"` } };
}

/**
 * The reply that shows something with its photos: as their links change while it does not, it is answered 304 only where
 * it has none.
 */
export function replyWithPhotos<B extends { readonly photos: readonly unknown[] }>(body: B, etag: string) {
  return body.photos.length === 0 ? { body, etag } : { body, headers: { etag: `"${etag}"` } };
}
