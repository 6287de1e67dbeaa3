/** A removed photo's blobs go too (REQ-EQP-071). */
import { z } from 'zod';
import { removePicture } from '../../shared/platform/pictures.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Data = z.object({ photo: z.object({ path: z.string(), thumbnailPath: z.string() }) });

export const removeEquipmentPhoto = reaction({
  name: 'remove-equipment-photo',
  on: ['EquipmentPhotoRemoved'],
  handle: (fact, scope) => removePicture(scope, Data.parse(fact.data).photo),
});
