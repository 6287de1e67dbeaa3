/** Venues: the state, the facts it is folded from, and how it is found (spec chapter 03). */
import type { Resource } from '../claims/model.ts';
import { type Aggregate, aggregate, type Meta, type Stamp, type Stamped } from '../platform/aggregate.ts';
import { withoutPhoto, withPhotos } from '../platform/albums.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import type { DecidedAs as Fact } from '../platform/facts.ts';
import type { Window } from '../platform/fields.ts';
import type { Picture } from '../platform/pictures.ts';
import { Refusal } from '../platform/refusal.ts';
import { fold, wordsOf } from '../platform/words.ts';
import type { VenueContactFields, VenueFields } from './fields.ts';

/** For those who look for a venue near another one. */
export { boxesAround, distanceKm } from './geo.ts';

export type VenueContact = VenueContactFields & { readonly id: string } & Stamped;

export interface VenueState extends VenueFields {
  readonly status: 'active' | 'inactive';
  /** Why it was last activated or deactivated. */
  readonly statusReason?: string;
  readonly contacts: readonly VenueContact[];
  /** Oldest first. */
  readonly photos: readonly Picture[];
  /** There as soon as there is a photo. */
  readonly primaryPhotoId?: string;
}

export type VenueFact =
  | Fact<'VenueAdded', { readonly fields: VenueFields; readonly contacts: readonly VenueContact[] }>
  | Fact<
      'VenueDetailsUpdated' | 'VenueAddressUpdated' | 'VenueCapacityUpdated' | 'VenueAmenitiesUpdated',
      { readonly changes: Changes }
    >
  | Fact<'VenueActivated' | 'VenueDeactivated', { readonly reason?: string | undefined; readonly changes: Changes }>
  | Fact<'VenueRemoved', { readonly name: string }>
  | Fact<'VenueContactAdded', { readonly contact: VenueContact }>
  | Fact<'VenueContactUpdated', { readonly contact: VenueContact; readonly changes: Changes }>
  | Fact<'VenueContactRemoved', { readonly contactId: string }>
  | Fact<'VenuePhotoUploaded', { readonly photo: Picture }>
  | Fact<'VenuePhotoRemoved', { readonly photo: Pick<Picture, 'id' | 'path' | 'thumbnailPath'> }>
  | Fact<'VenueBlocked', { readonly claimId: string; readonly window: Window; readonly reason: string }>
  | Fact<'VenueUnblocked', { readonly claimId: string; readonly reason?: string }>;

/** The resource that the conflict engine knows a venue by; its capacity is `bookable`. */
export function venueResource(venueId: string): Resource {
  return `venue:${venueId}`;
}

/** Owner type of claims that close a venue for works or private use. */
export const BLOCK = 'block';
/** The owner of the claim that keeps a venue while it is closed or deleted (ADR 0009). */
export const CLOSING = 'closing';

/** Events at once that it takes now: none while it is inactive. */
export function bookableNow(venue: Pick<VenueState, 'status' | 'bookable'>): number {
  return venue.status === 'active' ? venue.bookable : 0;
}

function changed(
  state: VenueState,
  fact: Exclude<VenueFact, { readonly type: 'VenueAdded' }>,
  stamp: Stamp,
): VenueState {
  switch (fact.type) {
    case 'VenueDetailsUpdated':
    case 'VenueAddressUpdated':
    case 'VenueCapacityUpdated':
    case 'VenueAmenitiesUpdated':
      return withChanges(state, fact.data.changes);
    case 'VenueActivated':
    case 'VenueDeactivated': {
      const { statusReason: _, ...rest } = state;
      const { reason } = fact.data;
      const status = fact.type === 'VenueActivated' ? 'active' : 'inactive';
      return { ...rest, status, ...(reason === undefined ? {} : { statusReason: reason }) };
    }
    case 'VenueContactAdded':
      return { ...state, contacts: [...state.contacts, { ...fact.data.contact, created: stamp }] };
    case 'VenueContactUpdated': {
      const { contact } = fact.data;
      const next = (known: VenueContact) => ({
        ...contact,
        ...(known.created ? { created: known.created } : {}),
        modified: stamp,
      });
      return { ...state, contacts: state.contacts.map((known) => (known.id === contact.id ? next(known) : known)) };
    }
    case 'VenueContactRemoved':
      return { ...state, contacts: state.contacts.filter(({ id }) => id !== fact.data.contactId) };
    case 'VenuePhotoUploaded':
      return withPhotos(state, [...state.photos, fact.data.photo]);
    case 'VenuePhotoRemoved':
      return withoutPhoto(state, fact.data.photo.id);
    case 'VenueRemoved':
    case 'VenueBlocked':
    case 'VenueUnblocked':
      return state;
  }
}

function evolveVenue(state: VenueState | undefined, fact: VenueFact, stamp: Stamp): VenueState {
  if (fact.type === 'VenueAdded') {
    return { ...fact.data.fields, status: 'active', contacts: fact.data.contacts, photos: [] };
  }
  if (!state) throw new Error(`${fact.type} came before VenueAdded`);
  return changed(state, fact, stamp);
}

export const venues: Aggregate<VenueState, VenueFact> = aggregate<VenueState, VenueFact>({
  kind: 'venue',
  container: 'venues',
  noun: 'venue',
  deletedBy: ['VenueRemoved'],
  evolve: evolveVenue,
  index: (state: VenueState, meta: Meta) => ({
    ix: {
      name: fold(state.name),
      type: state.type,
      status: state.status,
      city: fold(state.address.city),
      country: state.address.country,
      capacity: state.capacity.max,
      createdAt: meta.createdAt,
      ...(state.location ?? {}),
    },
    sets: { amenities: state.amenities.map(fold) },
    words: wordsOf(state.name, state.description, state.address.city, ...state.amenities),
  }),
  uniques: ({ name, address: { city, country } }) => [
    {
      scope: 'venue-name',
      value: `${country}|${fold(city)}|${fold(name)}`,
      refuse: () =>
        new Refusal('already_exists', 'There is a venue of this name in the same city already.', { field: 'name' }),
    },
  ],
});
