/** Photos of equipment: at most 20, exactly one of them primary (REQ-EQP-070 to 072, 110). */
import type { Entity } from '../platform/aggregate.ts';
import { blobOwner } from '../platform/orphans.ts';
import { type PictureFile, type PictureView, pictureView, removePicture, storePicture } from '../platform/pictures.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { type ItemState, items } from './model.ts';
import * as rules from './rules.ts';

/** Whose the photos of equipment are. */
export const equipmentBlobs = blobOwner('equipment', items, ({ photos }) => photos);

/** Most bytes of an upload: 10 MB. */
export const PHOTO_LIMIT = 10 * 1024 * 1024;
/** Pixels. */
const THUMBNAIL_WIDTH = 320;

/**
 * Stores an upload and takes it into the album. The blobs come first, so that no item ever shows a photo that is not
 * there; a crash before the commit leaves blobs that nothing names, which a timer sweeps.
 */
export async function addPhoto(
  scope: Scope,
  itemId: string,
  file: PictureFile,
): Promise<{ readonly item: Entity<ItemState>; readonly photoId: string }> {
  const { state } = await scope.of(items).get(itemId);
  // No work for a full album; what counts is decided at the commit.
  if (!scope.retried) rules.refuseFullAlbum(state);
  const photo = await storePicture(scope, {
    file,
    path: equipmentBlobs.pathOf(itemId),
    limit: PHOTO_LIMIT,
    thumbnail: { width: THUMBNAIL_WIDTH },
  });
  try {
    const item = await scope.of(items).execute(itemId, (now) => rules.addPhoto(now, photo));
    return { item, photoId: photo.id };
  } catch (error) {
    // Refused: nothing names it. After any other failure the commit may have come through.
    if (error instanceof Refusal) await removePicture(scope, photo);
    throw error;
  }
}

/** One photo with fresh links. Throws `not_found`. */
export function shownPhoto(scope: Scope, state: ItemState, photoId: string): Promise<PictureView> {
  return pictureView(scope, rules.photoOf(state, photoId), { primary: photoId === state.primaryPhotoId });
}
