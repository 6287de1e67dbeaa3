/** Photos of a venue: at most 20, exactly one of them primary (REQ-VEN-014). */
import { blobOwner } from '../platform/orphans.ts';
import type { PhotoAlbum } from '../platform/photos.ts';
import { type VenueFact, type VenueState, venues } from './model.ts';
import { addPhoto, refuseFullAlbum } from './rules.ts';

/** Whose the photos of venues are. */
export const venueBlobs = blobOwner('venues', venues, ({ photos }) => photos);

export const venueAlbum: PhotoAlbum<VenueState, VenueFact> = {
  of: venues,
  blobs: venueBlobs,
  limit: 5 * 1024 * 1024,
  refuseFull: refuseFullAlbum,
  add: addPhoto,
};
