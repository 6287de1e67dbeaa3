/** Communications with a customer (REQ-CUS-025). */
import * as z from 'zod';
import { readCustomer } from '../../shared/customers/commands.ts';
import {
  CommunicationView,
  communicationList,
  communications,
  fitFor,
  guardFit,
  isFit,
  log,
  NewCommunication,
} from '../../shared/customers/communication.ts';
import { Id } from '../../shared/platform/fields.ts';
import { shownPage, toQuery } from '../../shared/platform/listing.ts';
import { notFound } from '../../shared/platform/refusal.ts';
import { listRoute, type Route, route } from '../../shared/platform/route.ts';

const tag = 'Customers';
const params = z.object({ customerId: Id });
const path = 'customers/{customerId}/communications';

export const communicationRoutes: readonly Route[] = [
  listRoute({
    path,
    summary: 'What was said with a customer, newest first',
    description: 'A customer sees its own, without notes and what was said internally.',
    tag,
    access: 'customers:read',
    params,
    list: communicationList,
    item: CommunicationView,
    async handle({ params: { customerId }, query }, scope) {
      await readCustomer(scope, customerId);
      const always = [{ path: 'customerId', eq: customerId }, ...fitFor(scope.actor)];
      const page = await scope.of(communications).list(toQuery(communicationList, query, always));
      return { body: shownPage(page, ({ id, state, meta }) => ({ id, ...state, ...meta })) };
    },
  }),
  route({
    method: 'POST',
    path,
    summary: 'Log a communication',
    tag,
    access: 'customers:write',
    params,
    body: NewCommunication,
    reply: CommunicationView,
    refusals: ['rule_broken'],
    async handle({ params: { customerId }, body }, scope) {
      guardFit(scope.actor, body);
      const customer = await readCustomer(scope, customerId);
      const { id, state, meta, etag } = await scope
        .of(communications)
        .create(scope.newId(), () => log(customer, body, scope.actor, scope.now()));
      return { body: { id, ...state, ...meta }, etag, location: `customers/${customerId}/communications/${id}` };
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{communicationId}`,
    summary: 'Read a communication',
    tag,
    access: 'customers:read',
    params: params.extend({ communicationId: Id }),
    reply: CommunicationView,
    async handle({ params: { customerId, communicationId } }, scope) {
      await readCustomer(scope, customerId);
      const { id, state, meta, etag } = await scope.of(communications).get(communicationId);
      if (state.customerId !== customerId || !isFit(scope.actor, state)) throw notFound('communication');
      return { body: { id, ...state, ...meta }, etag };
    },
  }),
];
