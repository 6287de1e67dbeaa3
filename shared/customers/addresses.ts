/** Decisions about addresses: of those a customer has, exactly one is the default for billing (REQ-CUS-011, 012). */
import type { Stamped } from '../platform/aggregate.ts';
import { changesBetween } from '../platform/changes.ts';
import { notFound, type Refusal } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { AddressFields } from './fields.ts';
import { type Address, type CustomerFact, type CustomerState, MOST_ADDRESSES } from './model.ts';

type Given = AddressFields & { readonly id: string };

function notExactlyOne(detail: string): Refusal {
  return breaks('exactly-one-default-billing-address', detail);
}

/** The addresses of a new customer. The first for billing is the default unless another is named. */
export function settledAddresses(given: readonly Given[]): Address[] {
  if (given.length === 0) return [];
  const named = given.filter(({ defaultBilling }) => defaultBilling);
  if (named.length > 1) throw notExactlyOne('Name one default billing address, not several.');
  const chosen = named[0] ?? given.find(({ kind, defaultBilling }) => kind === 'billing' && defaultBilling !== false);
  if (!chosen) throw notExactlyOne('One of the addresses must be the default for billing.');
  return checked(given.map((address) => addressFrom(address, address.id === chosen.id)));
}

/** With its keys in one order, so that equal addresses are equal as JSON. */
function addressFrom(
  { id, defaultBilling: _, ...fields }: Given,
  defaultBilling: boolean,
  stamps: Stamped = {},
): Address {
  return { id, ...fields, defaultBilling, ...stamps };
}

function checked(addresses: Address[]): Address[] {
  const [standard, second] = addresses.filter(({ defaultBilling }) => defaultBilling);
  if (addresses.length > 0 && (!standard || second)) throw notExactlyOne('Exactly one address is the default.');
  if (standard && standard.kind !== 'billing') {
    throw notExactlyOne('The default billing address must be one of kind billing.');
  }
  return addresses;
}

function changedTo(state: CustomerState, addresses: Address[]): CustomerFact[] {
  const changes = changesBetween({ addresses: state.addresses }, { addresses: checked(addresses) });
  return 'addresses' in changes ? [{ type: 'CustomerContactInfoUpdated', data: { changes } }] : [];
}

/** Makes one the default in place of the one that was. */
function preferring(addresses: readonly Address[], id: string): Address[] {
  return addresses.map((address) => ({ ...address, defaultBilling: address.id === id }));
}

/** The first one, and one sent with `defaultBilling: true`, becomes the default. */
export function addAddress(state: CustomerState, given: Given): CustomerFact[] {
  if (state.addresses.length >= MOST_ADDRESSES) {
    throw breaks('address-limit', `A customer has at most ${MOST_ADDRESSES} addresses.`);
  }
  if (state.addresses.length === 0) return changedTo(state, settledAddresses([given]));
  const added = [...state.addresses, addressFrom(given, false)];
  return changedTo(state, given.defaultBilling ? preferring(added, given.id) : added);
}

export function addressOf(state: CustomerState, addressId: string): Address {
  const address = state.addresses.find(({ id }) => id === addressId);
  if (!address) throw notFound('address');
  return address;
}

/** `defaultBilling: true` swaps the default in this one step; the default gives it up only by such a swap. */
export function reviseAddress(
  state: CustomerState,
  addressId: string,
  next: (current: AddressFields) => AddressFields,
): CustomerFact[] {
  const { id, created, modified, ...fields } = addressOf(state, addressId);
  const stamps = { ...(created ? { created } : {}), ...(modified ? { modified } : {}) };
  const wanted = next(fields);
  const kept = wanted.defaultBilling ?? fields.defaultBilling;
  if (fields.defaultBilling && !kept) {
    throw notExactlyOne('Make another address the default instead: PATCH that one with defaultBilling true.');
  }
  const put = state.addresses.map((address) =>
    address.id === id ? addressFrom({ ...wanted, id }, kept, stamps) : address,
  );
  return changedTo(state, kept ? preferring(put, id) : put);
}

/** Removing the default needs `successor`, another address that becomes it, while there is another. */
export function removeAddress(state: CustomerState, addressId: string, successor: string | undefined): CustomerFact[] {
  const address = addressOf(state, addressId);
  if (successor !== undefined) addressOf(state, successor);
  const others = state.addresses.length > 1;
  if (others && address.defaultBilling && (successor === undefined || successor === addressId)) {
    throw notExactlyOne('Name the next default billing address in the same request: ?defaultBillingId=.');
  }
  const rest = state.addresses.filter(({ id }) => id !== addressId);
  return changedTo(state, successor === undefined || successor === addressId ? rest : preferring(rest, successor));
}
