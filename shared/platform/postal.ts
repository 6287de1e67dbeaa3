/** Postal codes, checked as their country writes them. */
import validator from 'validator';

const known: ReadonlySet<string> = new Set(validator.isPostalCodeLocales);
const ANYWHERE = /^[\p{L}\p{N}][\p{L}\p{N} -]{0,11}$/u;

function isKnown(country: string): country is (typeof validator.isPostalCodeLocales)[number] {
  return known.has(country);
}

/** Whether a code can be one of a country (ISO 3166-1); where the rule is unknown, 1 to 12 letters, digits, blanks, hyphens. */
export function isPostalCodeOf(country: string, code: string): boolean {
  return isKnown(country) ? validator.isPostalCode(code, country) : ANYWHERE.test(code);
}
