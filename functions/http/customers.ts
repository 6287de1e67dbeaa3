/** Customers (spec chapter 02): the list, one customer, its state and its tags. */
import * as z from 'zod';
import { duplicatesOf } from '../../shared/customers/checks.ts';
import {
  type Customer,
  mergeCustomers,
  readCustomer,
  registerCustomer,
  removeCustomer,
  reviseCustomer,
  tagCustomer,
} from '../../shared/customers/commands.ts';
import { CustomerFields, NewCustomer, Reason, Tags } from '../../shared/customers/fields.ts';
import { customers } from '../../shared/customers/model.ts';
import { guardStaff, isCustomer, ownRow } from '../../shared/customers/rows.ts';
import { deactivate, reactivate } from '../../shared/customers/rules.ts';
import { TagCount, tagCountOf, tagKind, tagList } from '../../shared/customers/tags.ts';
import { CustomerView, customerList, customerView, SavedCustomerView } from '../../shared/customers/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage, toQuery } from '../../shared/platform/listing.ts';
import { listRoute, type Route, reviseRoutes, route } from '../../shared/platform/route.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { addressRoutes } from './customers-addresses.ts';
import { communicationRoutes } from './customers-communications.ts';
import { contactRoutes } from './customers-contacts.ts';
import { customerFileRoutes } from './customers-files.ts';

const tag = 'Customers';
const params = z.object({ customerId: Id });

async function shown(scope: Scope, customer: Customer) {
  return { body: await customerView(scope, customer), etag: customer.etag };
}

async function saved(scope: Scope, customer: Customer) {
  const [view, possibleDuplicates] = await Promise.all([customerView(scope, customer), duplicatesOf(scope, customer)]);
  return { body: { ...view, possibleDuplicates }, etag: customer.etag };
}

const listCustomers = listRoute({
  path: 'customers',
  summary: 'Find customers',
  description: 'Searches name, number, primary email, and the names and emails of contacts.',
  tag,
  access: 'customers:read',
  list: customerList,
  item: CustomerView,
  async handle({ query }, scope) {
    const own = ownRow(scope.actor);
    const wanted = toQuery(customerList, query, own ? [own] : []);
    // One row needs no order, and without one it is found by its id.
    const page = await scope.of(customers).list(own ? { ...wanted, orderBy: [] } : wanted);
    const items = await Promise.all(page.items.map((customer) => customerView(scope, customer)));
    return { body: shownPage({ ...page, items }, (item) => item) };
  },
});

const createCustomer = route({
  method: 'POST',
  path: 'customers',
  summary: 'Register a customer',
  description: 'A primary email that others have too is allowed; `possibleDuplicates` names them.',
  tag,
  access: 'customers:create',
  body: NewCustomer,
  reply: SavedCustomerView,
  refusals: ['rule_broken', 'already_exists'],
  async handle({ body }, scope) {
    const customer = await registerCustomer(scope, body);
    return { ...(await saved(scope, customer)), location: `customers/${customer.id}` };
  },
});

const getCustomer = route({
  method: 'GET',
  path: 'customers/{customerId}',
  summary: 'Read a customer',
  tag,
  access: 'customers:read',
  params,
  reply: CustomerView,
  handle: async ({ params: { customerId } }, scope) => shown(scope, await readCustomer(scope, customerId)),
});

const reviseCustomerRoutes = reviseRoutes({
  path: 'customers/{customerId}',
  summary: 'Change a customer',
  description: 'Not its type, which is fixed; addresses, contacts, tags and status have routes of their own.',
  tag,
  access: 'customers:write',
  params,
  fields: CustomerFields,
  reply: SavedCustomerView,
  refusals: ['rule_broken', 'already_exists'],
  handle: async ({ params: { customerId }, revise }, scope) =>
    saved(scope, await reviseCustomer(scope, customerId, revise)),
});

const deleteCustomer = route({
  method: 'DELETE',
  path: 'customers/{customerId}',
  summary: 'Delete a customer',
  description: 'Refused while it has upcoming events (`no-upcoming-events`).',
  tag,
  access: 'customers:delete',
  params,
  refusals: ['rule_broken'],
  async handle({ params: { customerId } }, scope) {
    await removeCustomer(scope, customerId);
    return {};
  },
});

const steps = { deactivate, reactivate };

function stepRoute(step: keyof typeof steps, summary: string): Route {
  return route({
    method: 'POST',
    path: `customers/{customerId}/${step}`,
    summary,
    tag,
    access: 'customers:write',
    params,
    body: Reason,
    reply: CustomerView,
    status: 200,
    refusals: ['wrong_state', 'rule_broken'],
    async handle({ params: { customerId }, body }, scope) {
      const customer = await scope.of(customers).execute(customerId, (state) => {
        guardStaff(scope.actor, customerId);
        return steps[step](state, body.reason);
      });
      return shown(scope, customer);
    },
  });
}

const reviseTags = reviseRoutes({
  path: 'customers/{customerId}/tags',
  summary: "Set a customer's tags",
  tag,
  access: 'customers:write',
  params,
  fields: z.strictObject({ tags: Tags }).meta({ id: 'CustomerTags' }),
  reply: CustomerView,
  refusals: ['rule_broken'],
  handle: async ({ params: { customerId }, revise }, scope) =>
    shown(scope, await tagCustomer(scope, customerId, (tags) => revise({ tags }).tags)),
});

const listTags = listRoute({
  path: 'customers/tags',
  summary: 'The tags in use, with how many customers have each',
  tag,
  access: 'customers:read',
  list: tagList,
  item: TagCount,
  async handle({ query }, scope) {
    if (isCustomer(scope.actor)) {
      const { customerId } = scope.actor;
      const own = customerId === undefined ? undefined : await scope.of(customers).find(customerId);
      return { body: shownPage({ items: own?.state.tags ?? [] }, (name) => ({ tag: name, count: 1 })) };
    }
    const page = await scope.documents('customers').query({ ...toQuery(tagList, query), kind: tagKind });
    return { body: shownPage(page, tagCountOf) };
  },
});

const merge = route({
  method: 'POST',
  path: 'customers/merge',
  summary: 'Merge a customer into another',
  description:
    'Contacts move at once, communications and events within seconds. Answers with the source, whose `mergedInto` names the target; sent again, it changes nothing.',
  tag,
  access: 'customers:delete',
  body: z.strictObject({ sourceId: Id, targetId: Id }).meta({ id: 'CustomerMerge' }),
  reply: CustomerView,
  status: 200,
  refusals: ['rule_broken'],
  handle: async ({ body }, scope) => shown(scope, await mergeCustomers(scope, body.sourceId, body.targetId)),
});

export const customerRoutes: readonly Route[] = [
  listCustomers,
  createCustomer,
  listTags,
  merge,
  ...customerFileRoutes,
  getCustomer,
  ...reviseCustomerRoutes,
  deleteCustomer,
  stepRoute('deactivate', 'Deactivate a customer: it keeps its events and gets no new ones'),
  stepRoute('reactivate', 'Reactivate a customer'),
  ...reviseTags,
  ...contactRoutes,
  ...addressRoutes,
  ...communicationRoutes,
];
