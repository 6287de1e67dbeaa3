/** What may be done with a venue: pure decisions from a state to facts (REQ-VEN-001 to 014). */

import { holds, photoOf } from '../platform/albums.ts';
import { changesBetween, unchanged } from '../platform/changes.ts';
import { e164Of } from '../platform/phone.ts';
import type { Picture } from '../platform/pictures.ts';
import { type FieldError, invalidAll, notFound, Refusal, wrongState } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { NewVenue, VenueContactFields, VenueFields } from './fields.ts';
import { MOST_CONTACTS } from './fields.ts';
import type { VenueContact, VenueFact, VenueState } from './model.ts';

const MOST_PHOTOS = 20;

/** An event that stands in the way of a change. */
export interface UpcomingEvent {
  readonly id: string;
  /** Left out for who may not read the event. */
  readonly title?: string;
  readonly startsAt: string;
  readonly attendance?: number;
}

/** REQ-VEN-001. `ids` are those of the contacts, in order; `country` is that of phone numbers that do not say theirs. */
export function add(
  { contacts: given, ...fields }: NewVenue,
  ids: readonly string[],
  country: string | undefined,
): VenueFact[] {
  const bad = given.flatMap(({ phone }, at) =>
    phone !== undefined && e164Of(phone, country) === undefined ? [badPhone(`body.contacts.${at}`)] : [],
  );
  if (bad.length > 0) throw invalidAll(bad);
  const contacts: VenueContact[] = [];
  for (const [at, contact] of given.entries()) {
    const path = `body.contacts.${at}`;
    contacts.push(sound({ ...contact, id: ids[at] ?? '' }, contacts, country, path));
  }
  return [{ type: 'VenueAdded', data: { fields, contacts } }];
}

export function fieldsOf(state: VenueState): VenueFields {
  const { status, statusReason, contacts, photos, primaryPhotoId, ...fields } = state;
  return fields;
}

const factsByField: Partial<Record<keyof VenueFields, VenueFact['type']>> = {
  address: 'VenueAddressUpdated',
  location: 'VenueAddressUpdated',
  capacity: 'VenueCapacityUpdated',
  amenities: 'VenueAmenitiesUpdated',
};

/**
 * REQ-VEN-004, 012, 013: a fact for each side that changes. `tooBig` are upcoming events with more guests than the
 * new capacity; none may be.
 */
export function revise(state: VenueState, next: VenueFields, tooBig: readonly UpcomingEvent[]): VenueFact[] {
  if (tooBig.length > 0) {
    throw breaks('capacity-below-attendance', 'Upcoming events have more guests than that.', { events: tooBig });
  }
  const changes = Object.entries(changesBetween(fieldsOf(state), next));
  const types = [
    'VenueDetailsUpdated',
    'VenueAddressUpdated',
    'VenueCapacityUpdated',
    'VenueAmenitiesUpdated',
  ] as const;
  return types.flatMap((type): VenueFact[] => {
    const mine = changes.filter(([field]) => (factsByField[field as keyof VenueFields] ?? types[0]) === type);
    return mine.length === 0 ? [] : [{ type, data: { changes: Object.fromEntries(mine) } }];
  });
}

/** REQ-VEN-007. */
export function activate(state: VenueState, reason: string | undefined): VenueFact[] {
  if (state.status === 'active') throw wrongState('active', ['deactivate'], 'activate');
  return [{ type: 'VenueActivated', data: { reason, changes: { status: { from: 'inactive', to: 'active' } } } }];
}

/** REQ-VEN-007. */
export function deactivate(state: VenueState, reason: string): VenueFact[] {
  if (state.status === 'inactive') throw wrongState('inactive', ['activate'], 'deactivate');
  return [{ type: 'VenueDeactivated', data: { reason, changes: { status: { from: 'active', to: 'inactive' } } } }];
}

/** Neither deactivated nor deleted while events are to come. */
export function refuseWhileNeeded(events: readonly UpcomingEvent[]): void {
  if (events.length > 0) throw breaks('venue-has-upcoming-events', 'Events are still to be held there.', { events });
}

function badPhone(path: string): FieldError {
  return { path: `${path}.phone`, code: 'bad_phone', message: 'must be a phone number, such as +442079460018' };
}

function sound(
  contact: VenueContact,
  others: readonly VenueContact[],
  country: string | undefined,
  path: string,
): VenueContact {
  if (contact.email !== undefined && others.some(({ email }) => email === contact.email)) {
    throw new Refusal('already_exists', 'The venue has a contact with this email already.', { field: 'email' });
  }
  if (contact.phone === undefined) return contact;
  const phone = e164Of(contact.phone, country);
  if (phone === undefined) throw invalidAll([badPhone(path)]);
  return { ...contact, phone };
}

export function contactOf(state: VenueState, contactId: string): VenueContact {
  const contact = state.contacts.find(({ id }) => id === contactId);
  if (!contact) throw notFound('contact');
  return contact;
}

export function addContact(
  state: VenueState,
  id: string,
  fields: VenueContactFields,
  country: string | undefined,
): VenueFact[] {
  if (state.contacts.some((known) => known.id === id)) return [];
  if (state.contacts.length >= MOST_CONTACTS) {
    throw breaks('most-contacts', `A venue has at most ${MOST_CONTACTS} contacts.`, { limit: MOST_CONTACTS });
  }
  const contact = sound({ ...fields, id }, state.contacts, country, 'body');
  return [{ type: 'VenueContactAdded', data: { contact } }];
}

export function reviseContact(
  state: VenueState,
  contactId: string,
  revised: (fields: VenueContactFields) => VenueContactFields,
  country: string | undefined,
): VenueFact[] {
  const { id, created: _c, modified: _m, ...fields } = contactOf(state, contactId);
  const others = state.contacts.filter((other) => other.id !== id);
  const contact = sound({ ...revised(fields), id }, others, country, 'body');
  const changes = changesBetween({ ...fields, id }, contact);
  return unchanged(changes) ? [] : [{ type: 'VenueContactUpdated', data: { contact, changes } }];
}

export function removeContact(state: VenueState, contactId: string): VenueFact[] {
  contactOf(state, contactId);
  return [{ type: 'VenueContactRemoved', data: { contactId } }];
}

/** REQ-VEN-014. */
export function refuseFullAlbum(state: VenueState): void {
  if (state.photos.length >= MOST_PHOTOS) {
    throw breaks('most-photos', `A venue has at most ${MOST_PHOTOS} photos.`, { limit: MOST_PHOTOS });
  }
}

export function addPhoto(state: VenueState, photo: Picture): VenueFact[] {
  if (holds(state, photo)) return [];
  refuseFullAlbum(state);
  return [{ type: 'VenuePhotoUploaded', data: { photo } }];
}

export function removePhoto(state: VenueState, photoId: string): VenueFact[] {
  const { id, path, thumbnailPath } = photoOf(state, photoId);
  return [{ type: 'VenuePhotoRemoved', data: { photo: { id, path, thumbnailPath } } }];
}

export function makePrimary(state: VenueState, photoId: string): VenueFact[] {
  const { id } = photoOf(state, photoId);
  const from = state.primaryPhotoId ?? null;
  return from === id ? [] : [{ type: 'VenueDetailsUpdated', data: { changes: { primaryPhotoId: { from, to: id } } } }];
}
