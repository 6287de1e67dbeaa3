/** What the API takes of a customer: every changeable field, parsed and normalized. */
import * as z from 'zod';
import { Country, Email, Id, lines, TimeZone, text } from '../platform/fields.ts';
import { Phone } from '../platform/phone.ts';
import { isPostalCodeOf } from '../platform/postal.ts';
import { MOST_ADDRESSES, MOST_CONTACTS, MOST_TAGS } from './model.ts';

export const CustomerType = z.enum(['individual', 'smallBusiness', 'enterprise', 'nonProfit', 'government']);
export type CustomerType = z.output<typeof CustomerType>;
export const Segment = z.enum(['standard', 'premium', 'vip', 'corporate']);
export const Status = z.enum(['active', 'inactive']);
export const AddressKind = z.enum(['billing', 'shipping', 'other']);
export const Channel = z.enum(['email', 'phone', 'sms', 'post']);

/** Compared without regard to case: lower case comes out. */
export const Tag = z
  .string()
  .transform((value) => value.normalize('NFC').trim().toLowerCase())
  .pipe(
    z
      .string()
      .min(1)
      .max(50)
      .regex(/^[\p{L}\p{N}_-]+$/u, { message: 'must be letters, digits, - and _' }),
  )
  .meta({ example: 'loyal', override: { type: 'string', minLength: 1, maxLength: 50 } });

/** At most 30; given twice counts once. */
export const Tags = z
  .array(Tag)
  .max(MOST_TAGS)
  .transform((tags) => [...new Set(tags)].sort())
  .meta({ override: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 50 }, maxItems: MOST_TAGS } });

/** BCP 47, in its canonical form. */
const Language = z
  .string()
  .max(35)
  .refine(isLanguage, { message: 'must be a BCP 47 language such as en or pt-BR' })
  .transform((value) => Intl.getCanonicalLocales(value)[0] ?? value)
  .meta({ example: 'en', override: { type: 'string', maxLength: 35 } });

function isLanguage(value: string): boolean {
  try {
    return Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}

const Website = z
  .string()
  .trim()
  .max(500)
  .pipe(z.url({ protocol: /^https?$/, hostname: z.regexes.domain }))
  .meta({ example: 'https://example.com', override: { type: 'string', format: 'uri', maxLength: 500 } });

const Preferences = z
  .strictObject({
    channels: z
      .array(Channel)
      .max(10)
      .transform((channels) => [...new Set(channels)])
      .default(['email'])
      .meta({ description: 'How they like to be reached, best first' }),
    language: Language.default('en'),
    timeZone: TimeZone.optional(),
    marketingConsent: z.boolean().default(false),
  })
  .meta({ id: 'CustomerPreferences' });

export const AddressFields = z
  .strictObject({
    kind: AddressKind,
    line1: text(1, 200).meta({ personal: 'contact' }),
    line2: text(1, 200).meta({ personal: 'contact' }).optional(),
    city: text(1, 100).meta({ personal: 'contact' }),
    region: text(1, 100).meta({ personal: 'contact' }).optional(),
    postalCode: text(1, 12).meta({ personal: 'contact' }),
    country: Country.meta({ personal: 'contact' }),
    defaultBilling: z
      .boolean()
      .optional()
      .meta({ description: 'True makes it the default billing address in place of the present one' }),
  })
  .refine(({ country, postalCode }) => isPostalCodeOf(country, postalCode), {
    message: 'is not a postal code of this country',
    path: ['postalCode'],
  })
  .meta({ id: 'CustomerAddressFields' });
export type AddressFields = z.output<typeof AddressFields>;

export const ContactFields = z
  .strictObject({
    firstName: text(1, 100).meta({ personal: 'identity' }),
    lastName: text(1, 100).meta({ personal: 'identity' }),
    email: Email,
    phone: Phone.optional(),
    position: text(1, 100).optional(),
    tags: Tags.default([]),
    primary: z
      .boolean()
      .optional()
      .meta({ description: 'True makes it the primary contact in place of the present one' }),
  })
  .meta({ id: 'CustomerContactFields' });
export type ContactFields = z.output<typeof ContactFields>;

/** Everything PUT and PATCH change; `type` is fixed, and addresses, contacts, tags and status have routes of their own. */
export const CustomerFields = z
  .strictObject({
    name: text(2, 200).meta({ personal: 'identity' }),
    industry: text(1, 100).optional(),
    website: Website.optional(),
    primaryEmail: Email,
    primaryPhone: Phone,
    segment: Segment.default('standard'),
    preferences: Preferences.prefault({}),
    assignedTo: Id.optional().meta({ description: 'The user who looks after this customer' }),
    notes: lines(4000, 1).optional(),
    externalId: text(1, 100).optional().meta({ description: 'Its id in another system; unique in the organization' }),
  })
  .meta({ id: 'CustomerFields' });
export type CustomerFields = z.output<typeof CustomerFields>;

export const NewCustomer = z
  .strictObject({
    ...CustomerFields.shape,
    type: CustomerType,
    addresses: z.array(AddressFields).max(MOST_ADDRESSES).default([]),
    contacts: z.array(ContactFields).max(MOST_CONTACTS).default([]),
    tags: Tags.default([]),
  })
  .meta({
    id: 'NewCustomer',
    example: {
      name: 'Blue Door Catering',
      type: 'smallBusiness',
      primaryEmail: 'hello@bluedoor.example',
      primaryPhone: '+442079460018',
    },
  });
export type NewCustomer = z.output<typeof NewCustomer>;

export const Reason = z.strictObject({ reason: lines(500, 1) }).meta({ id: 'Reason' });
