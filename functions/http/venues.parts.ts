/** What hangs on a venue: contacts, photos, blocks (spec chapter 03). */
import * as z from 'zod';
import type { Entity } from '../../shared/platform/aggregate.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
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
import { venueAlbum } from '../../shared/venues/photos.ts';
import * as rules from '../../shared/venues/rules.ts';
import { contactView, VenueContactView } from '../../shared/venues/views.ts';
import { photoRoutes } from './photos.ts';

const tag = 'Venues';
const params = z.strictObject({ venueId: Id });
const ofContact = z.strictObject({ venueId: Id, contactId: Id });
const ofBlock = z.strictObject({ venueId: Id, claimId: Id });
const write = 'venues:write';

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

const photos = photoRoutes({
  of: 'venues',
  param: 'venueId',
  tag,
  album: venueAlbum,
  makePrimary: rules.makePrimary,
  remove: rules.removePhoto,
});

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
