/** Communications with a customer: what was said, by which way, when (REQ-CUS-025). */
import { z } from 'zod';
import type { Actor } from '../platform/actor.ts';
import { aggregate } from '../platform/aggregate.ts';
import { Id, Instant, lines, metaShape, text } from '../platform/fields.ts';
import { anyOf, from, type Listing, to } from '../platform/listing.ts';
import { invalid, Refusal } from '../platform/refusal.ts';
import type { CustomerState } from './model.ts';
import { isCustomer } from './rows.ts';
import { guardUnmerged } from './rules.ts';

const CommunicationKind = z.enum(['email', 'phone', 'meeting', 'sms', 'note']);
/** Notes are the staff's own: customers neither see nor write them. */
export const KINDS_FOR_CUSTOMERS = ['email', 'phone', 'meeting', 'sms'] as const;

export const NewCommunication = z
  .strictObject({
    kind: CommunicationKind,
    direction: z
      .enum(['inbound', 'outbound', 'internal'])
      .default('internal')
      .meta({ description: 'From the customer, to it, or among ourselves' }),
    at: Instant.optional().meta({ description: 'When it took place; now unless given' }),
    subject: text(1, 200).meta({ personal: 'contact' }),
    body: lines(10_000).default('').meta({ personal: 'contact' }),
    durationMinutes: z.int().min(0).max(1440).optional(),
    contactId: Id.optional().meta({ description: "One of the customer's contacts" }),
  })
  .meta({ id: 'NewCommunication' });
export type NewCommunication = z.output<typeof NewCommunication>;

export const CommunicationView = z
  .object({
    id: z.string(),
    customerId: z.string(),
    kind: CommunicationKind,
    direction: z.enum(['inbound', 'outbound', 'internal']),
    at: z.string(),
    subject: z.string().meta({ personal: 'contact' }),
    body: z.string().meta({ personal: 'contact' }),
    durationMinutes: z.int().optional(),
    contactId: z.string().optional(),
    ...metaShape,
  })
  .meta({ id: 'Communication' });

type CommunicationState = NewCommunication & { readonly customerId: string; readonly at: string };

type CommunicationFact =
  | { readonly type: 'CustomerCommunicationLogged'; readonly data: CommunicationState }
  /** A merge took it along. */
  | { readonly type: 'CustomerCommunicationMoved'; readonly data: { readonly from: string; readonly to: string } };

export const communications = aggregate<CommunicationState, CommunicationFact>({
  kind: 'communication',
  container: 'customers',
  noun: 'communication',
  deletedBy: [],
  evolve(state, fact) {
    if (fact.type === 'CustomerCommunicationLogged') return fact.data;
    if (!state) throw new Error(`${fact.type} cannot be a communication's first fact`);
    return { ...state, customerId: fact.data.to };
  },
  index: ({ customerId, kind, at }) => ({ ix: { customerId, communicationKind: kind, at } }),
});

export const communicationList: Listing = {
  filters: { kind: anyOf('communicationKind', CommunicationKind), from: from('at'), to: to('at') },
  sorts: { at: 'at' },
  defaultSort: '-at',
  search: false,
};

/** Throws `forbidden` for a kind that the actor cannot write. */
export function guardKind(actor: Actor, kind: CommunicationState['kind']): void {
  if (!isCustomer(actor) || kind !== 'note') return;
  throw new Refusal('forbidden', "Notes are the staff's own.");
}

/** Throws `invalid` when the contact is not one of the customer's. */
export function log(
  customer: { readonly id: string; readonly state: CustomerState },
  input: NewCommunication,
  now: string,
): CommunicationFact[] {
  guardUnmerged(customer.state);
  const { contactId } = input;
  if (contactId !== undefined && !customer.state.contacts.some(({ id }) => id === contactId)) {
    throw invalid('body.contactId', 'unknown_contact', 'is not a contact of this customer');
  }
  return [{ type: 'CustomerCommunicationLogged', data: { ...input, customerId: customer.id, at: input.at ?? now } }];
}

export function moveTo(state: CommunicationState, customerId: string): CommunicationFact[] {
  if (state.customerId === customerId) return [];
  return [{ type: 'CustomerCommunicationMoved', data: { from: state.customerId, to: customerId } }];
}
