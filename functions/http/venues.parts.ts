/** What hangs on a venue: contacts, photos, blocks (spec chapter 03). */
import { z } from 'zod';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { type Listing, shownPage } from '../../shared/platform/listing.ts';
import { PictureView } from '../../shared/platform/pictures.ts';
import { listRoute, type Route, reviseRoutes, route, uploadRoute } from '../../shared/platform/route.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { shortPage } from '../../shared/platform/short-list.ts';
import {
  BlockView,
  blockListing,
  blocksOf,
  blockVenue,
  NewBlock,
  readBlock,
  unblockVenue,
  withMaking,
} from '../../shared/venues/blocks.ts';
import { addContact, reviseContact } from '../../shared/venues/commands.ts';
import { VenueContactFields } from '../../shared/venues/fields.ts';
import { type VenueState, venues } from '../../shared/venues/model.ts';
import { addPhoto, PHOTO_LIMIT, shownPhoto } from '../../shared/venues/photos.ts';
import * as rules from '../../shared/venues/rules.ts';
import { contactView, photosOf, VenueContactView } from '../../shared/venues/views.ts';

const tag = 'Venues';
const params = z.strictObject({ venueId: Id });
const ofContact = z.strictObject({ venueId: Id, contactId: Id });
const ofBlock = z.strictObject({ venueId: Id, claimId: Id });
const ofPhoto = z.strictObject({ venueId: Id, photoId: Id });
const write = 'venues:write';

const photoListing: Listing = { filters: {}, sorts: { createdAt: 'id' }, defaultSort: 'createdAt', search: false };
const byId = ({ id }: { readonly id: string }) => id;
const same = <T>(value: T): T => value;

/** The ETag is the venue's: a contact is a part of it. */
function shownContact(venue: Entity<VenueState>, contactId: string) {
  return { body: contactView(rules.contactOf(venue.state, contactId), venue), etag: venue.etag };
}

const contacts: readonly Route[] = [
  route({
    method: 'POST',
    path: 'venues/{venueId}/contacts',
    summary: 'Add a contact',
    tag,
    access: write,
    params,
    body: VenueContactFields,
    reply: VenueContactView,
    refusals: ['already_exists', 'rule_broken'],
    handle: async ({ params: { venueId }, body }, scope) => {
      const id = scope.newId();
      const venue = await addContact(scope, venueId, id, body);
      return { ...shownContact(venue, id), location: `venues/${venueId}/contacts/${id}` };
    },
  }),
  route({
    method: 'GET',
    path: 'venues/{venueId}/contacts/{contactId}',
    summary: 'Read a contact',
    tag,
    access: 'venues:read',
    params: ofContact,
    reply: VenueContactView,
    handle: async ({ params: { venueId, contactId } }, scope) =>
      shownContact(await scope.of(venues).get(venueId), contactId),
  }),
  ...reviseRoutes({
    path: 'venues/{venueId}/contacts/{contactId}',
    summary: 'Change a contact',
    tag,
    access: write,
    params: ofContact,
    fields: VenueContactFields,
    reply: VenueContactView,
    refusals: ['already_exists'],
    handle: async ({ params: { venueId, contactId }, revise }, scope) => {
      return shownContact(await reviseContact(scope, venueId, contactId, revise), contactId);
    },
  }),
  route({
    method: 'DELETE',
    path: 'venues/{venueId}/contacts/{contactId}',
    summary: 'Remove a contact',
    tag,
    access: write,
    params: ofContact,
    handle: async ({ params: { venueId, contactId } }, scope) => {
      await scope.of(venues).execute(venueId, (state) => rules.removeContact(state, contactId));
      return {};
    },
  }),
];

const photos: readonly Route[] = [
  uploadRoute({
    method: 'POST',
    path: 'venues/{venueId}/photos',
    summary: 'Add a photo: JPG, PNG or WebP, up to 5 MB',
    tag,
    access: write,
    params,
    file: { limit: PHOTO_LIMIT },
    reply: PictureView,
    refusals: ['rule_broken'],
    handle: async ({ params: { venueId }, file }, scope) => {
      const { venue, photoId } = await addPhoto(scope, venueId, file);
      return { ...(await photo(scope, venue, photoId)), location: `venues/${venueId}/photos/${photoId}` };
    },
  }),
  listRoute({
    path: 'venues/{venueId}/photos',
    summary: 'List the photos, oldest first',
    tag,
    access: 'venues:read',
    params,
    list: photoListing,
    item: PictureView,
    handle: async ({ params: { venueId }, query }, scope) => {
      const items = await photosOf(scope, await stateOf(scope, venueId));
      // Ids sort by creation.
      const page = shortPage(photoListing, query, { items, name: [venueId, 'photos'], idOf: byId, sortedBy: byId });
      return { body: shownPage(page, same) };
    },
  }),
  route({
    method: 'GET',
    path: 'venues/{venueId}/photos/{photoId}',
    summary: 'Read a photo',
    tag,
    access: 'venues:read',
    params: ofPhoto,
    reply: PictureView,
    handle: async ({ params: { venueId, photoId } }, scope) =>
      photo(scope, await scope.of(venues).get(venueId), photoId),
  }),
  route({
    method: 'PUT',
    path: 'venues/{venueId}/photos/{photoId}/primary',
    summary: 'Make a photo the primary one',
    tag,
    access: write,
    params: ofPhoto,
    body: z.strictObject({}),
    reply: PictureView,
    handle: async ({ params: { venueId, photoId } }, scope) => {
      const venue = await scope.of(venues).execute(venueId, (state) => rules.makePrimary(state, photoId));
      return photo(scope, venue, photoId);
    },
  }),
  route({
    method: 'DELETE',
    path: 'venues/{venueId}/photos/{photoId}',
    summary: 'Remove a photo; the oldest of the others becomes primary when this one was',
    tag,
    access: write,
    params: ofPhoto,
    handle: async ({ params: { venueId, photoId } }, scope) => {
      await scope.of(venues).execute(venueId, (state) => rules.removePhoto(state, photoId));
      return {};
    },
  }),
];

/** Its links are made anew each time, so a photo is never answered 304; the venue's ETag is there for `If-Match`. */
async function photo(scope: Scope, venue: Entity<VenueState>, photoId: string) {
  return { body: await shownPhoto(scope, venue.state, photoId), headers: { etag: `"${venue.etag}"` } };
}

async function stateOf(scope: Scope, venueId: string) {
  return (await scope.of(venues).get(venueId)).state;
}

const blocks: readonly Route[] = [
  route({
    method: 'POST',
    path: 'venues/{venueId}/blocks',
    summary: 'Close a venue for works or private use',
    tag,
    access: write,
    params,
    body: NewBlock,
    reply: BlockView,
    refusals: ['conflict', 'rule_broken'],
    handle: async ({ params: { venueId }, body }, scope) => {
      const block = await blockVenue(scope, venueId, body);
      return { ...block, location: `venues/${venueId}/blocks/${block.body.id}` };
    },
  }),
  route({
    method: 'GET',
    path: 'venues/{venueId}/blocks/{claimId}',
    summary: 'Read a block',
    tag,
    access: 'venues:read',
    params: ofBlock,
    reply: BlockView,
    handle: async ({ params: { venueId, claimId } }, scope) => readBlock(scope, venueId, claimId),
  }),
  listRoute({
    path: 'venues/{venueId}/blocks',
    summary: 'List the blocks in a range, by start',
    tag,
    access: 'venues:read',
    params,
    list: blockListing,
    item: BlockView,
    handle: async ({ params: { venueId }, query }, scope) => {
      const items = await blocksOf(scope, venueId, query);
      const name = [venueId, 'blocks'];
      const page = shortPage(blockListing, query, { items, name, idOf: byId, sortedBy: ({ window }) => window.start });
      const shown = await withMaking(scope, page.items);
      return { body: shownPage({ ...page, items: shown }, same) };
    },
  }),
  route({
    method: 'DELETE',
    path: 'venues/{venueId}/blocks/{claimId}',
    summary: 'Open it again',
    tag,
    access: write,
    params: ofBlock,
    handle: async ({ params: { venueId, claimId } }, scope) => {
      await unblockVenue(scope, venueId, claimId);
      return {};
    },
  }),
];

export const venuePartRoutes: readonly Route[] = [...contacts, ...photos, ...blocks];
