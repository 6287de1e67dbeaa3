/** Customers: the state, the facts it is a fold of, and how it is found (spec chapter 02). */
import { aggregate, type Meta, type Stamp, type Stamped } from '../platform/aggregate.ts';
import { type Changes, withChanges } from '../platform/changes.ts';
import type { Picture } from '../platform/pictures.ts';
import { Refusal } from '../platform/refusal.ts';
import { fold, wordsOf } from '../platform/words.ts';
import type { AddressFields, ContactFields, CustomerFields, CustomerType } from './fields.ts';

export const MOST_ADDRESSES = 20;
export const MOST_CONTACTS = 50;
export const MOST_TAGS = 30;

export interface Address extends Omit<AddressFields, 'defaultBilling'>, Stamped {
  readonly id: string;
  readonly defaultBilling: boolean;
}

export interface Contact extends Omit<ContactFields, 'primary'>, Stamped {
  readonly id: string;
  readonly primary: boolean;
}

export interface CustomerState extends CustomerFields {
  readonly customerNumber: string;
  readonly type: CustomerType;
  readonly addresses: readonly Address[];
  readonly contacts: readonly Contact[];
  /** Lower case, sorted. */
  readonly tags: readonly string[];
  readonly status: 'active' | 'inactive';
  readonly photo?: Picture;
  /** The email under which an import without `externalId` made it: the same row makes no second one. */
  readonly importedAs?: string;
  /** Where a merge moved everything to; such a customer takes no change. */
  readonly mergedInto?: string;
  /** Those that were merged into it, directly or through others: until a reaction has moved them, their events are its. */
  readonly absorbed?: readonly string[];
}

export type CustomerFact =
  | { readonly type: 'CustomerRegistered'; readonly data: { readonly customer: Omit<CustomerState, 'status'> } }
  | {
      readonly type:
        | 'CustomerProfileUpdated'
        | 'CustomerContactInfoUpdated'
        | 'CustomerPreferencesUpdated'
        | 'CustomerTagged';
      readonly data: { readonly changes: Changes };
    }
  | {
      readonly type: 'CustomerDeactivated' | 'CustomerReactivated';
      readonly data: { readonly reason: string; readonly changes: Changes };
    }
  | {
      readonly type: 'CustomerMerged';
      readonly data: {
        readonly sourceId: string;
        readonly targetId: string;
        /** Contacts that went to the target. */
        readonly moved: readonly string[];
        /** Contacts the target had already, by email. */
        readonly dropped: readonly Contact[];
        readonly changes: Changes;
      };
    }
  /** The target's side of a merge. */
  | { readonly type: 'CustomerAbsorbed'; readonly data: { readonly customerIds: readonly string[] } }
  | { readonly type: 'CustomerRemoved'; readonly data: { readonly customerNumber: string; readonly name: string } }
  | { readonly type: 'CustomerPhotoUploaded'; readonly data: { readonly photo: Picture; readonly replaced?: Picture } }
  | { readonly type: 'CustomerPhotoRemoved'; readonly data: { readonly replaced: Picture } }
  | { readonly type: 'ContactAdded'; readonly data: { readonly contact: Contact } }
  | { readonly type: 'ContactUpdated'; readonly data: { readonly contactId: string; readonly changes: Changes } }
  | { readonly type: 'ContactRemoved'; readonly data: { readonly contact: Contact } };

/** One contact put in place; when it is the primary, no other one is. */
function withContact(contacts: readonly Contact[], contact: Contact, modified: Stamp): Contact[] {
  const rest = (other: Contact) => (contact.primary && other.primary ? { ...other, primary: false, modified } : other);
  return contacts.some(({ id }) => id === contact.id)
    ? contacts.map((other) => (other.id === contact.id ? contact : rest(other)))
    : [...contacts.map(rest), contact];
}

/** A new contact; one that a merge brought along was made before, and is changed by that. */
function arrived(contact: Contact, stamp: Stamp): Contact {
  return contact.created ? { ...contact, modified: stamp } : { ...contact, created: stamp };
}

/** The addresses that are new or not what they were get the stamp. */
function stamped(addresses: readonly Address[], before: readonly Address[], stamp: Stamp): Address[] {
  const known = new Map(before.map((address) => [address.id, address]));
  return addresses.map((address) => {
    const old = known.get(address.id);
    if (!old) return { ...address, created: stamp };
    return JSON.stringify(old) === JSON.stringify(address) ? address : { ...address, modified: stamp };
  });
}

function evolve(state: CustomerState | undefined, fact: CustomerFact, stamp: Stamp): CustomerState {
  if (fact.type === 'CustomerRegistered') return { ...fact.data.customer, status: 'active' };
  if (!state) throw new Error(`${fact.type} cannot be a customer's first fact`);
  switch (fact.type) {
    case 'CustomerContactInfoUpdated': {
      const next = withChanges(state, fact.data.changes);
      return { ...next, addresses: stamped(next.addresses, state.addresses, stamp) };
    }
    case 'CustomerProfileUpdated':
    case 'CustomerTagged':
    case 'CustomerDeactivated':
    case 'CustomerReactivated':
      return withChanges(state, fact.data.changes);
    case 'CustomerPreferencesUpdated':
      return { ...state, preferences: withChanges(state.preferences, fact.data.changes) };
    case 'CustomerMerged':
      return { ...withChanges(state, fact.data.changes), contacts: [] };
    case 'CustomerAbsorbed':
      return { ...state, absorbed: [...(state.absorbed ?? []), ...fact.data.customerIds] };
    case 'CustomerRemoved':
      return state;
    case 'CustomerPhotoUploaded':
      return { ...state, photo: fact.data.photo };
    case 'CustomerPhotoRemoved': {
      const { photo: _, ...rest } = state;
      return rest;
    }
    case 'ContactAdded':
      return { ...state, contacts: withContact(state.contacts, arrived(fact.data.contact, stamp), stamp) };
    case 'ContactUpdated': {
      const contact = state.contacts.find(({ id }) => id === fact.data.contactId);
      if (!contact) throw new Error('ContactUpdated names a contact that is not there');
      const changed = { ...withChanges(contact, fact.data.changes), modified: stamp };
      return { ...state, contacts: withContact(state.contacts, changed, stamp) };
    }
    case 'ContactRemoved':
      return { ...state, contacts: state.contacts.filter(({ id }) => id !== fact.data.contact.id) };
  }
}

function index(state: CustomerState, meta: Meta) {
  const { type, segment, status, assignedTo, externalId } = state;
  const people = state.contacts.flatMap(({ firstName, lastName, email }) => [firstName, lastName, email]);
  return {
    ix: {
      name: fold(state.name),
      type,
      segment,
      status,
      email: state.primaryEmail,
      createdAt: meta.createdAt,
      modifiedAt: meta.modifiedAt,
      ...(assignedTo === undefined ? {} : { assignedTo }),
      ...(externalId === undefined ? {} : { externalId }),
    },
    sets: { tags: state.tags, countries: [...new Set(state.addresses.map(({ country }) => country))] },
    words: wordsOf(state.name, state.customerNumber, state.primaryEmail, ...people),
  };
}

export const customers = aggregate<CustomerState, CustomerFact>({
  kind: 'customer',
  container: 'customers',
  noun: 'customer',
  deletedBy: ['CustomerRemoved'],
  evolve,
  index,
  uniques: ({ externalId, importedAs }) => [
    ...(externalId === undefined
      ? []
      : [{ scope: 'customer-external-id', value: externalId, refuse: () => taken('externalId') }]),
    ...(importedAs === undefined
      ? []
      : [{ scope: 'customer-imported-as', value: importedAs, refuse: () => taken('primaryEmail') }]),
  ],
});

function taken(field: string): Refusal {
  return new Refusal('already_exists', `Another customer has this ${field}.`, { field });
}

/** The counter that customer numbers are drawn from. */
export const CUSTOMER_COUNTER = 'customer';

/** `CUS-000001` */
export function customerNumberOf(number: number): string {
  return `CUS-${String(number).padStart(6, '0')}`;
}
