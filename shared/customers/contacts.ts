/** Decisions about contacts: as soon as a customer has one, exactly one is the primary. */
import { changesBetween } from '../platform/changes.ts';
import { notFound, Refusal } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { ContactFields } from './fields.ts';
import { type Contact, type CustomerFact, type CustomerState, MOST_CONTACTS } from './model.ts';

type Given = ContactFields & { readonly id: string };

function notExactlyOne(detail: string): Refusal {
  return breaks('exactly-one-primary-contact', detail);
}

function guardEmail(others: readonly Pick<Contact, 'email'>[], email: string): void {
  if (others.some((other) => other.email === email)) {
    throw new Refusal('already_exists', 'This customer has a contact with this email.', { field: 'email' });
  }
}

/** The contacts of a new customer. The first is the primary unless another is named. */
export function settledContacts(given: readonly Given[]): Contact[] {
  given.forEach(({ email }, at) => {
    guardEmail(given.slice(0, at), email);
  });
  const named = given.filter(({ primary }) => primary);
  if (named.length > 1) throw notExactlyOne('Name one primary contact, not several.');
  const chosen = named[0] ?? given.find(({ primary }) => primary !== false);
  if (given.length > 0 && !chosen) throw notExactlyOne('One of the contacts must be the primary.');
  return given.map((contact) => ({ ...contact, primary: contact.id === chosen?.id }));
}

/** The first one, and one sent with `primary: true`, becomes the primary. */
export function addContact(state: CustomerState, given: Given): CustomerFact[] {
  if (state.contacts.length >= MOST_CONTACTS) {
    throw breaks('contact-limit', `A customer has at most ${MOST_CONTACTS} contacts.`);
  }
  guardEmail(state.contacts, given.email);
  const first = state.contacts.length === 0;
  if (first && given.primary === false) throw notExactlyOne('The first contact is the primary.');
  return [{ type: 'ContactAdded', data: { contact: { ...given, primary: given.primary ?? first } } }];
}

export function contactOf(state: CustomerState, contactId: string): Contact {
  const contact = state.contacts.find(({ id }) => id === contactId);
  if (!contact) throw notFound('contact');
  return contact;
}

/** `primary: true` swaps the primary in this one step; the primary gives it up only by such a swap. */
export function reviseContact(state: CustomerState, contactId: string, wanted: ContactFields): CustomerFact[] {
  const { id, created: _c, modified: _m, ...fields } = contactOf(state, contactId);
  const others = state.contacts.filter((contact) => contact.id !== id);
  guardEmail(others, wanted.email);
  const primary = wanted.primary ?? fields.primary;
  if (fields.primary && !primary) {
    throw notExactlyOne('Make another contact the primary instead: PATCH that one with primary true.');
  }
  const changes = changesBetween(fields, { ...wanted, primary });
  return Object.keys(changes).length > 0 ? [{ type: 'ContactUpdated', data: { contactId, changes } }] : [];
}

/**
 * Removing the primary needs `successor`, another contact that becomes it; the only contact goes without one, unless
 * the customer has events to come (`upcoming`).
 */
export function removeContact(
  state: CustomerState,
  contactId: string,
  successor: string | undefined,
  upcoming: boolean,
): CustomerFact[] {
  const contact = contactOf(state, contactId);
  const next = successor === undefined ? undefined : contactOf(state, successor);
  if (next?.id === contactId) throw notExactlyOne('Name another contact as the next primary, not the one to remove.');
  const only = state.contacts.length === 1;
  if (only && upcoming) {
    throw breaks('contact-for-upcoming-events', 'The only contact of a customer with upcoming events must stay.');
  }
  if (contact.primary && !only && !next) {
    throw notExactlyOne('Name the next primary contact in the same request: ?primaryContactId=.');
  }
  const facts: CustomerFact[] = [];
  if (next && !next.primary) {
    facts.push({
      type: 'ContactUpdated',
      data: { contactId: next.id, changes: { primary: { from: false, to: true } } },
    });
  }
  return [...facts, { type: 'ContactRemoved', data: { contact: { ...contact, primary: only } } }];
}
