/** The picture a user shows (REQ-USER-004). The blobs of one that is replaced or removed go by a reaction. */
import type { Entity } from '../platform/aggregate.ts';
import { blobOwner } from '../platform/orphans.ts';
import { keepPicture, type PictureFile } from '../platform/pictures.ts';
import type { Scope } from '../platform/scope.ts';
import { updateUser } from './accounts.ts';
import { type UserState, users } from './model.ts';

/** Whose avatars are. */
export const userBlobs = blobOwner('users', users, ({ avatar }) => (avatar ? [avatar] : []));

export const AVATAR_LIMIT = 5 * 1024 * 1024;
const THUMBNAIL = { width: 256, square: true } as const;

/** Stores the picture and shows it from now on. Throws `too_large`, `unsupported_media_type`, `invalid`. */
export async function setAvatar(scope: Scope, file: PictureFile): Promise<Entity<UserState>> {
  const { userId } = scope.actor;
  const path = userBlobs.pathOf(userId);
  const upload = { file, path, limit: AVATAR_LIMIT, thumbnail: THUMBNAIL };
  return keepPicture(scope, upload, (avatar) => updateUser(scope, userId, () => ({ avatar })));
}

export async function removeAvatar(scope: Scope): Promise<void> {
  await updateUser(scope, scope.actor.userId, () => ({ avatar: undefined }));
}
