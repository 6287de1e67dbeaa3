/** A customer's photo: kept as a blob, named by the customer (REQ-CUS-015). */
import { blobOwner } from '../platform/orphans.ts';
import { PHOTO_THUMBNAIL } from '../platform/photos.ts';
import { keepPicture, type PictureFile } from '../platform/pictures.ts';
import { notFound } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { changeCustomer, readCustomer } from './commands.ts';
import { customers } from './model.ts';

/** Whose the photos of customers are. */
export const customerBlobs = blobOwner('customers', customers, ({ photo }) => (photo ? [photo] : []));

/** Bytes. */
export const PHOTO_LIMIT = 5 * 1024 * 1024;

/**
 * Puts a photo in place of the one that was, if any; the blobs of the old one go through the reaction to the fact that
 * names it.
 */
export async function putPhoto(scope: Scope, customerId: string, file: PictureFile) {
  await readCustomer(scope, customerId);
  const upload = { file, path: customerBlobs.pathOf(customerId), limit: PHOTO_LIMIT, thumbnail: PHOTO_THUMBNAIL };
  return keepPicture(scope, upload, async (photo) => {
    const customer = await changeCustomer(scope, customerId, ({ photo: replaced }) => [
      { type: 'CustomerPhotoUploaded', data: replaced ? { photo, replaced } : { photo } },
    ]);
    return { customer, photo };
  });
}

/** Throws `not_found` when there is none. */
export async function deletePhoto(scope: Scope, customerId: string): Promise<void> {
  await changeCustomer(scope, customerId, ({ photo: replaced }) => {
    if (!replaced) throw notFound('photo');
    return [{ type: 'CustomerPhotoRemoved', data: { replaced } }];
  });
}
