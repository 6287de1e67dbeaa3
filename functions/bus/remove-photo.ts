/** The blobs of a photo that was removed from an album go too (REQ-EQP-071). */
import * as z from 'zod';
import { PictureBlobs, removePicture } from '../../shared/platform/pictures.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Removed = z.object({ photo: PictureBlobs });

export const removePhotoBlobs = reaction({
  name: 'remove-photo',
  on: ['EquipmentPhotoRemoved', 'VenuePhotoRemoved'],
  handle: (fact, scope) => removePicture(scope, Removed.parse(fact.data).photo),
});
