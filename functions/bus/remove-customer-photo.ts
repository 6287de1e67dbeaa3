/** The blobs of a photo that was removed or replaced go too. */
import * as z from 'zod';
import { PictureBlobs, removePicture } from '../../shared/platform/pictures.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Data = z.object({ replaced: PictureBlobs.optional() });

export const removeCustomerPhoto = reaction({
  name: 'remove-customer-photo',
  on: ['CustomerPhotoUploaded', 'CustomerPhotoRemoved'],
  async handle(fact, scope) {
    const { replaced } = Data.parse(fact.data);
    if (replaced) await removePicture(scope, replaced);
  },
});
