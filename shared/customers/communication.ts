/** Communications with a customer: what was said, by which way, when (REQ-CUS-025). */
import * as z from 'zod';
import type { Actor } from '../platform/actor.ts';
import { aggregate } from '../platform/aggregate.ts';
import { Id, Instant, lines, metaShape, text } from '../platform/fields.ts';
import { anyOf, from, type Listing, to } from '../platform/listing.ts';
import { invalid, Refusal } from '../platform/refusal.ts';
import type { Condition } from '../platform/store.ts';
import type { CustomerState } from './model.ts';
import { isCustomer } from './rows.ts';
import { guardUnmerged } from './rules.ts';

const CommunicationKind = z.enum(['email', 'phone', 'meeting', 'sms', 'note']);
const Direction = z.enum(['inbound', 'outbound', 'internal']);

export const NewCommunication = z
  .strictObject({
    kind: CommunicationKind,
    direction: Direction.optional().meta({
      description:
        'From the customer, to it, or among ourselves. Left out: a note is internal, what a customer logs inbound, the rest outbound',
    }),
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
    direction: Direction,
    at: z.string(),
    subject: z.string().meta({ personal: 'contact' }),
    body: z.string().meta({ personal: 'contact' }),
    durationMinutes: z.int().optional(),
    contactId: z.string().optional(),
    ...metaShape,
  })
  .meta({ id: 'Communication' });

type CommunicationState = Omit<NewCommunication, 'direction'> & {
  readonly customerId: string;
  readonly at: string;
  readonly direction: z.output<typeof Direction>;
};

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
  index: ({ customerId, kind, at, direction }) => ({
    ix: { customerId, communicationKind: kind, communicationDirection: direction, at },
  }),
});

export const communicationList: Listing = {
  filters: { kind: anyOf('communicationKind', CommunicationKind), from: from('at'), to: to('at') },
  sorts: { at: 'at' },
  defaultSort: '-at',
  search: false,
};

/** What was said among the staff is its own, and so are notes: customers see neither. */
export function fitFor(actor: Actor): readonly Condition[] {
  if (!isCustomer(actor)) return [];
  return [
    { path: 'communicationKind', in: CommunicationKind.exclude(['note']).options },
    { path: 'communicationDirection', in: Direction.exclude(['internal']).options },
  ];
}

/** Whether the actor may see it. */
export function isFit(actor: Actor, { kind, direction }: Pick<NewCommunication, 'kind' | 'direction'>): boolean {
  return !isCustomer(actor) || (kind !== 'note' && direction !== 'internal');
}

/** Throws `forbidden` for what the actor would not see. */
export function guardFit(actor: Actor, communication: NewCommunication): void {
  if (isFit(actor, communication)) return;
  throw new Refusal('forbidden', "Notes, and what is said internally, are the staff's own.");
}

function directionOf({ kind, direction }: NewCommunication, actor: Actor): CommunicationState['direction'] {
  return direction ?? (kind === 'note' ? 'internal' : isCustomer(actor) ? 'inbound' : 'outbound');
}

/** Throws `invalid` when the contact is not one of the customer's. */
export function log(
  customer: { readonly id: string; readonly state: CustomerState },
  input: NewCommunication,
  actor: Actor,
  now: string,
): CommunicationFact[] {
  guardUnmerged(customer.state);
  const { contactId } = input;
  if (contactId !== undefined && !customer.state.contacts.some(({ id }) => id === contactId)) {
    throw invalid('body.contactId', 'unknown_contact', 'is not a contact of this customer');
  }
  const data = { ...input, customerId: customer.id, direction: directionOf(input, actor), at: input.at ?? now };
  return [{ type: 'CustomerCommunicationLogged', data }];
}

export function moveTo(state: CommunicationState, customerId: string): CommunicationFact[] {
  if (state.customerId === customerId) return [];
  return [{ type: 'CustomerCommunicationMoved', data: { from: state.customerId, to: customerId } }];
}
