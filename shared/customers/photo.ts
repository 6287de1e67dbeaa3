/** A customer's photo: kept as a blob, named by the customer (REQ-CUS-015). */
import { type Picture, removePicture, storePicture } from '../platform/pictures.ts';
import { notFound } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { changeCustomer, readCustomer } from './commands.ts';

/** Bytes. */
export const PHOTO_LIMIT = 5 * 1024 * 1024;
/** Pixels. */
const THUMBNAIL_WIDTH = 320;

/** Puts a photo in place of the one that was, if any; the old one's blobs go last. */
export async function putPhoto(scope: Scope, customerId: string, bytes: Uint8Array) {
  await readCustomer(scope, customerId);
  const photo = await storePicture(scope, {
    bytes,
    path: `customers/${customerId}`,
    limit: PHOTO_LIMIT,
    thumbnail: { width: THUMBNAIL_WIDTH },
  });
  let replaced: Picture | undefined;
  try {
    const customer = await changeCustomer(scope, customerId, (state) => {
      replaced = state.photo;
      return [{ type: 'CustomerPhotoUploaded', data: { photo } }];
    });
    if (replaced) await removePicture(scope, replaced);
    return { customer, photo };
  } catch (error) {
    await removePicture(scope, photo);
    throw error;
  }
}

/** Throws `not_found` when there is none. */
export async function deletePhoto(scope: Scope, customerId: string): Promise<void> {
  let removed: Picture | undefined;
  await changeCustomer(scope, customerId, ({ photo }) => {
    if (!photo) throw notFound('photo');
    removed = photo;
    return [{ type: 'CustomerPhotoRemoved', data: { photoId: photo.id } }];
  });
  if (removed) await removePicture(scope, removed);
}
