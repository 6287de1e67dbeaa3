/** The blobs of a photo that was removed or replaced go too. */
import { z } from 'zod';
import { removePicture } from '../../shared/platform/pictures.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Data = z.object({ replaced: z.object({ path: z.string(), thumbnailPath: z.string() }).optional() });

export const removeCustomerPhoto = reaction({
  name: 'remove-customer-photo',
  on: ['CustomerPhotoUploaded', 'CustomerPhotoRemoved'],
  async handle(fact, scope) {
    const { replaced } = Data.parse(fact.data);
    if (replaced) await removePicture(scope, replaced);
  },
});
