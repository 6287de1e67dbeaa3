/** The picture a user shows (REQ-USER-004). */
import type { Entity } from '../platform/aggregate.ts';
import { removePicture, storePicture } from '../platform/pictures.ts';
import type { Scope } from '../platform/scope.ts';
import { updateUser } from './accounts.ts';
import type { Avatar, UserState } from './model.ts';

export const AVATAR_LIMIT = 5 * 1024 * 1024;
const THUMBNAIL = { width: 256, square: true } as const;

async function replaced(scope: Scope, avatar: Avatar | undefined): Promise<Entity<UserState>> {
  let old: Avatar | undefined;
  const changed = await updateUser(scope, scope.actor.userId, (state) => {
    old = state.avatar;
    return { avatar };
  });
  if (old && old.id !== avatar?.id) await removePicture(scope, old);
  return changed;
}

/** Stores the picture and shows it from now on; the one before is removed. */
export async function setAvatar(scope: Scope, bytes: Uint8Array): Promise<Entity<UserState>> {
  const path = `users/${scope.actor.userId}`;
  const picture = await storePicture(scope, { bytes, path, limit: AVATAR_LIMIT, thumbnail: THUMBNAIL });
  try {
    return await replaced(scope, picture);
  } catch (error) {
    await removePicture(scope, picture);
    throw error;
  }
}

export async function removeAvatar(scope: Scope): Promise<void> {
  await replaced(scope, undefined);
}
