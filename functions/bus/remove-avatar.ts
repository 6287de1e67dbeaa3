/** The blobs of an avatar that is shown no more go too. */
import * as z from 'zod';
import { PictureBlobs, removePicture } from '../../shared/platform/pictures.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Replaced = z.object({
  changes: z.object({ avatar: z.object({ from: PictureBlobs }) }),
});

export const removeAvatarBlobs = reaction({
  name: 'remove-avatar',
  on: ['UserAccountUpdated'],
  async handle(fact, scope) {
    const replaced = Replaced.safeParse(fact.data);
    if (replaced.success) await removePicture(scope, replaced.data.changes.avatar.from);
  },
});
