/** The routes of an album of photos with a primary one: of venues, of equipment. */
import * as z from 'zod';
import type { Album } from '../../shared/platform/albums.ts';
import type { Decided } from '../../shared/platform/facts.ts';
import { Id } from '../../shared/platform/fields.ts';
import { type Listing, shownPage } from '../../shared/platform/listing.ts';
import { addPhoto, type PhotoAlbum, photoReply, photoViews } from '../../shared/platform/photos.ts';
import { PictureView } from '../../shared/platform/pictures.ts';
import { listRoute, type Route, route, uploadRoute } from '../../shared/platform/route.ts';
import { shortPage } from '../../shared/platform/short-list.ts';

interface PhotoRoutes<S extends Album, F extends Decided> {
  /** The collection: first in its paths and privileges. */
  readonly of: 'venues' | 'equipment';
  /** The path parameter of one. */
  readonly param: string;
  readonly tag: string;
  readonly album: PhotoAlbum<S, F>;
  makePrimary(state: S, photoId: string): readonly F[];
  remove(state: S, photoId: string): readonly F[];
}

const listing: Listing = { filters: {}, sorts: { createdAt: 'id' }, defaultSort: 'createdAt', search: false };
const byId = ({ id }: { readonly id: string }) => id;
const MEGABYTE = 1024 * 1024;

export function photoRoutes<S extends Album, F extends Decided>(given: PhotoRoutes<S, F>): readonly Route[] {
  const { of, param, tag, album, makePrimary, remove } = given;
  const [read, write] = [`${of}:read`, `${of}:write`] as const;
  const path = `${of}/{${param}}/photos`;
  const params = z.strictObject({ [param]: Id });
  const ofPhoto = z.strictObject({ [param]: Id, photoId: Id });
  // Parsed by the schemas above, so both are there.
  type Params = Readonly<Record<string, string>>;
  const idOf = ({ [param]: id = '' }: Params) => id;
  const photoIdOf = ({ photoId = '' }: Params) => photoId;
  return [
    uploadRoute({
      method: 'POST',
      path,
      summary: `Add a photo: JPG, PNG or WebP, up to ${album.limit / MEGABYTE} MB`,
      tag,
      access: write,
      params,
      file: { limit: album.limit },
      reply: PictureView,
      refusals: ['rule_broken'],
      handle: async ({ params: asked, file }, scope) => {
        const { entity, photoId } = await addPhoto(scope, album, idOf(asked), file);
        return { ...(await photoReply(scope, entity, photoId)), location: `${of}/${entity.id}/photos/${photoId}` };
      },
    }),
    listRoute({
      path,
      summary: 'List the photos, oldest first',
      tag,
      access: read,
      params,
      list: listing,
      item: PictureView,
      handle: async ({ params: asked, query }, scope) => {
        const { id, state } = await scope.of(album.of).get(idOf(asked));
        // Ids sort by creation.
        const photos = { items: await photoViews(scope, state), name: [id, 'photos'], idOf: byId, sortedBy: byId };
        return { body: shownPage(shortPage(listing, query, photos), (photo) => photo) };
      },
    }),
    route({
      method: 'GET',
      path: `${path}/{photoId}`,
      summary: 'Read a photo',
      tag,
      access: read,
      params: ofPhoto,
      reply: PictureView,
      handle: async ({ params: asked }, scope) =>
        photoReply(scope, await scope.of(album.of).get(idOf(asked)), photoIdOf(asked)),
    }),
    route({
      method: 'PUT',
      path: `${path}/{photoId}/primary`,
      summary: 'Make a photo the primary one',
      tag,
      access: write,
      params: ofPhoto,
      body: z.strictObject({}),
      reply: PictureView,
      handle: async ({ params: asked }, scope) => {
        const photoId = photoIdOf(asked);
        const changed = await scope.of(album.of).execute(idOf(asked), (state) => makePrimary(state, photoId));
        return photoReply(scope, changed, photoId);
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/{photoId}`,
      summary: 'Remove a photo; the oldest of the others becomes primary when this one was',
      tag,
      access: write,
      params: ofPhoto,
      handle: async ({ params: asked }, scope) => {
        await scope.of(album.of).execute(idOf(asked), (state) => remove(state, photoIdOf(asked)));
        return {};
      },
    }),
  ];
}
