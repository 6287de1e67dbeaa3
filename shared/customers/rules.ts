/** Decisions about a customer as a whole: pure, from a state and an input to facts or a refusal (spec chapter 02). */
import type { Actor } from '../platform/actor.ts';
import type { Meta } from '../platform/aggregate.ts';
import { type Changes, changesBetween } from '../platform/changes.ts';
import { Refusal, wrongState } from '../platform/refusal.ts';
import { settledAddresses } from './addresses.ts';
import { breaks } from './breaks.ts';
import { settledContacts } from './contacts.ts';
import type { AddressFields, ContactFields, CustomerFields, NewCustomer } from './fields.ts';
import { type Contact, type CustomerFact, type CustomerState, customerNumberOf, MOST_CONTACTS } from './model.ts';
import { isCustomer } from './rows.ts';

/** An event that stands in the way. */
export interface UpcomingEvent {
  readonly id: string;
  readonly startsAt: string;
}

/** What is registered, with ids given and phone numbers in E.164. */
export interface Registration extends Omit<NewCustomer, 'addresses' | 'contacts'> {
  readonly addresses: readonly (AddressFields & { readonly id: string })[];
  readonly contacts: readonly (ContactFields & { readonly id: string })[];
  readonly importedAs?: string;
}

/** REQ-CUS-001, 002. Throws `rule_broken` when the default address or primary contact is not one. */
export function register(input: Registration, number: number): CustomerFact[] {
  const customer = {
    ...input,
    customerNumber: customerNumberOf(number),
    addresses: settledAddresses(input.addresses),
    contacts: settledContacts(input.contacts),
  };
  return [{ type: 'CustomerRegistered', data: { customer } }];
}

/** The fields that PUT and PATCH change, as they are. */
export function fieldsOf(state: CustomerState): CustomerFields {
  const { name, industry, website, primaryEmail, primaryPhone, segment, preferences, assignedTo, notes, externalId } =
    state;
  return {
    name,
    primaryEmail,
    primaryPhone,
    segment,
    preferences,
    ...(industry === undefined ? {} : { industry }),
    ...(website === undefined ? {} : { website }),
    ...(assignedTo === undefined ? {} : { assignedTo }),
    ...(notes === undefined ? {} : { notes }),
    ...(externalId === undefined ? {} : { externalId }),
  };
}

/** Fields that a customer sees of itself and cannot change. */
const NOT_BY_CUSTOMERS = ['segment', 'assignedTo', 'externalId'];

/** REQ-CUS-003. One fact for each part that changed; none when nothing did. */
export function revise(state: CustomerState, next: CustomerFields, actor: Actor): CustomerFact[] {
  guardUnmerged(state);
  const { preferences, ...fields } = fieldsOf(state);
  const { preferences: wanted, ...wantedFields } = next;
  const changes = changesBetween(fields, wantedFields);
  const kept = NOT_BY_CUSTOMERS.filter((field) => field in changes);
  if (isCustomer(actor) && kept.length > 0) {
    throw new Refusal('forbidden', `A customer cannot change ${kept.join(', ')} about itself.`);
  }
  const facts: CustomerFact[] = [];
  const isReach = (field: string) => field === 'primaryEmail' || field === 'primaryPhone';
  const profile = only(changes, (field) => !isReach(field));
  const reach = only(changes, isReach);
  const preferred = changesBetween(preferences, wanted);
  if (profile) facts.push({ type: 'CustomerProfileUpdated', data: { changes: profile } });
  if (reach) facts.push({ type: 'CustomerContactInfoUpdated', data: { changes: reach } });
  if (Object.keys(preferred).length > 0) {
    facts.push({ type: 'CustomerPreferencesUpdated', data: { changes: preferred } });
  }
  return facts;
}

function only(changes: Changes, wanted: (field: string) => boolean): Changes | undefined {
  const some = Object.entries(changes).filter(([field]) => wanted(field));
  return some.length > 0 ? Object.fromEntries(some) : undefined;
}

/** REQ-CUS-016. */
export function tag(state: CustomerState, tags: readonly string[]): CustomerFact[] {
  guardUnmerged(state);
  const changes = changesBetween({ tags: state.tags }, { tags });
  return 'tags' in changes ? [{ type: 'CustomerTagged', data: { changes } }] : [];
}

/** REQ-CUS-007. It keeps its events and gets no new ones. */
export function deactivate(state: CustomerState, reason: string): CustomerFact[] {
  guardUnmerged(state);
  if (state.status !== 'active') throw wrongState(state.status, ['reactivate'], 'deactivate');
  const changes = { status: { from: 'active', to: 'inactive' } };
  return [{ type: 'CustomerDeactivated', data: { reason, changes } }];
}

/** REQ-CUS-007. */
export function reactivate(state: CustomerState, reason: string): CustomerFact[] {
  guardUnmerged(state);
  if (state.status !== 'inactive') throw wrongState(state.status, ['deactivate'], 'reactivate');
  const changes = { status: { from: 'inactive', to: 'active' } };
  return [{ type: 'CustomerReactivated', data: { reason, changes } }];
}

/** REQ-CUS-004. Throws `rule_broken` (`no-upcoming-events`, with `events`) while some are still to come. */
export function remove(state: CustomerState, upcoming: readonly UpcomingEvent[]): CustomerFact[] {
  if (upcoming.length > 0) {
    throw breaks('no-upcoming-events', 'A customer with upcoming events cannot be deleted.', { events: upcoming });
  }
  return [{ type: 'CustomerRemoved', data: { customerNumber: state.customerNumber, name: state.name } }];
}

/** Throws `rule_broken` (`customer-merged`, with `mergedInto`): all changes go to the customer it was merged into. */
export function guardUnmerged(state: Pick<CustomerState, 'mergedInto'>): void {
  if (state.mergedInto === undefined) return;
  throw breaks('customer-merged', 'This customer was merged into another one; change that one.', {
    mergedInto: state.mergedInto,
  });
}

interface Party {
  readonly id: string;
  readonly state: CustomerState;
  readonly meta: Meta;
}

/**
 * Merges the source into the target: facts for both, to be committed together. Contacts go over, save those whose
 * email the target has; the target's primary stays. None when the merge was done before.
 */
export function merge(source: Party, target: Party): { source: CustomerFact[]; target: CustomerFact[] } {
  if (source.id === target.id) throw breaks('merge-with-itself', 'A customer cannot be merged into itself.');
  if (source.state.mergedInto === target.id) return { source: [], target: [] };
  guardUnmerged(source.state);
  guardUnmerged(target.state);
  const known = new Set(target.state.contacts.map(({ email }) => email));
  const moved = source.state.contacts.filter(({ email }) => !known.has(email));
  const dropped = source.state.contacts.filter(({ email }) => known.has(email));
  if (target.state.contacts.length + moved.length > MOST_CONTACTS) {
    throw breaks('contact-limit', `Together they would have more than ${MOST_CONTACTS} contacts; remove some first.`);
  }
  // A target without contacts takes the source's primary over with the rest.
  const { createdAt: at, createdBy: by } = source.meta;
  const arriving = (contact: Contact) => ({
    ...contact,
    created: contact.created ?? { at, by },
    ...(known.size > 0 ? { primary: false } : {}),
  });
  const changes: Changes = {
    status: { from: source.state.status, to: 'inactive' },
    mergedInto: { from: null, to: target.id },
  };
  const ids = { sourceId: source.id, targetId: target.id };
  return {
    source: [{ type: 'CustomerMerged', data: { ...ids, moved: moved.map(({ id }) => id), dropped, changes } }],
    target: [
      { type: 'CustomerAbsorbed', data: { customerIds: [source.id, ...(source.state.absorbed ?? [])] } },
      ...moved.map((contact): CustomerFact => ({ type: 'ContactAdded', data: { contact: arriving(contact) } })),
    ],
  };
}
