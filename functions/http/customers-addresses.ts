/** A customer's addresses (spec chapter 02). */
import * as z from 'zod';
import { addressOf, removeAddress, reviseAddress } from '../../shared/customers/addresses.ts';
import { addAddressTo, type Customer, changeCustomer, readCustomer } from '../../shared/customers/commands.ts';
import { AddressFields } from '../../shared/customers/fields.ts';
import { AddressView, partView } from '../../shared/customers/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Customers';
const params = z.object({ customerId: Id, addressId: Id });
const path = 'customers/{customerId}/addresses/{addressId}';

/** The ETag is the customer's: an address is a part of it. */
function shown(customer: Customer, addressId: string) {
  return { body: partView(addressOf(customer.state, addressId), customer), etag: customer.etag };
}

export const addressRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: 'customers/{customerId}/addresses',
    summary: 'Add an address',
    description:
      'The first must be for billing and is the default; a later one with `defaultBilling: true` takes its place.',
    tag,
    access: 'customers:write',
    params: params.pick({ customerId: true }),
    body: AddressFields,
    reply: AddressView,
    refusals: ['rule_broken'],
    async handle({ params: { customerId }, body }, scope) {
      const { customer, addressId } = await addAddressTo(scope, customerId, body);
      return { ...shown(customer, addressId), location: `customers/${customerId}/addresses/${addressId}` };
    },
  }),
  route({
    method: 'GET',
    path,
    summary: 'Read an address',
    tag,
    access: 'customers:read',
    params,
    reply: AddressView,
    handle: async ({ params: { customerId, addressId } }, scope) =>
      shown(await readCustomer(scope, customerId), addressId),
  }),
  ...reviseRoutes({
    path,
    summary: 'Change an address',
    description: '`defaultBilling: true` makes it the default in place of the present one, in this one step.',
    tag,
    access: 'customers:write',
    params,
    fields: AddressFields,
    reply: AddressView,
    refusals: ['rule_broken'],
    handle: async ({ params: { customerId, addressId }, revise }, scope) =>
      shown(await changeCustomer(scope, customerId, (state) => reviseAddress(state, addressId, revise)), addressId),
  }),
  route({
    method: 'DELETE',
    path,
    summary: 'Remove an address',
    description: 'Removing the default billing address needs the next one: `?defaultBillingId=`.',
    tag,
    access: 'customers:write',
    params,
    query: z.strictObject({ defaultBillingId: Id.optional() }),
    refusals: ['rule_broken'],
    async handle({ params: { customerId, addressId }, query }, scope) {
      await changeCustomer(scope, customerId, (state) => removeAddress(state, addressId, query.defaultBillingId));
      return {};
    },
  }),
];
