/** Phone numbers: however they are written, E.164 comes out (spec chapter 00). */
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import * as z from 'zod';

/** Digits and what people put between them; an extension cannot be part of E.164. */
const WRITTEN = /^\+?[\d\s().\-/]{2,40}$/;
const MESSAGE = 'must be a phone number, such as +442079460018';

/**
 * E.164 of a written number; `country` (ISO 3166-1) says where one without a leading `+` is from. undefined when it is
 * not a number that could be there, by its length. Ranges are not looked at, as libphonenumber advises: new ones open
 * all the time, and a real number must not be refused because the metadata is older; so the small metadata does.
 */
export function e164Of(written: string, country?: string): string | undefined {
  if (!WRITTEN.test(written)) return undefined;
  const region = country !== undefined && isSupportedCountry(country) ? country : undefined;
  const number = parsePhoneNumberFromString(written, region ? { defaultCountry: region } : undefined);
  return number?.isPossible() ? number.number : undefined;
}

/** Whether a number says its country itself, so that it needs no default region. */
export function isInternational(written: string): boolean {
  return written.startsWith('+');
}

/**
 * A phone number as it is sent. With a leading `+` it comes out as E.164; without, as it was written, for the command to
 * finish with `e164Of` and the organization's country.
 */
export const Phone = z
  .string()
  .transform((value) => value.normalize('NFKC').trim())
  .pipe(
    z
      .string()
      .max(40)
      .regex(WRITTEN, { message: MESSAGE })
      .refine((value) => !isInternational(value) || e164Of(value) !== undefined, { message: MESSAGE }),
  )
  .transform((value) => (isInternational(value) ? (e164Of(value) ?? value) : value))
  .meta({
    personal: 'contact',
    description: "E.164 comes out; a number without + is read as one of the organization's country",
    example: '+442079460018',
    override: { type: 'string', maxLength: 40 },
  });
