/** Photos of equipment: at most 20, exactly one of them primary (REQ-EQP-070 to 072, 110). */
import { blobOwner } from '../platform/orphans.ts';
import type { PhotoAlbum } from '../platform/photos.ts';
import { type ItemFact, type ItemState, items } from './model.ts';
import { addPhoto, refuseFullAlbum } from './rules.ts';

/** Whose the photos of equipment are. */
export const equipmentBlobs = blobOwner('equipment', items, ({ photos }) => photos);

export const equipmentAlbum: PhotoAlbum<ItemState, ItemFact> = {
  of: items,
  blobs: equipmentBlobs,
  limit: 10 * 1024 * 1024,
  refuseFull: refuseFullAlbum,
  add: addPhoto,
};
