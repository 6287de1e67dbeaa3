/** Photos of equipment (spec chapter 06). */
import { z } from 'zod';
import { type ItemState, items } from '../../shared/equipment/model.ts';
import { addPhoto, PHOTO_LIMIT, shownPhoto } from '../../shared/equipment/photos.ts';
import * as rules from '../../shared/equipment/rules.ts';
import { photosOf } from '../../shared/equipment/views.ts';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { type Listing, shownPage } from '../../shared/platform/listing.ts';
import { PictureView } from '../../shared/platform/pictures.ts';
import { listRoute, type Route, route, uploadRoute } from '../../shared/platform/route.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { shortPage } from '../../shared/platform/short-list.ts';

const tag = 'Equipment';
const write = 'equipment:write';
const params = z.strictObject({ equipmentId: Id });
const ofPhoto = z.strictObject({ equipmentId: Id, photoId: Id });

const listing: Listing = { filters: {}, sorts: { createdAt: 'id' }, defaultSort: 'createdAt', search: false };
const byId = ({ id }: { readonly id: string }) => id;

/** Its links are made anew each time, so a photo is never answered 304; the item's ETag is there for `If-Match`. */
async function shown(scope: Scope, item: Entity<ItemState>, photoId: string) {
  return { body: await shownPhoto(scope, item.state, photoId), headers: { etag: `"${item.etag}"` } };
}

export const equipmentPhotoRoutes: readonly Route[] = [
  uploadRoute({
    method: 'POST',
    path: 'equipment/{equipmentId}/photos',
    summary: 'Add a photo: JPG, PNG or WebP, up to 10 MB',
    tag,
    access: write,
    params,
    file: { limit: PHOTO_LIMIT },
    reply: PictureView,
    refusals: ['rule_broken'],
    handle: async ({ params: { equipmentId }, file }, scope) => {
      const { item, photoId } = await addPhoto(scope, equipmentId, file);
      return { ...(await shown(scope, item, photoId)), location: `equipment/${equipmentId}/photos/${photoId}` };
    },
  }),
  listRoute({
    path: 'equipment/{equipmentId}/photos',
    summary: 'List the photos, oldest first',
    tag,
    access: 'equipment:read',
    params,
    list: listing,
    item: PictureView,
    handle: async ({ params: { equipmentId }, query }, scope) => {
      const photos = await photosOf(scope, (await scope.of(items).get(equipmentId)).state);
      // Ids sort by creation.
      const of = { items: photos, name: [equipmentId, 'photos'], idOf: byId, sortedBy: byId };
      return { body: shownPage(shortPage(listing, query, of), (photo) => photo) };
    },
  }),
  route({
    method: 'GET',
    path: 'equipment/{equipmentId}/photos/{photoId}',
    summary: 'Read a photo',
    tag,
    access: 'equipment:read',
    params: ofPhoto,
    reply: PictureView,
    handle: async ({ params: { equipmentId, photoId } }, scope) =>
      shown(scope, await scope.of(items).get(equipmentId), photoId),
  }),
  route({
    method: 'PUT',
    path: 'equipment/{equipmentId}/photos/{photoId}/primary',
    summary: 'Make a photo the primary one',
    tag,
    access: write,
    params: ofPhoto,
    body: z.strictObject({}),
    reply: PictureView,
    handle: async ({ params: { equipmentId, photoId } }, scope) => {
      const item = await scope.of(items).execute(equipmentId, (state) => rules.makePrimary(state, photoId));
      return shown(scope, item, photoId);
    },
  }),
  route({
    method: 'DELETE',
    path: 'equipment/{equipmentId}/photos/{photoId}',
    summary: 'Remove a photo; the oldest of the others becomes primary when this one was',
    tag,
    access: write,
    params: ofPhoto,
    handle: async ({ params: { equipmentId, photoId } }, scope) => {
      await scope.of(items).execute(equipmentId, (state) => rules.removePhoto(state, photoId));
      return {};
    },
  }),
];
