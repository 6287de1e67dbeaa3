/** What the API shows of a venue. */
import * as z from 'zod';
import { type Entity, metaOfPart } from '../platform/aggregate.ts';
import { metaShape } from '../platform/fields.ts';
import { photoViews, replyWithPhotos } from '../platform/photos.ts';
import { PictureView, pictureView } from '../platform/pictures.ts';
import type { Reply } from '../platform/route.ts';
import type { Scope } from '../platform/scope.ts';
import { VenueStatus, VenueType, weekdays } from './fields.ts';
import type { VenueContact, VenueState } from './model.ts';

const hours = z.array(z.object({ opens: z.string(), closes: z.string() }));

const shape = {
  id: z.string(),
  name: z.string(),
  type: VenueType,
  description: z.string().optional(),
  address: z.object({
    line1: z.string(),
    line2: z.string().optional(),
    city: z.string(),
    region: z.string().optional(),
    postalCode: z.string().optional(),
    country: z.string(),
  }),
  location: z.object({ lat: z.number(), lon: z.number() }).optional(),
  timeZone: z.string(),
  capacity: z.object({
    max: z.int(),
    seated: z.int().optional(),
    standing: z.int().optional(),
    layouts: z.array(z.object({ name: z.string(), capacity: z.int() })).optional(),
  }),
  amenities: z.array(z.string()),
  accessInstructions: z.string().optional(),
  parking: z
    .object({
      available: z.boolean(),
      capacity: z.int().optional(),
      kind: z.string().optional(),
      instructions: z.string().optional(),
    })
    .optional(),
  openingHours: z
    .object({
      ...Object.fromEntries(weekdays.map((day) => [day, hours.optional()])),
      exceptions: z.array(z.object({ date: z.string(), hours, note: z.string().optional() })).optional(),
    })
    .optional()
    .meta({ description: 'Left out: always open' }),
  bookable: z.int(),
  turnaroundMinutes: z.int(),
  status: VenueStatus,
  statusReason: z.string().optional(),
};

export const VenueContactView = z
  .object({
    id: z.string(),
    kind: z.string(),
    name: z.string().meta({ personal: 'identity' }),
    email: z.string().optional().meta({ personal: 'contact' }),
    phone: z.string().optional().meta({ personal: 'contact' }),
    position: z.string().optional(),
    ...metaShape,
  })
  .meta({ id: 'VenueContact' });

/** A contact of a venue as it is shown. */
export function contactView({ created, modified, ...contact }: VenueContact, { meta }: Entity<VenueState>) {
  return { ...contact, ...metaOfPart({ ...(created ? { created } : {}), ...(modified ? { modified } : {}) }, meta) };
}

export const VenueView = z
  .object({
    ...shape,
    contacts: z.array(VenueContactView),
    photos: z.array(PictureView).meta({ description: 'Oldest first' }),
    ...metaShape,
  })
  .meta({ id: 'Venue' });

/** A venue in a list: with its primary photo alone. */
export const VenueItem = z
  .object({
    ...shape,
    contacts: z.array(VenueContactView),
    photo: PictureView.optional().meta({ description: 'The primary one' }),
    distanceKm: z.number().optional().meta({ description: 'From the point of `near`, along the ground' }),
    ...metaShape,
  })
  .meta({ id: 'VenueItem' });

/** The state without what is shown in another form. */
function plain(venue: Entity<VenueState>) {
  const { id, state, meta } = venue;
  const { photos, primaryPhotoId, ...rest } = state;
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  return {
    id,
    createdAt,
    createdBy,
    modifiedAt,
    modifiedBy,
    ...rest,
    contacts: state.contacts.map((contact) => contactView(contact, venue)),
  };
}

/** The reply that shows a venue. */
export async function shown(scope: Scope, venue: Entity<VenueState>): Promise<Reply<z.input<typeof VenueView>>> {
  const body = { ...plain(venue), photos: await photoViews(scope, venue.state) };
  return replyWithPhotos(body, venue.etag);
}

export async function item(scope: Scope, venue: Entity<VenueState>, distanceKm?: number) {
  const primary = venue.state.photos.find(({ id }) => id === venue.state.primaryPhotoId);
  return {
    ...plain(venue),
    ...(primary ? { photo: await pictureView(scope, primary) } : {}),
    ...(distanceKm === undefined ? {} : { distanceKm: Math.round(distanceKm * 1000) / 1000 }),
  };
}
