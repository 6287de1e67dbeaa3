/** How the API shows customers. */
import * as z from 'zod';
import { type Entity, metaOfPart, type Stamped } from '../platform/aggregate.ts';
import { Country, Id, metaShape } from '../platform/fields.ts';
import { anyIn, anyOf, type Listing } from '../platform/listing.ts';
import { PictureView, pictureView } from '../platform/pictures.ts';
import type { Scope } from '../platform/scope.ts';
import { AddressKind, Channel, CustomerType, Segment, Status, Tag } from './fields.ts';
import type { CustomerState } from './model.ts';

const identity = () => z.string().meta({ personal: 'identity' });
const contact = () => z.string().meta({ personal: 'contact' });

export const AddressView = z
  .object({
    id: z.string(),
    kind: AddressKind,
    line1: contact(),
    line2: contact().optional(),
    city: contact(),
    region: contact().optional(),
    postalCode: contact(),
    country: contact(),
    defaultBilling: z.boolean(),
    ...metaShape,
  })
  .meta({ id: 'CustomerAddress' });

export const ContactView = z
  .object({
    id: z.string(),
    firstName: identity(),
    lastName: identity(),
    email: contact(),
    phone: contact().optional(),
    position: z.string().optional(),
    tags: z.array(z.string()),
    primary: z.boolean(),
    ...metaShape,
  })
  .meta({ id: 'CustomerContact' });

export const CustomerView = z
  .object({
    id: z.string(),
    customerNumber: z.string().meta({ example: 'CUS-000001' }),
    name: identity(),
    type: CustomerType,
    industry: z.string().optional(),
    website: z.string().optional(),
    primaryEmail: contact(),
    primaryPhone: contact(),
    addresses: z.array(AddressView),
    contacts: z.array(ContactView),
    tags: z.array(z.string()),
    segment: Segment,
    status: Status,
    preferences: z.object({
      channels: z.array(Channel),
      language: z.string(),
      timeZone: z.string().optional(),
      marketingConsent: z.boolean(),
    }),
    photo: PictureView.optional(),
    assignedTo: z.string().optional(),
    notes: z.string().optional(),
    externalId: z.string().optional(),
    mergedInto: z.string().optional().meta({ description: 'The customer that everything was moved to' }),
    ...metaShape,
  })
  .meta({ id: 'Customer' });
export type CustomerView = z.output<typeof CustomerView>;

/** What a write of a customer answers: duplicates are allowed, but told. */
export const SavedCustomerView = CustomerView.extend({
  possibleDuplicates: z
    .array(z.object({ id: z.string(), customerNumber: z.string(), name: identity() }))
    .meta({ description: 'Other customers with the same primary email' }),
}).meta({ id: 'SavedCustomer' });

/** A contact or an address as it is shown; `customer` is whose part it is. */
export function partView<P extends Stamped>({ created, modified, ...part }: P, { meta }: Entity<CustomerState>) {
  return { ...part, ...metaOfPart({ ...(created ? { created } : {}), ...(modified ? { modified } : {}) }, meta) };
}

/** The view of a customer; its photo's links are computed, which costs no round trip. */
export async function customerView(scope: Scope, customer: Entity<CustomerState>): Promise<CustomerView> {
  const { photo, ...state } = customer.state;
  const { createdAt, createdBy, modifiedAt, modifiedBy } = customer.meta;
  const contacts = state.contacts.map((part) => partView(part, customer));
  const addresses = state.addresses.map((part) => partView(part, customer));
  // What is spread stands last: fields put on a copy afterwards make it a slow dictionary.
  const view = { id: customer.id, createdAt, createdBy, modifiedAt, modifiedBy, ...state, contacts, addresses };
  // Arrays of the state are read-only, those of the view are not; the view is parsed, hence copied, before it leaves.
  return (photo ? { ...view, photo: await pictureView(scope, photo) } : view) as unknown as CustomerView;
}

/** REQ-CUS-005, 035, 036. */
export const customerList: Listing = {
  filters: {
    type: anyOf('type', CustomerType),
    segment: anyOf('segment', Segment),
    status: anyOf('status', Status),
    tag: anyIn('tags', Tag),
    country: anyIn('countries', Country),
    assignedTo: anyOf('assignedTo', Id),
  },
  sorts: { name: 'name', createdAt: 'createdAt', modifiedAt: 'modifiedAt' },
  defaultSort: 'name',
  search: true,
};
