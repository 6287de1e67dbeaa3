/** A customer's contacts (spec chapter 02). */
import * as z from 'zod';
import {
  addContactTo,
  type Customer,
  readCustomer,
  removeContactOf,
  reviseContactOf,
} from '../../shared/customers/commands.ts';
import { contactOf } from '../../shared/customers/contacts.ts';
import { ContactFields } from '../../shared/customers/fields.ts';
import type { Contact } from '../../shared/customers/model.ts';
import { ContactView, partView } from '../../shared/customers/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Customers';
const params = z.object({ customerId: Id, contactId: Id });
const path = 'customers/{customerId}/contacts/{contactId}';

/** The ETag is the customer's: a contact is a part of it. */
function shown({ customer, contact }: { readonly customer: Customer; readonly contact: Contact }) {
  return { body: { ...partView(contact, customer), tags: [...contact.tags] }, etag: customer.etag };
}

export const contactRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: 'customers/{customerId}/contacts',
    summary: 'Add a contact',
    description: 'The first is the primary; a later one with `primary: true` takes its place.',
    tag,
    access: 'customers:write',
    params: params.pick({ customerId: true }),
    body: ContactFields,
    reply: ContactView,
    refusals: ['rule_broken', 'already_exists'],
    async handle({ params: { customerId }, body }, scope) {
      const added = await addContactTo(scope, customerId, body);
      return { ...shown(added), location: `customers/${customerId}/contacts/${added.contact.id}` };
    },
  }),
  route({
    method: 'GET',
    path,
    summary: 'Read a contact',
    tag,
    access: 'customers:read',
    params,
    reply: ContactView,
    async handle({ params: { customerId, contactId } }, scope) {
      const customer = await readCustomer(scope, customerId);
      return shown({ customer, contact: contactOf(customer.state, contactId) });
    },
  }),
  ...reviseRoutes({
    path,
    summary: 'Change a contact',
    description: '`primary: true` makes it the primary in place of the present one, in this one step.',
    tag,
    access: 'customers:write',
    params,
    fields: ContactFields,
    reply: ContactView,
    refusals: ['rule_broken', 'already_exists'],
    handle: async ({ params: { customerId, contactId }, revise }, scope) =>
      shown(await reviseContactOf(scope, customerId, contactId, revise)),
  }),
  route({
    method: 'DELETE',
    path,
    summary: 'Remove a contact',
    description: 'Removing the primary while there are others needs the next one: `?primaryContactId=`.',
    tag,
    access: 'customers:write',
    params,
    query: z.strictObject({ primaryContactId: Id.optional() }),
    refusals: ['rule_broken'],
    async handle({ params: { customerId, contactId }, query }, scope) {
      await removeContactOf(scope, customerId, contactId, query.primaryContactId);
      return {};
    },
  }),
];
