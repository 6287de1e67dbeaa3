/** Commands on customers that need more than the customer: users, events, counters, other customers. */
import type { Entity } from '../platform/aggregate.ts';
import type { Revise } from '../platform/merge-patch.ts';
import { allValid, namesNone } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { addAddress } from './addresses.ts';
import { checkAssignee, fullPhone, upcomingEvents } from './checks.ts';
import { addContact, contactOf, removeContact, reviseContact } from './contacts.ts';
import type { AddressFields, ContactFields, CustomerFields, NewCustomer } from './fields.ts';
import { CUSTOMER_COUNTER, type CustomerFact, type CustomerState, customers } from './model.ts';
import { guardRow, guardStaff } from './rows.ts';
import { fieldsOf, guardUnmerged, merge, register, remove, revise, tag } from './rules.ts';
import { countTags, inTagOrder, tagSteps } from './tags.ts';

export type Customer = Entity<CustomerState>;

/** Throws `forbidden` for a customer that is not the actor's, `not_found` for none. */
export async function readCustomer(scope: Scope, id: string): Promise<Customer> {
  const customer = await scope.of(customers).get(id);
  guardRow(scope.actor, id);
  return customer;
}

/** A change of one customer within the actor's rows; `decide` as in `execute`. */
export function changeCustomer(
  scope: Scope,
  id: string,
  decide: (state: CustomerState) => readonly CustomerFact[] | Promise<readonly CustomerFact[]>,
): Promise<Customer> {
  return scope.of(customers).execute(id, (state) => {
    guardRow(scope.actor, id);
    guardUnmerged(state);
    return decide(state);
  });
}

/** REQ-CUS-001. Two round trips and the counter's read; more for tags, an assignee, or a number without its country. */
export async function registerCustomer(scope: Scope, input: NewCustomer): Promise<Customer> {
  const id = scope.newId();
  const addresses = input.addresses.map((address) => ({ ...address, id: scope.newId() }));
  const unnumbered = input.contacts.map((contact) => ({ ...contact, id: scope.newId() }));
  const [primaryPhone, contacts] = await allValid([
    fullPhone(scope, input.primaryPhone, 'body.primaryPhone'),
    allValid(unnumbered.map((contact, at) => withPhone(scope, contact, `body.contacts.${at}.phone`))),
    checkAssignee(scope, input.assignedTo),
  ]);
  const registration = { ...input, primaryPhone, addresses, contacts };
  return scope.of(customers).create(id, (number) => register(registration, number), {
    counter: CUSTOMER_COUNTER,
    also: () => countTags(scope, tagSteps([], input.tags)),
  });
}

async function withPhone<T extends ContactFields>(scope: Scope, contact: T, path: string): Promise<T> {
  return contact.phone === undefined ? contact : { ...contact, phone: await fullPhone(scope, contact.phone, path) };
}

/** REQ-CUS-003. */
export function reviseCustomer(scope: Scope, id: string, change: Revise<CustomerFields>): Promise<Customer> {
  return changeCustomer(scope, id, async (state) => {
    const wanted = change(fieldsOf(state));
    const primaryPhone = await fullPhone(scope, wanted.primaryPhone, 'body.primaryPhone');
    const facts = revise(state, { ...wanted, primaryPhone }, scope.actor);
    // Last: who may not change it does not learn either whose id is a user's.
    if (wanted.assignedTo !== state.assignedTo) await checkAssignee(scope, wanted.assignedTo);
    return facts;
  });
}

/** REQ-CUS-004. Throws `rule_broken` (`no-upcoming-events`). */
export async function removeCustomer(scope: Scope, id: string): Promise<void> {
  let before: readonly string[] = [];
  const removed = () =>
    scope.of(customers).execute(
      id,
      async (state) => {
        guardStaff(scope.actor, id);
        before = state.tags;
        return remove(state, await upcomingEvents(scope, id, state));
      },
      { also: () => countTags(scope, tagSteps(before, [])) },
    );
  await inTagOrder(scope, removed);
}

/** REQ-CUS-016. */
export function tagCustomer(
  scope: Scope,
  id: string,
  revise: (tags: string[]) => readonly string[],
): Promise<Customer> {
  let before: readonly string[] = [];
  let after: readonly string[] = [];
  const tagged = () =>
    scope.of(customers).execute(
      id,
      (state) => {
        guardStaff(scope.actor, id);
        before = state.tags;
        after = revise([...before]);
        return tag(state, after);
      },
      { also: () => countTags(scope, tagSteps(before, after)) },
    );
  return inTagOrder(scope, tagged);
}

/**
 * Merges one customer into another: both in one batch, so that no crash leaves it half done. Communications and
 * events follow through reactions to `CustomerMerged`. Answers with the source; done again, it changes nothing. Throws
 * `invalid` on an id that names none.
 */
export async function mergeCustomers(scope: Scope, sourceId: string, targetId: string): Promise<Customer> {
  const repository = scope.of(customers);
  guardStaff(scope.actor, sourceId);
  if (!(await repository.find(sourceId))) throw namesNone('body.sourceId', 'customer');
  let target: Customer | undefined;
  let arriving: readonly CustomerFact[] = [];
  return repository.execute(
    sourceId,
    async (state, { meta }) => {
      target = await repository.find(targetId);
      if (!target) throw namesNone('body.targetId', 'customer');
      const facts = merge({ id: sourceId, state, meta }, target);
      arriving = facts.target;
      return facts.source;
    },
    // A change of the target meanwhile (its deletion, say) makes the batch stale, and both are read again.
    { also: () => (target ? repository.stage(targetId, arriving, target).writes : []) },
  );
}

/** The added contact's id is `contactId`. */
export async function addContactTo(scope: Scope, id: string, fields: ContactFields) {
  const contactId = scope.newId();
  const contact = await withPhone(scope, { ...fields, id: contactId }, 'body.phone');
  const customer = await changeCustomer(scope, id, (state) => addContact(state, contact));
  return { customer, contact: contactOf(customer.state, contactId) };
}

export async function reviseContactOf(scope: Scope, id: string, contactId: string, change: Revise<ContactFields>) {
  const customer = await changeCustomer(scope, id, async (state) => {
    const { id: _i, created: _c, modified: _m, ...current } = contactOf(state, contactId);
    const wanted = await withPhone(scope, change(current), 'body.phone');
    return reviseContact(state, contactId, wanted);
  });
  return { customer, contact: contactOf(customer.state, contactId) };
}

/** `successor` becomes the primary. Looks at the customer's events only for its only contact. */
export async function removeContactOf(scope: Scope, id: string, contactId: string, successor: string | undefined) {
  await changeCustomer(scope, id, async (state) => {
    const upcoming = state.contacts.length === 1 ? await upcomingEvents(scope, id, state) : [];
    return removeContact(state, contactId, successor, upcoming.length > 0);
  });
}

/** The added address's id is `addressId`. */
export async function addAddressTo(scope: Scope, id: string, fields: AddressFields) {
  const addressId = scope.newId();
  const customer = await changeCustomer(scope, id, (state) => addAddress(state, { ...fields, id: addressId }));
  return { customer, addressId };
}
