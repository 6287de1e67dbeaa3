/** Postal codes, checked as their country writes them. */
// These parts alone: all of the library is a tenth of what a cold start loads.
import postal, { locales, type PostalCodeLocale } from 'validator/lib/isPostalCode.js';

/** Of a CommonJS module Node gives all exports as its default, other loaders the default among them. */
const isPostalCode = defaultOf(postal);
const known: ReadonlySet<string> = new Set(locales);
const ANYWHERE = /^[\p{L}\p{N}][\p{L}\p{N} -]{0,11}$/u;

function isKnown(country: string): country is PostalCodeLocale {
  return known.has(country);
}

/** Whether a code can be one of a country (ISO 3166-1); where the rule is unknown, 1 to 12 letters, digits, blanks, hyphens. */
export function isPostalCodeOf(country: string, code: string): boolean {
  return isKnown(country) ? isPostalCode(code, country) : ANYWHERE.test(code);
}

function defaultOf<T extends object>(imported: T | { readonly default: T }): T {
  return 'default' in imported && typeof imported !== 'function' ? imported.default : (imported as T);
}
