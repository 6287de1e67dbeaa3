import * as z from 'zod';
import { settleCommunication } from '../../shared/customers/moving.ts';
import { reaction } from '../../shared/platform/reaction.ts';

const Logged = z.object({ customerId: z.string() });
const Moved = z.object({ to: z.string() }).transform(({ to }) => ({ customerId: to }));
const Came = z.union([Logged, Moved]);

/** A communication that came to a customer while it was being merged goes after it. */
export const settleCommunicationHome = reaction({
  name: 'settle-communication',
  on: ['CustomerCommunicationLogged', 'CustomerCommunicationMoved'],
  handle: (fact, scope) => settleCommunication(scope, fact.subject, Came.parse(fact.data).customerId),
});
