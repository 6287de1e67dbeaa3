/** A customer's photo: kept as a blob, named by the customer (REQ-CUS-015). */
import { blobOwner } from '../platform/orphans.ts';
import { type PictureFile, removePicture, storePicture } from '../platform/pictures.ts';
import { notFound, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { changeCustomer, readCustomer } from './commands.ts';
import { customers } from './model.ts';

/** Whose the photos of customers are. */
export const customerBlobs = blobOwner('customers', customers, ({ photo }) => (photo ? [photo] : []));

/** Bytes. */
export const PHOTO_LIMIT = 5 * 1024 * 1024;
/** Pixels. */
const THUMBNAIL_WIDTH = 320;

/**
 * Puts a photo in place of the one that was, if any. The blobs come first, so that no customer ever shows a photo that
 * is not there; those of the old one go through the reaction to the fact that names it.
 */
export async function putPhoto(scope: Scope, customerId: string, file: PictureFile) {
  await readCustomer(scope, customerId);
  const photo = await storePicture(scope, {
    file,
    path: customerBlobs.pathOf(customerId),
    limit: PHOTO_LIMIT,
    thumbnail: { width: THUMBNAIL_WIDTH },
  });
  try {
    const customer = await changeCustomer(scope, customerId, ({ photo: replaced }) => [
      { type: 'CustomerPhotoUploaded', data: replaced ? { photo, replaced } : { photo } },
    ]);
    return { customer, photo };
  } catch (error) {
    // Refused: nothing names it. After any other failure the commit may have come through.
    if (error instanceof Refusal) await removePicture(scope, photo);
    throw error;
  }
}

/** Throws `not_found` when there is none. */
export async function deletePhoto(scope: Scope, customerId: string): Promise<void> {
  await changeCustomer(scope, customerId, ({ photo: replaced }) => {
    if (!replaced) throw notFound('photo');
    return [{ type: 'CustomerPhotoRemoved', data: { replaced } }];
  });
}
