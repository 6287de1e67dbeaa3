/** Postal codes, checked as their country writes them. */
// The part alone: the whole of the library takes a tenth of the cold start.
import postal, { type PostalCodeLocale } from 'validator/lib/isPostalCode.js';

const known: ReadonlySet<string> = new Set(postal.locales);
const ANYWHERE = /^[\p{L}\p{N}][\p{L}\p{N} -]{0,11}$/u;

function isKnown(country: string): country is PostalCodeLocale {
  return known.has(country);
}

/** Whether a code can be one of a country (ISO 3166-1); where the rule is unknown, 1 to 12 letters, digits, blanks, hyphens. */
export function isPostalCodeOf(country: string, code: string): boolean {
  return isKnown(country) ? postal.default(code, country) : ANYWHERE.test(code);
}
