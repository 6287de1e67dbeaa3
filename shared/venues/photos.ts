/** Photos of a venue: at most 20, exactly one of them primary (REQ-VEN-014). */
import type { Entity } from '../platform/aggregate.ts';
import { blobOwner } from '../platform/orphans.ts';
import { type PictureFile, type PictureView, pictureView, removePicture, storePicture } from '../platform/pictures.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { type VenueState, venues } from './model.ts';
import * as rules from './rules.ts';

/** Whose the photos of venues are. */
export const venueBlobs = blobOwner('venues', venues, ({ photos }) => photos);

/** Most bytes of an upload: 5 MB. */
export const PHOTO_LIMIT = 5 * 1024 * 1024;
const THUMBNAIL_WIDTH = 320;

/**
 * Stores an upload and takes it into the album. The blobs come first, so that no venue ever shows a photo that is not
 * there; a crash before the commit leaves blobs that nothing names.
 */
export async function addPhoto(
  scope: Scope,
  venueId: string,
  file: PictureFile,
): Promise<{ readonly venue: Entity<VenueState>; readonly photoId: string }> {
  const { state } = await scope.of(venues).get(venueId);
  // No work for a full album; what counts is decided at the commit.
  if (!scope.retried) rules.refuseFullAlbum(state);
  const photo = await storePicture(scope, {
    file,
    path: venueBlobs.pathOf(venueId),
    limit: PHOTO_LIMIT,
    thumbnail: { width: THUMBNAIL_WIDTH },
  });
  try {
    const venue = await scope.of(venues).execute(venueId, (now) => rules.addPhoto(now, photo));
    return { venue, photoId: photo.id };
  } catch (error) {
    if (error instanceof Refusal) await removePicture(scope, photo);
    throw error;
  }
}

/** One photo with fresh links. Throws `not_found`. */
export function shownPhoto(scope: Scope, state: VenueState, photoId: string): Promise<PictureView> {
  return pictureView(scope, rules.photoOf(state, photoId), { primary: photoId === state.primaryPhotoId });
}
